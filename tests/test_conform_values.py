"""How a value is written is normalised and noted: numbers, states, dates, years, answers and codes."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tests.conformed_cells import of_cells, rules, states, unreadable, values
from warehouse.catalogue.frames import ERROR_MARK


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
    assert states(result, "population", "household_count") == ["not_reported"]
    assert unreadable(result, "population", "household_count") == [True]
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
    assert unreadable(result, "population", "household_count") == [True, True]
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
    assert unreadable(result, "organisation", "term_renewed_date") == [True]
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
