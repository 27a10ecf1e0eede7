"""How a value is written is normalised and noted; no value is changed, guessed or lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.example_counts import examples
from tests.workbooks import (
    CATALOGUE,
    FIRST,
    HEADER,
    TOWNSHIPS,
    Grid,
    column,
    conformed,
    cover,
    save_xlsx,
    sheet,
    submissions,
    workbook,
)
from transforms.conforming.conform import Conformed, assemble, conform
from transforms.reading.reading import FileRead, SheetRead
from warehouse.catalogue.frames import ERROR_MARK

CELL = column("population", "household_count")


def of_cells(form_id: str, field: str, *texts: str | None, unit: str | None = None) -> Conformed:
    """Conform cells of one column as reading gives them, one row of a known township each."""
    form = CATALOGUE.forms[form_id]
    codes = CATALOGUE.registry.units(2024).filter(county_code="371602", level="township")["org_code"]
    assert len(texts) <= codes.len()
    rows = pl.DataFrame(
        {
            "row": pl.Series(range(5, 5 + len(texts)), dtype=pl.UInt32),
            "is_hidden": [False] * len(texts),
            "org_code": codes.head(len(texts)),
            field: pl.Series([text or "" for text in texts], dtype=pl.String),
        }
    )
    if form.is_roster and field != "name":
        rows = rows.with_columns(name=pl.format("第{}处小屋在此地", "row"))
    columns = {"org_code": "A", field: "C", "name": "B"} if form.is_roster else {"org_code": "A", field: "C"}
    read = FileRead(
        "read", sheets=[SheetRead(form_id, form.number, False, columns, {field: unit} if unit else {}, rows)]
    )
    whose = submissions("s")
    return conform(assemble({"s": read}, whose), whose, CATALOGUE)


def values(result: Conformed, form_id: str, field: str) -> list[Any]:
    return result.forms[form_id][field].to_list()


def states(result: Conformed, form_id: str, field: str) -> list[str]:
    return result.forms[form_id][f"{field}__state"].to_list()


def rules(result: Conformed) -> list[str]:
    """Rule ids of the problems, without those of sheets and columns that these small workbooks leave out."""
    return result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))["rule"].to_list()


# ------------------------------------------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("written", "value", "fix"),
    [
        ("１２", 12, "full_width"),
        ("1,234", 1234, "thousands"),
        ("1，234，567", 1234567, "full_width+thousands"),
        ("1'234", 1234, "thousands"),
        ("1 234", 1234, "spaces"),
        (" 12 ", 12, "spaces"),
        ("12\u00a0", 12, "spaces"),
        ("　12", 12, "spaces"),
        ("1.2万", 12000, "ten_thousand"),
        ("0.123万", 1230, "ten_thousand"),
        ("2亿", 200000000, "ten_thousand"),
        ("12户", 12, "unit"),
        ("12 户", 12, "spaces+unit"),
        ("-5", -5, None),
        ("－5", -5, "full_width"),
        ("12.5", 12.5, None),
        ("12.0", 12, None),
        ("1e3", 1000, None),
    ],
)
def test_a_number_is_read_however_it_is_written(written: str, value: float, fix: str | None) -> None:
    result = of_cells("population", "household_count", written)
    assert values(result, "population", "household_count") == [value]
    assert states(result, "population", "household_count") == ["value"]
    assert rules(result) == []
    noted = result.notes.select("cell", "fix", "raw").rows()
    assert noted == ([] if fix is None else [("C5", fix, written)])


@pytest.mark.parametrize(
    ("written", "value"),
    [("3万元", 30000), ("1.5万", 15000), ("￥1,200元", 1200), ("12.5元", 12.5), ("2千元", 2000)],
)
def test_money_may_carry_its_unit(written: str, value: float) -> None:
    assert values(of_cells("warm_action", "claim_paid_cny", written), "warm_action", "claim_paid_cny") == [
        value
    ]


@pytest.mark.parametrize(
    "written",
    [
        "12%",
        "约100",
        "100多",
        "100-200",
        "12人",
        "十二",
        "1,23",
        "12,34,567",
        "1.2.3",
        "无",
        "1/2",
        "NaN",
        "inf",
        "1_000",
        "12?",
        "12万人",
        "见附件",
    ],
)
def test_what_is_no_number_is_unreadable_and_named_with_its_cell(written: str) -> None:
    result = of_cells("population", "household_count", written)
    assert values(result, "population", "household_count") == [None]
    assert states(result, "population", "household_count") == ["unreadable"]
    found = result.problems.filter(rule="conform.unreadable_number").row(0, named=True)
    assert (found["cell"], found["field"], found["value"]) == ("C5", "household_count", written)
    assert found["org_name"] == "市中街道"
    assert result.notes.is_empty()


def test_a_header_in_ten_thousands_multiplies_its_column_and_notes_each_cell() -> None:
    result = of_cells("warm_action", "claim_paid_cny", "1.23", "12345元", "0", None, unit="万元")
    assert values(result, "warm_action", "claim_paid_cny") == [12300, 12345, 0, None]
    assert states(result, "warm_action", "claim_paid_cny") == ["value", "value", "zero", "not_reported"]
    assert result.notes["fix"].to_list() == ["header_unit", "unit", "header_unit"]
    doubtful = of_cells("warm_action", "claim_paid_cny", "3万", unit="万元")
    assert rules(doubtful) == ["conform.unreadable_number"]


def test_a_header_that_states_the_unit_of_the_form_changes_nothing() -> None:
    result = of_cells("warm_action", "claim_paid_cny", "12.5", unit="元")
    assert values(result, "warm_action", "claim_paid_cny") == [12.5]
    assert result.notes.is_empty()


# ------------------------------------------------------------------------------------------------- states
def test_the_four_states_stay_apart() -> None:
    result = of_cells(
        "population", "household_count", "7", "0", "0.0", "不适用", "—", "－", "/", "N/A", None, "  ", "-0"
    )
    assert states(result, "population", "household_count") == [
        "value", "zero", "zero", *["not_applicable"] * 5, "not_reported", "not_reported", "zero",
    ]  # fmt: skip
    assert values(result, "population", "household_count") == [7, 0, 0, *[None] * 7, 0]
    assert rules(result) == []


def test_an_error_value_is_neither_zero_nor_blank_and_is_reported_once() -> None:
    result = of_cells("population", "household_count", ERROR_MARK, "#N/A")
    assert states(result, "population", "household_count") == ["unreadable", "unreadable"]
    found = result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))
    assert found.select("rule", "cell").rows() == [
        ("read.error_cell", "C6")
    ]  # C5 is what reading has reported


# ------------------------------------------------------------------------------------------------- dates, answers
@pytest.mark.parametrize(
    ("written", "day", "fix"),
    [
        ("2023-04-12", dt.date(2023, 4, 12), None),
        ("2023-04-12 00:00:00", dt.date(2023, 4, 12), None),
        ("2023年4月12日", dt.date(2023, 4, 12), "date_text"),
        ("2023.4.12", dt.date(2023, 4, 12), "date_text"),
        ("2023/4/12", dt.date(2023, 4, 12), "date_text"),
        ("２０２３年４月１２日", dt.date(2023, 4, 12), "date_text"),
        ("2023-04-12 08:30:00", dt.date(2023, 4, 12), "time_dropped"),
        ("20230412", dt.date(2023, 4, 12), "date_digits"),
        ("20230412.0", dt.date(2023, 4, 12), "date_digits"),
        ("45028", dt.date(2023, 4, 12), "excel_date"),
        ("45028.0", dt.date(2023, 4, 12), "excel_date"),
        ("2023年4月", dt.date(2023, 4, 1), "month_only"),
        ("2023/4", dt.date(2023, 4, 1), "month_only"),
        ("2023.4", dt.date(2023, 4, 1), "month_only"),
        ("2023.10", dt.date(2023, 10, 1), "month_only"),
        ("202304", dt.date(2023, 4, 1), "month_only"),
    ],
)
def test_a_date_is_read_however_it_is_written(written: str, day: dt.date, fix: str | None) -> None:
    result = of_cells("organisation", "term_renewed_date", written)
    assert values(result, "organisation", "term_renewed_date") == [day]
    assert result.notes["fix"].to_list() == ([] if fix is None else [fix])
    assert rules(result) == []


@pytest.mark.parametrize("written", ["2023", "2023.1", "2023-02-30", "去年", "2023年13月", "12", "23.4.12"])
def test_what_is_no_date_is_unreadable(written: str) -> None:
    result = of_cells("organisation", "term_renewed_date", written)
    assert states(result, "organisation", "term_renewed_date") == ["unreadable"]
    assert rules(result) == ["conform.unreadable_date"]


@pytest.mark.parametrize(
    ("written", "year", "fix"),
    [
        ("2023", 2023, None),
        ("2023.0", 2023, None),
        ("2023年", 2023, "unit"),
        ("2023年5月", 2023, "year_of_date"),
        ("2023-05-01", 2023, "year_of_date"),
        ("２０２３", 2023, "full_width"),
    ],
)
def test_a_year_is_read_however_it_is_written(written: str, year: int, fix: str | None) -> None:
    result = of_cells("sunflower_site", "opened_year", written)
    assert values(result, "sunflower_site", "opened_year") == [year]
    assert result.notes["fix"].to_list() == ([] if fix is None else [fix])


def test_answers_of_yes_and_no_have_many_words() -> None:
    result = of_cells(
        "organisation", "has_association", "是", "否", "true", "√", "有", "无", "×", "不适用", "也许"
    )
    assert values(result, "organisation", "has_association") == [
        True,
        False,
        True,
        True,
        True,
        False,
        False,
        None,
        None,
    ]
    assert rules(result) == ["conform.unreadable_boolean"]
    assert result.notes["raw"].to_list() == ["√", "有", "无", "×"]


def test_a_code_is_known_by_label_spelling_or_alias_and_never_by_likeness() -> None:
    result = of_cells(
        "organisation",
        "president_post",
        "其他",
        "村（社区）党支部书记兼任",
        "分管领导",
        "分管负责的同志",
        "—",
    )
    assert values(result, "organisation", "president_post") == [
        "其他", "村(社区)党支部书记兼任", "分管负责同志", None, None,
    ]  # fmt: skip
    assert result.notes["fix"].to_list() == ["spelling", "alias"]
    found = result.problems.filter(rule="conform.unknown_code").row(0, named=True)
    assert (found["value"], found["suggestion"]) == ("分管负责的同志", "分管负责同志")


def test_a_text_is_kept_but_for_outer_spaces() -> None:
    result = of_cells(
        "sunflower_site", "name", " 阳光　小屋 ", "第一处", "2020.0", "滨北街道第一向日葵亲子小屋"
    )
    assert values(result, "sunflower_site", "name") == [
        "阳光　小屋",
        "第一处",
        "2020",
        "滨北街道第一向日葵亲子小屋",
    ]
    assert result.notes.is_empty()


# ------------------------------------------------------------------------------------------------- laws
@settings(max_examples=examples(20))
@given(
    st.lists(st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=15)
)
def test_conforming_a_clean_number_changes_nothing(numbers: list[float]) -> None:
    result = of_cells("population", "household_count", *(repr(n) for n in numbers))
    assert values(result, "population", "household_count") == numbers
    assert result.notes.is_empty()
    assert rules(result) == []


@settings(max_examples=examples(20))
@given(st.lists(st.dates(dt.date(1927, 1, 1), dt.date(2100, 1, 1)), min_size=1, max_size=15))
def test_conforming_a_clean_date_changes_nothing(days: list[dt.date]) -> None:
    result = of_cells("organisation", "term_renewed_date", *(day.isoformat() for day in days))
    assert values(result, "organisation", "term_renewed_date") == days
    assert result.notes.is_empty()


@settings(max_examples=examples(20))
@given(st.integers(0, 10**9))
def test_a_thousands_separator_never_changes_the_number(number: int) -> None:
    written = f"{number:,}"
    assert values(of_cells("population", "household_count", written), "population", "household_count") == [
        number
    ]
    wide = written.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789,"})
    assert values(of_cells("population", "household_count", wide), "population", "household_count") == [
        number
    ]


@settings(max_examples=examples(20))
@given(st.lists(st.text(max_size=12), min_size=1, max_size=15))
def test_any_text_is_a_value_a_state_or_a_problem(texts: list[str]) -> None:
    result = of_cells("population", "household_count", *texts)
    found = states(result, "population", "household_count")
    assert len(found) == len(texts)
    unreadable = found.count("unreadable")
    assert unreadable == len(rules(result)) + sum(text == ERROR_MARK for text in texts)
    for state, value in zip(found, values(result, "population", "household_count"), strict=True):
        assert (value is not None) == (state in ("value", "zero"))
        assert (value == 0) == (state == "zero")


@settings(max_examples=examples(20))
@given(st.permutations(range(6)))
def test_the_order_of_rows_is_irrelevant(order: list[int]) -> None:
    texts = ["12", "１２", "不适用", "1.2万", None, "x"]
    plain = of_cells("population", "household_count", *texts)
    codes = dict(zip(texts, plain.forms["population"].rows(named=True), strict=True))
    mixed = of_cells("population", "household_count", *(texts[i] for i in order))
    for place, row in zip(order, mixed.forms["population"].rows(named=True), strict=True):
        first = codes[texts[place]]
        assert (row["household_count"], row["household_count__state"]) == (
            first["household_count"],
            first["household_count__state"],
        )
    assert sorted(mixed.notes["fix"]) == sorted(plain.notes["fix"])


def test_a_batch_gives_what_its_files_give_alone(tmp_path: Path) -> None:
    from tests.workbooks import read

    good = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    bent = sheet()
    bent[FIRST][CELL], bent[FIRST + 1][CELL] = "１２", "很多"
    odd = save_xlsx(tmp_path / "b.xlsx", workbook(population=bent, organisation=sheet("organisation")))
    both = submissions("a", "b")
    together = conform(assemble({"a": read(good), "b": read(odd)}, both), both, CATALOGUE)
    for sha256, path in (("a", good), ("b", odd)):
        whose = submissions(sha256)
        alone = conform(assemble({sha256: read(path)}, whose), whose, CATALOGUE)
        for form, rows in alone.forms.items():
            assert_frame_equal(together.forms[form].filter(submission=sha256), rows)
        assert_frame_equal(together.problems.filter(submission=sha256), alone.problems, check_row_order=False)
        assert_frame_equal(together.notes.filter(submission=sha256), alone.notes)


# ------------------------------------------------------------------------------------------------- whole workbooks
def test_a_workbook_of_plain_values_has_neither_notes_nor_problems(tmp_path: Path) -> None:
    forms = {f.id: sheet(f.id) for f in CATALOGUE.forms_of("county", 2024) if "township" in f.levels}
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(**forms)))
    assert rules(result) == []
    assert result.notes.is_empty()
    assert set(result.problems["rule"]) == {"read.missing_sheet"}
    assert set(result.forms) == set(forms)
    rows = result.forms["organisation"]
    assert rows["org_code"].to_list() == list(TOWNSHIPS)
    assert rows["org_level"].to_list() == ["township"] * 2
    assert rows["row_kind"].to_list() == ["data"] * 2


def test_a_missing_sheet_and_a_missing_column_are_named(tmp_path: Path) -> None:
    rows = [[cell for c, cell in enumerate(row) if c != CELL] for row in sheet()]
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    missing = result.problems.filter(rule="read.missing_column")
    assert missing.select("form", "field", "value").rows() == [("population", "household_count", "家庭户数")]
    sheets = result.problems.filter(rule="read.missing_sheet")["form"].to_list()
    assert "population" not in sheets
    assert len(sheets) == len(CATALOGUE.forms_of("county", 2024)) - 1
    assert states(result, "population", "household_count") == ["not_reported"] * 2


def test_an_unknown_column_is_offered_the_nearest_label(tmp_path: Path) -> None:
    rows = sheet()
    rows[HEADER][CELL] = "家庭总户数"
    found = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))).problems
    unknown = found.filter(rule="read.unknown_column").row(0, named=True)
    assert (unknown["value"], unknown["suggestion"]) == ("家庭总户数", "家庭户数")


def test_what_only_the_city_fills_in_is_not_missed_in_a_county(tmp_path: Path) -> None:
    at = column("family_health", "health_expert_count")
    rows = [[cell for c, cell in enumerate(row) if c != at] for row in sheet("family_health")]
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(family_health=rows)))
    assert result.problems.filter(rule="read.missing_column").is_empty()


def test_the_citys_own_workbook_has_its_own_row(tmp_path: Path) -> None:
    sheets = {"封面": cover("371600", "滨州市本级"), "年1表": sheet("organisation", {"371600": "滨州市本级"})}
    result = conformed(save_xlsx(tmp_path / "a.xlsx", sheets), unit_code="371600")
    assert rules(result) == []
    assert result.forms["organisation"].select("org_code", "org_level").rows() == [("371600", "city")]


def test_the_cell_of_a_note_is_where_the_clerk_wrote_it(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][CELL] = "１２"
    shifted: Grid = [["", *row] for row in [[], [], *rows]]
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=shifted)))
    assert result.notes["cell"].to_list() == ["E7"]


def test_reading_problems_name_the_unit_of_their_row(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][CELL] = "=SUM(A1:A2)"
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))
    import openpyxl

    book = openpyxl.load_workbook(path)  # saves formulas without their values
    book.save(path)
    result = conformed(path)
    found = result.problems.filter(rule="read.formula_without_value").row(0, named=True)
    assert (found["submission"], found["org_code"], found["cell"]) == ("s", "371602001", "D5")
    assert states(result, "population", "household_count")[0] == "unreadable"


def test_a_total_that_was_not_computed_is_told_apart_from_a_number_that_was_not(tmp_path: Path) -> None:
    rows = sheet()
    width = len(rows[FIRST])
    rows.append(["合计", *(["=SUM(A1:A2)"] + [""] * width)[: width - 1]])
    rows[-1][CELL] = "=SUM(A1:A2)"
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=rows))
    import openpyxl

    book = openpyxl.load_workbook(path)  # saves formulas without their values
    book.save(path)
    rules = set(conformed(path).problems["rule"])
    assert "read.total_without_value" in rules
    assert "read.formula_without_value" not in rules


def test_an_empty_batch_gives_empty_frames() -> None:
    result = conform(assemble({}, submissions()), submissions(), CATALOGUE)
    assert result.forms == {}
    assert result.problems.is_empty()


def test_header_row_is_where_the_factory_says() -> None:
    assert sheet()[HEADER][0] == "单位代码"
