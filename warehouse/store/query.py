"""Reads the published warehouse: always read-only, always the latest file, never any other file.

Each call opens an in-memory DuckDB and attaches the file read-only: a second `duckdb.connect()` to one path in one
process would go on returning the night it opened first. Within :func:`kept_open`, calls share what was opened. After
attaching, access to files is switched off and the configuration locked, so that a query from anywhere can neither write
nor read anything but the warehouse. What is left is in what DuckDB's own parser finds in the statement: of the functions
that stand in the place of a table, those named here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from warehouse.catalogue.frames import (
    MEASURE,
    OBSERVATION,
    RECEIVED,
    SUPPRESSED,
    Observations,
    Submissions,
    empty,
    shaped,
)
from warehouse.store.connection import attach_read_only, first_line, open_in_memory
from warehouse.store.near_names import explain_unknown_name
from warehouse.store.schema.tables import macros
from warehouse.store.statements import statement
from warehouse.words.near import find_nearest

NOT_APPLICABLE = "不适用"


class WarehouseMissing(Exception):
    """No warehouse is published, or it cannot be opened; one Chinese sentence with what to do."""


class QueryError(Exception):
    """DuckDB refuses a query; the reason in Chinese, with DuckDB's own words."""


class _Opened(NamedTuple):
    """A file that is kept open: which one it is, since another may come under its name, and the connection to it."""

    identity: tuple[int, int, int]
    connection: duckdb.DuckDBPyConnection


_KEPT: ContextVar[dict[Path, _Opened] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_open() -> Iterator[None]:
    """Within, ``read_only`` opens a published file once, until another comes under its name.

    For whoever asks many questions in a row, each of which takes less time than opening the file.
    """
    kept: dict[Path, _Opened] = {}
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)
        for opened in kept.values():
            opened.connection.close()


@contextmanager
def read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the published file that can only read it. WarehouseMissing, WarehouseOccupied."""
    if not path.exists():
        raise WarehouseMissing(
            f"还没有数据仓库（{path}）。请先运行 nianbao nightly，或核对 NIANBAO_HOME 的设置。"
        )
    kept = _KEPT.get()
    if kept is None:
        with _open(path) as connection:
            yield connection
        return
    found = path.stat()
    identity = (found.st_dev, found.st_ino, found.st_mtime_ns)
    if path in kept and kept[path].identity != identity:
        kept.pop(path).connection.close()
    if path not in kept:
        kept[path] = _Opened(identity, _open(path))
    with kept[path].connection.cursor() as cursor:
        cursor.execute("USE warehouse")
        yield cursor


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that can only read the file at ``path``. WarehouseMissing, WarehouseOccupied."""
    with ExitStack() as opening:
        connection = opening.enter_context(open_in_memory())
        try:
            attach_read_only(connection, path, "warehouse")
            connection.execute("USE warehouse")
        except duckdb.Error as error:
            raise WarehouseMissing(
                f"数据仓库 {path} 无法打开：{first_line(error)}。请运行 nianbao doctor 检查。"
            ) from error
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        opening.pop_all()
    return connection


def query(path: Path, sql: str, parameters: Sequence[Any] | None = None) -> pl.DataFrame:
    """The result of one query as a frame. QueryError, WarehouseMissing."""
    with read_only(path) as connection:
        return run(connection, sql, parameters)


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | None = None
) -> pl.DataFrame:
    """The same over a connection of ``read_only``: several queries of one connection see one night. QueryError."""
    try:
        return connection.execute(_parse_reading_statement(connection, sql), parameters).pl()
    except duckdb.Error as error:
        raise QueryError(_in_chinese(connection, sql, error)) from error


def _parse_reading_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one statement of ``sql``, which may only read. QueryError, duckdb.Error."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"一次只能执行一条查询，收到 {len(statements)} 条。")
    if statements[0].type not in READING:
        raise QueryError(f"数据仓库只供查询，不能执行 {statements[0].type.name} 语句。")
    _require_reading(connection, statements[0].query)
    return statements[0]


