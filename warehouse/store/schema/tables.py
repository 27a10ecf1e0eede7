"""The declared tables and views of the warehouse (tables.yaml and sql/), and the SQL made from the declaration.

One definition per name: CREATE TABLE, CREATE VIEW, COMMENT ON and the dictionary all come from here. The YAML says what
is meant, ``sql/<schema>/<view>.sql`` how a view is computed. The vocabulary is closed: every column has a word, every
word is used, every view has its file and every file its view.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import polars as pl
import yaml

from warehouse.catalogue import frames
from warehouse.store.statements import view_statements

DECLARATION = "tables.yaml"
SCHEMAS = {
    "core": ("数据", "单位名录、观测值、计量值和汇总。"),
    "quality": ("质量", "报送件、审核问题、说明、运行记录和登记簿。"),
    "mart": ("指标", "供查询和发布的指标、名册、报送情况和数据字典。"),
    "mart_zh": ("指标（中文名）", "与 mart 相同的内容，表名和列名为中文，供用表格软件打开的人使用。"),
}
"""Schema -> its Chinese name and what it holds; DuckDB keeps no comment on a schema, so the dictionary says it."""
MACROS = "macros"
"""The folder of their SQL; in the file they stand in the schema main, so that they are found by their name alone."""

_SQL_TYPES: dict[Any, str] = {
    pl.String: "VARCHAR",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.UInt32: "UINTEGER",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime("us"): "TIMESTAMP",
    pl.List(pl.String): "VARCHAR[]",
    pl.List(pl.Int32): "INTEGER[]",
}
_POLARS_TYPES = {sql: dtype for dtype, sql in _SQL_TYPES.items()}


@dataclass(frozen=True)
class Column:
    """A column: its English and Chinese name, its SQL type (None in a view: DuckDB knows), its meaning."""

    name: str
    name_zh: str
    meaning: str
    sql_type: str | None

    @property
    def comment(self) -> str:
        """The text of COMMENT ON."""
        return f"{self.name_zh}：{self.meaning}"


@dataclass(frozen=True)
class Table:
    """A table or view. ``kind``: log (kept from night to night), built (made anew), view."""

    schema: str
    name: str
    kind: str
    name_zh: str
    grain: str
    columns: tuple[Column, ...]
    sql: str | None = None

    @property
    def full_name(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def _sql_name(self) -> str:
        return f'{self.schema}."{self.name}"'

    @property
    def comment(self) -> str:
        """The text of COMMENT ON."""
        return f"{self.name_zh}（{self.full_name}）。{self.grain}"

    @property
    def frame_schema(self) -> dict[str, Any]:
        """Column names and polars types of a table (not of a view)."""
        return {c.name: _POLARS_TYPES[c.sql_type] for c in self.columns if c.sql_type}

    def create_sql(self) -> str:
        """CREATE TABLE or CREATE VIEW."""
        if self.sql is not None:
            return f"CREATE VIEW {self._sql_name} AS {self.sql}"
        columns = ", ".join(f'"{c.name}" {c.sql_type}' for c in self.columns)
        return f"CREATE TABLE {self._sql_name} ({columns})"

    def comment_sql(self) -> list[str]:
        """COMMENT ON the table or view and each of its columns."""
        what = "VIEW" if self.kind == "view" else "TABLE"
        return [
            f"COMMENT ON {what} {self._sql_name} IS {quote(self.comment)}",
            *(f'COMMENT ON COLUMN {self._sql_name}."{c.name}" IS {quote(c.comment)}' for c in self.columns),
        ]


@dataclass(frozen=True)
class Macro:
    """What the file can be asked by a name and arguments. ``is_table``: it gives rows, else one value."""

    name: str
    name_zh: str
    parameters: tuple[str, ...]
    is_table: bool
    meaning: str
    columns: tuple[Column, ...]
    sql: str

    @property
    def full_name(self) -> str:
        """``name(parameter, …)``."""
        return f"{self.name}({', '.join(self.parameters)})"

    def create_sql(self) -> list[str]:
        """CREATE MACRO and its COMMENT."""
        kind = "TABLE " if self.is_table else ""
        return [
            f"CREATE MACRO {self.full_name} AS {kind}{self.sql}",
            f"COMMENT ON MACRO {kind}{self.name} IS {quote(f'{self.name_zh}。{self.meaning}')}",
        ]


def quote(text: str) -> str:
    """``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=1)
