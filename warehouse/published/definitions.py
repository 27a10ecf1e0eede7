"""What things mean, as the published file says: the dictionary, and the explanations that were accepted."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query
from warehouse.store.statements import statement


def read_dictionary(database: Path) -> pl.DataFrame:
    """The rows of mart.dictionary without columns of tables, in its order. WarehouseMissing, QueryError."""
    return query(database, "FROM mart.dictionary WHERE kind NOT IN ('column', 'schema')")


def read_accepted_explanations(database: Path) -> pl.DataFrame:
    """The current explanations that were accepted, the newest year first: year, unit, rule, org unit, text, decision."""
    return query(database, statement("warehouse.published", "accepted_explanations"))
