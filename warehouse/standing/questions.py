"""The questions to a unit about a submission: its open findings with their history, and its entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import UNREAD, finding_key, form_position, shaped
from warehouse.store.query import pivot_entries, query, read_only, run
from warehouse.store.statements import statement
from warehouse.words import labels


def list_questions(findings: pl.DataFrame, forms: Sequence[str]) -> pl.DataFrame:
    """The open questions among ``findings`` (ASKED of the latest submissions), in order of display.

    Left out: questions with an accepted explanation, and those that another question explains. org_code and item as in
    FINDING_KEY.
    """
    rank = {severity: number for number, severity in enumerate(labels.SEVERITY)}
    row = pl.col("cell").str.extract(r"(\d+)$").cast(pl.Int64)
    return (
        findings.filter((pl.col("finding_status") != "accepted") & ~pl.col("is_folded"))
        .with_columns(*(e for e in finding_key(findings) if e.meta.output_name() in ("org_code", "item")))
        .sort(
            pl.col("severity").replace_strict(rank, return_dtype=pl.Int64),
            form_position(forms),
            "sheet",
            row,
            "cell",
            "rule",
            "org_code",
            "message",
            nulls_last=[False, False, *[True] * 6],
            maintain_order=True,
        )
    )


def read_open_questions(path: Path) -> pl.DataFrame:
    """The questions to all units that are not settled, of their latest submissions that are neither empty nor refused.

    Columns of quality.finding_latest and ``effect_pct`` (0-100: on the published figure it moves most; null: unknown).
    """
    with read_only(path) as connection:
        questions = run(connection, statement("warehouse.standing", "open_findings"))
        effects = run(connection, statement("warehouse.standing", "effects"))
    key = [name for name in effects.columns if name != "effect_pct"]
    return questions.join(effects, on=key, how="left", nulls_equal=True, maintain_order="left")


def count_open_questions(path: Path) -> dict[str, int]:
    """Severity -> how many of the questions of :func:`read_open_questions` there are."""
    questions = statement("warehouse.standing", "open_findings")
    return dict(query(path, f"SELECT severity, count(*) FROM ({questions}) GROUP BY ALL").iter_rows())


def read_entries(path: Path, submission: str) -> dict[str, pl.DataFrame]:
    """A submission's entries, form by form, as :func:`warehouse.store.query.read_standing_entries`; ``row`` is the sheet's.

    A roster that says 无 has a frame without rows.
    """
    with read_only(path) as connection:
        given = pivot_entries(
            connection, "core.observation_log", "o.submission = ?", [submission], keep_row=True
        )
        nothing = run(connection, _NOTHING_TO_LIST, [submission])["form"].to_list()
    return dict.fromkeys(nothing, pl.DataFrame()) | given


def read_unread(path: Path, submission: str, forms: Sequence[str] = ()) -> pl.DataFrame:
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
