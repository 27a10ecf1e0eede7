"""A cell holds what its reader sees: formats, raised and struck digits, lines, dates that are numbers, merged values."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.verdicts.causes import group_notes_by_cause
from tests.judged_files import findings
from tests.seen_values import COUNT, DAY, MONEY, counted, told, value
from tests.workbook_edits import formatted, merged, parts_of, rich, save_parts, save_with
from tests.workbooks import (
    CATALOGUE,
    FIRST,
    Grid,
    column,
    conformed,
    csv_bytes,
    read,
    save_xlsx,
    sheet,
    workbook,
)
from transforms.reading.cell_texts import number_text
from transforms.reading.formats.seen import split_format


# ------------------------------------------------------------------------------------------------- digits
@pytest.mark.parametrize(
    ("stored", "shown"), [(82.000000000000014, 82), (0.1 + 0.2, 0.3), (24.000000000000004, 24)]
)
def test_a_number_has_the_fifteen_digits_that_are_shown(tmp_path: Path, stored: float, shown: float) -> None:
    result = counted(tmp_path, stored)
    assert (value(result), told(result), result.notes.height) == (shown, [], 0)


@given(st.floats(-1e15, 1e15, allow_nan=False))
def test_fifteen_digits_are_what_python_prints_with_fifteen(number: float) -> None:
    assert float(number_text(number)) == pytest.approx(number, rel=1e-14)
    assert number_text(float(number_text(number))) == number_text(number)


# ------------------------------------------------------------------------------------------------- marks
@pytest.mark.parametrize("text", ["4①", "4 ①", "4²", "4⑴", "4₁", "4※", "4㈠", "4⒈", "４①", "4①②"])
def test_a_mark_behind_a_number_is_no_digit(tmp_path: Path, text: str) -> None:
    result = counted(tmp_path, text)
    assert (value(result), told(result)) == (4, [])
    assert "note_mark" in result.notes["fix"][0]
    assert (result.notes["raw"][0], result.notes["value"][0]) == (text, "4")


@pytest.mark.parametrize("text", ["①", "①4", "4①2", "½", "3½", "1²3"])
def test_a_number_that_only_a_mark_could_be_is_asked_about(tmp_path: Path, text: str) -> None:
    assert told(counted(tmp_path, text)) == [("conform.unreadable_number", "D5")]


def test_a_mark_in_a_date_or_a_year_is_no_digit(tmp_path: Path) -> None:
    dated = counted(tmp_path, "2023-04-1②", "organisation", DAY)
    assert [rule for rule, _ in told(dated)] == ["conform.unreadable_date"]
    opened = column("warm_home", "opened_year")
    assert value(counted(tmp_path, "2015①", "warm_home", opened), "warm_home", "opened_year") == 2015


@pytest.mark.parametrize("script", [1, 2])
def test_raised_and_lowered_runs_are_marks_and_not_digits(tmp_path: Path, script: int) -> None:
    result = counted(tmp_path, rich(("4", {}), ("1", {"font_script": script})))
    assert (value(result), told(result), result.notes["fix"].to_list()) == (4, [], ["note_mark"])


def test_a_raised_run_in_a_cell_of_its_own_string_is_seen_too(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    parts = parts_of(path)
    run = b'<r><t>4</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>1</t></r>'
    page = parts["xl/worksheets/sheet2.xml"]
    old = b'<c r="D5"><v>12</v></c>'
    assert old in page
    parts["xl/worksheets/sheet2.xml"] = page.replace(
        old, b'<c r="D5" t="inlineStr"><is>' + run + b"</is></c>"
    )
    assert value(conformed(save_parts(path, parts))) == 4


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("26\u200b7", "267（已去掉看不见的字符）"), ("4①", "4（已去掉注号）"), ("1,200", "1200")],
)
def test_a_note_says_what_was_left_out(tmp_path: Path, text: str, read_as: str) -> None:
    notes = group_notes_by_cause(counted(tmp_path, text).notes, CATALOGUE)
    assert notes.select("raw", "value").rows() == [(text, read_as)]


# ------------------------------------------------------------------------------------------------- strokes
@pytest.mark.parametrize(
    "cell",
    [
        rich(("3", {"font_strikeout": True}), ("120", {})),
        rich(("120", {}), ("3", {"font_strikeout": True})),
        formatted(120, font_strikeout=True),
        formatted("120", font_strikeout=True),
    ],
)
def test_what_is_struck_through_is_asked_about_and_not_read(tmp_path: Path, cell: Any) -> None:
    result = counted(tmp_path, cell)
    assert (value(result), told(result)) == (None, [("read.struck_cell", "D5")])


def test_the_part_that_is_struck_through_is_told(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][COUNT] = rich(("3", {"font_strikeout": True}), ("120", {}))
    found = findings(save_with(tmp_path / "a.xlsx", workbook(population=rows))).filter(
        rule="read.struck_cell"
    )
    assert "“3120”带删除线（划去的是“3”）" in found["message"][0]


def test_a_row_that_is_struck_through_is_one_question(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST] = [formatted(cell, font_strikeout=True) for cell in rows[FIRST]]
    result = conformed(save_with(tmp_path / "a.xlsx", workbook(population=rows)))
    assert told(result) == [("read.struck_cell", "C5")]
    assert result.forms["population"]["org_code"].to_list() == ["371602001", "371602002"]


# ------------------------------------------------------------------------------------------------- lines
@pytest.mark.parametrize("text", ["3\n120", "3\r\n120", "3\t120", "1\n234\n567", "3\x0b120", "12\n13"])
def test_two_numbers_in_one_cell_are_not_glued_together(tmp_path: Path, text: str) -> None:
    assert told(counted(tmp_path, text)) == [("conform.unreadable_number", "D5")]


@pytest.mark.parametrize("text", ["3,120", "3 120", "3\u00a0120", "3，120", "3\u2009120", "3120\n"])
def test_thousands_are_grouped_by_a_comma_or_one_blank(tmp_path: Path, text: str) -> None:
    assert value(counted(tmp_path, text)) == 3120


# ------------------------------------------------------------------------------------------------- dates
@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (formatted(50, num_format="yyyy-mm-dd"), "家庭户数显示为“1900年2月19日”，是日期(时间)格式，单元格里存的数是50"),
        (formatted(45000, num_format="m/d"), "家庭户数显示为“2023年3月15日”，是日期(时间)格式，单元格里存的数是45000"),
        (formatted(17, num_format="[h]:mm"), "家庭户数显示为“408:00”，是日期(时间)格式，单元格里存的数是17"),
        (formatted(0.5, num_format="h:mm"), "家庭户数显示为“12:00”，是日期(时间)格式，单元格里存的数是0.5"),
    ],
)  # fmt: skip
def test_a_number_in_the_format_of_a_date_is_named_with_what_it_stores(
    tmp_path: Path, cell: Any, sentence: str
) -> None:
    rows = sheet()
    rows[FIRST][COUNT] = cell
    found = findings(save_with(tmp_path / "a.xlsx", workbook(population=rows)))
    told = found.filter(rule="conform.number_as_date")["message"].to_list()
    assert told == [f"第5行 市中街道：{sentence}"]


def test_a_year_that_shows_as_a_day_of_1905_is_no_year_of_1905(tmp_path: Path) -> None:
    opened = column("warm_home", "opened_year")
    result = counted(tmp_path, formatted(2015, num_format="yyyy-mm-dd"), "warm_home", opened)
    assert [rule for rule, _ in told(result)] == ["conform.number_as_date"]
    dated = counted(tmp_path, formatted(dt.date(2015, 3, 1), num_format="yyyy-mm-dd"), "warm_home", opened)
    assert value(dated, "warm_home", "opened_year") == 2015


@pytest.mark.parametrize(("typed", "told_as"), [(2023.1, "2023.1"), (2023, "2023"), (2023.12, "2023.12")])
def test_a_year_taken_for_a_number_of_days_is_told_as_what_was_typed(
    tmp_path: Path, typed: float, told_as: str
) -> None:
    rows = sheet("organisation")
    rows[FIRST][DAY] = formatted(typed, num_format="yyyy-mm-dd")
    path = save_with(tmp_path / "a.xlsx", workbook(organisation=rows))
    told = findings(path).filter(rule="conform.day_count_date")["message"].to_list()
    assert told == [f"第5行 市中街道：换届时间显示为1905年7月15日，疑原填“{told_as}”被表格软件当作天数"]


def test_no_text_of_a_library_reaches_a_clerk(tmp_path: Path) -> None:
    cells = [formatted(17, num_format="[h]:mm"), formatted(50, num_format="yyyy-mm-dd"), True]
    for form in ("population", "organisation", "warm_home"):
        for cell in cells:
            rows = sheet(form)
            rows[FIRST][2:] = [cell] * (len(rows[FIRST]) - 2)
            messages = "".join(findings(save_with(tmp_path / "a.xlsx", workbook(**{form: rows})))["message"])
            assert not [text for text in ("17d", "1900-", "00:00:00", "true", "\x00") if text in messages]


# ------------------------------------------------------------------------------------------------- formats
@pytest.mark.parametrize(
    ("code", "stored", "paid"),
    [
        ('0.00"万元"', 26.29, 262900),
        ("0.00万", 26.29, 262900),
        ('0.00\\ "万元"', 26.29, 262900),
        ('#,##0.00"元"', 26.29, 26.29),
        ("0.00[$万元]", 26.29, 262900),
        ('0!.0000"万元"', 262900, 262900),
        ('General"万元"', 3, 30000),
        ("¥#,##0.00", 26.29, 26.29),
    ],
)
def test_a_unit_that_a_format_prints_is_read_with_a_note(
    tmp_path: Path, code: str, stored: float, paid: float
) -> None:
    result = counted(tmp_path, formatted(stored, num_format=code), "warm_action", MONEY)
    assert value(result, "warm_action", "claim_paid_cny") == paid
    assert told(result) == []
    assert result.notes.height == (paid != stored)


@pytest.mark.parametrize("code", ["0%", '0"户/村"', '"约"0', '0"个"'])
def test_a_text_that_a_format_prints_and_the_column_does_not_know_is_asked_about(
    tmp_path: Path, code: str
) -> None:
    assert told(counted(tmp_path, formatted(12, num_format=code))) == [("conform.unreadable_number", "D5")]


def test_a_percentage_is_told_as_it_is_shown(tmp_path: Path) -> None:
    result = counted(tmp_path, formatted(0.155, num_format="0.0%"))
    assert result.problems.filter(rule="conform.unreadable_number")["value"].to_list() == ["15.5%"]


@pytest.mark.parametrize("code", ["yyyy年m月", "0.00E+00", "@", "# ?/?", "0_ ", "General", '0;-0;"零"'])
def test_most_formats_print_nothing_beside_the_number(code: str) -> None:
    assert split_format(code) is None


# ------------------------------------------------------------------------------------------------- the rest
@pytest.mark.parametrize(("rows", "columns"), [(2, 1), (1, 2), (2, 2)])
def test_a_value_merged_over_several_is_told_as_merged(tmp_path: Path, rows: int, columns: int) -> None:
    grid: Grid = sheet()
    for r in range(rows):
        for c in range(columns):
            grid[FIRST + r][COUNT + c] = ""
    grid[FIRST][COUNT] = merged(120, rows, columns)
    found = findings(save_with(tmp_path / "a.xlsx", workbook(population=grid))).filter(
        rule="read.merged_value"
    )
    area = f"D5:{'DE'[columns - 1]}{4 + rows}"
    assert found["cell"].to_list() == ["D5"]
    assert f"{area} 合并成一格，填的是“120”" in found["message"][0]


def test_a_code_in_the_form_of_a_formula_is_a_code(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][0], rows[FIRST][COUNT] = '="371602001"', '="12"'
    path = tmp_path / "基本情况.csv"
    path.write_bytes(csv_bytes(rows, "utf-8-sig"))
    for saved in (path, save_with(tmp_path / "a.xlsx", workbook(population=rows))):
        result = conformed(saved)
        assert (result.forms["population"]["org_code"][0], value(result), told(result)) == (
            "371602001",
            12,
            [],
        )


def test_phonetic_hints_are_no_digits(tmp_path: Path) -> None:
    path = save_with(tmp_path / "a.xlsx", workbook(population=_with("12")))
    parts = parts_of(path)
    hinted = b'<si><t>12</t><rPh sb="0" eb="1"><t>34</t></rPh><phoneticPr fontId="1"/></si>'
    assert b"<si><t>12</t></si>" in parts["xl/sharedStrings.xml"]
    parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(b"<si><t>12</t></si>", hinted)
    assert read(save_parts(path, parts)).sheets[0].rows["household_count"][0] == "12"


def _with(cell: Any) -> Grid:
    rows = sheet()
    rows[FIRST][COUNT] = cell
    return rows
