"""Opens every connection to DuckDB: in memory, with bounded memory, without network.

The file that is read or built is attached, since only ATTACH takes a storage version for one file, and a second
``duckdb.connect()`` to one path in one process sees the old file until every earlier connection is closed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from uuid import uuid4

import duckdb

from warehouse.store.schema.tables import quote

MEMORY_LIMIT = "640MiB"
"""The memory of one connection before it spills to files; without a limit a worklist of 60,000 findings took 1.5 GB."""


_HOLDER = re.compile(r"PID (\d+)")


class WarehouseOccupied(Exception):
    """Another program has the warehouse open for writing; one Chinese sentence with what to do."""


def attach_read_only(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach a file that is only read as ``name``. WarehouseOccupied; duckdb.Error for what is wrong with the file."""
    try:
        connection.execute(f"ATTACH {quote(str(path))} AS {name} (READ_ONLY)")
    except duckdb.IOException as error:
        if "set lock" not in str(error):
            raise
        holder = _HOLDER.search(str(error))
        raise WarehouseOccupied(
            f"数据仓库 {path} 正被其他程序{f'（进程号 {holder[1]}）' if holder else ''}以可写方式打开，暂时无法读取。"
            "请关闭该程序，或让它以只读方式打开，然后重试。"
        ) from error


def open_in_memory(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection whose own database is in memory.

    ``spill``: a folder that is made when the memory does not suffice, and removed afterwards; by default one of the
    system's temporary files.
    """
    spill = spill or Path(tempfile.gettempdir()) / f"nianbao-{uuid4().hex}.tmp"
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET enable_progress_bar = false")
    return connection


def first_line(error: duckdb.Error) -> str:
    """The first line of DuckDB's message, which leaves out the position in the statement."""
    return str(error).splitlines()[0]
