"""Robust medians and spreads, and the weight of a change by the size of the number."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

ASSUMED_NOISE = 0.1
"""The yearly change (log ratio) assumed of a number of any size, beside the noise of counting."""

MIN_SPREAD, ASSUMED_SPREAD, ASSUMED_PAIRS = 0.5, 1.0, 10
"""The smallest spread, so that a change of one is no question where nothing ever changes. A group with few pairs of earlier
years is judged as if it had ASSUMED_PAIRS more, with the spread of its unit's level, itself shrunk to ASSUMED_SPREAD."""


def others_median(frame: pl.DataFrame, value: str, column: Sequence[str]) -> pl.DataFrame:
    """``frame`` with ``others_median`` and ``others_count`` of the other rows with the same ``column``; null without others.

    ``value`` must not be null. Leaving out one number moves the median to a neighbour, so three numbers of each column
    are enough for all its rows.
    """
    own, half = pl.col(value), pl.len() // 2
    ordered = own.sort()
    middle = frame.group_by(column).agg(
        _below=ordered.get(pl.max_horizontal(half, 1) - 1),
        _middle=ordered.get(half),
        _above=ordered.get(pl.min_horizontal(half + 1, pl.len() - 1)),
        _count=pl.len(),
    )
    below, centre, above = pl.col("_below"), pl.col("_middle"), pl.col("_above")
    of_odd = (  # the middle number is one of the column's
        pl.when(own < centre)
        .then((centre + above) / 2)
        .when(own > centre)
        .then((below + centre) / 2)
        .otherwise((below + above) / 2)
    )
    of_even = pl.when(own <= below).then(centre).otherwise(below)
    return (
        frame.join(middle, on=list(column), how="left", maintain_order="left")
        .with_columns(
            others_median=pl.when(pl.col("_count") > 1).then(
                pl.when(pl.col("_count") % 2 == 1).then(of_odd).otherwise(of_even)
            ),
            others_count=pl.col("_count") - 1,
        )
        .drop("_below", "_middle", "_above", "_count")
    )


def robust_spread(effect: pl.Expr) -> pl.Expr:
    """The standard deviation estimated from the quartiles, or from the deciles where that is larger."""
    return pl.max_horizontal(
        (effect.quantile(0.5 + tail, "linear") - effect.quantile(0.5 - tail, "linear")) / normal
        for tail, normal in ((0.25, 1.349), (0.4, 2.563))
    )


def weight(log_size: pl.Expr) -> pl.Expr:
    """The usual size of a change: about 1/sqrt(size) for small numbers, ASSUMED_NOISE for large ones."""
    return (ASSUMED_NOISE**2 + (-log_size).exp()).sqrt()
