"""Every measure rolled up to every node, as the indicators do it for the terms of one formula."""

from __future__ import annotations

import polars as pl

from transforms.indicators.cells import asked_years, columns_of, data_years, is_deep
from transforms.indicators.rollup import counts_of_levels, fold_up, speaks_of
from transforms.indicators.terms import term_tree
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Term

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
        "year", "unit", *counts_of_levels(), *(c for t in deep for c in columns_of(t))
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
