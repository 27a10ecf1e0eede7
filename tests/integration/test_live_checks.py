"""The same rows through polars, through SQL and through the recalculated workbook: one verdict for every rule.

Hypothesis draws the entries of many workbooks, LibreOffice recalculates them in one start, nianbao reads them like any
submission: every rule that 审核 shows says of each what the night says, and SQL says so row by row.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest

from expectations.live_audit.audit_top import BROKEN, HINT, NOT_EVALUATED, PASSED
from expectations.live_audit.grid import rule_levels
from expectations.live_audit.live_formats import column_rules, select_live_rules
from expectations.live_audit.unjudged import READING
from expectations.rulebook.condition import DATA_ROW, unreadable_column
from expectations.rulebook.rulebook import Rule, RuleBook, load_rules
from expectations.verdicts.rule_checks import Check
from expectations.workbook.issued import Content, write_workbook
from flows.checking import check_file
from flows.settings import Installation, Settings
from tests.drawn_entries import CITY, COUNTY, YEAR, drawn, pasted, small_catalogue
from tests.integration.libreoffice import recalculated, require_libreoffice
from tests.integration.sheet_verdicts import (
    Reading,
    Sheets,
    audit,
    disagreements,
    first_line,
    forms_of,
    headline,
    sheets_beside_forms,
    through_nianbao,
)
from tests.small_counties import truth
from warehouse.catalogue.load import Catalogue
from warehouse.words.workbook_texts import AUDIT_SHEET, SUMS_SHEET

pytestmark = pytest.mark.timeout(600)  # LibreOffice recalculates them all in one start

COUNTIES, CITIES, CHECKED = 10, 6, 2  # workbooks drawn, and how many of them go through the check command too
PASTED = 30 if "NIANBAO_DEEP" in os.environ else 12
"""Workbooks over which something is pasted that no validation stops."""
UNSEEN = 0.12  # of the rules may, by the luck of a draw, not be seen to break or to hold
WITHOUT_ROWS = ("form.unit_rows", "form.roster_rows")  # these speak of a sheet, not of a row


@dataclass(frozen=True)
class Workbook:
    path: Path
    unit: str
    sheets: Sheets
    said: pl.DataFrame
    reading: Reading


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    require_libreoffice()
    return small_catalogue(tmp_path_factory.mktemp("city") / "catalogue")


@pytest.fixture(scope="module")
def rulebook(catalogue: Catalogue) -> RuleBook:
    return load_rules(None, catalogue)


@pytest.fixture(scope="module")
def all_workbooks(
    catalogue: Catalogue, rulebook: RuleBook, tmp_path_factory: pytest.TempPathFactory
) -> list[Workbook]:
    """The workbooks drawn, then those that were pasted over."""
    folder = tmp_path_factory.mktemp("live")
    written = []
    for unit, count in ((COUNTY, COUNTIES), (CITY, CITIES)):
        for number, entries in enumerate(drawn(catalogue, unit, count)):
            path = folder / f"{unit}_{number}.xlsx"
            write_workbook(path, unit, YEAR, catalogue, rulebook, Content(entries))
            if number % 4 == 1:
                _meddle_with_totals(path)
            written.append((path, unit))
    truthful = folder / "truthful.xlsx"
    write_workbook(truthful, COUNTY, YEAR, catalogue, rulebook, Content(truth(catalogue, COUNTY)))
    for number, entries in enumerate(drawn(catalogue, COUNTY, PASTED)):
        path = folder / f"pasted_{number}.xlsx"
        if number % 2:
            shutil.copy(truthful, path)
        else:
            write_workbook(path, COUNTY, YEAR, catalogue, rulebook, Content(entries))
        pasted(path, number)
        written.append((path, COUNTY))
    computed = recalculated([path for path, _ in written], folder)
    units = [unit for _, unit in written]
    readings = through_nianbao(computed, units, YEAR, catalogue, rulebook)
    opened = [sheets_beside_forms(path) for path in computed]
    return [
        Workbook(path, unit, sheets, audit(sheets), reading)
        for path, unit, sheets, reading in zip(computed, units, opened, readings, strict=True)
    ]


@pytest.fixture(scope="module")
def workbooks(all_workbooks: list[Workbook]) -> list[Workbook]:
    """The workbooks drawn."""
    return all_workbooks[:-PASTED]


def test_the_sheet_is_never_clearer_than_the_night(
    all_workbooks: list[Workbook], catalogue: Catalogue
) -> None:
    """Whatever is pasted: both count alike what is broken, and the headline hides nothing that is refused.

    Where what is pasted leaves a sum unknown at night, the sheet may take it for what it can see of it.
    """
    seen = set()
    for book in all_workbooks[-PASTED:]:
        findings = book.reading.findings.filter(pl.col("severity") != "info")
        said = headline(book.sheets)
        assert ("没有不符的审核关系" in said) <= findings.is_empty(), (
            book.path.name,
            said,
            findings["message"],
        )
        is_refused = any(book.reading.refused(rule, catalogue) for rule in READING)
        assert ("无法核对" in said) == is_refused, (book.path.name, said)
        seen.add(said.split("：")[0].split("（")[0])
        for line in book.said.iter_rows(named=True):
            _, failed, unjudged = book.reading.counts(line["rule"], forms_of(line, catalogue))
            assert (line["verdict"] == PASSED) <= (failed == 0), (book.path.name, line)
            if line["rule"] not in READING:  # of these the sheet counts what it cannot judge
                assert failed <= line["failed"] <= failed + unjudged, (book.path.name, line)
    assert len(seen) >= 3, seen


def test_whatever_is_pasted_or_gone_the_sheet_speaks_in_words(all_workbooks: list[Workbook]) -> None:
    for book in all_workbooks:
        shown = [str(value) for rows in book.sheets.values() for row in rows for value in row]
        assert [text for text in shown if text.startswith("#")] == [], book.path.name


def _meddle_with_totals(path: Path) -> None:
    """What no protection stops for good: a total that is typed over, a village that becomes a subtotal."""
    book = openpyxl.load_workbook(path)
    for sheet in (sheet for sheet in book.worksheets if sheet.title.startswith("年")):
        for row in sheet.iter_rows(max_col=3):
            code, name, parent = row
            if code.value == "合计":
                last_stub = max(cell.column for cell in row if cell.value is None or cell is code)
                sheet.cell(code.row, 4 if last_stub == 3 else 3).value = 7
            elif parent.value == "城东街道" and len(str(code.value)) == 12:
                code.value, name.value, parent.value = None, "城东街道小计", None
                break
    book.save(path)


def test_every_line_of_the_sheet_counts_as_the_night_does(
    workbooks: list[Workbook], catalogue: Catalogue
) -> None:
    for book in workbooks:
        assert disagreements(book.said, book.reading, catalogue) == [], book.path.name
        for line in book.said.iter_rows(named=True):
            broken = HINT if line["severity"] == "提示性" else BROKEN
            expected = broken if line["failed"] else PASSED if line["evaluated"] else NOT_EVALUATED
            told = line["failed"]
            if line["rule"] in READING:
                told = line["not_evaluated"]
                expected = NOT_EVALUATED if told else PASSED
            assert line["verdict"] == expected
            assert bool(line["place"]) == bool(told)


def test_every_line_names_the_first_row_that_breaks_its_rule(
    workbooks: list[Workbook], catalogue: Catalogue
) -> None:
    for book in workbooks:
        for line in book.said.filter(pl.col("failed") > 0, ~pl.col("rule").is_in(WITHOUT_ROWS)).iter_rows(
            named=True
        ):
            forms = forms_of(line, catalogue)
            broken = [
                (form, rows)
                for form, rows in book.reading.broken(line["rule"])
                if rows.height and (forms is None or form in forms)
            ]
            if "row" not in broken[0][1].columns:
                units = broken[0][1].sort("org_code")
                assert line["place"] == units.item(0, "org_name"), (book.path.name, line)
                continue
            form = broken[0][0]
            rows = {row for f, rows in broken if f == form for row in rows["row"].to_list()}
            assert line["first"] == min(rows), (book.path.name, line, rows)
            if line["rule"] != "total.sheet":
                assert first_line(line["place"]) == line["first"]
            if line["numbers"] == "各表":
                assert line["place"].startswith(catalogue.forms[form].number)


def test_the_sheet_shows_every_rule_that_needs_nothing_but_the_workbook(
    workbooks: list[Workbook], rulebook: RuleBook
) -> None:
    shown = set(pl.concat([book.said["rule"] for book in workbooks]))
    expected = {rule.id for rule in select_live_rules(rulebook, YEAR)}
    others = {rule.id for check, rule in column_rules(rulebook).items() if check != "codes"}
    # A text that is not on the list cannot be read, which is another rule's finding before it could break this one.
    assert shown == expected | others | set(READING)
    prev = {rule.id for rule in rulebook.of_scope("unit") if any(term.function for term in rule.terms)}
    in_force = {rule.id for rule in rulebook.of_scope("row", "unit") if rule.is_in_force(YEAR)}
    assert expected == in_force - prev


def test_every_rule_of_the_sheet_is_seen_to_break_and_to_hold(
    workbooks: list[Workbook],
) -> None:
    said = pl.concat([book.said for book in workbooks])
    rules = set(said["rule"]) - set(READING)
    never = rules - set(said.filter(pl.col("failed") > 0)["rule"])
    always = rules - set(said.filter(pl.col("evaluated") > pl.col("failed"))["rule"])
    assert len(never | always) <= UNSEEN * len(rules), (never, always)


def test_check_names_the_rules_that_the_sheet_names(
    workbooks: list[Workbook], catalogue: Catalogue, tmp_path: Path
) -> None:
    place = Installation(Settings(home=tmp_path, catalogue=catalogue.folder))
    for book in [*workbooks[:CHECKED], workbooks[-1]]:
        found = check_file(place, book.path).findings
        by_sheet = set(book.said.filter(pl.col("failed") > 0)["rule"])
        # What cannot be read counts as not judged on the sheet.
        by_check = (set(found["rule"]) & set(book.said["rule"])) - set(READING)
        # That a cell is blank is not told twice: where a graver rule says so of it, the general one is silent.
        told_otherwise = {"column.required", "column.key_required"}
        assert by_check <= by_sheet
        assert by_sheet - by_check <= told_otherwise, book.path.name


def _by_sql(check: Check, frame: pl.DataFrame, catalogue: Catalogue) -> pl.Series:
    """The verdict of each row when DuckDB evaluates the rule's own text."""
    rule: Rule = check.rule
    levels = rule.levels if rule.scope == "unit" else rule_levels(rule, catalogue.forms[check.form])
    marks = [mark for name in rule.operands if (mark := unreadable_column(name)) in frame.columns]
    readable = " AND ".join(f"NOT {mark}" for mark in marks) or "true"
    with duckdb.connect() as connection:
        # A division by zero is null, as standard SQL has it.
        connection.execute("SET ieee_floating_point_ops = false")
        names = list(dict.fromkeys(["year", "org_level", "row_kind", *rule.operands, *marks]))
        connection.register("frame_rows", frame.select(names).with_row_index("place").to_arrow())
        query = f"""
            SELECT CASE WHEN row_kind = '{DATA_ROW}' AND org_level IN ({", ".join(f"'{x}'" for x in levels or ())})
                AND {readable} AND ({rule.when or "true"}) THEN ({rule.expression}) END AS verdict
            FROM frame_rows ORDER BY place
        """
        return pl.Series("verdict", [row[0] for row in connection.execute(query).fetchall()], pl.Boolean)


