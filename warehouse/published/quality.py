"""How good the published numbers are: what is open, how that went night by night, and what the last night changed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.store.query import query
from warehouse.store.statements import statement


def count_open_findings(database: Path) -> pl.DataFrame:
    """The findings that are not settled, counted: severity, year, rule, meaning, unit_code, unit_name, count, explained_count.

    Those that another finding explains are left out. WarehouseMissing, QueryError.
    """
    return query(database, statement("warehouse.published", "open_findings"))


def read_reporting_rates(database: Path) -> pl.DataFrame:
    """The rows of mart.reporting_rate, the newest year first. WarehouseMissing, QueryError."""
    return query(database, "FROM mart.reporting_rate ORDER BY year DESC")


def read_nights(database: Path, most: int) -> pl.DataFrame:
    """The last ``most`` nights that published, the newest first, with what was open after each.

    run, started_at, published_at, submission_count, accepted_count, held_count, refused_count, finding_count;
    open_critical_count, open_warning_count.
    """
    return query(database, statement("warehouse.published", "nights"), [most])


def read_changes(database: Path, most: int) -> pl.DataFrame:
    """What the last publication changed in the numbers of city and counties: the ``most`` first, and ``all_count`` of them.

    year, org_code, org_name, indicator, name_zh, unit, old_value, new_value, old_state, new_state, why. Empty where there was one
    publication only.
    """
    return query(database, statement("warehouse.published", "last_changes"), [most])
