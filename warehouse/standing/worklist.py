"""The open questions by their effect on the published figures, and how few of them make up most of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query

MOST_PCT = 95.0
CELL = ("submission", "form", "sheet", "cell", "org_code", "item", "field")
"""The key of a doubtful cell; where sheet and cell are known, these alone."""


def read_worklist(path: Path, year: int, unit_code: str | None = None) -> pl.DataFrame:
    """The rows of quality.worklist for a year (of one unit), by effect, with their shares (:func:`with_shares`)."""
    found = query(
        path,
        "FROM quality.worklist WHERE year = ? AND (? IS NULL OR unit_code = ?)",
        [year, unit_code, unit_code],
    )
    return with_shares(found)


def with_shares(asked: pl.DataFrame) -> pl.DataFrame:
    """``asked`` (effect_pct and CELL), the greatest effect first, with ``cumulative_share_pct``.

    That is the share of this row and those before it in the effect of all rows; 0-100, null where nothing is known of
    any effect. A cell that several rules ask about counts once, with its greatest effect.
    """
    known = pl.col("cell").is_not_null()
    cell = pl.struct(
        "submission", *(pl.when(~known | (n in ("sheet", "cell"))).then(n).alias(n) for n in CELL[1:])
    )
    ordered = asked.sort("effect_pct", descending=True, nulls_last=True, maintain_order=True)
    effect = pl.when(cell.is_first_distinct()).then(pl.col("effect_pct").fill_null(0.0)).otherwise(0.0)
    whole = effect.sum()
    return ordered.with_columns(
        cumulative_share_pct=pl.when(whole > 0).then(100.0 * effect.cum_sum() / whole)
    )


def covering_words(asked: pl.DataFrame) -> str:
    """How few questions make up most of the effect: ``其中前 12 处占全部影响的 95%``; '' without effects.

    ``asked``: as :func:`with_shares` gives it.
    """
    shares = asked["cumulative_share_pct"].drop_nulls()
    if shares.is_empty():
        return ""
    count = int((shares < MOST_PCT - 1e-9).sum()) + 1
    return f"其中前 {count} 处占全部影响的 {int(shares[count - 1] + 1e-9)}%"
