"""Sums the measures of the standing submissions up the hierarchy: value, cells reported, cells expected."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from transforms.indicators.coverage import coverage_pct
from transforms.indicators.measure_cells import columns_of
from transforms.indicators.term_tree import Tree
from warehouse.catalogue.frames import ROLLUP, empty
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Measure
from warehouse.expression.expression import Term
from warehouse.registry.levels import LEVELS


def roll_up(tree: Tree, measures: Collection[Measure], catalogue: Catalogue) -> pl.DataFrame:
    """``measures`` of standing submissions, summed for every year and every node above the villages: frame ROLLUP.

    ``tree`` holds their terms. One row per year with data, node of the registry and measure asked of it
    or of a unit below it. What a village has is what it reported.
    """
    read = [c for measure in measures for c in columns_of(Term(measure.id))]
    rolled = fold_up(tree.base, ["year"], [*counts_of_levels(), *map(pl.col, read)])
    names = tree.places.select("year", "unit", "org_code", "org_level")
    nodes = rolled.join(names, on=["year", "unit"], how="left", maintain_order="left").lazy()
    years = tree.base["year"].unique().to_list()
    parts = [_of_measure(nodes, measure, catalogue, years) for measure in measures]
    return pl.concat([empty(ROLLUP), *pl.collect_all(parts)]).sort("year", "org_code", "measure")


def _of_measure(
    nodes: pl.LazyFrame, measure: Measure, catalogue: Catalogue, years: list[int]
) -> pl.LazyFrame:
    value, reported, expected = (pl.col(c) for c in columns_of(Term(measure.id)))
    asked = catalogue.asked_years(measure, years)
    return (
        nodes.filter(pl.col("year").is_in(asked), covers(catalogue.asked_levels(measure)))
        .select(
            "year",
            "org_code",
            "org_level",
            measure=pl.lit(measure.id),
            value=pl.when(reported > 0).then(value),
            state=pl.when(reported == 0)
            .then(pl.when(expected == 0).then(pl.lit("not_applicable")).otherwise(pl.lit("not_reported")))
            .when(value == 0)
            .then(pl.lit("zero"))
            .otherwise(pl.lit("value")),
            reported_count=reported,
            expected_count=expected,
            coverage_pct=coverage_pct((reported, expected)),
        )
        .cast(ROLLUP)  # type: ignore[arg-type]
    )


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


def covers(levels: Iterable[str]) -> pl.Expr:
    """Whether a rolled-up row covers any unit of ``levels``."""
    return pl.sum_horizontal(pl.col(f"n__{level}") for level in levels) > 0


def _level_columns() -> list[str]:
    return [f"n__{level}" for level in LEVELS]


def counts_of_levels() -> list[pl.Expr]:
    """The columns that say how many units of each level a row speaks of."""
    return [pl.col(c) for c in _level_columns()]
