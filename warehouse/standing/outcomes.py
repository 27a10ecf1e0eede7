"""What became of submissions: what receipts and the digest say of them, read from the published warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import FINDING, NOTE, Schema, empty, shaped
from warehouse.standing.changes import CHANGE, list_changes
from warehouse.store.query import read_only, run
from warehouse.store.statements import statement

ASKED = {
    **FINDING,
    "finding_status": pl.String,
    "text": pl.String,
    "reason": pl.String,
    "is_new": pl.Boolean,
    "is_folded": pl.Boolean,  # explained by an open question about misplaced numbers
    "draft": pl.String,  # what was accepted as explanation of the same question last year; null: nothing
    "had_explanation": pl.Boolean,  # it was explained when the numbers were others
}
"""Columns of Outcome.findings."""

SHEET: Schema = {
    "submission": pl.String,
    "form": pl.String,
    "filled_count": pl.Int64,  # cells with a number or text, zeros included
    "blank_count": pl.Int64,  # cells that were not reported
}
"""How much of each form a submission filled in."""


@dataclass(frozen=True)
class Outcome:
    """What became of some submissions, in order of receipt.

    ``submissions``: the columns of quality.submission and has_earlier, is_superseded (an accepted one of the same
    unit and year was received before, after it), ends_approval (it took the place of an approved one), fixed_count and
    blanked_count (questions of the previous submission that this one has no more, because they were mended, because
    a cell of theirs was blanked); ``findings``: ASKED,
    with finding_status, text and reason as in quality.finding_history, and is_new (the previous submission had it
    not), none of workbooks that nobody filled in; ``notes``: NOTE; in the order they were loaded; ``sheets``: SHEET;
    ``changes``: CHANGE, what they say otherwise than the submission before them. ``returned``,
    ``reviewed``: those received earlier that are here because they were returned, or because of a decision about an
    explanation of theirs; ``revised``: because a year before theirs was reported anew.
    """

    submissions: pl.DataFrame
    findings: pl.DataFrame
    notes: pl.DataFrame
    returned: tuple[str, ...] = ()
    reviewed: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    sheets: pl.DataFrame = field(default_factory=lambda: empty(SHEET))
    changes: pl.DataFrame = field(default_factory=lambda: empty(CHANGE))

    @property
    def earlier_submissions(self) -> list[str]:
        """Submissions that were received earlier and are answered once more."""
        return [*self.returned, *self.reviewed, *self.revised]


def read_outcome(
    path: Path,
    after: int = 0,
    returned: Sequence[str] = (),
    explanations: Sequence[int] = (),
    revised: Sequence[str] = (),
    forms: Sequence[str] = (),
) -> Outcome:
    """What became of the submissions received after entry ``after`` of the journal.

    And of those in ``returned`` and ``revised``, and of the latest ones of every unit and year of whose ``explanations``
    (by their number) something was decided. ``forms``: their order, for what is listed by form.
    """
    if not path.exists():
        return Outcome(pl.DataFrame(), empty(ASKED), empty(NOTE))
    with read_only(path) as connection:
        submissions = run(
            connection,
            statement("warehouse.standing", "with_neighbours"),
            [after, [*returned, *revised], list(explanations)],
        )
        wanted = submissions["submission"].to_list()
        earlier = submissions.filter(pl.col("received_seq") <= after)["submission"]
        return Outcome(
            submissions,
            run(connection, statement("warehouse.standing", "with_status"), [wanted]).pipe(shaped, ASKED),
            run(
                connection, "FROM quality.note WHERE list_contains(?, submission) ORDER BY rowid", [wanted]
            ).pipe(shaped, NOTE),
            tuple(earlier.filter(earlier.is_in(list(returned)))),
            tuple(earlier.filter(~earlier.is_in([*returned, *revised]))),
            tuple(earlier.filter(earlier.is_in(list(revised)))),
            run(connection, _SHEETS, [wanted]).pipe(shaped, SHEET),
            list_changes(connection, wanted, forms),
        )


_SHEETS = """
    SELECT submission, form, count(*) FILTER (state IN ('value', 'zero')) AS filled_count,
           count(*) FILTER (state = 'not_reported') AS blank_count
    FROM core.observation_log WHERE list_contains(?, submission) GROUP BY submission, form
"""
