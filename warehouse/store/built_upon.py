"""The published warehouse that a night builds upon: whether it can."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.store.connection import attach_read_only, first_line, open_in_memory
from warehouse.store.schema.tables import select_tables


class PreviousUnreadable(Exception):
    """Yesterday's warehouse cannot be built upon; a rebuild from the archive is needed."""


def is_of_this_version(database: Path) -> bool:
    """Whether a warehouse that can be opened has the log tables that this version builds upon."""
    with open_in_memory() as connection:
        attach_read_only(connection, database, "previous")
        return _find_changed_table(connection, "previous") is None


def require_buildable(database: Path) -> None:
    """Raises PreviousUnreadable unless it is a warehouse of this version."""
    with open_in_memory() as connection:
        try:
            attach_read_only(connection, database, "previous")
        except duckdb.Error as error:
            raise _make_unreadable_error(database, first_line(error)) from error
        if other := _find_changed_table(connection, "previous"):
            raise _make_unreadable_error(database, f"表 {other} 与本版本程序的结构不同")


def _find_changed_table(connection: duckdb.DuckDBPyConnection, database: str) -> str | None:
    """The first log table that an attached warehouse has otherwise than this version, or not at all."""
    for table in select_tables("log"):
        found = connection.execute(
            """SELECT column_name, data_type FROM duckdb_columns()
               WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index""",
            [database, table.schema, table.name],
        ).fetchall()
        if found != [(c.name, c.sql_type) for c in table.columns]:
            return table.full_name
    return None


def _make_unreadable_error(previous: Path, why: str) -> PreviousUnreadable:
    """What is raised of a published file that cannot be built upon."""
    return PreviousUnreadable(
        f"上一次的数据仓库 {previous.name} 不能沿用（{why}）。请运行 nianbao rebuild，由档案和登记簿重建。"
    )
