"""A warehouse file being built: the declared tables, or a copy of yesterday's file, and rows put in as frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

from warehouse.catalogue.frames import shaped
from warehouse.catalogue.load import Catalogue
from warehouse.store.built_upon import require_buildable
from warehouse.store.connection import attach_read_only
from warehouse.store.publish import new_database
from warehouse.store.schema.declared_tables import list_macros
from warehouse.store.schema.shapes import list_shapes
from warehouse.store.schema.tables import SCHEMAS, Table, select_tables, tables

ROWS_PER_CHUNK = 122_880  # DuckDB's row group: one chunk a row group lets it insert in parallel
_IN_ANY_ORDER = {
    "core.observation_log",
    "core.measure_log",
    "core.contribution",
    "core.rollup_above_villages",
    "mart.comparison",
    "mart.indicator_log",
}
"""Tables of so many rows that they are written in parallel, twice as fast; a row says itself where it belongs."""


class BuildFile:
    """A new warehouse file at ``path``, used as a context manager; on an exception the file is removed.

    ``previous`` is the published file that is built upon, written by this program with this catalogue (None or absent: start
    from nothing). Leaving closes the file with no .wal beside it. Raises PreviousUnreadable when ``previous`` is no
    warehouse of this version.
    """

    def __init__(self, path: Path, previous: Path | None) -> None:
        self.path = path
        self.previous = previous if previous is not None and previous.exists() else None
        self._stack = ExitStack()
        self._expected_rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self.previous is not None:
            require_buildable(self.previous)
        with ExitStack() as opening:
            self._connection = opening.enter_context(new_database(self.path, self.previous))
            if self.previous is None:
                self._connection.begin()  # one transaction: a hundred statements, each with an fsync, take a second
                self._create()
                self._fill()
                self._connection.commit()
            self._expected_rows = {t.full_name: self._count(t.full_name) for t in select_tables("log")}
            self._stack = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def close(self) -> None:
        """Checkpoint and close the finished file, so that it can be published; leaving does the same."""
        self._stack.close()

    def _fill(self) -> None:
        """Put in what is made of the catalogue alone, before anything else; part of opening a file that starts from nothing."""

    def _create(self) -> None:
        for schema in SCHEMAS:
            self._connection.execute(f"CREATE SCHEMA {schema}")
        for table in tables().values():
            self._create_table(table)

    def _create_for(self, catalogue: Catalogue) -> None:
        """Create the shapes and macros that are made of a catalogue's indicators."""
        for shape in list_shapes(catalogue):
            self._create_table(shape)
        for macro in list_macros(catalogue):
            self._connection.execute("; ".join(macro.create_sql()))

    def _create_table(self, table: Table) -> None:
        self._connection.execute(table.create_sql())
        self._connection.execute("; ".join(table.comment_sql()))

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        if not frame.height:
            return
        self._register(shaped(frame, tables()[table].frame_schema))
        self._order_rows_for(table)
        self._connection.execute(f"INSERT INTO {table} BY NAME FROM incoming")
        self._connection.unregister("incoming")
        if table in self._expected_rows:
            self._expected_rows[table] += frame.height

    def _order_rows_for(self, table: str) -> None:
        """What is put into ``table`` from now on keeps its order, unless that says nothing."""
        self._connection.execute(f"SET preserve_insertion_order = {table not in _IN_ANY_ORDER}")

    def _replace(self, table: str, rows: pl.DataFrame | None) -> None:
        self._connection.execute(f"DELETE FROM {table}")
        if rows is not None:
            self._append(table, rows)

    @contextmanager
    def _attach_previous(self, previous: Path) -> Iterator[None]:
        attach_read_only(self._connection, previous, "previous")
        try:
            yield
        finally:
            self._connection.execute("DETACH previous")

    def _register(self, frame: pl.DataFrame) -> None:
        # Newest: texts are handed over as they lie in memory; the other form is a copy, of a country half a gigabyte.
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.newest())
        chunks = arrow.to_batches(max_chunksize=ROWS_PER_CHUNK)
        self._connection.register("incoming", pa.Table.from_batches(chunks, schema=arrow.schema))

    def _frame(self, sql: str) -> pl.DataFrame:
        return self._connection.execute(sql).pl()

    def _count(self, table: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0]) if row else 0
