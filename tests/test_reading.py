"""Workbooks are read as they stand, whatever the format and wherever the header is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from tests.read_workbooks import CELL, bent, problem, rules
from tests.workbooks import (
    CATALOGUE,
    FIRST,
    HEADER,
    PLAN,
    Grid,
    column,
    cover,
    read,
    save_xlsx,
    sheet,
    workbook,
)
from warehouse.words.addresses import column_index, column_letter


# ------------------------------------------------------------------------------------------------- sheets
@pytest.mark.parametrize(
    "name", ["年2表", "年 2 表", "年２表", "年2表 基本情况", "基本情况", "人口与家庭基本情况", "Sheet2"]
)
def test_a_form_is_known_by_number_title_or_alias(tmp_path: Path, name: str) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", {"封面": cover(), name: sheet()})
    assert [s.form for s in read(path).sheets] == ["population"]


def test_numbers_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    sheets = workbook(
        sunflower_site=sheet("sunflower_site"),
        sunflower_activity=sheet("sunflower_activity"),
        family_health=sheet("family_health"),
        case=sheet("case"),
    )
    found = [s.form for s in read(save_xlsx(tmp_path / "a.xlsx", sheets)).sheets]
    assert found == ["sunflower_site", "sunflower_activity", "family_health", "case"]


def test_a_form_that_stands_twice_is_read_once_and_named(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", {"年2表": sheet(), "年2表 (2)": sheet()})
    result = read(path)
    assert [s.sheet for s in result.sheets] == ["年2表"]
    assert problem(result, "read.duplicate_sheet")["sheet"] == "年2表 (2)"


def test_a_sheet_that_is_nothing_known_is_named_when_it_holds_something(tmp_path: Path) -> None:
    path = save_xlsx(
        tmp_path / "a.xlsx",
        {
            **workbook(population=sheet()),
            "流水": [["x", i] for i in range(4)],
            "Sheet9": [["草稿"]],
            "填报说明": [["x"]] * 9,
        },
    )
    assert [p["sheet"] for p in read(path).problems] == ["流水"]


def test_hidden_sheets_and_rows_are_read_and_noted(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()), hidden_rows={"年2表": [FIRST]})
    book = openpyxl.load_workbook(path)
    book["年2表"].sheet_state = "hidden"
    book.save(path)
    result = read(path)
    assert sorted(map(str, rules(result))) == ["read.hidden_rows", "read.hidden_sheet"]
    assert result.sheets[0].is_hidden
    assert result.sheets[0].rows["is_hidden"].to_list() == [True, False]


def test_unit_and_year_may_stand_in_the_head_of_a_form(tmp_path: Path) -> None:
    rows = sheet()
    rows[1][2], rows[1][4], rows[1][5] = "填报单位：滨城区", "2024年", "有效期至：2027年12月"
    result = read(save_xlsx(tmp_path / "a.xlsx", {"年2表": rows}))
    assert result.cover == {"unit_name": "滨城区", "year": "2024"}


# ------------------------------------------------------------------------------------------------- header
def test_rows_above_and_left_of_the_header_do_not_shift_the_cells(tmp_path: Path) -> None:
    rows = [[], ["说明文字"], [], *sheet()]
    rows = [["", *row] for row in rows]
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).sheets[0]
    assert found.rows["row"].to_list() == [FIRST + 4, FIRST + 5]
    assert found.columns["household_count"] == column_letter(CELL + 1)
    assert found.rows["household_count"].to_list() == ["12", "12"]


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    rows = [row[::-1] for row in sheet()]
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).sheets[0]
    assert set(found.columns) == set(
        read(save_xlsx(tmp_path / "b.xlsx", workbook(population=sheet()))).sheets[0].columns
    )
    assert found.rows["org_code"].to_list() == ["371602001", "371602002"]


@pytest.mark.parametrize(
    "label",
    [
        "家庭户数",
        "家 庭 户 数",
        "家庭\n户数",
        "家庭户数(户)",
        "家庭户数（户）",
        "*家庭户数",
        "户数",
        "家庭户数：",
        "本年家庭户数",
        "家庭户数（本年）",
    ],
)
def test_a_label_is_known_whatever_its_spacing_unit_or_alias(tmp_path: Path, label: str) -> None:
    rows = bent(**{f"r{HEADER}c{CELL}": label})
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert rules(result) == []
    assert result.sheets[0].columns["household_count"] == column_letter(CELL)


def test_a_header_that_states_another_unit_is_kept_with_the_column(tmp_path: Path) -> None:
    rows = sheet("warm_action")
    rows[HEADER][column("warm_action", "claim_paid_cny")] = "赔付金额（万元）"
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows))).sheets[0]
    assert found.units == {"claim_paid_cny": "万元"}


def test_a_unit_above_the_header_holds_for_the_columns_of_money(tmp_path: Path) -> None:
    rows = sheet("warm_action")
    rows[1][3] = "（单位：万元）"
    rows[HEADER][column("warm_action", "claim_paid_cny")] = "赔付金额（元）"
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows))).sheets[0]
    money = {f.id: "万元" for f in CATALOGUE.forms["warm_action"].fields if f.type == "cny"}
    assert found.units == {**money, "claim_paid_cny": "元"}


def test_an_unknown_form_is_not_taken_for_the_cover(tmp_path: Path) -> None:
    rows = [["单位代码", "单位名称", "流动人口数"], *(["371602001", "市中街道", 5] for _ in range(5))]
    result = read(save_xlsx(tmp_path / "a.xlsx", {**workbook(population=sheet()), "流动人口": rows}))
    assert rules(result) == ["read.unrecognised_sheet"]
    assert result.cover["unit_name"] == "滨城区"


def test_a_cover_is_known_by_its_labels_too(tmp_path: Path) -> None:
    sheets = {"Sheet1": [["填报单位：滨城区"], ["报告年度", "", 2024]], "年2表": sheet()}
    assert read(save_xlsx(tmp_path / "a.xlsx", sheets)).cover == {"unit_name": "滨城区", "year": "2024.0"}


def test_an_unknown_column_is_named_at_its_header_and_not_read(tmp_path: Path) -> None:
    rows = [[*row, extra] for row, extra in zip(sheet(), ["", "", "流动人口数", "", 5, 6], strict=True)]
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    found = problem(result, "read.unknown_column")
    assert (found["value"], found["cell"]) == ("流动人口数", f"{column_letter(len(rows[0]) - 1)}3")


def test_a_label_that_stands_twice_is_an_unknown_column(tmp_path: Path) -> None:
    rows = [[*row, extra] for row, extra in zip(sheet(), ["", "", "家庭户数", "", 5, 6], strict=True)]
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert problem(result, "read.unknown_column")["detail"] == "与前面的栏目重复"


def test_serial_numbers_and_remarks_are_columns_that_do_not_count(tmp_path: Path) -> None:
    rows = [[lead, *row, "x"] for lead, row in zip(["", "", "序号", "", 1, 2], sheet(), strict=True)]
    rows[HEADER][-1], rows[HEADER + 1][-1] = "备注", ""
    found = problem(read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))), "read.not_taken_over")
    assert found["detail"] == "“备注”栏2处"


def test_last_year_beside_this_year_is_not_read(tmp_path: Path) -> None:
    """Label merged over two columns, 本年 and 上年 below, in either order, then the line of column numbers."""
    for order in (["本年", "上年"], ["上年", "本年"], ["本年数", "上年数"]):
        rows: Grid = [
            ["基本情况", "", "", "", ""],
            ["单位代码", "单位名称", "家庭户数", "", "常住人口数", ""],
            ["", "", *order, *order],
            ["甲", "乙", 1, "", 2, ""],
            [
                "371602001",
                "市中街道",
                *([7, 9] if order[0] != "上年" else [9, 7]),
                *([8, 9] if order[0] != "上年" else [9, 8]),
            ],
        ]
        result = read(save_xlsx(tmp_path / "a.xlsx", {"年2表": rows}))
        assert rules(result) == []
        assert result.sheets[0].rows["household_count"].to_list() == ["7"]
        assert result.sheets[0].rows["resident_population_count"].to_list() == ["8"]


def test_a_column_headed_last_year_alone_is_not_read(tmp_path: Path) -> None:
    rows = [[*row, extra] for row, extra in zip(sheet(), ["", "", "家庭户数(上年)", "", 5, 6], strict=True)]
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert rules(result) == []
    assert result.sheets[0].rows["household_count"].to_list() == ["12", "12"]


def test_a_group_line_above_the_labels_is_no_column(tmp_path: Path) -> None:
    rows = sheet("warm_action")
    group = [""] * len(rows[0])
    group[2] = "走访慰问计生特殊家庭"
    for at in (0, 1):  # labels of columns without a group are merged over both lines
        group[at], rows[HEADER][at] = rows[HEADER][at], ""
    rows.insert(HEADER, group)
    result = read(save_xlsx(tmp_path / "a.xlsx", workbook(warm_action=rows)))
    assert rules(result) == []
    assert {"org_code", "org_name", "spring_visit_count"} <= set(result.sheets[0].columns)


def test_an_unknown_part_of_a_known_label_is_not_taken_for_the_label(tmp_path: Path) -> None:
    rows: Grid = [
        ["单位代码", "单位名称", "常住人口数", "家庭户数", ""],
        ["", "", "", "城镇", "乡村"],
        ["371602001", "市中街道", 8, 3, 4],
    ]
    result = read(save_xlsx(tmp_path / "a.xlsx", {"年2表": rows}))
    assert [p["value"] for p in result.problems] == ["城镇", "乡村"]


def test_a_sheet_without_its_header_is_not_taken_for_the_form(tmp_path: Path) -> None:
    rows = [["项目", i] for i in range(9)]
    result = read(save_xlsx(tmp_path / "a.xlsx", {"年2表": rows, "年5表": sheet("warm_action")}))
    assert [s.form for s in result.sheets] == ["warm_action"]
    assert rules(result) == ["read.unrecognised_sheet"]


def test_blank_rows_are_dropped_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    rows = sheet()
    rows.insert(FIRST + 1, [""] * len(rows[0]))
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).sheets[0]
    assert found.rows["row"].to_list() == [FIRST + 1, FIRST + 3]


def test_a_township_merged_over_its_rows_belongs_to_each(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(sunflower_site=sheet("sunflower_site")))
    book = openpyxl.load_workbook(path)
    book["年3-1表"].merge_cells(start_row=FIRST + 1, end_row=FIRST + 2, start_column=2, end_column=2)
    book.save(path)
    assert read(path).sheets[0].rows["org_name"].to_list() == ["市中街道"] * 2


def test_a_sheet_of_mixed_types_is_read_as_texts(tmp_path: Path) -> None:
    rows = sheet("organisation")
    date = column("organisation", "term_renewed_date")
    rows[FIRST][date], rows[FIRST + 1][date] = dt.date(2023, 4, 1), "2023年"
    rows[FIRST][date + 1] = True
    found = read(save_xlsx(tmp_path / "a.xlsx", workbook(organisation=rows))).sheets[0]
    assert found.rows["term_renewed_date"].to_list() == ["2023-04-01", "2023年"]
    assert found.rows["president_post"].to_list()[0] == "TRUE"


# ------------------------------------------------------------------------------------------------- addresses
def test_column_letters_and_numbers_are_one_another() -> None:
    assert [column_letter(i) for i in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_index(column_letter(i)) == i for i in range(16384))


def test_a_plan_is_small() -> None:
    import pickle

    assert len(pickle.dumps(PLAN)) < 100_000
    assert {form.id for form in PLAN.forms} == set(CATALOGUE.forms)
