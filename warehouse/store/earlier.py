"""What was received before: the submissions a new one follows, and what they said cell by cell."""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import polars as pl

from warehouse.catalogue.frames import OBSERVATION, RECEIVED, Observations, Submissions, shaped
from warehouse.store.statements import statement


def read_earlier(
    connection: duckdb.DuckDBPyConnection, submissions: Submissions, answering: Collection[str]
) -> tuple[pl.DataFrame, Observations]:
    """RECEIVED of all readable submissions in order of receipt; OBSERVATION of those that may be answered.

    ``answering``: which of ``submissions`` answer an earlier one. What that said is needed, and what others of the same
    unit and year have said since.
    """
    received = connection.execute(statement("warehouse.store", "received")).pl().pipe(shaped, RECEIVED)
    answers = submissions.filter(pl.col("submission").is_in(list(answering)))
    wanted = received.join(answers, on=["unit_code", "year"], how="semi")["submission"].to_list()
    said = connection.execute("FROM core.observation_log WHERE list_contains(?, submission)", [wanted])
    return received, said.pl().pipe(shaped, OBSERVATION)
