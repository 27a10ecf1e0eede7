"""Lines of 审核 for what no workbook can judge: sheets that are gone, texts where a number, a date or an answer belongs.

What stands there is read at night, which takes a number written as a text for what it is and refuses the rest. Until then
nothing is known of it, and no sheet may say that all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from expectations.live_audit.form_rows import FormRows, Part, sheets_of, tallies
from expectations.live_audit.grid import Grid, lists_something, missing, quoted
from expectations.live_audit.tally import HELD, ONE_NOT_EVALUATED, Line, Tally
from expectations.sheets.page import Issue
from warehouse.catalogue.models import NUMERIC_TYPES, Field, Form


def reading_lines(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> Iterator[Line]:
    """The lines of what no workbook can judge: sheets that are gone, texts that are no number, no date, no answer."""
    sheets = sheets_of(issue, forms, grids)
    for name, of_sheet in _READING.items():
        rule = issue.reading_rules.get(name)
        if rule is not None and (found := [tally for sheet in sheets for tally in of_sheet(sheet)]):
            yield Line(rule, "各表", rule.words, found, is_of_reading=True)


def _written(sheet: FormRows, field: Field) -> str:
    """A test of the rows whose cells are read: of a roster also those that name no unit, or one that is not on the list."""
    if sheet.form.is_roster:
        return lists_something(sheet.issue, sheet.form, sheet.grid)
    return sheet.concerned(field)


def _gone(sheet: FormRows) -> Iterator[Tally]:
    """Whether the sheet is there."""
    counts = sheet.grid.if_there(str(HELD), ONE_NOT_EVALUATED)
    yield Tally(sheet.form.number, counts, "0", quoted("缺少这张工作表"))


def _rows_without_unit(*, blank: bool) -> Callable[[FormRows], Iterator[Tally]]:
    """Rows of a roster that list something and name no unit, or one that is not on the list."""

    def of_sheet(sheet: FormRows) -> Iterator[Tally]:
        org = next((i for i, c in enumerate(sheet.rows.columns, start=1) if c.role == "roster_org"), None)
        if org is None or not sheet.rows.orgs:
            return
        place = sheet.grid.column(org)
        is_blank, is_known = (
            f'IFERROR(TRIM({place})="",FALSE)',
            f"ISNUMBER(MATCH({place},{sheet.rows.orgs},0))",
        )
        lost = is_blank if blank else f"(1-({is_blank}))*(1-{is_known})"
        weight = f"IF({lost},{ONE_NOT_EVALUATED},{HELD})"
        something = lists_something(sheet.issue, sheet.form, sheet.grid)
        yield from tallies(sheet, [Part(something, weight, lost, place)], gone=0)

    return of_sheet


def _unreadable(*types: str) -> Callable[[FormRows], Iterator[Tally]]:
    """Cells of fields of such types that are neither an answer nor blank nor 不适用."""

    def part(sheet: FormRows, field: Field) -> Part:
        place = sheet.grid.place(field.id)
        known = sheet.grid.cells[field.id](place).known if field.type != "date" else f"ISNUMBER({place})"
        is_read = f"IFERROR({known}+{missing(place)}>0,TRUE)"  # an error value has a line of its own
        return Part(
            _written(sheet, field), f"IF({is_read},{HELD},{ONE_NOT_EVALUATED})", f"1-{is_read}", place
        )

    def of_sheet(sheet: FormRows) -> Iterator[Tally]:
        return tallies(sheet, (part(sheet, field) for field in sheet.fields if field.type in types), gone=0)

    return of_sheet


def _errors(sheet: FormRows) -> Iterator[Tally]:
    """Cells with an error value."""

    def part(field: Field) -> Part:
        place = sheet.grid.place(field.id)
        weight = f"IF(ISERROR({place}),{ONE_NOT_EVALUATED},{HELD})"
        return Part(_written(sheet, field), weight, f"ISERROR({place})", place)

    return tallies(sheet, map(part, sheet.fields), gone=0)


_READING: dict[str, Callable[[FormRows], Iterator[Tally]]] = {
    "read.missing_sheet": _gone,
    "read.error_cell": _errors,
    "conform.blank_unit": _rows_without_unit(blank=True),
    "conform.unknown_unit": _rows_without_unit(blank=False),
    "conform.unreadable_number": _unreadable(*NUMERIC_TYPES),
    "conform.unreadable_date": _unreadable("date"),
    "conform.unreadable_boolean": _unreadable("boolean"),
    "conform.unknown_code": _unreadable("code"),
}
READING = tuple(_READING)
"""Ids of the rules that say of a file what no workbook can judge."""
