"""How much of what was expected was reported: of one term, of terms that add up, of the worst covered term."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

Cells = tuple[pl.Expr, pl.Expr]
"""Cells reported and cells expected."""


def added(pairs: Iterable[Cells]) -> Cells:
    """Of all together."""
    reported, expected = zip(*pairs, strict=True)
    return pl.sum_horizontal(reported), pl.sum_horizontal(expected)


def least_covered(pairs: Iterable[Cells]) -> Cells:
    """The pair with the lowest reported part; a pair that expects nothing counts as the lowest."""
    pairs = list(pairs)
    if len(pairs) == 1:
        return pairs[0]
    parts = [_part(pair) for pair in pairs]
    least = pl.min_horizontal(parts)
    reported, expected = (
        pl.coalesce(pl.when(part == least).then(pair[side]) for part, pair in zip(parts, pairs, strict=True))
        for side in (0, 1)
    )
    return reported, expected


def _part(pair: Cells) -> pl.Expr:
    reported, expected = pair
    return pl.when(expected > 0).then(reported / expected).otherwise(-1.0)


def least_covered_pct(pairs: Iterable[Cells]) -> pl.Expr:
    """The lowest reported part in per cent; null where one of the pairs expects nothing."""
    least = pl.min_horizontal([_part(pair) for pair in pairs])
    return pl.when(least >= 0).then(least * 100.0)


def coverage_pct(pair: Cells) -> pl.Expr:
    """Reported in per cent of expected; null where nothing was expected."""
    reported, expected = pair
    return pl.when(expected > 0).then(reported / expected * 100.0)
