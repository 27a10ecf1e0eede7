"""Which tables a lake has: those of the published file, each row with the office that wrote it, and what readers need.

Whatever holds rows of its own goes in, so that every view and macro can be computed from it; of the views, those that
people read of several offices at once go in as tables, so that a snapshot of them can be asked for by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.store.schema.tables import Column, Table, tables

READ_TOGETHER = ("mart.indicator", "core.observation", "quality.submission")
"""Views of the file that are tables of the lake."""
ORDERED = "mart.dictionary"
"""Of its rows the place counts, too: views put forms in this order."""
OFFICE = Column("office", "机构", "写入该行的机构的代码，即其名录中最上级单位的代码。", "VARCHAR")
YEAR = "year"

PART = Table(
    "publication",
    "part",
    "built",
    "公布内容",
    "每行为一个机构的一个表在一个年度（没有年度的为全部）的内容（键：office + table_name + year），据此只写有变化的部分。",
    (
        OFFICE,
        Column("table_name", "表名", "库名.表名。", "VARCHAR"),
        Column("year", "年度", "报告年度；表中没有年度的为空。", "INTEGER"),
        Column("row_count", "行数", "该部分的行数。", "BIGINT"),
        Column("content_hash", "内容校验值", "各行校验值之和；内容不同则值不同。", "VARCHAR"),
    ),
)
STATEMENT = Table(
    "publication",
    "statement",
    "built",
    "查询定义",
    "每行为一条建立视图或查询函数的语句（键：office + position）；依次执行后，可像查询单个文件一样查询该机构的数据。",
    (
        Column("position", "次序", "执行的次序。", "INTEGER"),
        Column("statement", "语句", "DuckDB 的一条语句。", "VARCHAR"),
    ),
)


def list_contents() -> Iterator[Table]:
    """The tables and views of the published file whose rows go into a lake."""
    names = {table.full_name for table in tables().values() if table.kind != "view"}
    return (tables()[name] for name in tables() if name in names.union(READ_TOGETHER))


def has_years(table: Table) -> bool:
    """Whether the rows of a table belong to report years."""
    return any(column.name == YEAR for column in table.columns)
