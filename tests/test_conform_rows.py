"""Every row speaks of a unit of the reporting unit, is a total, or says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.workbooks import FIRST, Grid, column, conformed, save_xlsx, sheet, workbook
from transforms.conforming.conform import Conformed

VILLAGES = {"371602001001": "北关村", "371602002001": "x"}


def of_rows(tmp_path: Path, rows: Grid, form: str = "population", unit_code: str = "371602") -> Conformed:
    return conformed(save_xlsx(tmp_path / "a.xlsx", workbook(**{form: rows})), unit_code=unit_code)


def problems(result: Conformed) -> list[dict[str, Any]]:
    return result.problems.filter(~pl.col("rule").str.starts_with("read.missing")).rows(named=True)


def units(result: Conformed, form: str = "population") -> list[tuple[str, str]]:
    return result.forms[form].select("row_kind", "org_code").rows()


def named(code: Any, name: Any) -> Grid:
    """The population sheet with the first row's unit written as given."""
    rows = sheet()
    rows[FIRST][:2] = [code, name]
    return rows


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("371602001", "市中街道"),
        (371602001, "市中街道"),
        (371602001.0, ""),
        (" 371602 001", "市中街道"),
        ("３７１６０２００１", "市中街道"),
        ("", "市中街道"),
        ("", " 市中 街道"),
        ("371602001", "市中街道办事处"),
        ("371602001", "市中"),
    ],
)
def test_a_unit_is_found_by_code_or_else_by_exact_name(tmp_path: Path, code: Any, name: str) -> None:
    result = of_rows(tmp_path, named(code, name))
    assert problems(result) == []
    assert units(result)[0] == ("data", "371602001")
    assert result.forms["population"]["org_name"][0] == "市中街道"


def test_a_code_padded_with_zeros_is_accepted_and_noted(tmp_path: Path) -> None:
    result = of_rows(tmp_path, named("371602001000", "市中街道"))
    assert units(result)[0] == ("data", "371602001")
    assert problems(result) == []
    assert result.notes.select("cell", "fix", "raw", "value").rows() == [
        ("A5", "padded_code", "371602001000", "371602001")
    ]


def test_a_near_name_is_offered_and_never_applied(tmp_path: Path) -> None:
    result = of_rows(tmp_path, named("", "市中"))
    (found,) = problems(result)
    assert (found["rule"], found["cell"], found["value"]) == ("conform.unknown_unit", "B5", "市中")
    assert found["suggestion"] == "市中街道（371602001）"
    assert units(result) == [("data", "371602002")]


def test_names_are_not_alike_for_what_hundreds_have_in_common(tmp_path: Path) -> None:
    rows = sheet("organisation")
    rows[FIRST][:2] = ["", "新民村村民委员会"]
    (found,) = [
        p for p in problems(of_rows(tmp_path, rows, "organisation")) if p["rule"] == "conform.unknown_unit"
    ]
    assert found["suggestion"] is None or "新民" in found["suggestion"]


def test_a_name_that_is_like_nothing_has_no_suggestion(tmp_path: Path) -> None:
    (found,) = problems(of_rows(tmp_path, named("", "海淀区中关村")))
    assert (found["rule"], found["suggestion"]) == ("conform.unknown_unit", None)


def test_a_unit_of_another_county_is_named_as_such(tmp_path: Path) -> None:
    (found,) = problems(of_rows(tmp_path, named("371603001", "富国街道")))
    assert (found["rule"], found["cell"]) == ("conform.unit_of_other_reporting_unit", "A5")
    assert "富国街道" in found["detail"]


@pytest.mark.parametrize(
    ("code", "name"), [("371602001", "市西街道"), ("371602999", "市中街道"), ("371602001", "沙河街道")]
)
def test_code_and_name_that_contradict_each_other_are_named(tmp_path: Path, code: str, name: str) -> None:
    rows = named(code, name)
    del rows[FIRST + 1]
    result = of_rows(tmp_path, rows)
    assert [p["rule"] for p in problems(result)] == ["conform.code_name_mismatch"]
    assert units(result) == [("data", "371602001")]


