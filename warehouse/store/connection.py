"""Opens every connection to DuckDB: in memory, with bounded memory, without network.

The file that is read or built is attached, since only ATTACH takes a storage version for one file, and a second
``duckdb.connect()`` to one path in one process sees the old file until every earlier connection is closed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import uuid4

import duckdb

MEMORY_LIMIT = "640MiB"
"""The memory of one connection before it spills to files; without a limit a worklist of 60,000 findings took 1.5 GB."""


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
