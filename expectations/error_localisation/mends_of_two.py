"""Which values of two numbers would make every rule that reads one of them hold; tried on all suspect rows at once."""

from __future__ import annotations

from itertools import product

import polars as pl

from expectations.error_localisation.mends import (
    MEND,
    SAME,
    Trial,
    Variable,
    describe_cell,
    list_numbers_around,
    log_distance,
    substitute_numbers,
)
from warehouse.catalogue.frames import empty
from warehouse.expression.expression import Expression

_CHUNK = 200  # rows whose crossing points are held in memory together

Line = tuple[pl.Expr, pl.Expr, pl.Expr]
"""The coefficients c, a, b of ``c + a * x + b * y = 0``."""


def find_double_mends(one: Variable, other: Variable, trial: Trial) -> pl.DataFrame:
    """MEND of the rows that a change of both numbers mends."""
    known = (
        trial.with_previous_value(one.name)
        .rename({"previous_value": "past_x"})
        .join(
            trial.with_previous_value(other.name).select("suspect", past_y="previous_value"),
            on="suspect",
            maintain_order="left",
        )
    )
    lines = [
        *(_solve_for_line(edge, one.name, other.name) for edge in trial.edges),
        *((-at, pl.lit(1.0), pl.lit(0.0)) for at in _list_likely_numbers(one, "past_x")),
        *((-at, pl.lit(0.0), pl.lit(1.0)) for at in _list_likely_numbers(other, "past_y")),
    ]
    found = [_try_mends(one, other, rows, lines, trial) for rows in known.iter_slices(_CHUNK) if rows.height]
    return pl.concat([empty(MEND), *found])


def _try_mends(
    one: Variable, other: Variable, rows: pl.DataFrame, lines: list[Line], trial: Trial
) -> pl.DataFrame:
    x, y = pl.col("x"), pl.col("y")
    corners = _intersect_lines(rows, lines)
    points = pl.concat(
        corners.select("suspect", x=at_x, y=at_y)
        for at_x, at_y in product(list_numbers_around(x, one), list_numbers_around(y, other))
    )
    tried = rows.join(points.filter(one.allows(x), other.allows(y)).unique(), on="suspect")
    way = log_distance(x, pl.coalesce("past_x", one.name)) + log_distance(
        y, pl.coalesce("past_y", other.name)
    )
    so_far = log_distance(pl.col(one.name), pl.col("past_x")) + log_distance(
        pl.col(other.name), pl.col("past_y")
    )
    return (
        trial.select_mended(tried, {one.name: "x", other.name: "y"})
        .with_columns(way=way)
        .sort("suspect", "way", "x", "y")
        .unique("suspect", keep="first", maintain_order=True)
        .select(
            "suspect",
            words=pl.format("{}和{}", describe_cell(one, past="past_x"), describe_cell(other, past="past_y")),
            has_slip=pl.lit(value=False),
            gain=so_far - pl.col("way"),
        )
    )


def _list_likely_numbers(variable: Variable, past: str) -> list[pl.Expr]:
    """Numbers that are likely mends: the limits of the variable, and last year's number."""
    return [*(pl.lit(at) for at in (variable.low, variable.high) if at is not None), pl.col(past)]


def _solve_for_line(edge: Expression, one: str, other: str) -> Line:
    """The line in the plane of both cells on which the edge is zero."""
    origin, right, up = (
        substitute_numbers(edge, {one: x, other: y}) for x, y in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    )
    return origin, right - origin, up - origin


def _intersect_lines(rows: pl.DataFrame, lines: list[Line]) -> pl.DataFrame:
    """suspect, x, y of every point where two of the lines cross."""
    long = pl.concat(
        rows.select(
            "suspect", number=pl.lit(i), c=c.cast(pl.Float64), a=a.cast(pl.Float64), b=b.cast(pl.Float64)
        )
        for i, (c, a, b) in enumerate(lines)
    ).filter(pl.all_horizontal(pl.col("c", "a", "b").is_finite()))
    pairs = long.join(long, on="suspect", suffix="_2").filter(pl.col("number") < pl.col("number_2"))
    a, b, c = pl.col("a"), pl.col("b"), pl.col("c")
    a2, b2, c2 = pl.col("a_2"), pl.col("b_2"), pl.col("c_2")
    det = a * b2 - a2 * b
    return pairs.filter(det.abs() > SAME).select(
        "suspect", x=(b * c2 - b2 * c) / det, y=(c * a2 - c2 * a) / det
    )
