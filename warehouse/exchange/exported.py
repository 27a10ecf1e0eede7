"""What is exported of the published file: rows in parts, the words of their columns, and the vintage they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from warehouse.store.query import read_only, run, stream
from warehouse.words.day_words import moment_words

_NAME = re.compile(r'\s*[\w."]+\s*(\(.*\))?\s*', re.DOTALL)
"""The name of a table, or of a macro with its arguments."""


@dataclass(frozen=True)
class Vintage:
    """Which night is exported: when it was published and what it was made with; None where the file does not say."""

    run: str | None = None
    published_at: datetime | None = None
    journal_count: int | None = None
    code_version: str | None = None
    catalogue_version: str | None = None

    @property
    def words(self) -> str:
        """The vintage in words."""
        if self.run is None or self.published_at is None:
            return "公布时间未记载"
        return (
            f"{moment_words(self.published_at)}公布（北京时间；运行 {self.run}，登记簿 {self.journal_count} 条，"
            f"程序 {self.code_version}，目录册 {self.catalogue_version}）"
        )


@dataclass(frozen=True)
class ExportedColumn:
    """A column of the rows: its polars type; Chinese name and meaning, '' where the file has none."""

    name: str
    dtype: pl.DataType
    name_zh: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Exported:
    """Rows in frames of the same columns (the first is empty), how many they are, and what is said of them.

    ``asked``: the table or query as it was typed, ``sql``: as it is run; ``connection`` answers more of the same night.
    """

    asked: str
    sql: str
    connection: duckdb.DuckDBPyConnection
    columns: tuple[ExportedColumn, ...]
    row_count: int
    vintage: Vintage
    licence: str
    parts: Iterator[pl.DataFrame]


def write_select(asked: str) -> str:
    """The query for what was asked: a query itself, or the name of a table or of a macro with its arguments."""
    return f"SELECT * FROM {asked}" if _NAME.fullmatch(asked) else asked


@contextmanager
def open_exported(path: Path, asked: str, licence: str, rows: int) -> Iterator[Exported]:
    """What was ``asked`` of the published file, in frames of at most ``rows``. QueryError, WarehouseMissing."""
    sql = write_select(asked)
    with read_only(path) as connection:
        vintage, words = read_vintage(connection), _read_words(connection, asked)
        reading = (
            connection.cursor()
        )  # of the same file, so that the connection stays free while rows are read
        reading.execute("USE warehouse")
        with stream(reading, sql, rows) as (count, parts):
            first = next(parts)
            columns = tuple(ExportedColumn(n, t, *words.get(n, ("", ""))) for n, t in first.schema.items())
            yield Exported(
                asked.strip(), sql, connection, columns, count, vintage, licence, _put_back(first, parts)
            )


def _put_back(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield from rest


def read_vintage(connection: duckdb.DuckDBPyConnection) -> Vintage:
    """The vintage of the file that ``connection`` reads. QueryError."""
    found = run(
        connection,
        """SELECT run, published_at, journal_count, code_version, catalogue_version
           FROM quality.run ORDER BY published_at DESC NULLS LAST, run DESC LIMIT 1""",
    )
    return Vintage(**found.row(0, named=True)) if found.height else Vintage()


def _read_words(connection: duckdb.DuckDBPyConnection, asked: str) -> dict[str, tuple[str, str]]:
    """Column -> Chinese name and meaning: those of the table ``asked``, of other tables for what it has not itself."""
    found = run(
        connection,
        """SELECT name, name_zh, meaning FROM (
               SELECT split_part(name, '.', 3) AS name, name_zh, meaning, 1 AS turn
               FROM mart.dictionary WHERE kind = 'column'
               UNION ALL
               SELECT name, name_zh, meaning || coalesce('单位：' || unit || '。', ''), 0
               FROM mart.dictionary WHERE kind = 'indicator'
               UNION ALL
               SELECT column_name, split_part(comment, '：', 1), substr(comment, strpos(comment, '：') + 1), 2
               FROM duckdb_columns()
               WHERE database_name = 'warehouse' AND schema_name || '.' || table_name = ? AND comment IS NOT NULL
           ) ORDER BY turn""",
        [asked.strip().replace('"', "")],
    )
    return {name: (name_zh or "", meaning or "") for name, name_zh, meaning in found.iter_rows()}
