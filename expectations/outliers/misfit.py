"""How badly a number fits a place: what it costs to believe that it belongs to a unit and a measure.

Numbers that were filled in at another's place (two columns, rows, units exchanged) fit there what that place usually
has. The cost of a number at a place is half the square of its distance from what is expected there, in units of what
numbers of that size usually vary by: the negative log likelihood under a normal error, cut off at MOST so that one
number which fits nowhere does not decide about a block. The gain of a hypothesis is what it costs less than to believe
that all stand where they belong.
"""

from __future__ import annotations

import polars as pl

from expectations.outliers.spread import ASSUMED_SPREAD, MIN_SPREAD, weight

MOST = 8.0
"""What a number costs at most that does not fit at all (four standard deviations)."""


def with_expectations(numbers: pl.DataFrame) -> pl.DataFrame:
    """The series frame with what is expected of each place and what its number costs there.

    Added are ``wanted`` (the log of the number expected), ``noise`` (how the place's numbers spread over their weights)
    and ``cost``.
    A place that never had anything but zeros expects zero; one of which nothing is known expects nothing and costs nothing.
    """
    is_known = pl.col("expected_log").is_not_null()
    was_nothing = (pl.col("past_count") > 0) & (pl.col("past_high") == 0)
    return numbers.with_columns(
        wanted=pl.when(is_known).then("expected_log").when(was_nothing).then(pl.lit(0.0)),
        noise=pl.max_horizontal(pl.col("spread").fill_null(ASSUMED_SPREAD), pl.lit(MIN_SPREAD)),
    ).with_columns(cost=cost(pl.col("log"), pl.col("wanted"), pl.col("noise")))


def cost(log: pl.Expr, wanted: pl.Expr, noise: pl.Expr) -> pl.Expr:
    """What it costs to believe the number at the place; null where one of them is not known."""
    away = (log - wanted) / (noise * weight(pl.max_horizontal(log, wanted)))
    return pl.when(wanted.is_not_null()).then(pl.min_horizontal(away**2 / 2, pl.lit(MOST)))
