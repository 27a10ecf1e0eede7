"""Sums the measures of the standing submissions up the hierarchy: value, cells reported, cells expected."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from transforms.indicators.cells import asked_years, columns_of, data_years, is_deep
from transforms.indicators.terms import term_tree
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Term
from warehouse.registry.levels import LEVELS

ROLLUP = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_level": pl.String,
    "measure": pl.String,
    "value": pl.Float64,  # null when nothing was reported
    "reported_count": pl.Int64,  # cells that hold a value or a zero
    "expected_count": pl.Int64,  # cells asked for, without those answered 不适用
}


def roll_up(measures: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """The MEASURE rows of standing submissions, summed for every year and every node: frame ROLLUP.

    One row per year with data, org unit of the registry and measure asked of it or of a unit below it.
    """
    terms = [Term(name) for name in catalogue.measures]
    years = data_years(measures)
    if not years:
        return pl.DataFrame(schema=ROLLUP)
    tree = term_tree(measures, catalogue, terms)
    sums = [*counts_of_levels()]
    for term in terms:
        sums += [pl.col(c) for c in columns_of(term)]
    rolled = fold_up(tree.base, ["year"], sums)
    deep = [t for t in terms if is_deep(catalogue.measures[t.name])]
    villages = tree.villages.select(
        "year", "unit", *_level_columns(), *(c for t in deep for c in columns_of(t))
    )
    names = tree.places.select("year", "unit", "org_code", "org_level")
    parts = []
    for frame, of in ((rolled, terms), (villages, deep)):
        named = frame.join(names, on=["year", "unit"], how="left", maintain_order="left")
        for term in of:
            measure = catalogue.measures[term.name]
            asked = asked_years(measure, catalogue, years)
            value, reported, expected = (pl.col(c) for c in columns_of(term))
            parts.append(
                named.lazy()
                .filter(pl.col("year").is_in(asked), speaks_of(catalogue.asked_levels(measure)))
                .select(
                    "year",
                    "org_code",
                    "org_level",
                    measure=pl.lit(measure.id),
                    value=pl.when(reported > 0).then(value),
                    reported_count=reported.cast(pl.Int64),
                    expected_count=expected.cast(pl.Int64),
                )
                .cast(ROLLUP)  # type: ignore[arg-type]
            )
    return pl.concat(pl.collect_all(parts)).sort("year", "org_code", "measure")


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


def _level_columns() -> list[str]:
    return [f"n__{level}" for level in LEVELS]


def counts_of_levels() -> list[pl.Expr]:
    """The columns that say how many units of each level a row speaks of."""
    return [pl.col(c) for c in _level_columns()]
