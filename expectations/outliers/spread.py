"""Middle and spread that a wrong number hardly moves, and what changes of numbers of a size are measured by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

ASSUMED_NOISE = 0.1
"""How much a number moves from year to year whatever its size (log ratio), beside what counting itself does."""

MIN_SPREAD, ASSUMED_SPREAD, ASSUMED_PAIRS = 0.5, 1.0, 10
"""Where nothing ever changes, a change of one is still no question. A group with few earlier pairs is judged as if it had
ASSUMED_PAIRS more that spread like all that its unit enters at this level; that in turn is drawn towards ASSUMED_SPREAD."""


def others_median(frame: pl.DataFrame, value: str, column: Sequence[str]) -> pl.DataFrame:
    """``frame`` with ``others_median`` and ``others_count`` of the other rows with the same ``column``; null without others.

    ``value`` is nowhere null. Leaving one out moves the median to a neighbour, so three numbers of each column are
    enough to tell it for every row.
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
    """The standard deviation as the quartiles tell it, or as the deciles do where most numbers never change."""
    return pl.max_horizontal(
        (effect.quantile(0.5 + tail, "linear") - effect.quantile(0.5 - tail, "linear")) / normal
        for tail, normal in ((0.25, 1.349), (0.4, 2.563))
    )


def weight(log_size: pl.Expr) -> pl.Expr:
    """What a change is measured by: about 1/sqrt(size) for small numbers, ASSUMED_NOISE for large ones."""
    return (ASSUMED_NOISE**2 + (-log_size).exp()).sqrt()
