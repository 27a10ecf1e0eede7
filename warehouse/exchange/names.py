"""The names that a query can use: tables, macros, columns and indicators of the published file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.store.query import query, read_only, run
from warehouse.store.schema.tables import macros

_NAMES = """SELECT name FROM (
    SELECT DISTINCT CASE WHEN kind = 'column' THEN split_part(name, '.', 3) ELSE name END AS name,
           CASE WHEN kind = 'view' THEN 'table' ELSE kind END AS kind
    FROM mart.dictionary WHERE kind IN ('table', 'view', 'column', 'indicator')
) WHERE list_contains(?, kind) AND starts_with(lower(name), lower(?)) ORDER BY name"""


@dataclass(frozen=True)
class Named:
    """A table, view or macro: its name as it is typed and what it is."""

    name: str
    name_zh: str


def list_names(path: Path, begun: str, kinds: Sequence[str]) -> list[str]:
    """The names of ``kinds`` (table, macro, column, indicator) that begin with ``begun``. QueryError, WarehouseMissing."""
    found = query(path, _NAMES, [list(kinds), begun])["name"].to_list()
    if "macro" in kinds:
        found += [f"{macro.name}(" for macro in macros() if macro.name.startswith(begun.lower())]
    return found


def list_tables(path: Path) -> tuple[list[Named], list[Named]]:
    """The tables and views of mart, and the macros, each with its Chinese name. QueryError, WarehouseMissing."""
    with read_only(path) as connection:
        tables = run(
            connection,
            """SELECT name, name_zh FROM mart.dictionary
               WHERE kind IN ('table', 'view') AND starts_with(name, 'mart.') ORDER BY name""",
        )
    return [Named(*row) for row in tables.iter_rows()], [Named(m.full_name, m.name_zh) for m in macros()]
