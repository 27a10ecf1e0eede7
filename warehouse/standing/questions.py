"""What a unit is asked about a submission: its open findings with everything known of them, and the values it gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import FINDING_PLACE, PLACE_SEPARATOR, UNREAD, shaped
from warehouse.store.query import entries_of, read_only, run
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
        return run(connection, _OPEN, [list(submissions), list(labels.SEVERITY), list(forms)])


_PLACE = f"concat_ws('{PLACE_SEPARATOR}', {', '.join(f'd.{column}' for column in FINDING_PLACE)})"
_OPEN = rf"""
    WITH said AS (
        SELECT unit_code, year + 1 AS year, form, rule, org_code, item, field, arg_max(text, explanation) AS text
        FROM quality.explanation WHERE decision = 'accepted' GROUP BY ALL
    ), heir AS (
        SELECT year, org_code, source_code FROM core.contribution WHERE source_year = year - 1 AND node = org_code
    ), became AS (
        SELECT coalesce(u.org_code, s.unit_code) AS unit_code, s.year, s.form, s.rule,
               coalesce(o.org_code, s.org_code) AS org_code, s.item, s.field,
               string_agg(DISTINCT s.text, '；' ORDER BY s.text) AS text
        FROM said AS s
        LEFT JOIN heir AS u ON u.year = s.year AND u.source_code = s.unit_code
        LEFT JOIN heir AS o ON o.year = s.year AND o.source_code = s.org_code
        GROUP BY ALL
    )
    SELECT l.* REPLACE (coalesce(l.org_code, l.org_name, '') AS org_code, coalesce(l.item, '') AS item), d.text AS draft,
           EXISTS (FROM quality.explanation AS e
                   WHERE e.unit_code = l.unit_code AND e.year = l.year AND e.place = l.place
                     AND e.operands <> l.operands) AS had_explanation
    FROM quality.finding_latest AS l
    LEFT JOIN became AS d
      ON d.unit_code = l.unit_code AND d.year = l.year
         AND {_PLACE} = l.place
    WHERE list_contains(?, l.submission) AND l.finding_status <> 'accepted' AND NOT l.is_folded
    ORDER BY list_position(?, l.severity), list_position(?, l.form) NULLS FIRST, l.sheet,
             try_cast(regexp_extract(l.cell, '\d+$') AS INTEGER), l.cell, l.rule, l.org_code, l.message
"""


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
