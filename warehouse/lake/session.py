"""A reader's session on a lake: asked like the published file, of one office; ``lake.mart.indicator`` has those of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from warehouse.lake.attached import LAKE, attach_statement, attached
from warehouse.lake.contents import STATEMENT
from warehouse.lake.extensions import list_extensions
from warehouse.lake.place import LakeEmpty, LakeFailed, LakePlace, PostgresCatalogue
from warehouse.store.query import run
from warehouse.store.schema.tables import quote
from warehouse.store.statements import statement

_ALLOWED = (duckdb.StatementType.CREATE, duckdb.StatementType.ALTER)
"""What a definition may be: CREATE, and COMMENT ON, which DuckDB counts as ALTER."""


@contextmanager
def reading(place: LakePlace, office: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can only read the lake, with the views and macros of ``office``. LakeFailed.

    What others have written is not trusted: files, the network and the configuration are closed before their definitions
    are read, and of these only those that define something are taken.
    """
    with attached(place, "READ_ONLY") as connection:
        connection.execute(f"SET allowed_directories = [{quote(place.data)}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        connection.begin()  # else each definition asks the server for the newest snapshot
        for definition in read_definitions(connection, place, office):
            connection.execute(definition)
        connection.execute(statement("warehouse.lake", "snapshots"))
        connection.commit()
        yield connection


def query(place: LakePlace, office: str, sql: str, parameters: Sequence[Any] | None = None) -> pl.DataFrame:
    """The result of one query as a frame. QueryError, LakeFailed."""
    with reading(place, office) as connection:
        return run(connection, sql, parameters)


def read_definitions(
    connection: duckdb.DuckDBPyConnection, place: LakePlace, office: str
) -> list[duckdb.Statement]:
    """The statements with which an office lets its rows be asked, in order. LakeEmpty where it has published nothing."""
    rows = connection.execute(
        f"SELECT statement FROM {LAKE}.{STATEMENT.full_name} WHERE office = ? ORDER BY position", [office]
    ).fetchall()
    if not rows:
        raise LakeEmpty(f"数据湖 {place.label} 中没有机构 {office} 的数据。")
    found = [parsed for (text,) in rows for parsed in connection.extract_statements(text)]
    if any(parsed.type not in _ALLOWED for parsed in found):
        raise LakeFailed(f"数据湖 {place.label} 中机构 {office} 的查询定义含有其他语句，未予执行。")
    return found


def write_session(place: LakePlace, office: str) -> str:
    """The same session as a script for DuckDB's shell, without passwords and keys. LakeFailed."""
    with attached(place, "READ_ONLY") as connection:
        definitions = [d.query.rstrip().rstrip(";") for d in read_definitions(connection, place, office)]
    lines = [f"LOAD {quote(str(file))}" for file in list_extensions(place)]
    if isinstance(catalogue := place.catalogue, PostgresCatalogue):
        known = {
            "HOST": catalogue.host,
            "PORT": catalogue.port,
            "DATABASE": catalogue.database,
            "USER": catalogue.user,
        }
        given = ", ".join(f"{name} {quote(str(value))}" for name, value in known.items() if value)
        lines.append(f"CREATE SECRET lake_catalogue (TYPE postgres, {given})")
    if place.keys is not None:
        lines.append(_storage_lines(place))
    lines.append(attach_statement(place, "READ_ONLY"))
    return "".join(f"{line};\n" for line in [*lines, *definitions, statement("warehouse.lake", "snapshots")])


def _storage_lines(place: LakePlace) -> str:
    assert place.keys is not None, "only of a lake on S3"
    server = f", ENDPOINT {quote(place.keys.endpoint)}, URL_STYLE 'path'" if place.keys.endpoint else ""
    server += "" if place.keys.is_encrypted else ", USE_SSL false"
    region = f", REGION {quote(place.keys.region)}" if place.keys.region else ""
    return (
        "CREATE SECRET lake_storage (TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'),"
        f" SECRET getenv('AWS_SECRET_ACCESS_KEY'){region}{server})"
    )
