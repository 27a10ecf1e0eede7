"""What was received before: the submissions a new one follows, and what they said cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from warehouse.catalogue.frames import OBSERVATION, RECEIVED, empty, shaped
from warehouse.store.statements import statement


class Past:
    """Reads from an open warehouse; without one nothing was received before."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self._connection = connection

    def received(self) -> pl.DataFrame:
        """RECEIVED of all readable submissions, in order of receipt."""
        if self._connection is None:
            return empty(RECEIVED)
        return self._connection.execute(statement("warehouse.store", "received")).pl().pipe(shaped, RECEIVED)

    def observations(self, submissions: Sequence[str]) -> pl.DataFrame:
        """OBSERVATION of some submissions, whether they stand or not."""
        if self._connection is None or not submissions:
            return empty(OBSERVATION)
        return (
            self._connection.execute(
                "FROM core.observation_log WHERE list_contains(?, submission)", [list(submissions)]
            )
            .pl()
            .pipe(shaped, OBSERVATION)
        )
