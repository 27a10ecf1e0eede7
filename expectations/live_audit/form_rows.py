"""The sheet of one form for the formulas of 审核: its fields, the rows concerned, and the tally of a check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from expectations.live_audit.grid import Grid, describe_line, test_listed
from expectations.live_audit.tally import BROKEN, ONE_UNKNOWN, Tally, guard_answers
from expectations.sheets.page import Issue, Rows
from warehouse.catalogue.models import Field, Form


@dataclass(frozen=True)
class FormRows:
    """The sheet of one form; ``listed`` is the test of the rows that are checked."""

    issue: Issue
    form: Form
    rows: Rows
    grid: Grid
    listed: str

    @property
    def fields(self) -> list[Field]:
        """The fields that have a column."""
        return [field for field in self.form.fields if field.id in self.grid.columns]

    def test_concerned(self, field: Field) -> str:
        """A test of the rows that are asked for ``field``."""
        return self.listed if self.form.is_roster else self.grid.test_level(self.form.levels_of(field))


@dataclass(frozen=True)
class FieldCheck:
    """A check of one field, as formulas: the test of the rows asked, the answer in them, the reference of the cells."""

    concerned: str
    answer: str
    reference: str


def list_form_rows(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> list[FormRows]:
    """The sheets of ``forms``, which must have been written."""
    found = []
    for form in forms:
        rows, grid = issue.rows[form.id], grids[form.id]
        found.append(FormRows(issue, form, rows, grid, test_listed(issue, form, rows, grid)))
    return found


def tally_fields(
    sheet: FormRows,
    checks: Iterable[FieldCheck],
    reported_answer: str = BROKEN,
    counts_if_gone: str = ONE_UNKNOWN,
) -> list[Tally]:
    """One tally of all ``checks`` of a sheet; none for no checks. The answers as in :class:`Tally`."""
    checks = list(checks)
    if not checks:
        return []
    answers = [guard_answers(check.concerned, check.answer) for check in checks]
    position, lines = describe_line(sheet.grid, sheet.rows), f"ROW({checks[0].reference})"
    return [Tally(sheet.form.number, sheet.grid, answers, lines, position, reported_answer, counts_if_gone)]
