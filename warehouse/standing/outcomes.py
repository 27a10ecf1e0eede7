"""What became of submissions: what receipts and the digest say of them, read from the published warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import FINDING, NOTE, Schema, empty, shaped
from warehouse.standing.changes import CHANGE, changes
from warehouse.store.query import read_only, run

ASKED = {
    **FINDING,
    "place": pl.String,
    "finding_status": pl.String,
    "text": pl.String,
    "reason": pl.String,
    "is_new": pl.Boolean,
    "is_folded": pl.Boolean,  # explained by an open question about misplaced numbers
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


def outcome(
    path: Path,
    after: int = 0,
    returned: Sequence[str] = (),
    explanations: Sequence[int] = (),
    revised: Sequence[str] = (),
    forms: Sequence[str] = (),
) -> Outcome:
    """What became of the submissions received after place ``after`` of the journal.

    And of those in ``returned`` and ``revised``, and of the latest ones of every unit and year of whose ``explanations``
    (by their number) something was decided. ``forms``: their order, for what is listed by form.
    """
    if not path.exists():
        return Outcome(pl.DataFrame(), empty(ASKED), empty(NOTE))
    with read_only(path) as connection:
        submissions = run(connection, _WITH_NEIGHBOURS, [after, [*returned, *revised], list(explanations)])
        wanted = submissions["submission"].to_list()
        earlier = submissions.filter(pl.col("received_seq") <= after)["submission"]
        return Outcome(
            submissions,
            run(connection, _WITH_STATUS, [wanted]).pipe(shaped, ASKED),
            run(
                connection, "FROM quality.note WHERE list_contains(?, submission) ORDER BY rowid", [wanted]
            ).pipe(shaped, NOTE),
            tuple(earlier.filter(earlier.is_in(list(returned)))),
            tuple(earlier.filter(~earlier.is_in([*returned, *revised]))),
            tuple(earlier.filter(earlier.is_in(list(revised)))),
            run(connection, _SHEETS, [wanted]).pipe(shaped, SHEET),
            changes(connection, wanted, forms),
        )


_SHEETS = """
    SELECT submission, form, count(*) FILTER (state IN ('value', 'zero')) AS filled_count,
           count(*) FILTER (state = 'not_reported') AS blank_count
    FROM core.observation_log WHERE list_contains(?, submission) GROUP BY submission, form
"""
_WITH_STATUS = """
    WITH asked AS (
        SELECT *, rowid AS number FROM quality.finding WHERE list_contains(?, submission)
    ), history AS MATERIALIZED (  -- once: it is the costly part of a night with very many findings
        SELECT unit_code, year, place, finding_status, text, reason FROM quality.finding_history
    )
    SELECT f.*, coalesce(CASE WHEN s.is_latest THEN h.finding_status END, 'open') AS finding_status,
           CASE WHEN s.is_latest THEN h.text END AS text, CASE WHEN s.is_latest THEN h.reason END AS reason,
           NOT EXISTS (FROM quality.finding AS p WHERE p.submission = s.previous AND p.place = f.place) AS is_new,
           -- One explanation answers for all that follows; only what blocks comes up once it is accepted.
           f.follows IS NOT NULL AND (coalesce(CASE WHEN s.is_latest THEN b.finding_status END, 'open')
                                      IN ('open', 'reopened', 'explained')
                                      OR (b.finding_status = 'accepted' AND f.severity <> 'critical')) AS is_folded
    FROM asked AS f
    JOIN quality.submission AS s ON s.submission = f.submission AND s.file_state <> 'empty'
    LEFT JOIN history AS h
      ON h.unit_code = f.unit_code AND h.year = f.year AND h.place = f.place
    LEFT JOIN history AS b
      ON b.unit_code = f.unit_code AND b.year = f.year AND b.place = f.follows
    ORDER BY f.number
"""
_WITH_NEIGHBOURS = """
    WITH gone AS (
        SELECT submission, count(*) FILTER (NOT is_blanked) AS fixed_count,
               count(*) FILTER (is_blanked) AS blanked_count
        FROM quality.gone WHERE severity <> 'info' AND seen_turn = turn - 1 GROUP BY submission
    )
    SELECT s.*, coalesce(a.first_seq < s.received_seq, false) AS has_earlier,
           coalesce(a.last_seq > s.received_seq, false) AS is_superseded,
           r.due_date, coalesce(g.fixed_count, 0) AS fixed_count, coalesce(g.blanked_count, 0) AS blanked_count,
           s.is_standing AND EXISTS (
               FROM quality.event AS e
               WHERE e.event = 'approved' AND e.unit_code = s.unit_code AND e.year = s.year AND e.seq < s.received_seq
                 AND NOT EXISTS (FROM quality.submission_log AS o
                                 WHERE o.unit_code = s.unit_code AND o.year = s.year AND o.decision = 'accepted'
                                   AND o.received_seq > e.seq AND o.received_seq < s.received_seq)
           ) AS ends_approval
    FROM quality.submission AS s
    LEFT JOIN gone AS g ON g.submission = s.submission
    LEFT JOIN core.expected_report AS r ON r.unit_code = s.unit_code AND r.year = s.year
    LEFT JOIN (SELECT unit_code, year, min(received_seq) AS first_seq, max(received_seq) AS last_seq
               FROM quality.submission_log WHERE decision = 'accepted' GROUP BY unit_code, year) AS a
      ON a.unit_code = s.unit_code AND a.year = s.year
    WHERE s.received_seq > ? OR list_contains(?, s.submission)
          OR (s.is_latest AND EXISTS (FROM quality.explanation AS e WHERE list_contains(?, e.explanation)
                                      AND e.unit_code = s.unit_code AND e.year = s.year))
    ORDER BY s.received_seq
"""
