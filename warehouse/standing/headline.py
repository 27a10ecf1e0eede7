"""The published figures of the whole city, and which of them moved."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import Schema, empty, shaped
from warehouse.store.query import QueryError, WarehouseMissing, query

FIGURE: Schema = {"year": pl.Int32, "indicator": pl.String, "value": pl.Float64}
"""A published figure; key: year, indicator."""

MOVED: Schema = {**FIGURE, "old_value": pl.Float64}
"""A figure that had another value before; key as FIGURE."""


def read_published_figures(path: Path) -> pl.DataFrame:
    """FIGURE of all years; empty where there is no readable warehouse."""
    try:
        found = query(path, "SELECT year, indicator, value FROM mart.headline WHERE value IS NOT NULL")
    except (QueryError, WarehouseMissing):
        return empty(FIGURE)
    return shaped(found, FIGURE)


def find_moved_figures(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """MOVED: figures that are in both and differ, the largest relative change first."""
    both = after.join(before, on=["year", "indicator"], suffix="_before")
    old, new = pl.col("value_before"), pl.col("value")
    return (
        both.filter((old - new).abs() > 1e-9 * pl.max_horizontal(old.abs(), new.abs()))
        .sort(((new - old) / old).abs().fill_nan(None), descending=True, nulls_last=True)
        .rename({"value_before": "old_value"})
        .pipe(shaped, MOVED)
    )
