"""The sheet of one form as the lines of 审核 count over it: its fields, the rows concerned, and the tally of a check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from expectations.live_audit.grid import Grid, describe_line, test_listed
from expectations.live_audit.tally import BROKEN, ONE_UNKNOWN, Tally, guard_answers
from expectations.sheets.page import Issue, Rows
from warehouse.catalogue.models import Field, Form


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
    """One field of a check: a test of the rows that are asked, what the check answers there, and the field's cells."""

    concerned: str
    answer: str
    place: str


def list_form_rows(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> list[FormRows]:
    """The sheets of ``forms``, which are written already."""
    found = []
    for form in forms:
        rows, grid = issue.rows[form.id], grids[form.id]
        found.append(FormRows(issue, form, rows, grid, test_listed(issue, form, rows, grid)))
    return found


def tally_fields(
    sheet: FormRows, parts: Iterable[Part], told: str = BROKEN, gone: str = ONE_UNKNOWN
) -> list[Tally]:
    """The fields of a sheet together, none when there are none; ``told`` and ``gone`` as in a tally."""
    parts = list(parts)
    if not parts:
        return []
    answers = [guard_answers(part.concerned, part.answer) for part in parts]
    place = describe_line(sheet.grid, sheet.rows)
    return [Tally(sheet.form.number, sheet.grid, answers, f"ROW({parts[0].place})", place, told, gone)]
