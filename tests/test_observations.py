"""Conformed rows become observations and measures without losing a state."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.workbooks import CATALOGUE, FIRST, Grid, column, conformed, cover, save_xlsx, sheet, workbook
from transforms.conforming.conform import Conformed, assemble, conform
from transforms.observing.observations import observe
from warehouse.catalogue.frames import MEASURE, OBSERVATION


def of(tmp_path: Path, **forms: Grid) -> Conformed:
    return conformed(save_xlsx(tmp_path / "a.xlsx", workbook(**forms)))


def measured(result: Conformed, measure: str) -> dict[str, tuple[str, float | None]]:
    rows = observe(result, CATALOGUE).measures.filter(measure=measure)
    return {r["org_code"]: (r["state"], r["value"]) for r in rows.iter_rows(named=True)}


def test_every_cell_that_the_form_asks_is_one_observation(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][2:6] = ["", 0, "不适用", "很多"]
    rows.append(["", "合计", *[1] * 10])
    found = observe(of(tmp_path, population=rows), CATALOGUE).observations
    assert dict(found.schema) == OBSERVATION
    assert found.height == 20  # two townships, ten fields, and no total row
    first = found.filter(org_code="371602001").select("state", "value", "cell").rows()[:4]
    assert first == [
        ("not_reported", None, "C5"),
        ("zero", 0.0, "D5"),
        ("not_applicable", None, "E5"),
        ("not_reported", None, "F5"),
    ]


def test_texts_dates_and_answers_stand_as_text(tmp_path: Path) -> None:
    found = observe(of(tmp_path, organisation=sheet("organisation")), CATALOGUE).observations
    texts = dict(found.filter(org_code="371602001", item="").select("field", "text").rows())
    assert texts["has_association"] == "true"
    assert texts["term_renewed_date"] == "2023-04-12"
    assert texts["president_post"] == "党政主要领导"
    assert texts["staff_count"] is None


def test_a_cell_of_another_level_counts_only_when_something_stands_in_it(tmp_path: Path) -> None:
    rows = sheet("family_health")
    at = column("family_health", "health_expert_count")
    rows[FIRST][at] = ""
    found = observe(of(tmp_path, family_health=rows), CATALOGUE).observations.filter(
        field="health_expert_count"
    )
    assert found.select("org_code", "value").rows() == [("371602002", 12.0)]
    assert measured(of(tmp_path, family_health=rows), "health_expert_count") == {}


def test_a_number_is_a_measure_with_its_state(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][column("population", "household_count")] = "不适用"
    result = of(tmp_path, population=rows)
    assert dict(observe(result, CATALOGUE).measures.schema) == MEASURE
    assert measured(result, "household_count") == {
        "371602001": ("not_applicable", None),
        "371602002": ("value", 12.0),
    }


def test_rows_that_hold_are_counted_and_unanswered_ones_stay_open(tmp_path: Path) -> None:
    villages = ["371602001001", "371602001002", "371602001003", "371602001004"]
    rows = sheet("organisation", dict.fromkeys(villages, ""))
    at, renewed = column("organisation", "has_association"), column("organisation", "is_term_renewed")
    rows[FIRST + 1][at : renewed + 1] = ["否", "不适用"]
    rows[FIRST + 2][at : renewed + 1] = ["", ""]
    rows[FIRST + 3][at : renewed + 1] = ["是", "不适用"]
    result = of(tmp_path, organisation=rows)
    assert [s for s, _ in measured(result, "association_count").values()] == [
        "value",
        "zero",
        "not_reported",
        "value",
    ]
    assert list(measured(result, "association_renewed_count").values()) == [
        ("value", 1.0),
        ("zero", 0.0),
        ("not_reported", None),
        ("not_applicable", None),
    ]
    assert measured(result, "association_township_count") == {}


def test_a_roster_gives_every_unit_a_number_and_zero_where_it_lists_nothing(tmp_path: Path) -> None:
    rows = sheet("sunflower_site", {"": "市中街道"})
    rows.append(["", "市中街道", "第二处", *rows[FIRST][3:]])
    rows.append(["", "市西街道", "第三处", *rows[FIRST][3:]])
    rows[FIRST + 2][column("sunflower_site", "status")] = "已撤销"
    found = measured(of(tmp_path, sunflower_site=rows), "sunflower_site_count")
    townships = CATALOGUE.registry.units(2024).filter(level="township", county_code="371602")
    assert set(found) == set(townships["org_code"])
    assert found["371602001"] == ("value", 2.0)
    assert {state for code, (state, _) in found.items() if code != "371602001"} == {"zero"}


def test_a_roster_that_is_missing_or_blank_reports_nothing_and_one_that_says_so_zero(tmp_path: Path) -> None:
    blank = sheet("sunflower_site", {"": ""})
    blank[FIRST] = [""] * len(blank[0])
    said = [list(row) for row in blank]
    said[FIRST][2] = "无"
    for forms, state in (
        ({"population": sheet()}, "not_reported"),
        ({"sunflower_site": blank}, "not_reported"),
        ({"sunflower_site": said}, "zero"),
    ):
        found = measured(of(tmp_path, **forms), "sunflower_site_count")
        assert {s for s, _ in found.values()} == {state}
        assert len(found) > 10


def test_every_row_that_counts_is_known_by_its_cells(tmp_path: Path) -> None:
    rows = sheet("sunflower_site", {"": "市中街道"})
    rows.append(["", "市中街道", "第二处", *rows[FIRST][3:]])
    rows.append(["", "市西街道", "第三处", *rows[FIRST][3:]])
    rows[FIRST + 2][column("sunflower_site", "status")] = "已撤销"
    found = observe(of(tmp_path, sunflower_site=rows), CATALOGUE)
    counted = found.counted_rows.filter(measure="sunflower_site_count")
    cells = found.observations.join(counted, on=["submission", "form", "sheet", "row"], how="semi")
    assert cells.filter(field="name").select("org_code", "item").rows() == [
        ("371602001", rows[FIRST][2]),
        ("371602001", "第二处"),
    ]
    sums = found.counted_rows.group_by("submission", "org_code", "measure").agg(
        value=pl.len().cast(pl.Float64)
    )
    key = ["submission", "org_code", "measure", "value"]
    assert sums.join(found.measures, on=key, how="anti").is_empty()


def test_only_those_who_fill_in_a_roster_are_expected_in_it(tmp_path: Path) -> None:
    sheets = {"封面": cover("371600", "滨州市本级"), "年1表": sheet("organisation", {"371600": "滨州市本级"})}
    city = conformed(save_xlsx(tmp_path / "a.xlsx", sheets), unit_code="371600")
    assert measured(city, "sunflower_site_count") == {}
    assert measured(city, "culture_pilot_provincial_count") == {"371600": ("not_reported", None)}
    assert measured(city, "association_count") == {"371600": ("value", 1.0)}


def test_a_key_is_never_doubled(tmp_path: Path) -> None:
    forms = {f.id: sheet(f.id) for f in CATALOGUE.forms_of("county", 2024) if "township" in f.levels}
    result = of(tmp_path, **forms)
    found = observe(result, CATALOGUE).measures
    assert not found.select(pl.struct("submission", "org_code", "measure").is_duplicated().any()).item()
    assert (
        not observe(result, CATALOGUE)
        .observations.select(pl.struct("form", "field", "row").is_duplicated().any())
        .item()
    )


def test_an_empty_batch_gives_empty_frames_of_the_right_shape() -> None:
    nobody = pl.DataFrame(schema={"submission": pl.String, "unit_code": pl.String, "year": pl.Int32})
    nothing = conform(assemble({}, nobody), nobody, CATALOGUE)
    assert dict(observe(nothing, CATALOGUE).observations.schema) == OBSERVATION
    assert dict(observe(nothing, CATALOGUE).measures.schema) == MEASURE