def _require_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Nothing but reading in DuckDB's own syntax tree of ``sql``. QueryError.

    EXPLAIN takes any statement, some table functions set up logs or take addresses in memory (``pandas_scan(NULL)`` ends
    the process), and ``query('…')`` takes text that is put together.
    """
    asked = _EXPLAIN.sub("", sql, count=1)
    tree = connection.execute("SELECT json_serialize_sql(?)", [asked]).fetchall()[0][0]
    if connection.execute("SELECT (?::JSON ->> 'error')::BOOLEAN", [tree]).fetchone() != (False,):
        raise QueryError("数据仓库只供查询，只能执行 SELECT、DESCRIBE、SUMMARIZE 语句和它们的 EXPLAIN。")
    for name, is_table in connection.execute(_FUNCTIONS, [tree]).fetchall():
        if name in _WRITING or (is_table and name not in TABLE_FUNCTIONS | MACRO_NAMES):
            near = find_nearest(name, sorted(MACRO_NAMES))
            meant = "" if near is None else f"是否为 {sorted(MACRO_NAMES)[near]}？"
            raise QueryError(f"查询只能读取数据仓库本身，不能使用函数 {name}。{meant}")


@contextmanager
def stream(
    connection: duckdb.DuckDBPyConnection, sql: str, rows: int
) -> Iterator[tuple[int, Iterator[pl.DataFrame]]]:
    """The row count of a query, and its rows in frames of at most ``rows``; the first frame is empty, with the columns.

    Over a connection of ``read_only``, which answers nothing else until the rows are read. QueryError.
    """
    try:
        statement = _parse_reading_statement(connection, sql)
        counted = f"SELECT count(*) FROM ({statement.query.rstrip().rstrip(';')}\n)"
        count = connection.execute(counted).fetchone()
        reader = connection.execute(statement).to_arrow_reader(rows)
    except duckdb.Error as error:
        raise QueryError(_in_chinese(connection, sql, error)) from error
    empty_frame = pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))
    parts = (pl.DataFrame(pl.from_arrow(batch)) for batch in reader)
    yield (count[0] if count else 0), chain([empty_frame], parts)


READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
_EXPLAIN = re.compile(r"^\s*EXPLAIN\b\s*(ANALYZE\b\s*)?(\([^()]*\)\s*(?=\w))?", re.IGNORECASE)
TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns", "duckdb_constraints", "duckdb_databases", "duckdb_functions", "duckdb_keywords",
        "duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views", "generate_series", "histogram",
        "histogram_values", "json_each", "json_tree", "pragma_table_info", "query_table", "range", "repeat", "summary",
        "unnest",
    }
)  # fmt: skip
"""The functions that may stand in the place of a table: they look at nothing but the warehouse and their arguments."""
MACRO_NAMES = frozenset(macro.name for macro in macros())
_WRITING = frozenset({"write_log"})
_FUNCTIONS = """SELECT DISTINCT lower(atom ->> '$'), path LIKE '%.function' FROM json_tree(?::JSON)
                WHERE key = 'function_name'"""


def read_standing_measures(path: Path) -> pl.DataFrame:
    """MEASURE rows of the standing submissions of all years."""
    return query(path, f"SELECT {', '.join(MEASURE)} FROM core.measure").pipe(shaped, MEASURE)


def read_earlier(
    connection: duckdb.DuckDBPyConnection, submissions: Submissions, answering: Collection[str]
) -> tuple[pl.DataFrame, Observations]:
    """RECEIVED of all readable submissions of the same units in order of receipt; OBSERVATION of those that may be answered.

    ``answering``: which of ``submissions`` answer an earlier one. What that said is needed, and what others of the same
    unit and year have said since.
    """
    units = submissions["unit_code"].unique().sort().to_list()
    received = (
        connection.execute(statement("warehouse.store", "received"), [units]).pl().pipe(shaped, RECEIVED)
    )
    answers = submissions.filter(pl.col("submission").is_in(list(answering)))
    wanted = received.join(answers, on=["unit_code", "year"], how="semi")["submission"].to_list()
    said = connection.execute("FROM core.observation_log WHERE list_contains(?, submission)", [wanted])
    return received, said.pl().pipe(shaped, OBSERVATION)


def read_known_submissions(path: Path) -> dict[str, int]:
    """Submission -> the seq of its receipt in the journal, of all in the warehouse; {} where there is none yet."""
    if not path.exists():
        return {}
    return dict(query(path, "SELECT submission, received_seq FROM quality.submission_log").iter_rows())


def read_journal_count(path: Path) -> int:
    """The number of journal entries when the warehouse was published; -1 where there is none yet."""
    if not path.exists():
        return -1
    return int(query(path, "SELECT coalesce(max(seq), 0) FROM quality.event").item())


def read_suppressed(path: Path) -> pl.DataFrame:
    """SUPPRESSED: the counts that the warehouse knows and does not publish; none where it is of a version that hid nothing."""
    try:
        return query(path, "FROM core.suppressed").pipe(shaped, SUPPRESSED)
    except (QueryError, WarehouseMissing):
        return empty(SUPPRESSED)


def read_last_versions(path: Path) -> dict[str, str]:
    """The versions of the run that made the warehouse, as quality.run names them; {} where it does not say."""
    try:
        found = query(
            path,
            """SELECT code_version, program_hash, catalogue_version, rules_version
               FROM quality.run ORDER BY started_at DESC LIMIT 1""",
        )
    except QueryError:
        return {}
    return {} if found.is_empty() else found.row(0, named=True)


def read_last_published(path: Path) -> datetime:
    """When the warehouse was published last (Beijing time, without a zone). WarehouseMissing."""
    at: datetime = query(path, "SELECT max(published_at) FROM quality.run").item()
    return at


def read_shown_heads(path: Path) -> list[tuple[str, int, str]]:
    """Run, journal_count and journal_hash of every night that the warehouse remembers."""
    if not path.exists():
        return []
    return query(path, "SELECT run, journal_count, journal_hash FROM quality.run ORDER BY run").rows()


def read_standing_entries(path: Path, unit_code: str, year: int) -> dict[str, pl.DataFrame]:
    """The entries of the standing submission of a unit and year, form by form, as a clerk would type them.

    Form id -> org_code + one column per field that the form had then, in form order; rows in the order of the sheet.
    A column is Float64, String, Boolean or Date, null = blank; one in which 不适用 stands beside others is Object.
    {} when no submission stands.
    """
    with read_only(path) as connection:
        return pivot_entries(
            connection, "core.observation", "o.unit_code = ? AND o.year = ?", [unit_code, year]
        )


def pivot_entries(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    condition: str,
    parameters: Sequence[Any],
    *,
    keep_row: bool = False,
) -> dict[str, pl.DataFrame]:
    """The entries of those observations of ``table`` (o) that meet ``condition``; see :func:`read_standing_entries`."""
    rows = run(
        connection,
        f"""SELECT o.form, o.sheet, o.row, o.org_code, o.field, o.state, o.value, o.text, d.type
            FROM {table} AS o
            JOIN mart.dictionary AS d ON d.kind = 'field' AND d.form = o.form AND d.name = o.field
            WHERE {condition}
            ORDER BY o.sheet, o.row""",
        parameters,
    )
    order = run(connection, "SELECT form, name FROM mart.dictionary WHERE kind = 'field'")
    return {
        str(form): _pivot_by_field(part, order.filter(pl.col("form") == form)["name"].to_list()).drop(
            ["sheet"] if keep_row else ["sheet", "row"]
        )
        for (form,), part in rows.partition_by("form", as_dict=True, maintain_order=True).items()
    }


def _pivot_by_field(rows: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """One form's observations side by side; one pass per field."""
    wide = rows.select("sheet", "row", "org_code").unique(maintain_order=True)
    for field in order:
        cells = rows.filter(pl.col("field") == field)
        if cells.height:
            typed = cells.select("sheet", "row", "state", typed=_cast_to_field(cells["type"][0]))
            joined = wide.select("sheet", "row").join(
                typed, on=["sheet", "row"], how="left", maintain_order="left"
            )
            wide = wide.with_columns(_entries(joined).alias(field))
    return wide


