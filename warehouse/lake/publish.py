"""Publishes a file into a lake: one transaction, one snapshot, and of the office's rows only those that are others now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from warehouse.catalogue.frames import Schema
from warehouse.catalogue.load import Catalogue
from warehouse.lake.attached import LAKE, attached
from warehouse.lake.contents import OFFICE, ORDERED, PART, STATEMENT, YEAR, has_years, list_contents
from warehouse.lake.place import LakeFailed, LakePlace
from warehouse.lake.statements import list_statements
from warehouse.lake.tables import fit_table, read_columns
from warehouse.store.connection import attach_read_only
from warehouse.store.schema.tables import Table
from warehouse.store.statements import statement

_TRIES = 5
"""Of a commit that somebody else's was before: maintenance does not wait for its turn."""
_NOTED = f"{LAKE}.{PART.full_name}"
Parts = dict[int | None, tuple[int, str]]
"""Report year (None where a table knows none) -> how many rows an office has of it, and a hash of their content."""

_WRITTEN: Schema = {
    "table_name": pl.String,
    "year": pl.Int32,
    "row_count": pl.Int64,  # null where the office has no rows there any more
    "content_hash": pl.String,
}


@dataclass(frozen=True)
class Published:
    """What a publication has changed: its snapshot, and how many parts (a year of a table) were written."""

    snapshot: int
    part_count: int


def write_into_lake(database: Path, place: LakePlace, catalogue: Catalogue) -> Published | None:
    """Let the rows of this office in the lake be those of the published file; None where they are already.

    To be called when nobody else writes. The lake is made where there is none. LakeFailed, and then the lake is as it was.
    """
    with attached(place, "DATA_INLINING_ROW_LIMIT 0") as connection:
        attach_read_only(connection, database, "warehouse")
        connection.execute("USE warehouse")  # of which the views speak
        for _ in range(_TRIES):
            try:
                return _Publication(connection, catalogue).publish()
            except duckdb.TransactionException as error:
                if "conflict" not in str(error).lower():
                    raise
    raise LakeFailed(f"数据湖 {place.label}：写入时一直有其他程序改动，没有写成。")


class _Publication:
    """One attempt, on a connection with ``warehouse`` and the lake."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._office = catalogue.settings.city.code

    def publish(self) -> Published | None:
        """See :func:`write_into_lake`."""
        self._connection.begin()
        try:
            changed = self._write()
            if not changed:
                self._connection.rollback()
                return None
            self._sign()
            self._connection.commit()
        except BaseException:
            self._roll_back()
            raise
        found = self._connection.execute(
            f"SELECT max(snapshot_id) FROM {LAKE}.snapshots() WHERE commit_extra_info IS NOT NULL"
        ).fetchone()
        return Published(int(found[0]) if found else 0, changed)

    def _roll_back(self) -> None:
        """After an error; one of the roll-back itself must not hide it."""
        try:
            self._connection.rollback()
        except duckdb.Error:
            return

    def _write(self) -> int:
        """Write what differs; how many parts that was."""
        statements = list_statements(self._catalogue)
        frame = pl.DataFrame(
            {"position": range(len(statements)), "statement": statements},
            schema={"position": pl.Int32, "statement": pl.String},
        )
        self._connection.register("reader_statements", frame.to_arrow())
        sources = {table: f"warehouse.{table.full_name}" for table in list_contents()}
        sources[STATEMENT] = "reader_statements"
        known = read_columns(self._connection)
        fit_table(self._connection, known, PART)
        noted = self._read_noted()
        written: list[tuple[object, ...]] = []
        for table, source in sources.items():
            now, before = self._measure(table, source), noted.get(table.full_name, {})
            differing = [year for year in now.keys() | before if now.get(year) != before.get(year)]
            if differing or table.full_name not in known:
                fit_table(self._connection, known, table, source)
            if differing:
                self._replace(table, source, differing)
                written += [(table.full_name, year, *now.get(year, (None, None))) for year in differing]
        self._note(written)
        return len(written)

    def _measure(self, table: Table, source: str) -> Parts:
        """The parts of a table as they are to be."""
        year = YEAR if has_years(table) else "NULL::INTEGER"
        read = f"(SELECT rowid, * FROM {source})" if table.full_name == ORDERED else source
        asked = statement("warehouse.lake", "content_of_part").format(year=year, source=read)
        return {year: (count, content) for year, count, content in self._connection.execute(asked).fetchall()}

    def _read_noted(self) -> dict[str, Parts]:
        """Full name of a table -> its parts as the lake has them of this office."""
        noted: dict[str, Parts] = {}
        rows = self._connection.execute(
            f"SELECT table_name, year, row_count, content_hash FROM {_NOTED} WHERE office = ?", [self._office]
        ).fetchall()
        for table, year, count, content in rows:
            noted.setdefault(table, {})[year] = (count, content)
        return noted

    def _replace(self, table: Table, source: str, years: list[int | None]) -> None:
        """Write the rows of some years anew; of a table without years, all."""
        target = f"{LAKE}.{table.full_name}"
        is_meant = " OR ".join(f"{YEAR} IS NOT DISTINCT FROM {year or 'NULL'}" for year in years)
        where = is_meant if has_years(table) else "true"
        self._connection.execute(f"DELETE FROM {target} WHERE office = ? AND ({where})", [self._office])
        self._connection.execute(
            f"INSERT INTO {target} BY NAME SELECT ? AS {OFFICE.name}, * FROM {source} WHERE {where}",
            [self._office],
        )

    def _note(self, written: list[tuple[object, ...]]) -> None:
        """Let the lake know what the written parts are; one without rows is known no more."""
        if not written:
            return
        frame = pl.DataFrame(written, schema=_WRITTEN, orient="row")
        self._connection.register("written_parts", frame.to_arrow())
        self._connection.execute(statement("warehouse.lake", "forget_parts"), [self._office])
        self._connection.execute(statement("warehouse.lake", "note_parts"), [self._office])

    def _sign(self) -> None:
        """Say with the snapshot who publishes and of which run."""
        found = self._connection.execute(statement("warehouse.lake", "last_run"))
        names = [column[0] for column in found.description or ()]
        run = dict(zip(names, found.fetchone() or (), strict=False))
        city = self._catalogue.settings.city
        self._connection.execute(
            f"CALL {LAKE}.set_commit_message(?, ?, extra_info => ?)",
            [
                f"{city.code} {city.name}",
                f"{city.name} {run.get('run', '')}",
                json.dumps({"office": self._office, **run}, ensure_ascii=False, default=str),
            ],
        )
