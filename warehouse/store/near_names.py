"""Says of a name that a query uses and the published file does not have what was probably meant."""

from __future__ import annotations

import re

import duckdb

from warehouse.words.near import find_nearest

_NEAR = 60.0
"""Of 100: names of letters share more by chance than Chinese ones."""
_COLUMN = re.compile(
    r'Referenced (?:column|table) "(?P<bare>[^"]+)" not found|does not have a column named "(?P<of_table>[^"]+)"'
)
_TABLE = re.compile(r"Table with name (?P<name>\S+) does not exist")
_MACRO = re.compile(r"(?:Table|Scalar) Function with name (?P<name>\S+) does not exist")
_COLUMNS = """SELECT column_name, coalesce(comment, ''), schema_name || '.' || table_name FROM duckdb_columns()
              WHERE database_name = 'warehouse' AND NOT internal ORDER BY schema_name = 'mart' DESC, column_index"""
_INDICATORS = "SELECT name, name_zh FROM mart.dictionary WHERE kind = 'indicator'"
_TABLES = """SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'warehouse' UNION ALL
             SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE database_name = 'warehouse' AND NOT internal"""
_MACROS = """SELECT DISTINCT function_name FROM duckdb_functions()
             WHERE NOT internal AND function_type IN ('macro', 'table_macro') AND database_name = 'warehouse'"""


def explain_unknown_name(connection: duckdb.DuckDBPyConnection, sql: str, message: str) -> str:
    """A sentence with the name nearest to the one that DuckDB's ``message`` about ``sql`` finds missing; '' for none."""
    try:
        if found := _COLUMN.search(message):
            return _explain_column(connection, sql, found["bare"] or found["of_table"])
        if found := _TABLE.search(message):
            return _explain_table(connection, found["name"].strip('"!'))
        if found := _MACRO.search(message):
            macros = [name for (name,) in connection.execute(_MACROS).fetchall()]
            at = find_nearest(found["name"], macros, _NEAR)
            return "" if at is None else f"没有查询函数 {found['name']}，是否为 {macros[at]}？"
    except duckdb.Error:  # what was asked about is no published file
        return ""
    return ""


def _explain_column(connection: duckdb.DuckDBPyConnection, sql: str, name: str) -> str:
    """An indicator's own place; else the nearest column of the tables that the query names; else where it is a column."""
    indicators = dict(connection.execute(_INDICATORS).fetchall())
    if name in indicators:
        return (
            f"没有列 {name}。{name}（{indicators[name]}）是一项指标：在 mart.indicator 中写 indicator = '{name}'，"
            "或查每项指标一列的 mart.city_year、mart.county_year、mart.township_year。"
        )
    columns = connection.execute(_COLUMNS).fetchall()
    asked = [row for row in columns if _names_table(sql, row[2])]
    asked = asked or [row for row in columns if row[2] == "mart.indicator"]  # whose columns the macros give
    spelt = [column for column, _, _ in asked] + [comment.partition("：")[0] for _, comment, _ in asked]
    if (at := find_nearest(name, spelt, _NEAR)) is not None:
        column, comment, table = asked[at % len(asked)]
        name_zh, _, meaning = comment.partition("：")
        return f"没有列 {name}，是否为 {table} 的 {column}（{name_zh}）？{meaning}"
    elsewhere = list(dict.fromkeys(table for column, _, table in columns if column == name))
    return f"没有列 {name}，有此列的是 {'、'.join(elsewhere[:5])}。" if elsewhere else ""


def _names_table(sql: str, table: str) -> bool:
    schema, _, name = table.partition(".")
    return re.search(rf'\b{schema}\s*\.\s*"?{re.escape(name)}\b', sql, re.IGNORECASE) is not None


def _explain_table(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
    short = [table.partition(".")[2] for table in tables]
    at = find_nearest(name.rpartition(".")[2], short, _NEAR)
    return "" if at is None else f"没有表 {name}，是否为 {tables[at]}？"
