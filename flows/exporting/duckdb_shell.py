"""DuckDB's own shell on the published file: read-only, with a greeting of what can be asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from warehouse.exchange.names import list_tables
from warehouse.words.templates import render_text


def find_shell() -> Path | None:
    """DuckDB's shell: where a package has put it beside this program, else on the PATH; None where there is none."""
    beside = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("duckdb")
    return None if found is None else Path(found)


def write_greeting(database: Path) -> str:
    """What the shell shows first: the tables, the macros, an example. QueryError, WarehouseMissing."""
    tables, macros = list_tables(database)
    return render_text("flows.exporting", "greeting", tables=tables, macros=macros)


def run_shell(program: Path, database: Path) -> int:
    """Run DuckDB's shell until its user leaves it; its exit code.

    In its safe mode it only reads the file: no other files, no programs, no extensions, as in ``nianbao query``.
    """
    return subprocess.run([program, "-safe", "-readonly", database], check=False).returncode
