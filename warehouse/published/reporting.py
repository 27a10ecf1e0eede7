"""How the reports of a year stand, unit by unit, as everybody may know it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query


def list_told_years(database: Path) -> list[int]:
    """The years of which something can be said in public, the oldest first: half of the units' reports stand, or more."""
    asked = "SELECT year FROM mart.reporting_rate WHERE 2 * accepted_count >= expected_count ORDER BY year"
    return query(database, asked)["year"].to_list()


def read_reporting(database: Path, year: int) -> pl.DataFrame:
    """One row per unit that was to report for ``year``, in the registry's order.

    unit_code (key), unit_name, unit_level, due_date, report_state (labels.REPORT_STATE), is_reported, is_on_time, is_accepted,
    reported_at. WarehouseMissing.
    """
    return query(
        database,
        """SELECT unit_code, unit_name, unit_level, due_date, report_state, is_reported, is_on_time, is_accepted, reported_at
           FROM mart.reporting WHERE year = ? ORDER BY unit_code""",
        [year],
    )