def test_sql_says_of_every_row_what_polars_says(workbooks: list[Workbook], catalogue: Catalogue) -> None:
    said: dict[str, set[bool | None]] = {}
    rows: dict[tuple[str, str], list[pl.DataFrame]] = {}
    checks: dict[tuple[str, str], Check] = {}
    for book in workbooks:
        for check, frame, _ in book.reading.checks:
            rule = check.rule
            if rule.scope in ("row", "unit") and not any(term.function for term in rule.terms):
                checks[rule.id, check.form] = check
                rows.setdefault((rule.id, check.form), []).append(frame)
    for key, check in checks.items():
        frame = pl.concat(rows[key], how="diagonal")
        polars = frame.select(verdict=check.verdict)["verdict"]
        sql = _by_sql(check, frame, catalogue)
        different = frame.filter(polars.ne_missing(sql))
        assert different.is_empty(), (key, different.select("org_code", *check.rule.operands).head(3))
        said.setdefault(check.rule.id, set()).update(sql.unique().to_list())
    # Every rule is seen to hold and to break, so that agreeing means something.
    unseen = {rule for rule, verdicts in said.items() if not {True, False} <= verdicts}
    assert len(unseen) <= UNSEEN * len(said), unseen


def test_no_formula_of_the_sheet_refers_to_a_cell_that_a_clerk_can_cut_away(
    catalogue: Catalogue, rulebook: RuleBook, tmp_path: Path
) -> None:
    path = tmp_path / "blank.xlsx"
    write_workbook(path, COUNTY, YEAR, catalogue, rulebook)
    book = openpyxl.load_workbook(path)
    formulas = [
        str(getattr(cell.value, "text", cell.value))
        for name in (AUDIT_SHEET, SUMS_SHEET)
        for row in book[name].iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert len(formulas) > 500
    assert not [formula for formula in formulas if "!" in formula.replace("'代码表'!$", "")]
    assert max(map(len, formulas)) < 8192
    areas = [name.attr_text for key, name in book.defined_names.items() if key.startswith("area_")]
    assert all("!$A$1:$" in str(area) for area in areas)
