"""How much a number that jumps moves a published figure of the city."""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import Measures
from warehouse.catalogue.load import Catalogue


def list_published_totals(standing: Measures, catalogue: Catalogue) -> pl.DataFrame:
    """What the whole city had the year before, of measures that a published indicator reads: year, measure, city_previous."""
    published = {
        term.name
        for indicator in catalogue.indicators.values()
        if indicator.is_published
        for term in catalogue.expand_formula(indicator).terms
    }
    return (
        standing.filter(pl.col("measure").is_in(list(published)))
        .group_by(pl.col("year") + 1, "measure")
        .agg(city_previous=pl.col("value").sum())
    )


def with_published_effects(numbers: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """``published_effect_pct``: the number's change over what the whole city had the year before, in per cent.

    ``totals``: :func:`list_published_totals`. Null for measures that no published indicator reads, and where last year's
    number or the city's is not known.
    """
    change = (pl.col("value") - pl.col("previous_value")).abs()
    return (
        numbers.join(totals, on=["year", "measure"], how="left", maintain_order="left")
        .with_columns(
            published_effect_pct=pl.when(pl.col("city_previous") > 0).then(
                100 * change / pl.col("city_previous")
            )
        )
        .drop("city_previous")
    )
