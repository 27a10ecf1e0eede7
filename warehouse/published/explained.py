"""What the indicators of the published file mean, for people who read numbers on paper."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query


def read_explained(database: Path) -> pl.DataFrame:
    """Indicators with programme, name, unit, meaning, formula in Chinese, columns of forms that they are of. WarehouseMissing."""
    return query(
        database,
        """SELECT name AS indicator, programme, name_zh, unit, meaning, formula_zh, form_column, breaks
           FROM mart.dictionary WHERE kind = 'indicator' ORDER BY name""",
    )