def _cast_to_field(field_type: str) -> pl.Expr:
    match field_type:
        case "boolean":
            return pl.col("text") == "true"
        case "date":
            return pl.col("text").str.to_date(strict=False)
        case "text" | "code":
            return pl.col("text")
        case _:
            return pl.col("value")


def _entries(cells: pl.DataFrame) -> pl.Series:
    """The typed values; 不适用 where that is the state."""
    not_applicable = (cells["state"] == "not_applicable").fill_null(False)
    if not not_applicable.any():
        return cells["typed"]
    if cells["typed"].dtype == pl.String:
        return cells.select(
            pl.when(not_applicable).then(pl.lit(NOT_APPLICABLE)).otherwise("typed")
        ).to_series()
    mixed = [NOT_APPLICABLE if na else v for na, v in zip(not_applicable, cells["typed"], strict=True)]
    return pl.Series(mixed, dtype=pl.Object)


def _in_chinese(connection: duckdb.DuckDBPyConnection, sql: str, error: duckdb.Error) -> str:
    text = str(error)
    meant = explain_unknown_name(connection, sql, text)
    match error:
        case duckdb.ParserException():
            return f"查询语句有语法错误：{text}"
        case duckdb.CatalogException() | duckdb.BinderException() if meant:
            return f"{meant}（可查 mart.dictionary）"
        case duckdb.CatalogException():
            return f"没有这个表或函数（可查 mart.dictionary）：{text}"
        case duckdb.BinderException():
            return f"没有这个列，或用法不对（可查 mart.dictionary）：{text}"
        case duckdb.PermissionException():
            return f"查询只能读取数据仓库本身，不能读写其他文件：{text}"
        case _ if "read-only" in text:
            return f"数据仓库只供查询，不能写入：{text}"
        case _:
            return f"查询未能执行：{text}"
