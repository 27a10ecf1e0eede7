"""The tables of a lake: made by whoever publishes first, widened when a later version of the program has more columns."""

from __future__ import annotations

import duckdb

from warehouse.lake.attached import LAKE
from warehouse.lake.contents import OFFICE, YEAR, has_years
from warehouse.lake.place import LakeFailed
from warehouse.store.schema.tables import Column, Table, quote

Columns = dict[str, dict[str, str]]
"""Full name of a table -> its columns and their SQL types."""


def read_columns(connection: duckdb.DuckDBPyConnection) -> Columns:
    """The tables of the lake as they are."""
    found: Columns = {}
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?",
        [LAKE],
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def fit_table(
    connection: duckdb.DuckDBPyConnection, lake: Columns, table: Table, source: str | None = None
) -> None:
    """Let the lake have ``table`` with all columns of ``source``, whose types it takes (none: those declared). LakeFailed.

    A column that a later version has no more stays, empty in new rows: offices may run different versions.
    """
    wanted = _list_columns(connection, table, source)
    target = f'{LAKE}.{table.schema}."{table.name}"'
    if table.full_name not in lake:
        _create(connection, target, table, wanted)
        return
    known = lake[table.full_name]
    for column in wanted:
        if column.name not in known:
            connection.execute(f'ALTER TABLE {target} ADD COLUMN "{column.name}" {column.sql_type}')
            connection.execute(_comment_sql(target, column))
        elif known[column.name] != column.sql_type:
            raise LakeFailed(
                f"数据湖中 {table.full_name} 的列 {column.name} 与本版本程序的类型不同"
                f"（{known[column.name]}，应为 {column.sql_type}）。请各机构使用同一版本。"
            )


def _list_columns(connection: duckdb.DuckDBPyConnection, table: Table, source: str | None) -> list[Column]:
    if source is None:
        return list(table.columns)
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
    return [OFFICE, *(Column(c.name, c.name_zh, c.meaning, types[c.name]) for c in table.columns)]


def _create(connection: duckdb.DuckDBPyConnection, target: str, table: Table, columns: list[Column]) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {LAKE}.{table.schema}")
    described = ", ".join(f'"{c.name}" {c.sql_type}' for c in columns)
    connection.execute(f"CREATE TABLE {target} ({described})")
    parts = [OFFICE.name, YEAR] if has_years(table) else [OFFICE.name]
    connection.execute(f"ALTER TABLE {target} SET PARTITIONED BY ({', '.join(parts)})")
    connection.execute(f"COMMENT ON TABLE {target} IS {quote(table.comment)}")
    for column in columns:
        connection.execute(_comment_sql(target, column))


def _comment_sql(target: str, column: Column) -> str:
    return f'COMMENT ON COLUMN {target}."{column.name}" IS {quote(column.comment)}'
