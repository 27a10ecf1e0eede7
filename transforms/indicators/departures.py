"""Numbers of a year as they stand seen from later years, under the units that carry them on."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from transforms.indicators.measure_cells import Codes, number_of
from warehouse.registry.contribution import hand_on
from warehouse.registry.registry import Registry
from warehouse.registry.succession import list_departures

Gone = Mapping[tuple[int, int], pl.DataFrame]
"""Per (source_year, year) the units whose numbers stand elsewhere: DEPARTURE, units as their numbers in the registry."""
NO_DEPARTURE = pl.DataFrame(schema={"source_code": pl.UInt32, "org_code": pl.UInt32, "share": pl.Float64})


def list_gone(registry: Registry, years: list[int], codes: Codes) -> Gone:
    """The departures of every pair of ``years``, the units as their numbers among ``codes``."""
    return {
        (source_year, year): list_departures(registry, source_year, year).with_columns(
            number_of(pl.col("source_code", "org_code"), codes)
        )
        for year in years
        for source_year in years
        if source_year <= year
    }


def seen_from_later(
    frame: pl.DataFrame, gone: Gone, quanta: Mapping[str, float], reach: int | None = None
) -> pl.DataFrame:
    """Rows of a year as they stand seen from each later year (and from the year itself).

    ``frame``: year, unit, numbers. Result: source_year, year, unit and the numbers, times the share that the
    unit carries on, those of ``quanta`` in whole parts; several rows may fall to one unit. ``reach`` bounds how many
    years back is looked.
    """
    numbers = {c: quanta.get(c) for c in frame.columns if c not in ("year", "unit")}
    of_year = frame.rename({"unit": "source_code"}).partition_by("year", as_dict=True, include_key=False)
    return pl.concat(
        hand_on(of_year[(source_year,)], elsewhere, numbers).select(
            pl.lit(source_year, pl.Int32).alias("source_year"),
            pl.lit(year, pl.Int32).alias("year"),
            pl.col("org_code").alias("unit"),
            *numbers,
        )
        for (source_year, year), elsewhere in gone.items()
        if (source_year,) in of_year and (reach is None or year - source_year <= reach)
    )
