"""Errors as offices make them, planted into one year of clean numbers; every draw comes from the seed given.

A plant takes rows (KEY, org_level, form, value, last year's ``last``, sorted by KEY) and gives back KEY and ``bent``, what
stands there instead. Errors of single numbers are planted PER_LEVEL times at each level, and only where they change
the number by more than TARGET_FACTOR.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

KEY = ["submission", "org_code", "measure"]
COLUMN = ["submission", "measure", "org_level"]
LEVELS = ("county", "township", "village")
PER_LEVEL = 40
TARGET_FACTOR = 2.0
SMALLEST = 5
"""Numbers below this are not bent: ten times one is ten, and nobody can tell."""

COPIES = 6

Plant = Callable[[pl.DataFrame, random.Random], pl.DataFrame]


@dataclass(frozen=True)
class Kind:
    """A kind of error. ``of_columns``: a whole column is wrong, and one question about it finds it."""

    plant: Plant
    of_columns: bool = False


def is_large(bent: pl.Expr, true: pl.Expr) -> pl.Expr:
    """Whether an error changes the number by more than the factor of the target."""
    return ((bent + 1) / (true + 1)).log().abs() > pl.lit(TARGET_FACTOR).log()


def _picked(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Up to PER_LEVEL rows of each level, of one row of a form one: where all are wrong none is."""
    parts = []
    for level in LEVELS:
        there = rows.filter(org_level=level)
        there = there[draw.sample(range(there.height), there.height)]
        there = there.unique(["org_code", "form"], keep="first", maintain_order=True).sort(
            *COLUMN, "org_code"
        )
        parts.append(there[sorted(draw.sample(range(there.height), min(PER_LEVEL, there.height)))])
    return pl.concat(parts)


def _of_numbers(bent: pl.Expr) -> Plant:
    def plant(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
        able = rows.with_columns(bent=bent).filter(
            pl.col("value") >= SMALLEST, is_large(pl.col("bent"), pl.col("value"))
        )
        return _picked(able, draw).select(*KEY, "bent")

    return plant


def _turned() -> pl.Expr:
    """The first two digits the wrong way round."""
    text = pl.col("value").cast(pl.Int64).cast(pl.String)
    turned = text.str.slice(1, 1) + text.str.slice(0, 1) + text.str.slice(2)
    return pl.when(pl.col("value") >= 10).then(turned.cast(pl.Float64))


def _swapped(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """A number with the one in the next row of the column."""
    place = rows.with_columns(n=pl.int_range(pl.len()).over(COLUMN)).with_columns(pair=pl.col("n") // 2)
    other = place.select(*COLUMN, "pair", n=1 - pl.col("n") % 2 + 2 * pl.col("pair"), bent="value")
    both = place.join(other, on=[*COLUMN, "pair", "n"], maintain_order="left").filter(
        pl.min_horizontal("value", "bent") >= SMALLEST, is_large(pl.col("bent"), pl.col("value"))
    )
    chosen = _picked(both.filter(pl.col("n") % 2 == 0), draw).select(*COLUMN, "pair")
    return both.join(chosen, on=[*COLUMN, "pair"], how="semi").select(*KEY, "bent")


def _copied_down(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """One number dragged over the five below it, where that matters for one of them."""
    block = rows.with_columns(n=pl.int_range(pl.len()).over(COLUMN)).with_columns(block=pl.col("n") // COPIES)
    block = block.with_columns(
        bent=pl.col("value").first().over(*COLUMN, "block"), size=pl.len().over(*COLUMN, "block")
    ).filter(pl.col("size") == COPIES, pl.col("bent") >= SMALLEST)
    starts = block.filter(is_large(pl.col("bent"), pl.col("value"))).unique(
        [*COLUMN, "block"], maintain_order=True
    )
    chosen = _picked(starts, draw).select(*COLUMN, "block")
    return block.join(chosen, on=[*COLUMN, "block"], how="semi").select(*KEY, "bent")


def _unit_of_column(factor: float, money: frozenset[str]) -> Plant:
    """Every money column of every second county, all its units."""

    def plant(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
        columns = (
            rows.filter(pl.col("measure").is_in(money))
            .select("submission", "measure")
            .unique()
            .sort("submission", "measure")
        )
        chosen = columns[sorted(draw.sample(range(columns.height), (columns.height + 1) // 2))]
        return rows.join(chosen, on=["submission", "measure"], how="semi").select(
            *KEY, bent=(pl.col("value") * factor).round(2)
        )

    return plant


def _last_years_sheet() -> Plant:
    """Every number of one form of a county as it was last year, for five sheets."""

    def plant(rows: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
        sheets = (
            rows.filter(org_level="township").select("submission", "form").unique().sort("submission", "form")
        )
        chosen = sheets[sorted(draw.sample(range(sheets.height), min(5, sheets.height)))]
        return (
            rows.join(chosen, on=["submission", "form"], how="semi")
            .filter(pl.col("org_level").is_in(["township", "village"]))
            .select(*KEY, bent="last")
            .drop_nulls()
        )

    return plant


def kinds(money: frozenset[str]) -> dict[str, Kind]:
    """Every kind of error by its name; ``money``: measures in yuan."""
    value = pl.col("value")
    return {
        "x10": Kind(_of_numbers((value * 10).round())),
        "/10": Kind(_of_numbers((value / 10).round())),
        "x10,000": Kind(_of_numbers(value * 10_000)),
        "/10,000": Kind(_of_numbers((value / 10_000).round())),
        "two rows swapped": Kind(_swapped),
        "copied down": Kind(_copied_down),
        "digits transposed": Kind(_of_numbers(_turned())),
        "money column x10,000": Kind(_unit_of_column(10_000, money)),
        "money column /10,000": Kind(_unit_of_column(0.0001, money)),
        "last year's sheet": Kind(_last_years_sheet(), of_columns=True),
    }
