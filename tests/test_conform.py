"""How a value is written is normalised and noted; no value is changed, guessed or lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.conformed_cells import CELL, of_cells, rules, states, unreadable, values
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
from transforms.conforming.conform import assemble, conform
from warehouse.catalogue.frames import ERROR_MARK


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
    assert sum(unreadable(result, "population", "household_count")) == len(rules(result)) + sum(
        text == ERROR_MARK for text in texts
    )
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
    assert unreadable(result, "population", "household_count")[0]


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
