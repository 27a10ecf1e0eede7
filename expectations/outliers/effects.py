"""How much a number that jumps moves a published figure of the city."""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import Measures, Schema, shaped
from warehouse.catalogue.load import Catalogue

TOTAL: Schema = {
    "year": pl.Int32,  # the year after that of the number
    "measure": pl.String,
    "city_previous": pl.Float64,
}
"""What the whole city had the year before, of measures that a published indicator reads; key: year, measure."""


def list_published_measures(catalogue: Catalogue) -> list[str]:
    """The measures that a published indicator reads."""
    published = (i for i in catalogue.indicators.values() if i.is_published)
    return sorted({measure.id for i in published for measure in catalogue.measures_of(i)})


def list_published_totals(standing: Measures, catalogue: Catalogue) -> pl.DataFrame:
    """TOTAL of the numbers of ``standing``: year, measure, value, whether of single units (MEASURE) or already summed."""
    found = (
        standing.filter(pl.col("measure").is_in(list_published_measures(catalogue)))
        .group_by(pl.col("year") + 1, "measure", maintain_order=True)
        .agg(city_previous=pl.col("value").sum())
    )
    return shaped(found, TOTAL)


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
