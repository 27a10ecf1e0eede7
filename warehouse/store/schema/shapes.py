"""Views that the catalogue shapes: a column for each indicator, a table for each roster, and all of it in Chinese.

What they hold is in other tables already; they exist for people who want to look at it as a sheet.
"""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.registry.levels import Level
from warehouse.store.schema.tables import Column, Table, quote, tables

ZH = "mart_zh"
"""The schema of the views with Chinese names."""
_WIDE: dict[Level, str] = {"city": "全市", "county": "县级", "township": "乡镇级"}
_PLACE = ("year", "org_code", "org_name")
_NUMERIC = ("count", "cny", "rank", "year")


def list_shapes(catalogue: Catalogue) -> list[Table]:
    """The wide tables, the rosters, and a Chinese view of each table of mart, these included; in order of creation."""
    shapes = [*_list_wide(catalogue), *_list_rosters(catalogue)]
    shown = [t for t in (*tables().values(), *shapes) if t.schema == "mart" and t.kind != "log"]
    return [*shapes, *map(_translate, shown)]


def _list_wide(catalogue: Catalogue) -> Iterator[Table]:
    words = {c.name: c for c in tables()["mart.indicator"].columns}
    for level, name_zh in _WIDE.items():
        found = [i for i in catalogue.indicators.values() if level in catalogue.computed_levels(i)]
        if not found:
            continue
        columns = [words[name] for name in _PLACE]
        columns += [Column(i.id, i.name_zh, f"{i.meaning}单位：{i.unit}。", None) for i in found]
        columns += [
            Column("least_coverage_pct", "最低覆盖率", "本行各项指标覆盖率中最低的（0—100 制）。", None),
            Column(
                "maturity", "数据性质", "本行有数的各项指标都已审定的为 final，否则为 provisional。", None
            ),
        ]
        values = ",\n       ".join(f"max(value) FILTER (indicator = {quote(i.id)}) AS {i.id}" for i in found)
        yield Table(
            "mart",
            f"{level}_year",
            "view",
            f"{name_zh}年度指标",
            f"每行为一个年度的一个{name_zh}单位（键：year + org_code），每列为一项指标的数；无数的原因见 mart.indicator。",
            tuple(columns),
            f"""SELECT year, org_code, any_value(org_name) AS org_name,
       {values},
       min(coverage_pct) AS least_coverage_pct,
       CASE WHEN bool_and(maturity = 'final') FILTER (value IS NOT NULL) THEN 'final' ELSE 'provisional' END AS maturity
FROM mart.indicator WHERE org_level = {quote(level)} GROUP BY year, org_code ORDER BY year, org_code""",
        )


def _list_rosters(catalogue: Catalogue) -> Iterator[Table]:
    words = {c.name: c for c in tables()["core.observation"].columns}
    for form in catalogue.forms.values():
        if not form.is_roster:
            continue
        item = form.field(form.item_field) if form.item_field else None
        own = [Column(f.id, f.label, f.meaning, None) for f in form.fields]
        extra = [
            Column(
                "is_new", "是否本年新列入", "本年名册中有而本单位上年名册中没有的；没有上年名册的为空。", None
            ),
            Column("is_last", "是否下年不再列入", "本单位下年名册中不再有的；没有下年名册的为空。", None),
            Column("changes", "与上年的变动", "与上年名册相比改变了的各栏（前→后）；没有的为空。", None),
        ]
        places = [words[n] for n in ("year", "unit_code", "org_code", "org_name")]
        where = [words[n] for n in ("submission", "sheet", "row")]
        yield Table(
            "mart",
            form.id,
            "view",
            form.title,
            f"{form.grain}、一个年度（键：submission + sheet + row），取自在用报送件。",
            (*places, *own, *(extra if item else ()), *where),
            _select_roster(form, item),
        )


def _select_roster(form: Form, item: Field | None) -> str:
    values = ",\n           ".join(
        f"max({_content(f)}) FILTER (field = {quote(f.id)}) AS {f.id}" for f in form.fields
    )
    names = ", ".join(f"s.{f.id}" for f in form.fields)
    listed = f"""SELECT year, unit_code, org_code, any_value(org_name) AS org_name, submission, sheet, row,
           {values}
    FROM core.observation WHERE form = {quote(form.id)}
    GROUP BY year, unit_code, org_code, submission, sheet, row"""
    if item is None:
        return f"""SELECT s.year, s.unit_code, s.org_code, s.org_name, {names}, s.submission, s.sheet, s.row
FROM ({listed}) AS s"""
    changed = ", ".join(
        f"CASE WHEN p.row IS NOT NULL AND s.{f.id} IS DISTINCT FROM p.{f.id} "
        f"THEN {quote(f.label)} || '：' || coalesce(CAST(p.{f.id} AS VARCHAR), '…') || '→'"
        f" || coalesce(CAST(s.{f.id} AS VARCHAR), '…') END"
        for f in form.fields
        if f is not item
    )
    beside = "{0}.year = s.year {1} 1 AND {0}.unit_code = s.unit_code"
    named_alike = "{0}." + f"{item.id} = s.{item.id}"
    one_a_name = f"(SELECT DISTINCT ON (year, unit_code, {item.id}) * FROM listed)"
    return f"""WITH listed AS (
    {listed}
), reported AS (
    SELECT DISTINCT year, unit_code FROM listed
)
SELECT s.year, s.unit_code, s.org_code, s.org_name, {names},
       CASE WHEN b.year IS NOT NULL THEN p.row IS NULL END AS is_new,
       CASE WHEN a.year IS NOT NULL THEN n.row IS NULL END AS is_last,
       nullif(concat_ws('；', {changed}), '') AS changes, s.submission, s.sheet, s.row
FROM listed AS s
LEFT JOIN reported AS b ON {beside.format("b", "-")}
LEFT JOIN reported AS a ON {beside.format("a", "+")}
LEFT JOIN {one_a_name} AS p ON {beside.format("p", "-")} AND {named_alike.format("p")}
LEFT JOIN {one_a_name} AS n ON {beside.format("n", "+")} AND {named_alike.format("n")}"""


def _content(field: Field) -> str:
    """What a cell holds, in the type of its field; null where nothing was filled in."""
    if field.type == "year":
        return "CAST(value AS INTEGER)"
    if field.type in _NUMERIC:
        return "value"
    return (
        "CAST(text AS DATE)"
        if field.type == "date"
        else "text = 'true'"
        if field.type == "boolean"
        else "text"
    )


def _translate(table: Table) -> Table:
    """The view with Chinese names of a table of mart: the name of the table, and of every column."""
    chosen = ", ".join(f'"{column.name}" AS {_quote_name(column.name_zh)}' for column in table.columns)
    columns = tuple(Column(c.name_zh, c.name_zh, f"{c.meaning}（{c.name}）", None) for c in table.columns)
    return Table(
        ZH,
        table.name_zh,
        "view",
        table.name_zh,
        f"内容同 {table.full_name}。{table.grain}",
        columns,
        f"SELECT {chosen} FROM {table.full_name}",
    )


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
