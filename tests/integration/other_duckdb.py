"""Asks a published file for everything it holds, with whatever DuckDB this process has; prints JSON.

Run by itself: it imports nothing of this project, so that any version of DuckDB can be put before it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import duckdb

Answer = dict[str, Any]
RELATIONS = """SELECT schema_name || '."' || view_name || '"' FROM duckdb_views() WHERE NOT internal UNION ALL
               SELECT schema_name || '."' || table_name || '"' FROM duckdb_tables() ORDER BY 1"""


def read_all(path: str) -> Answer:
    with duckdb.connect(path, read_only=True) as connection:
        found: Answer = {"version": duckdb.__version__, "counts": {}, "macros": {}, "refused": {}}
        for (name,) in connection.execute(RELATIONS).fetchall():
            try:
                found["counts"][name] = connection.execute(f"SELECT count(COLUMNS(*)) FROM {name}").fetchone()
            except duckdb.Error as error:
                found["refused"][name] = str(error)
        for name, sql in list_macro_calls(connection).items():
            try:
                found["macros"][name] = summarise(connection.execute(sql).fetchall())
            except duckdb.Error as error:
                found["refused"][name] = str(error)
        comments = "SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL"
        [found["comments"]] = connection.execute(comments).fetchone() or [0]
    with duckdb.connect() as connection:  # as a program does that has a database of its own
        connection.execute(f"ATTACH '{path}' AS published (READ_ONLY)")
        connection.execute("USE published")
        found["attached"] = summarise(connection.execute("FROM as_of('2100-01-01') ORDER BY ALL").fetchall())
    return found


def list_macro_calls(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A call of each macro, about a number of the file."""
    number = connection.execute(
        """SELECT indicator, org_code, year FROM mart.indicator
           WHERE org_level = 'city' AND value > 0 AND kind = 'stock' ORDER BY ALL DESC LIMIT 1"""
    ).fetchone()
    assert number
    indicator, code, year = number
    return {
        "moment_of": "SELECT moment_of('2100-01-01')",
        "as_of": "FROM as_of('2100-01-01') ORDER BY ALL",
        "changes": "FROM changes('2099-01-01', '2100-01-01') ORDER BY ALL",
        "history": f"FROM history('{indicator}', '{code}', {year}) ORDER BY ALL",
        "formula_value": f"SELECT formula_value('{indicator}', [1.5])",
        "term_parts": f"FROM term_parts('{indicator}', {year}, {year}) ORDER BY ALL",
        "term_values": f"FROM term_values('{indicator}') ORDER BY ALL",
        "trace": f"FROM trace('{indicator}', '{code}', {year}) ORDER BY ALL",
    }


def summarise(rows: list[tuple[Any, ...]]) -> tuple[int, str]:
    """How many rows, and a sum over what stands in them."""
    texts = sorted(repr(row) for row in rows)
    return len(rows), hashlib.sha256("\n".join(texts).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read_all(sys.argv[1]), ensure_ascii=False))
