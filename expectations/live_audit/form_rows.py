"""The sheet of one form as the lines of 审核 count over it: its fields, the rows concerned, many tallies in few formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from expectations.live_audit.grid import Grid, listed_rows, named_line
from expectations.live_audit.tally import ONE_NOT_EVALUATED, Tally, counted, first_row
from expectations.sheets.page import Issue, Rows
from warehouse.catalogue.models import Field, Form

_LONGEST = 6000  # characters of a formula: Excel takes 8192


@dataclass(frozen=True)
class FormRows:
    """The sheet of one form: where its cells stand and which of its rows count."""

    issue: Issue
    form: Form
    rows: Rows
    grid: Grid
    listed: str

    @property
    def fields(self) -> list[Field]:
        """The fields that have a column."""
        return [field for field in self.form.fields if field.id in self.grid.columns]

    def concerned(self, field: Field) -> str:
        """A test of the rows that are asked for ``field``."""
        return self.listed if self.form.is_roster else self.grid.at_level(self.form.levels_of(field))


@dataclass(frozen=True)
class Part:
    """One field of a check: the weight of its rows, and which of them break it."""

    concerned: str
    weight: str
    breaks: str
    place: str


def sheets_of(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> list[FormRows]:
    """The sheets of ``forms``, which are written already."""
    found = []
    for form in forms:
        rows, grid = issue.rows[form.id], grids[form.id]
        found.append(FormRows(issue, form, rows, grid, listed_rows(issue, form, rows, grid)))
    return found


def tallies(sheet: FormRows, parts: Iterable[Part], gone: int = ONE_NOT_EVALUATED) -> Iterator[Tally]:
    """The fields of a sheet together; ``gone`` is what they count when the sheet is not there."""
    formulas = (
        (
            counted(part.concerned, part.weight),
            first_row(part.concerned, part.breaks, f"ROW({part.place})"),
        )
        for part in parts
    )
    return in_lengths(sheet, formulas, named_line(sheet.grid, sheet.rows), gone)


def in_lengths(
    sheet: FormRows, formulas: Iterable[tuple[str, str]], place: str, gone: int = ONE_NOT_EVALUATED
) -> Iterator[Tally]:
    """Counts and firsts together in as many tallies as the length of a formula asks for."""
    counts: list[str] = []
    firsts: list[str] = []

    def tally() -> Tally:
        counted_all = sheet.grid.if_there("+".join(counts), gone)
        return Tally(sheet.form.number, counted_all, f"MIN({','.join(firsts)})", place)

    for count, first in formulas:
        if counts and sum(map(len, (*counts, count))) > _LONGEST:
            yield tally()
            counts, firsts = [], []
        counts.append(count)
        firsts.append(first)
    if counts:
        yield tally()
