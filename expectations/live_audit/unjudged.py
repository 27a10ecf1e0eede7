"""Lines of 审核 for what a workbook cannot judge: deleted sheets, and texts where a number, a date or an answer belongs.

The night reads these cells: it accepts a number written as a text and refuses the rest. Until then 审核 must not say that
nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from expectations.live_audit.form_rows import FieldCheck, FormRows, list_form_rows, tally_fields
from expectations.live_audit.grid import Grid, quote, test_lists_something, test_missing
from expectations.live_audit.tally import HELD, NO_ROWS, Line, Tally
from expectations.sheets.page import Issue
from warehouse.catalogue.models import NUMERIC_TYPES, Field, Form
from warehouse.expression.excel import UNKNOWN


def list_reading_lines(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> Iterator[Line]:
    """One line for each rule of reading that has something to count in a sheet."""
    sheets = list_form_rows(issue, forms, grids)
    for name, tally_sheet in _READING.items():
        rule = issue.reading_rules.get(name)
        if rule is not None and (found := [tally for sheet in sheets for tally in tally_sheet(sheet)]):
            yield Line(rule, "各表", rule.words, found, is_of_reading=True)


def _test_read_rows(sheet: FormRows, field: Field) -> str:
    """A test of the rows whose cells are read; in a roster also those with no unit or an unlisted one."""
    if sheet.form.is_roster:
        return test_lists_something(sheet.issue, sheet.form, sheet.grid)
    return sheet.test_concerned(field)


def _tally_unjudged(sheet: FormRows, checks: Iterable[FieldCheck]) -> list[Tally]:
    """A tally that shows the first cell that cannot be judged; a deleted sheet has a line of its own."""
    return tally_fields(sheet, checks, reported_answer=UNKNOWN, counts_if_gone=NO_ROWS)


def _look_for_sheet(sheet: FormRows) -> list[Tally]:
    """Whether the sheet is there."""
    return [
        Tally(
            sheet.form.number, sheet.grid, [HELD], position=quote("缺少这张工作表"), reported_answer=UNKNOWN
        )
    ]


def _look_for_units(*, blank: bool) -> Callable[[FormRows], list[Tally]]:
    """Rows of a roster that list something under no unit (``blank``), or under one that is not on the list."""

    def tally_sheet(sheet: FormRows) -> list[Tally]:
        org = next((i for i, c in enumerate(sheet.rows.columns, start=1) if c.role == "roster_org"), None)
        if org is None or not sheet.rows.orgs:
            return []
        reference = sheet.grid.column(org)
        is_blank, is_known = (
            f'IFERROR(TRIM({reference})="",FALSE)',
            f"ISNUMBER(MATCH({reference},{sheet.rows.orgs},0))",
        )
        lost = is_blank if blank else f"(1-({is_blank}))*(1-{is_known})"
        something = test_lists_something(sheet.issue, sheet.form, sheet.grid)
        return _tally_unjudged(sheet, [FieldCheck(something, f"IF({lost},{UNKNOWN},{HELD})", reference)])

    return tally_sheet


def _look_for_unreadable(*types: str) -> Callable[[FormRows], list[Tally]]:
    """Cells of fields of ``types`` that hold neither an answer nor 不适用 and are not blank."""

    def check(sheet: FormRows, field: Field) -> FieldCheck:
        reference = sheet.grid.reference(field.id)
        known = (
            sheet.grid.cells[field.id](reference).known if field.type != "date" else f"ISNUMBER({reference})"
        )
        is_read = f"IFERROR({known}+{test_missing(reference)}>0,TRUE)"  # an error value has a line of its own
        return FieldCheck(_test_read_rows(sheet, field), f"IF({is_read},{HELD},{UNKNOWN})", reference)

    def tally_sheet(sheet: FormRows) -> list[Tally]:
        return _tally_unjudged(sheet, (check(sheet, field) for field in sheet.fields if field.type in types))

    return tally_sheet


def _look_for_errors(sheet: FormRows) -> list[Tally]:
    """Cells with an error value."""

    def check(field: Field) -> FieldCheck:
        reference = sheet.grid.reference(field.id)
        return FieldCheck(
            _test_read_rows(sheet, field), f"IF(ISERROR({reference}),{UNKNOWN},{HELD})", reference
        )

    return _tally_unjudged(sheet, map(check, sheet.fields))


_READING: dict[str, Callable[[FormRows], list[Tally]]] = {
    "read.missing_sheet": _look_for_sheet,
    "read.error_cell": _look_for_errors,
    "conform.blank_unit": _look_for_units(blank=True),
    "conform.unknown_unit": _look_for_units(blank=False),
    "conform.unreadable_number": _look_for_unreadable(*NUMERIC_TYPES),
    "conform.unreadable_date": _look_for_unreadable("date"),
    "conform.unreadable_boolean": _look_for_unreadable("boolean"),
    "conform.unknown_code": _look_for_unreadable("code"),
}
READING = tuple(_READING)
"""Ids of the rules that a workbook cannot evaluate and a file can break."""
