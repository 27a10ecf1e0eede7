"""The measures of a year summed over units, as they are published."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query
from warehouse.store.statements import statement


def read_sums(database: Path, year: int, city: str) -> pl.DataFrame:
    """Org_code, is_own, measure, value, state, reported_count, expected_count of city, counties and townships in ``year``.

    ``is_own``: what the ``city`` reports itself, without the units below it. WarehouseMissing, QueryError.
    """
    return query(database, statement("warehouse.published", "sums"), [year, year, city])
