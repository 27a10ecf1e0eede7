"""What a unit is asked about a submission: its open findings with everything known of them, and the values it gave."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.query import entries_of, read_only, run


def questions(path: Path, submission: str) -> pl.DataFrame:
    """The findings of a latest submission that are not settled, the grave ones first.

    Columns of quality.finding_latest and ``draft`` (what was accepted as explanation of the same finding
    last year; null: nothing). A finding whose explanation is accepted is settled.
    """
    with read_only(path) as connection:
        return run(connection, _OPEN, [submission])


_OPEN = r"""
    SELECT l.* REPLACE (coalesce(l.item, '') AS item), d.text AS draft
    FROM quality.finding_latest AS l
    LEFT JOIN (SELECT unit_code, year, form, rule, org_code, item, field, arg_max(text, explanation) AS text
               FROM quality.explanation WHERE decision = 'accepted' GROUP BY ALL) AS d
      ON d.unit_code = l.unit_code AND d.year = l.year - 1 AND d.form = coalesce(l.form, '') AND d.rule = l.rule
         AND d.org_code = coalesce(l.org_code, l.org_name, '') AND d.item = coalesce(l.item, '')
         AND d.field = coalesce(l.field, '')
    WHERE l.submission = ? AND l.finding_status <> 'accepted'
    ORDER BY l.severity, l.form, l.sheet, try_cast(regexp_extract(l.cell, '\d+$') AS INTEGER), l.cell,
             l.rule, l.org_code, l.message
"""


def given_entries(path: Path, submission: str) -> dict[str, pl.DataFrame]:
    """What a submission says, form by form, as :func:`warehouse.query.standing_entries`; ``row`` is its place in the sheet.

    A roster that says 无 has a frame without rows.
    """
    with read_only(path) as connection:
        given = entries_of(
            connection, "core.observation_log", "o.submission = ?", [submission], keep_row=True
        )
        nothing = run(connection, _NOTHING_TO_LIST, [submission])["form"].to_list()
    return dict.fromkeys(nothing, pl.DataFrame()) | given


_NOTHING_TO_LIST = """
    SELECT DISTINCT d.form
    FROM core.measure_log AS m
    JOIN mart.dictionary AS d ON d.kind = 'measure' AND d.name = m.measure
    WHERE m.submission = ? AND m.state = 'zero'
"""
