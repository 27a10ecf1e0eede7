"""What a reader's session runs to ask a lake as the file is asked: the same names, views and macros, of one office."""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.catalogue.load import Catalogue
from warehouse.lake.attached import LAKE
from warehouse.lake.contents import OFFICE, ORDERED, list_contents
from warehouse.store.schema.declared_tables import list_macros
from warehouse.store.schema.shapes import list_shapes
from warehouse.store.schema.tables import SCHEMAS, Table, quote, tables


def list_statements(catalogue: Catalogue) -> list[str]:
    """CREATE SCHEMA, VIEW, MACRO and COMMENT, in order: rows of this office, then what the file makes of such rows."""
    office = catalogue.settings.city.code
    held = {table.full_name: table for table in list_contents()}
    found = [f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SCHEMAS]
    for table in (*tables().values(), *list_shapes(catalogue)):
        create = _select_own(table, office) if table.full_name in held else table.create_sql()
        found += [create, *_comments(table)]
    found += [sql for macro in list_macros(catalogue) for sql in macro.create_sql()]
    return found


def _select_own(table: Table, office: str) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    # A view has no rowid: a reader's session keeps these few rows itself.
    what = "TABLE" if table.full_name == ORDERED else "VIEW"
    order = " ORDER BY rowid" if what == "TABLE" else ""
    return (
        f'CREATE {what} {table.schema}."{table.name}" AS SELECT {columns}'
        f' FROM {LAKE}.{table.schema}."{table.name}" WHERE {OFFICE.name} = {quote(office)}{order}'
    )


def _comments(table: Table) -> Iterator[str]:
    """COMMENT ON, of what is a view now."""
    was, now = (
        ("COMMENT ON TABLE", "COMMENT ON VIEW")
        if table.full_name != ORDERED
        else ("COMMENT ON VIEW", "COMMENT ON TABLE")
    )
    return (sql.replace(was, now, 1) for sql in table.comment_sql())
