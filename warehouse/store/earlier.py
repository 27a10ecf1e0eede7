"""Reads the submissions received before a batch, and their observations where needed."""

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

    ``answering``: those of ``submissions`` that answer an earlier one. Read are the observations of that one, and of later
    ones of the same unit and year.
    """
    received = connection.execute(statement("warehouse.store", "received")).pl().pipe(shaped, RECEIVED)
    answers = submissions.filter(pl.col("submission").is_in(list(answering)))
    wanted = received.join(answers, on=["unit_code", "year"], how="semi")["submission"].to_list()
    said = connection.execute("FROM core.observation_log WHERE list_contains(?, submission)", [wanted])
    return received, said.pl().pipe(shaped, OBSERVATION)
