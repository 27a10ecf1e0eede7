"""The cells in which a submission differs from the previous one of the same unit and year."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from warehouse.catalogue.frames import Schema, shaped
from warehouse.store.query import run
from warehouse.store.statements import statement

CHANGE: Schema = {
    "submission": pl.String,  # the later one
    "form": pl.String,
    "sheet": pl.String,
    "cell": pl.String,  # in the later submission; in the earlier one where the row is gone
    "org_name": pl.String,
    "item": pl.String,
    "field": pl.String,
    "old": pl.String,  # as stored: number, text, true/false, ISO date; 不适用; null: not reported
    "new": pl.String,
    "change_count": pl.Int64,  # of the submission, listed or not
}


def list_changes(
    connection: duckdb.DuckDBPyConnection, submissions: Sequence[str], forms: Sequence[str], listed: int = 5
) -> pl.DataFrame:
    """CHANGE of ``submissions``, of each the first ``listed`` in the order of ``forms`` and of their rows.

    Cells of two submissions are compared by form, org unit, roster item and field.
    """
    parameters = [list(submissions), list(forms), listed, list(forms)]
    return run(connection, statement("warehouse.standing", "changes"), parameters).pipe(shaped, CHANGE)
