"""Numbers that are missing because the report they would come from is held."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from warehouse.catalogue.frames import Schema
from warehouse.catalogue.load import Catalogue
from warehouse.store.statements import statement

STAGED = "temp.staged_indicator"
"""Some of the night's indicators before they are compared with those published: columns as mart.indicator_log, no period."""
_NODES = "temp.held_node"
_SOURCES = "temp.held_source"
OTHERWISE = "temp.held_otherwise"
"""Numbers that are said to be held and are not, or the other way round: year, org_code, indicator."""
_SOURCE: Schema = {"indicator": pl.String, "unit_level": pl.String}
SUPPRESSED = "suppressed"
"""State of a number that is known and not published."""
HELD = "held"
"""State of a number that is not known because the report it would come from is held."""


def find_held(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Find out for :func:`mark_held` which units have only a held report: temporary tables held_node and held_source."""
    connection.execute(statement("warehouse.store", "find_held"))
    sources = _list_sources(catalogue) if _has_held(connection) else pl.DataFrame(schema=_SOURCE)
    connection.register("sources", sources.to_arrow())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_SOURCES} AS FROM sources")
    connection.unregister("sources")


def mark_held(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the state held in STAGED where a number is missing and one of its units has only a held report."""
    if _has_held(connection):
        connection.execute(statement("warehouse.store", "mark_held"), [HELD])


def find_held_otherwise(connection: duckdb.DuckDBPyConnection, computed: Sequence[str]) -> int:
    """Put into OTHERWISE the known numbers, but of indicators that are ``computed`` again; how many they are."""
    found = connection.execute(statement("warehouse.store", "find_held_otherwise"), [HELD, list(computed)])
    return int(found.fetchall()[0][0])


def forget_held(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what :func:`find_held` has found."""
    connection.execute(f"DROP TABLE {_NODES}; DROP TABLE {_SOURCES}; DROP TABLE IF EXISTS {OTHERWISE}")


def _has_held(connection: duckdb.DuckDBPyConnection) -> bool:
    return connection.execute(f"SELECT count(*) FROM {_NODES}").fetchone() != (0,)


def _list_sources(catalogue: Catalogue) -> pl.DataFrame:
    """indicator, unit_level (county, city) of the workbooks that an indicator comes from.

    A form that both fill in may ask a number of one of them alone: followers of the city, leaflets of the counties.
    """
    rows = {
        (indicator.id, "city" if level == "city" else "county")
        for indicator in catalogue.indicators.values()
        for term in catalogue.expand_formula(indicator).terms
        if (measure := catalogue.measures[term.name]).form in catalogue.forms
        for level in catalogue.asked_levels(measure)
    }
    return pl.DataFrame(sorted(rows), schema=_SOURCE, orient="row")
