"""Lines of 审核 for what no workbook can judge: sheets that are gone, texts where a number, a date or an answer belongs.

What stands there is read at night, which takes a number written as a text for what it is and refuses the rest. Until then
nothing is known of it, and no sheet may say that all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from expectations.live_audit.form_rows import FormRows, Part, list_form_rows, tally_fields
from expectations.live_audit.grid import Grid, quote, test_lists_something, test_missing
from expectations.live_audit.tally import HELD, NO_ROWS, Line, Tally
from expectations.sheets.page import Issue
from warehouse.catalogue.models import NUMERIC_TYPES, Field, Form
from warehouse.expression.excel import UNKNOWN


def list_reading_lines(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> Iterator[Line]:
    """The lines of what no workbook can judge: sheets that are gone, texts that are no number, no date, no answer."""
    sheets = list_form_rows(issue, forms, grids)
    for name, of_sheet in _READING.items():
        rule = issue.reading_rules.get(name)
        if rule is not None and (found := [tally for sheet in sheets for tally in of_sheet(sheet)]):
            yield Line(rule, "各表", rule.words, found, is_of_reading=True)


def _test_read_rows(sheet: FormRows, field: Field) -> str:
    """A test of the rows whose cells are read: of a roster also those that name no unit, or one that is not on the list."""
    if sheet.form.is_roster:
        return test_lists_something(sheet.issue, sheet.form, sheet.grid)
    return sheet.concerned(field)


def _tally_unjudged(sheet: FormRows, parts: Iterable[Part]) -> list[Tally]:
    """The first row that cannot be judged is named; a sheet that is gone has a line of its own."""
    return tally_fields(sheet, parts, told=UNKNOWN, gone=NO_ROWS)


def _look_for_sheet(sheet: FormRows) -> list[Tally]:
    """Whether the sheet is there."""
    return [Tally(sheet.form.number, sheet.grid, [HELD], place=quote("缺少这张工作表"), told=UNKNOWN)]


def _look_for_units(*, blank: bool) -> Callable[[FormRows], list[Tally]]:
    """Rows of a roster that list something and name no unit, or one that is not on the list."""

    def of_sheet(sheet: FormRows) -> list[Tally]:
        org = next((i for i, c in enumerate(sheet.rows.columns, start=1) if c.role == "roster_org"), None)
        if org is None or not sheet.rows.orgs:
            return []
        place = sheet.grid.column(org)
        is_blank, is_known = (
            f'IFERROR(TRIM({place})="",FALSE)',
            f"ISNUMBER(MATCH({place},{sheet.rows.orgs},0))",
        )
        lost = is_blank if blank else f"(1-({is_blank}))*(1-{is_known})"
        something = test_lists_something(sheet.issue, sheet.form, sheet.grid)
        return _tally_unjudged(sheet, [Part(something, f"IF({lost},{UNKNOWN},{HELD})", place)])

    return of_sheet


def _look_for_unreadable(*types: str) -> Callable[[FormRows], list[Tally]]:
    """Cells of fields of such types that are neither an answer nor blank nor 不适用."""

    def part(sheet: FormRows, field: Field) -> Part:
        place = sheet.grid.place(field.id)
        known = sheet.grid.cells[field.id](place).known if field.type != "date" else f"ISNUMBER({place})"
        is_read = f"IFERROR({known}+{test_missing(place)}>0,TRUE)"  # an error value has a line of its own
        return Part(_test_read_rows(sheet, field), f"IF({is_read},{HELD},{UNKNOWN})", place)

    def of_sheet(sheet: FormRows) -> list[Tally]:
        return _tally_unjudged(sheet, (part(sheet, field) for field in sheet.fields if field.type in types))

    return of_sheet


def _look_for_errors(sheet: FormRows) -> list[Tally]:
    """Cells with an error value."""

    def part(field: Field) -> Part:
        place = sheet.grid.place(field.id)
        return Part(_test_read_rows(sheet, field), f"IF(ISERROR({place}),{UNKNOWN},{HELD})", place)

    return _tally_unjudged(sheet, map(part, sheet.fields))


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
"""Ids of the rules that say of a file what no workbook can judge."""
