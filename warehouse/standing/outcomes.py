"""The outcome of submissions, for receipts and the digest, read from the published warehouse."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
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
    "draft": pl.String,  # the accepted explanation of the same question last year; null: none
    "had_explanation": pl.Boolean,  # it was explained for other numbers
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
    """The outcome of some submissions, in order of receipt.

    ``submissions``: the columns of quality.submission, has_earlier and is_superseded (an accepted one of the same unit and
    year was received before, after it), ends_approval (it replaces an approved one), fixed_count and blanked_count
    (questions of the previous submission that are gone because they were mended, because a cell was blanked).
    ``findings``: ASKED, except of workbooks that nobody filled in; finding_status, text and reason as in
    quality.finding_history; is_new: the previous submission did not have it. ``notes``: NOTE in the order of loading.
    ``sheets``: SHEET. ``changes``: CHANGE against the previous submission. ``returned``, ``reviewed``, ``revised``: ids of
    earlier submissions that are included because they were returned, because one of their explanations was decided on,
    because an earlier year was reported anew.
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
        """Submissions that were received earlier and get another answer."""
        return [*self.returned, *self.reviewed, *self.revised]

    def without(self, submissions: Collection[str]) -> Outcome:
        """The same as if these refused submissions had not been there: nothing was read of them that could be missing."""
        is_left_out = pl.col("submission").is_in(list(submissions))
        return replace(self, submissions=self.submissions.remove(is_left_out))


def read_outcome(
    path: Path,
    after: int = 0,
    returned: Sequence[str] = (),
    explanations: Sequence[int] = (),
    revised: Sequence[str] = (),
    forms: Sequence[str] = (),
) -> Outcome:
    """The outcome of the submissions received after entry ``after`` of the journal, and of those to be answered again.

    The latter are ``returned``, ``revised`` and the latest ones with a decision on one of ``explanations`` (by number).
    ``forms``: ids in order.
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
