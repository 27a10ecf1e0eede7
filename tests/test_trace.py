"""Every number can be taken apart into the cells it is made of, and the parts add up to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.small_city import BRIDGE, EAST, question, small_city, told
from tests.test_questions import explained
from tests.warehouse_samples import NOON, note, observation, results, sha, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import COUNTED_ROW, MEASURE, NOTE, empty, shaped
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Indicator
from warehouse.store.build import NightBuild
from warehouse.store.query import QueryError
from warehouse.trace.text import format_trace
from warehouse.trace.trace import Trace, trace

FORMULAS = {
    "served": ("flow", "family_served_count"),
    "served_cumulative": ("cumulative", "cumulative(family_served_count, 2023)"),
    "served_per_100": ("rate", "family_served_count / infant_family_count * 100"),
    "held": ("flow", "activity_count + class_count"),
    "served_change": ("change", "family_served_count - prev(family_served_count)"),
    "served_rank": ("rank", "rank(family_served_count)"),
    "served_percentile": ("rank", "percentile(family_served_count)"),
    "served_mean": ("rate", "mean3(family_served_count)"),
    "served_share": ("share", "share(family_served_count)"),
    "served_years": ("streak", "streak(family_served_count > 0)"),
    "associations": ("stock", "association_count"),
    "townships": ("stock", "registry_township_count"),
    "doubled": ("rate", "served / infant_family_count"),
}
FINAL = pl.DataFrame(schema={"year": pl.Int32, "unit_code": pl.String})
PLACES = {"family_served_count": "F", "activity_count": "C", "class_count": "D", "infant_family_count": "G"}
FORMS = {"infant_family_count": ("population", "年2表")}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    declared = {
        name: Indicator(
            id=name, programme="sunflower_house", name_zh=f"指标{name}", unit="户", kind=kind, formula=formula,
            meaning="测试。", levels=("city", "county", "township"), decimals=1,
        )
        for name, (kind, formula) in FORMULAS.items()
    }  # fmt: skip
    return dataclasses.replace(load_catalogue(), indicators=declared)


def cells(name: str, unit: str, year: int, township: str, row: int, **values: Any) -> pl.DataFrame:
    parts = []
    for field, value in values.items():
        form, sheet = FORMS.get(field, ("sunflower_activity", "年3-2表"))
        parts.append(
            observation(
                name, field, value, unit_code=unit, year=year, org_code=township, form=form, sheet=sheet, row=row,
                cell=f"{PLACES[field]}{row}",
            )
        )  # fmt: skip
    return pl.concat(parts)


def build(
    path: Path,
    catalogue: Catalogue,
    submissions: pl.DataFrame,
    observations: pl.DataFrame,
    counted: pl.DataFrame | None = None,
    notes: pl.DataFrame | None = None,
    counted_rows: pl.DataFrame | None = None,
) -> Path:
    """A warehouse of these observations, its indicators computed by transforms.indicators.indicators."""
    numbers = observations.filter(pl.col("text").is_null(), pl.col("form") != "organisation")
    measures = numbers.rename({"field": "measure"}).pipe(shaped, MEASURE)
    if counted is not None:
        measures = pl.concat([measures, counted])
    with NightBuild(path, None, catalogue) as night:
        night.add_batch(
            submissions, observations=observations, measures=measures,
            notes=empty(NOTE) if notes is None else notes, results=results(),
            counted_rows=empty(COUNTED_ROW) if counted_rows is None else counted_rows,
        )  # fmt: skip
        night.set_indicators(compute(night.read_standing_measures(), catalogue, FINAL).indicators, at=NOON)
        night.check()
    return path


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """Two counties, three years. 371602 has three townships in 2024, one of which lacks its denominator."""
    submissions = pl.concat(
        [
            submission("binzhou-2022", 1, year=2022),
            submission("binzhou-2023", 2, year=2023),
            submission("binzhou-2024-first", 3),
            submission("binzhou-2024", 4),
            submission("zhanhua-2024", 5, unit="371603"),
        ]
    )
    parts = [
        cells("binzhou-2022", "371602", 2022, "371602001", 6, family_served_count=1000),
        cells("binzhou-2023", "371602", 2023, "371602001", 6, family_served_count=20),
        cells("binzhou-2024-first", "371602", 2024, "371602001", 6, family_served_count=999),
        cells(
            "binzhou-2024", "371602", 2024, "371602001", 6, family_served_count=30, infant_family_count=100, activity_count=4,
            class_count=None,
        ),
        cells("binzhou-2024", "371602", 2024, "371602002", 7, family_served_count=5, infant_family_count=None,
              activity_count="不适用"),
        cells("binzhou-2024", "371602", 2024, "371602003", 8, family_served_count=0, infant_family_count=50, class_count=7),
        cells("zhanhua-2024", "371603", 2024, "371603001", 6, family_served_count=90, infant_family_count=100),
    ]  # fmt: skip
    notes = note("binzhou-2024", "３０", "30", cell="F6")
    return build(
        tmp_path_factory.mktemp("t") / "w.duckdb", catalogue, submissions, pl.concat(parts), notes=notes
    )


def traced(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str = "371602", year: int = 2024
) -> Trace:
    return trace(warehouse, catalogue, indicator, org, year)


@pytest.mark.parametrize("org", ["371600", "371602", "371602001"])
@pytest.mark.parametrize("indicator", [n for n in FORMULAS if n != "associations"])
def test_the_parts_make_up_the_number(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str
) -> None:
    found = traced(warehouse, catalogue, indicator, org)
    assert found.is_exact, found.remarks
    assert format_trace(found)


def test_a_sum_names_every_cell_with_its_file(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served")
    rows = found.used_cells.filter(pl.col("contribution") > 0)
    assert found.value == 35
    assert rows.select("org_name", "sheet", "cell", "contribution", "raw", "file_name").rows() == [
        ("市中街道", "年3-2表", "F6", 30.0, "３０", "binzhou-2024.xlsx"),
        ("市西街道", "年3-2表", "F7", 5.0, "5", "binzhou-2024.xlsx"),
    ]
    assert rows["file_sha256"].unique().to_list() == [sha("binzhou-2024")]


def test_only_the_standing_submission_is_traced(warehouse: Path, catalogue: Catalogue) -> None:
    assert "binzhou-2024-first" not in format_trace(traced(warehouse, catalogue, "served"))


def test_what_was_not_reported_is_listed_without_a_contribution(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "held")
    states = found.select_step("unit").group_by("state").agg(pl.col("value").sum()).sort("state").rows()
    assert states == [("not_applicable", 0), ("not_reported", 0), ("value", 11)]
    assert any(remark.startswith("缺报：") for remark in found.remarks)


def test_a_cumulative_number_names_its_years_and_none_before_the_first(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "served_cumulative")
    assert found.select_step("term").select("source_year", "value").rows() == [(2023, 20.0), (2024, 35.0)]
    assert "2023年以来累计服务婴幼儿家庭数" in format_trace(found)


def test_a_rate_leaves_out_what_lacks_its_denominator_and_says_so(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "served_per_100")
    assert found.value == pytest.approx(20.0)  # (30 + 0) / (100 + 50): 市西街道 has no denominator
    left_out = found.select_step("cell").filter("is_left_out")
    assert left_out.select("org_name", "term", "value").rows() == [("市西街道", "family_served_count", 5.0)]
    assert found.used_cells.filter(org_name="市西街道").is_empty()
    assert any(remark.startswith("未用：") for remark in found.remarks)


def test_a_rank_shows_its_peers(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_rank")
    peers = found.select_step("peer")
    assert peers.filter(pl.col("rank").is_not_null()).select("source_code", "value", "rank").rows() == [
        ("371603", 90, 1),
        ("371602", 35, 2),
    ]
    assert peers.height == 7
    assert "→ 第 2 位　滨城区　35" in format_trace(found)


def test_a_share_shows_the_citys_parts_too(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_share")
    assert found.value == pytest.approx(35 / 125 * 100)
    terms = dict(found.select_step("term").select("of_node", "value").iter_rows())
    assert terms == {"371602": 35, "371600": 125}
    assert "构成：\n  服务婴幼儿家庭数　2024年　35" in format_trace(found)


def test_a_streak_shows_the_years_that_hold(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_years")
    assert found.value == 3
    assert found.select_step("term")["source_year"].to_list() == [2022, 2023, 2024]


def test_a_streak_shows_the_year_that_broke_it_and_none_before(tmp_path: Path, catalogue: Catalogue) -> None:
    served = {2021: 4, 2022: 3, 2023: 0, 2024: 5}
    submissions = [submission(f"a{year}", seq, year=year) for seq, year in enumerate(served, start=1)]
    observations = [
        cells(f"a{year}", "371602", year, "371602001", 6, family_served_count=count)
        for year, count in served.items()
    ]
    path = build(tmp_path / "w.duckdb", catalogue, pl.concat(submissions), pl.concat(observations))
    found = trace(path, catalogue, "served_years", "371602", 2024)
    assert (found.value, found.is_exact) == (1, True)
    assert found.select_step("term").select("source_year", "value").rows() == [(2023, 0), (2024, 5)]
    assert found.select_step("cell")["source_year"].to_list() == [2023, 2024]


def test_a_number_counted_from_the_registry_says_so(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "townships")
    assert found.value == found.used_cells.height > 10
    assert "（单位名录）" in format_trace(found, 1)


def test_a_counted_roster_row_shows_every_cell_that_made_it_count_and_quotes_it(tmp_path: Path) -> None:
    catalogue = load_catalogue()

    def site(number: int, tier: str, status: str) -> pl.DataFrame:
        said = {"name": ("A", f"{number}号小屋"), "tier": ("C", tier), "status": ("E", status)}
        return pl.concat(
            observation(
                "a", field, text, form="sunflower_site", org_code="371602001", item=f"{number}号小屋",
                sheet="年3-1表", row=number, cell=f"{letter}{number}",
            )
            for field, (letter, text) in said.items()
        )  # fmt: skip

    observations = pl.concat(
        [site(6, "国家级", "正常运行"), site(7, "省级", "正常运行"), site(8, "国家级", "已撤销")]
    )
    counted = observations.head(1).select(
        pl.exclude("value", "state"), measure=pl.lit("sunflower_site_national_count"), value=1.0, state=pl.lit("value")
    )  # fmt: skip
    path = build(
        tmp_path / "w.duckdb", catalogue, submission("a", 1), observations, counted.pipe(shaped, MEASURE),
        counted_rows=counted.pipe(shaped, COUNTED_ROW),
    )  # fmt: skip
    found = trace(path, catalogue, "sunflower_site_national_count", "371602", 2024)
    assert found.is_exact, found.remarks
    [(cell, raw, item)] = found.used_cells.select("cell", "raw", "item").rows()
    assert cell == "C6、E6"
    assert raw == "级别“国家级”，运行状态“正常运行”"
    assert item == "6号小屋"
    assert "年3-1表!C6、E6　填写级别“国家级”，运行状态“正常运行”" in format_trace(found)


def test_what_is_held_is_not_called_unreported(tmp_path: Path, catalogue: Catalogue) -> None:
    submissions = pl.concat(
        [
            submission("bin", 1, filled_count=1),
            submission("zhan", 2, unit="371603", decision="held", filled_count=1),
        ]
    )
    observations = pl.concat(
        [
            cells("bin", "371602", 2024, "371602001", 6, family_served_count=5),
            cells("zhan", "371603", 2024, "371603001", 6, family_served_count=90),
        ]
    )
    path = build(tmp_path / "w.duckdb", catalogue, submissions, observations)
    held = traced(path, catalogue, "served", "371603")
    assert (held.value, held.row["state"]) == (None, "held")
    assert "因待改正而暂存" in format_trace(held)
    assert "所需数据未报送" not in format_trace(held)
    assert traced(path, catalogue, "served", "371603001").row["state"] == "held"
    assert traced(path, catalogue, "served", "371621").row["state"] == "not_reported"
    assert "暂存" not in format_trace(traced(path, catalogue, "served", "371621"))
    whole = traced(path, catalogue, "served", "371600")
    assert (whole.value, whole.row["state"]) == (5, "value")
    assert any(r.startswith("暂存：其中") for r in whole.remarks)


def test_a_year_of_which_everything_is_held_says_so(tmp_path: Path, catalogue: Catalogue) -> None:
    said = cells("a", "371602", 2024, "371602001", 6, family_served_count=5)
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1, decision="held", filled_count=1), said)
    with pytest.raises(QueryError, match="都因待改正而暂存"):
        trace(path, catalogue, "served", "371602", 2024)


def test_a_counted_measure_names_the_rows_that_count_and_why(tmp_path: Path, catalogue: Catalogue) -> None:
    def row(org: str, number: int, has: bool) -> pl.DataFrame:
        return observation(
            "a",
            "has_association",
            has,
            form="organisation",
            org_code=org,
            sheet="年1表",
            row=number,
            cell=f"D{number}",
        )

    observations = pl.concat(
        [row("371602001", 6, True), row("371602002", 7, False), row("371602001001", 8, True)]
    )
    counted = observations.select(
        pl.exclude("value", "state"), measure=pl.lit("association_count"),
        value=(pl.col("text") == "true").cast(pl.Float64),
        state=pl.when(pl.col("text") == "true").then(pl.lit("value")).otherwise(pl.lit("zero")),
    ).pipe(shaped, MEASURE)  # fmt: skip
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1), observations, counted)
    found = trace(path, catalogue, "associations", "371602", 2024)
    assert (found.value, found.is_exact) == (2.0, True)
    cells_of = found.used_cells.select("source_code", "cell", "raw", "contribution")
    assert cells_of.sort("cell").rows() == [
        ("371602001", "D6", "是否成立计生协“是”", 1.0),
        ("371602001001", "D8", "是否成立计生协“是”", 1.0),
    ]


def test_the_history_of_a_merged_unit_is_traced_to_both_its_parts(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    registry = catalogue.registry
    gone = pl.col("org_code") == "371602002"
    units = registry.all_units.with_columns(
        valid_to=pl.when(gone | (pl.col("parent_code") == "371602002"))
        .then(2023)
        .otherwise("valid_to")
        .cast(pl.Int32)
    )
    succession = pl.DataFrame(
        [("371602002", "371602001", 2024, 1.0)], schema=registry.succession.schema, orient="row"
    )
    merged = dataclasses.replace(catalogue, registry=type(registry)(units, succession))
    observations = pl.concat(
        [
            cells("a", "371602", 2023, "371602001", 6, family_served_count=20),
            cells("a", "371602", 2023, "371602002", 7, family_served_count=3),
            cells("b", "371602", 2024, "371602001", 6, family_served_count=4),
        ]
    )
    submissions = pl.concat([submission("a", 1, year=2023), submission("b", 2)])
    path = build(tmp_path / "w.duckdb", merged, submissions, observations)
    found = trace(path, merged, "served_cumulative", "371602001", 2024)
    assert (found.value, found.is_exact) == (27.0, True)
    assert "市西街道" in format_trace(found)


def change(path: Path, *statements: str) -> Path:
    """The file after these statements, as no program of ours writes it."""
    with duckdb.connect(path) as connection:
        for each in statements:
            connection.execute(each)
    return path


OF_THE_COUNTY = "org_code = '371602' AND indicator = 'served'"


@pytest.fixture
def small(tmp_path: Path, catalogue: Catalogue) -> Path:
    """A warehouse of two townships."""
    said = [
        cells("a", "371602", 2024, "371602001", 6, family_served_count=20),
        cells("a", "371602", 2024, "371602002", 7, family_served_count=2),
    ]
    return build(tmp_path / "w.duckdb", catalogue, submission("a", 1), pl.concat(said))


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        (f"UPDATE mart.indicator_log SET value = 21 WHERE {OF_THE_COUNTY}", "重新计算得 22，指标值为 21。"),
        (f"UPDATE mart.indicator_log SET value = NULL WHERE {OF_THE_COUNTY}", "重新计算得 22，指标值为 …。"),
        (
            "UPDATE core.observation_log SET value = 3 WHERE cell = 'F7'",
            "各单元格合计为 23，计量值合计为 22。",
        ),
        ("DELETE FROM core.observation_log WHERE cell = 'F7'", "各单元格合计为 20，计量值合计为 22。"),
    ],
)
def test_a_number_that_is_not_the_sum_of_its_parts_is_called_so(
    small: Path, catalogue: Catalogue, bent: str, said: str
) -> None:
    found = traced(change(small, bent), catalogue, "served")
    assert found.is_exact is False
    [remark] = [r for r in found.remarks if r.startswith("不符：")]
    assert said in remark
    assert not any("相符。" in r for r in found.remarks)


def test_what_is_suppressed_comes_out_as_a_star_and_is_not_called_wrong(
    small: Path, catalogue: Catalogue
) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(small, *(f"UPDATE core.{name} {hidden}" for name in ("measure_log", "observation_log")))
    change(small, f"UPDATE mart.indicator_log {hidden}")
    found = traced(small, catalogue, "served")
    assert (found.value, found.is_exact) == (22, None)
    assert found.remarks[0] == "核对：有不公布的单元格（*），在公布库中不能逐项核对。"
    assert not any("不符" in remark for remark in found.remarks)
    stars = found.rows.filter(state="suppressed").select("step", "value", "raw").rows()
    assert stars == [(step, None, None) for step in ("formula", "term", "unit", "cell")]
    text = format_trace(found)
    assert "服务婴幼儿家庭数　2024年　*　（1 个单元格；应报 15，已报 2）" in text
    assert "1 个不公布" in text
    own = traced(small, catalogue, "served", "371602002")
    assert own.row["state"] == "suppressed"
    assert "数值：* 户" in format_trace(own)
    assert "无数值的原因：不公布" in format_trace(own)


def test_a_suppressed_peer_is_a_star_among_the_places(small: Path, catalogue: Catalogue) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(
        small,
        *(
            f"UPDATE {name} {hidden}"
            for name in ("core.measure_log", "core.observation_log", "mart.indicator_log")
        ),
    )
    found = traced(small, catalogue, "served_rank", "371602001")
    assert (found.value, found.is_exact) == (1, None)
    assert "→ 第 1 位　市中街道　20" in format_trace(found)
    assert "市西街道　*" in format_trace(found)


def test_what_is_suppressed_was_reported_and_leaves_nothing_out(tmp_path: Path, catalogue: Catalogue) -> None:
    said = [
        cells("a", "371602", 2024, "371602001", 6, family_served_count=20, infant_family_count=100),
        cells("a", "371602", 2024, "371602002", 7, family_served_count=2, infant_family_count=50),
    ]
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1), pl.concat(said))
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(path, f"UPDATE core.measure_log {hidden}", f"UPDATE core.observation_log {hidden}")
    found = traced(path, catalogue, "served_per_100")
    assert (found.value, found.is_exact) == (pytest.approx(22 / 150 * 100), None)
    assert not any(remark.startswith("未用：") for remark in found.remarks)
    counts = found.select_step("term").select("term", "value", "reported_count").rows()
    assert counts == [("family_served_count", None, 2), ("infant_family_count", None, 2)]


def test_what_is_suppressed_of_a_split_unit_comes_out_of_no_part(small: Path, catalogue: Catalogue) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(
        small,
        "INSERT INTO core.heir VALUES (2024, 2024, '371602002', '371602002', 1.0)",
        """INSERT INTO core.handed_on
           VALUES (2024, 2024, '371602002', '371602002', 'family_served_count', 1.0, 2.0)""",
    )
    assert 2.0 in traced(small, catalogue, "served").select_step("unit")["value"]
    change(small, *(f"UPDATE core.{name} {hidden}" for name in ("measure_log", "observation_log")))
    for indicator in ("served", "served_change"):  # which leaves all of the year out
        units = traced(small, catalogue, indicator).select_step("unit").filter(state="suppressed")
        assert units["value"].to_list() == [None]


def test_a_file_of_an_earlier_version_is_to_be_built_anew(small: Path, catalogue: Catalogue) -> None:
    change(small, "CREATE OR REPLACE MACRO trace(a, b, c) AS TABLE SELECT 'number' AS step")
    with pytest.raises(QueryError, match="nianbao rebuild"):
        traced(small, catalogue, "served")


@pytest.mark.parametrize(("indicator", "org"), [("nothing", "371602"), ("served", "999999")])
def test_what_does_not_exist_is_said_in_chinese(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str
) -> None:
    with pytest.raises(QueryError, match="没有"):
        trace(warehouse, catalogue, indicator, org, 2024)


def test_a_text_of_few_lines_still_counts_all_cells(warehouse: Path, catalogue: Catalogue) -> None:
    text = format_trace(traced(warehouse, catalogue, "served", "371600"), 1)
    assert "列出数值最大的 1 个" in text
    assert "90　服务婴幼儿家庭数　2024年　沾化区 富国街道　年3-2表!F6　zhanhua-2024.xlsx" in text


def test_of_many_peers_the_unit_asked_about_is_shown_too(warehouse: Path, catalogue: Catalogue) -> None:
    text = format_trace(traced(warehouse, catalogue, "served_rank"), 1)
    assert "同级单位（7 个）：\n　 第 1 位　沾化区　90\n→ 第 2 位　滨城区　35\n来源单元格" in text


def test_notes_questions_and_explanations_stand_beside_their_cell(tmp_path: Path) -> None:
    city = small_city(tmp_path / "catalogue")
    place = {"operands": "member_count=12", "cell": "C6", "sheet": "年3-2表"}
    said = told("a", 1, {EAST: 12.0, BRIDGE: 3.0}, asked=[question(EAST, 12.0, **place)])
    said["notes"] = note("a", "12①", "12").with_columns(fix=pl.lit("note_mark"))
    answer = explained(EAST, "新增两个小区。", 1, "explained", year=2024)
    with NightBuild(tmp_path / "w.duckdb", None, city) as night:
        night.add_batch(**said)
        night.set_explanations(answer.with_columns(operands=pl.lit(place["operands"])))
        night.set_indicators(compute(night.read_standing_measures(), city, FINAL).indicators, at=NOON)
    found = trace(tmp_path / "w.duckdb", city, "member_count", EAST, 2024)
    [asked] = found.used_cells.drop_nulls("questions").to_dicts()
    assert (asked["cell"], asked["explanations"], asked["remarks"]) == ("C6", "新增两个小区。", "note_mark")
    text = format_trace(found)
    assert (
        "年3-2表!C6　填写“12①”（已去掉注号）　a.xlsx\n      问题：不对。（已说明，待审核）\n      说明：新增两个小区。\n"
        in text
    )
    assert "存疑：计入的单元格中有 1 个有审核问题" in text