@pytest.mark.parametrize("code", [3716020010010010.0, "3.71602E+11"])
def test_a_code_that_lost_digits_is_no_code(tmp_path: Path, code: Any) -> None:
    (found,) = problems(of_rows(tmp_path, named(code, "市中街道")))
    assert (found["rule"], found["cell"]) == ("conform.lost_digits", "A5")


def test_a_row_without_unit_is_not_lost(tmp_path: Path) -> None:
    (found,) = problems(of_rows(tmp_path, named("", "")))
    assert (found["rule"], found["detail"]) == ("conform.blank_unit", None)


def test_the_second_row_of_a_unit_is_named_with_both_cells_and_left_out(tmp_path: Path) -> None:
    rows = sheet()
    rows.append(["", "市中街道", *[99] * 10])
    result = of_rows(tmp_path, rows)
    (found,) = problems(result)
    assert (found["rule"], found["cell"], found["org_code"]) == ("conform.duplicate_unit", "B7", "371602001")
    assert "5" in found["detail"]
    assert "B7" in found["detail"]
    assert units(result) == [("data", "371602001"), ("data", "371602002")]
    assert result.forms["population"]["household_count"].to_list() == [12, 12]


def test_a_level_that_the_form_does_not_list_is_named(tmp_path: Path) -> None:
    (found,) = problems(of_rows(tmp_path, named("371602001001", "")))
    assert found["rule"] == "conform.unknown_unit"
    assert found["detail"] == "本表只填乡镇(街道)"


# ------------------------------------------------------------------------------------------------- same names
def village_rows() -> list[tuple[str, str, str]]:
    """Two villages of one name in one county: code, name, township."""
    from tests.workbooks import CATALOGUE

    registry = CATALOGUE.registry.units(2024)
    villages = registry.filter(pl.col("level") == "village")
    twins = villages.filter(pl.struct("county_code", "name").is_duplicated()).sort(
        "county_code", "name", "org_code"
    )
    first = twins.filter(pl.struct("county_code", "name") == pl.struct("county_code", "name").first())
    names = dict(registry.select("org_code", "name").iter_rows())
    return [(r["org_code"], r["name"], names[r["parent_code"]]) for r in first.iter_rows(named=True)]


def test_villages_of_one_name_are_told_apart_by_their_township(tmp_path: Path) -> None:
    twins = village_rows()
    rows = sheet("organisation", {"": twins[0][1]})
    rows = [
        [*row[:2], extra, *row[2:]] for row, extra in zip(rows, ["", "", "所属乡镇", "", ""], strict=False)
    ]
    for code, _, township in twins[:2]:
        rows[FIRST][2] = township
        result = of_rows(tmp_path, rows, "organisation", unit_code=code[:6])
        assert problems(result) == []
        assert units(result, "organisation") == [("data", code)]
    rows[FIRST][2] = ""
    (found,) = problems(of_rows(tmp_path, rows, "organisation", unit_code=twins[0][0][:6]))
    assert found["rule"] == "conform.unknown_unit"
    assert all(township in found["detail"] for _, _, township in twins)


# ------------------------------------------------------------------------------------------------- totals, notes
@pytest.mark.parametrize(
    ("code", "name"), [("", "合计"), ("合 计", ""), ("", "全县合计"), ("371602", "滨城区"), ("", "滨城区")]
)
def test_a_total_row_is_the_reporting_units(tmp_path: Path, code: str, name: str) -> None:
    rows = sheet()
    rows.append([code, name, *[24] * 10])
    result = of_rows(tmp_path, rows)
    assert problems(result) == []
    assert units(result)[2] == ("total", "371602")


def test_a_total_may_stand_under_the_serial_numbers(tmp_path: Path) -> None:
    rows = [
        [lead, *row]
        for lead, row in zip(
            ["", "", "序号", "", 1, 2, "合计"], [*sheet(), ["", "", *[24] * 10]], strict=True
        )
    ]
    assert units(of_rows(tmp_path, rows))[2] == ("total", "371602")


def test_a_subtotal_is_its_townships(tmp_path: Path) -> None:
    rows = sheet("organisation", {"371602001": "市中街道", "": "市中街道小计"})
    result = of_rows(tmp_path, rows, "organisation")
    assert problems(result) == []
    assert units(result, "organisation") == [("data", "371602001"), ("total", "371602001")]


