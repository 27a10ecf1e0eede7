"""What of the numbers in a file that is built upon still holds, since nothing that they are made of is other than it was.

An indicator is made of what stands of its measures, of what is approved, and of catalogue and program. A submission's rows
never change, so what stands is other only where another submission stands.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import duckdb

from warehouse.catalogue.load import Catalogue
from warehouse.store.held import OTHERWISE, STAGED, find_held_otherwise
from warehouse.store.schema.tables import quote
from warehouse.store.statements import statement

_COMPUTED = {
    "mart.comparison": "indicator",
    "mart.redrawn": "indicator",
    "core.rollup_above_villages": "measure",
}
"""The tables of computed numbers beside mart.indicator_log, and which of their columns says what a number is of."""


class Changed(NamedTuple):
    """What is computed again: the ``measures`` of which other rows stand, and the ``indicators`` that read one of them."""

    measures: list[str]
    indicators: list[str]


def is_of(indicators: Collection[str]) -> str:
    """A condition on the rows of mart.indicator_log: of one of these indicators."""
    return f"indicator IN ({', '.join(map(quote, indicators))})" if indicators else "false"


def find_changed(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Changed:
    """What the open rows of mart.indicator_log were not computed from, of what stands now."""
    found = connection.execute(statement("warehouse.store", "changed_measures")).fetchall()
    measures = [measure for (measure,) in found]
    return Changed(measures, [i.id for i in catalogue.list_readers(measures)])


def forget_changed(connection: duckdb.DuckDBPyConnection, changed: Changed | None) -> None:
    """Remove the numbers that are computed again (None: all), but those that are kept as what was known before."""
    if changed is None:
        for table in _COMPUTED:
            connection.execute(f"DELETE FROM {table}")
        return
    again = {"measure": changed.measures, "indicator": changed.indicators}
    for table, column in _COMPUTED.items():
        connection.execute(f"DELETE FROM {table} WHERE list_contains(?, {column})", [again[column]])


def stage_missing(connection: duckdb.DuckDBPyConnection, changed: Changed) -> str:
    """Put into STAGED the numbers that are not computed again and whose state is other all the same.

    A missing number's report may be held now, or no more. Returns a condition on the rows of mart.indicator_log: is one of them.
    """
    if not find_held_otherwise(connection, changed.indicators):
        return "false"
    among = f"(year, org_code, indicator) IN (FROM {OTHERWISE})"
    connection.execute(
        f"""INSERT INTO {STAGED}
            SELECT * EXCLUDE (known_from, known_to) REPLACE ('not_reported' AS state) FROM mart.indicator_log
            WHERE known_to IS NULL AND {among}"""
    )
    return among