def tables() -> dict[str, Table]:
    """All declared tables and views by full name, in order of creation. ValueError for a faulty declaration."""
    return read_tables(resources.files("warehouse.store.schema"))


def read_tables(folder: Traversable) -> dict[str, Table]:
    """The same of any ``folder`` with tables.yaml and sql/. ValueError names a missing or superfluous file."""
    declared = yaml.safe_load(folder.joinpath(DECLARATION).read_text(encoding="utf-8"))
    words: dict[str, list[str]] = declared["columns"]
    statements = view_statements(folder.joinpath("sql"))
    statements = {name: sql for name, sql in statements.items() if not name.startswith(f"{MACROS}.")}
    views = {entry["name"] for entry in declared["tables"] if entry["kind"] == "view"}
    if missing := views - statements.keys():
        raise ValueError(f"{DECLARATION}: views without SQL: {_describe_files(missing)}")
    if idle := statements.keys() - views:
        raise ValueError(f"{DECLARATION}: no view is declared for {_describe_files(idle)}")
    found = [_read_table(entry, words, statements.get(entry["name"])) for entry in declared["tables"]]
    named = {c.name for t in found for c in t.columns}
    named |= {name for entry in declared.get("macros", ()) for name in entry.get("columns", ())}
    if idle := words.keys() - named:
        raise ValueError(f"{DECLARATION}: words for columns that no table has: {', '.join(sorted(idle))}")
    return {t.full_name: t for t in found}


@lru_cache(maxsize=1)
def macros() -> tuple[Macro, ...]:
    """All declared macros in order of creation. ValueError for a file without declaration or the other way round."""
    folder = resources.files("warehouse.store.schema")
    declared = yaml.safe_load(folder.joinpath(DECLARATION).read_text(encoding="utf-8"))
    found = view_statements(folder.joinpath("sql"))
    statements = {
        name.removeprefix(f"{MACROS}."): sql for name, sql in found.items() if name.startswith(f"{MACROS}.")
    }
    entries = {entry["name"]: entry for entry in declared["macros"]}
    if unlike := statements.keys() ^ entries.keys():
        raise ValueError(f"{DECLARATION}: declared or written, but not both: {', '.join(sorted(unlike))}")
    words: dict[str, list[str]] = declared["columns"]
    return tuple(
        Macro(
            name,
            entry["name_zh"],
            tuple(entry["parameters"]),
            bool(entry.get("columns")),
            entry["meaning"],
            _read_columns(entry.get("columns", ()), words, entry.get("words", {})),
            statements[name],
        )
        for name, entry in entries.items()
    )


def _read_columns(
    names: Iterable[str], words: dict[str, list[str]], own: dict[str, str]
) -> tuple[Column, ...]:
    return tuple(Column(n, words[n][0], own.get(n, words[n][1]), None) for n in names)


def _describe_files(views: Iterable[str]) -> str:
    return ", ".join(f"sql/{name.replace('.', '/')}.sql" for name in sorted(views))


def select_tables(kind: str) -> list[Table]:
    """The declared tables of one kind: log, built or view."""
    return [t for t in tables().values() if t.kind == kind]


def _read_table(entry: dict[str, Any], words: dict[str, list[str]], sql: str | None) -> Table:
    types: dict[str, str | None] = {}
    if "frame" in entry:
        types |= {name: _SQL_TYPES[dtype] for name, dtype in getattr(frames, entry["frame"]).items()}
    types |= entry.get("types", {})
    types |= dict.fromkeys(entry.get("columns", ()))
    own: dict[str, str] = entry.get("words", {})
    if unknown := (types.keys() - words.keys()) | (own.keys() - types.keys()):
        raise ValueError(f"{DECLARATION}: {entry['name']}: without a word or column: {sorted(unknown)}")
    schema, name = entry["name"].split(".")
    return Table(
        schema=schema,
        name=name,
        kind=entry["kind"],
        name_zh=entry["name_zh"],
        grain=entry["grain"],
        columns=tuple(Column(n, words[n][0], own.get(n, words[n][1]), t) for n, t in types.items()),
        sql=sql,
    )