def test_a_bare_subtotal_is_that_of_the_township_above(tmp_path: Path) -> None:
    rows = sheet("organisation", {"371602002001": "", "": "小计"})
    assert units(of_rows(tmp_path, rows, "organisation"), "organisation")[1] == ("total", "371602002")


def test_notes_and_signatures_below_the_table_are_no_rows(tmp_path: Path) -> None:
    rows = sheet()
    width = len(rows[0])
    for text in ("注：本表由县级填报。", "说明：1.…", "单位负责人：张三", "样例数据，请勿使用", "备注"):
        rows.append([text, *[""] * (width - 1)])
    signatures = [""] * width
    signatures[0], signatures[3] = "单位负责人：", "填表人："
    rows.append(signatures)
    result = of_rows(tmp_path, rows)
    assert problems(result) == []
    assert len(units(result)) == 2


def test_a_unit_whose_fields_are_all_blank_keeps_its_row(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][2:] = [""] * 10
    result = of_rows(tmp_path, rows)
    assert problems(result) == []
    assert result.forms["population"]["household_count__state"].to_list() == ["not_reported", "value"]


# ------------------------------------------------------------------------------------------------- rosters
def test_a_roster_row_has_its_township_and_its_name(tmp_path: Path) -> None:
    rows = sheet("sunflower_site", {"": "市中街道"})
    result = of_rows(tmp_path, rows, "sunflower_site")
    assert problems(result) == []
    assert result.forms["sunflower_site"].select("org_code", "item").rows() == [("371602001", "第一处")]


def test_a_roster_may_list_one_unit_often(tmp_path: Path) -> None:
    rows = sheet("sunflower_site", {"": "市中街道"})
    rows.append(["", "市中街道", "第二处", *rows[FIRST][3:]])
    result = of_rows(tmp_path, rows, "sunflower_site")
    assert problems(result) == []
    assert len(units(result, "sunflower_site")) == 2


def test_a_roster_row_without_unit_is_the_countys_where_the_form_allows_it(tmp_path: Path) -> None:
    result = of_rows(tmp_path, sheet("case", {"": ""}), "case")
    assert problems(result) == []
    assert units(result, "case") == [("data", "371602")]
    (found,) = problems(of_rows(tmp_path, sheet("sunflower_site", {"": ""}), "sunflower_site"))
    assert found["rule"] == "conform.blank_unit"


def test_a_row_of_spaces_is_no_row(tmp_path: Path) -> None:
    rows = sheet()
    rows.append([" ", "", "  ", "\u3000", *[""] * (len(rows[0]) - 4)])
    result = of_rows(tmp_path, rows)
    assert problems(result) == []
    assert len(units(result)) == 2


@pytest.mark.parametrize("at", [1, 2])
def test_a_roster_that_says_nothing_to_list_is_declared_empty(tmp_path: Path, at: int) -> None:
    rows = sheet("sunflower_site", {"": ""})
    rows[FIRST] = [""] * len(rows[0])
    rows[FIRST][at] = "无"
    result = of_rows(tmp_path, rows, "sunflower_site")
    assert problems(result) == []
    assert units(result, "sunflower_site") == []
    assert result.declared_empty.rows() == [("s", "sunflower_site")]


def test_numbered_blank_lines_of_a_roster_are_no_rows(tmp_path: Path) -> None:
    rows = sheet("sunflower_site", {"": ""})
    rows[FIRST] = [""] * len(rows[0])
    rows = [[lead, *row] for lead, row in zip(["", "", "序号", "", 1], rows, strict=True)]
    result = of_rows(tmp_path, rows, "sunflower_site")
    assert problems(result) == []
    assert units(result, "sunflower_site") == []
    assert result.declared_empty.is_empty()


def test_an_answer_in_a_total_row_need_not_be_one(tmp_path: Path) -> None:
    rows = sheet("organisation")
    total = ["", "合计", *["见上"] * (len(rows[0]) - 2)]
    total[column("organisation", "member_count")] = 24
    rows.append(total)
    found = [p["field"] for p in problems(of_rows(tmp_path, rows, "organisation"))]
    assert found == ["staff_count", "volunteer_count"]
