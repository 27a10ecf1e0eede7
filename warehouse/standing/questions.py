"""What a unit is asked about a submission: its open findings with everything known of them, and the values it gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import FINDING_PLACE, PLACE_SEPARATOR, UNREAD, shaped
from warehouse.store.query import entries_of, read_only, run
from warehouse.store.statements import statement
from warehouse.words import labels


def questions(path: Path, submissions: Sequence[str], forms: Sequence[str] = ()) -> pl.DataFrame:
    """The findings of latest submissions that are not settled, of each the grave ones first.

    ``forms``: their order.

    All in one query: what became of a finding is looked up over the whole warehouse, and takes its time.

    Columns of quality.finding_latest, org_code and item as in FINDING_PLACE, and ``draft`` (what was accepted as
    explanation of the same finding last year, of the units it was then; null: nothing) and ``had_explanation`` (it was
    explained when the numbers were others). A finding whose explanation is accepted is settled.
    """
    with read_only(path) as connection:
        sql = statement("warehouse.standing", "open_questions").format(place=_PLACE)
        return run(connection, sql, [list(submissions), list(labels.SEVERITY), list(forms)])


_PLACE = f"concat_ws('{PLACE_SEPARATOR}', {', '.join(f'd.{column}' for column in FINDING_PLACE)})"


def given_entries(path: Path, submission: str) -> dict[str, pl.DataFrame]:
    """What a submission says, form by form, as :func:`warehouse.store.query.standing_entries`; ``row`` is its place in the sheet.

    A roster that says 无 has a frame without rows.
    """
    with read_only(path) as connection:
        given = entries_of(
            connection, "core.observation_log", "o.submission = ?", [submission], keep_row=True
        )
        nothing = run(connection, _NOTHING_TO_LIST, [submission])["form"].to_list()
    return dict.fromkeys(nothing, pl.DataFrame()) | given


def unread(path: Path, submission: str, forms: Sequence[str] = ()) -> pl.DataFrame:
    """UNREAD of a submission, in the order of ``forms`` and row by row."""
    with read_only(path) as connection:
        found = run(
            connection,
            "FROM quality.unread WHERE submission = ? ORDER BY list_position(?, form), row, length(cell), cell",
            [submission, list(forms)],
        )
    return shaped(found, UNREAD)


_NOTHING_TO_LIST = """
    SELECT DISTINCT d.form
    FROM core.measure_log AS m
    JOIN mart.dictionary AS d ON d.kind = 'measure' AND d.name = m.measure
    WHERE m.submission = ? AND m.state = 'zero'
"""
