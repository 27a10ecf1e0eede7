"""Sums the measures of the standing submissions up the hierarchy: value, cells reported, cells expected."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from warehouse.registry.levels import LEVELS


def fold_up(base: pl.DataFrame, keys: list[str], sums: list[pl.Expr]) -> pl.DataFrame:
    """``sums`` (elementwise expressions over base rows) added up for every township, county and the city.

    Key of the result: ``keys`` and unit. City rows of a form belong to the city alone: they have no other node.
    """
    with_terms = base.select(*keys, "unit", "county", "city", "org_level", *sums)
    drop = ["county", "city", "org_level"]
    townships = with_terms.filter(pl.col("org_level") == "township").drop(drop)
    above = [
        with_terms.filter(pl.col(level).is_not_null())
        .with_columns(unit=pl.col(level))
        .drop(drop)
        .group_by([*keys, "unit"], maintain_order=True)
        .agg(pl.all().sum())
        for level in ("county", "city")
    ]
    return pl.concat([townships, *above], how="vertical_relaxed")


def speaks_of(levels: Iterable[str]) -> pl.Expr:
    """Whether a rolled-up row covers any unit of ``levels``."""
    return pl.sum_horizontal(pl.col(f"n__{level}") for level in levels) > 0


def counts_of_levels() -> list[pl.Expr]:
    """The columns that say how many units of each level a row speaks of."""
    return [pl.col(f"n__{level}") for level in LEVELS]
