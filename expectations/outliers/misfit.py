"""The cost of a number in a cell: how badly it fits what the cell's unit and measure usually have.

The cost is half the squared distance from the expected number, in units of the usual variation of numbers of that size:
the negative log likelihood under a normal error, capped at MOST so that one number that fits nowhere does not decide about
a block. The gain of a hypothesis (two columns, rows or units exchanged) is how much it lowers the sum of costs.
"""

from __future__ import annotations

import polars as pl

from expectations.outliers.spread import ASSUMED_SPREAD, MIN_SPREAD, weight

MOST = 8.0
"""The largest cost of a number: four standard deviations."""


def with_expectations(numbers: pl.DataFrame) -> pl.DataFrame:
    """The series frame with ``wanted`` (log of the expected number), ``noise`` (spread over weights) and ``cost``.

    A cell that had only zeros expects zero. Without any history ``wanted`` and ``cost`` are null.
    """
    is_known = pl.col("expected_log").is_not_null()
    was_nothing = (pl.col("past_count") > 0) & (pl.col("past_high") == 0)
    return numbers.with_columns(
        wanted=pl.when(is_known).then("expected_log").when(was_nothing).then(pl.lit(0.0)),
        noise=pl.max_horizontal(pl.col("spread").fill_null(ASSUMED_SPREAD), pl.lit(MIN_SPREAD)),
    ).with_columns(cost=cost(pl.col("log"), pl.col("wanted"), pl.col("noise")))


def cost(log: pl.Expr, wanted: pl.Expr, noise: pl.Expr) -> pl.Expr:
    """The cost of a number (``log``) in a cell that expects ``wanted``; null where nothing is expected."""
    away = (log - wanted) / (noise * weight(pl.max_horizontal(log, wanted)))
    return pl.when(wanted.is_not_null()).then(pl.min_horizontal(away**2 / 2, pl.lit(MOST)))
