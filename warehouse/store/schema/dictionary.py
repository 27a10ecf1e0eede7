"""The dictionary: what every field, measure, indicator, form, programme, table and column means, rendered.

Nothing is written here: words come from the catalogue (form, field, measure, indicator) and from tables.yaml (table,
column). The same rows become `mart.dictionary` and docs/dictionary.md. ``python -m warehouse.store.schema.dictionary
docs/dictionary.md`` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.catalogue.disclosure import OPEN, classify
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Break, Dated, Field, Form, Indicator, Measure
from warehouse.expression.expression import Term, parse
from warehouse.registry.levels import Level
from warehouse.store.schema.formula_sql import write_formula_sql, write_measure_sql
from warehouse.store.schema.shapes import ZH, list_shapes
from warehouse.store.schema.tables import SCHEMAS, macros, tables
from warehouse.words import labels
from warehouse.words.day_words import years_words
from warehouse.words.statistical_terms import list_counted, list_suffixes
from warehouse.words.templates import render_text


def find_label(catalogue: Catalogue, name: str) -> str:
    """The Chinese name of a measure or else an indicator; the name itself when it is neither."""
    if name in catalogue.measures:
        return catalogue.measures[name].label
    return catalogue.indicators[name].name_zh if name in catalogue.indicators else name


def write_term(catalogue: Catalogue, term: Term) -> str:
    """A term of a formula in Chinese words."""
    since = "" if term.since is None else f", {term.since}"
    text = term.name if term.function is None else f"{term.function}({term.name}{since})"
    return parse(text).words(lambda t: find_label(catalogue, t.name))


def write_formula(catalogue: Catalogue, indicator: Indicator) -> str:
    """The indicator's formula in Chinese words."""
    return parse(indicator.formula).words(lambda term: find_label(catalogue, term.name))


def write_condition(catalogue: Catalogue, form: Form, where: str) -> str:
    """A count's condition in Chinese words, with the labels of the form's own fields."""
    named = {f.id: f.label for f in form.fields} | {"org_level": "单位层级", "year": "报告年度"}
    text = parse(where).words(lambda term: named.get(term.name, term.name))
    for level, zh in labels.LEVEL_SHORT.items():
        text = text.replace(f"“{level}”", f"“{zh}”")
    return text


def write_measure_source(catalogue: Catalogue, measure: Measure) -> str:
    """Where a measure's number comes from, in Chinese words."""
    form = catalogue.forms.get(measure.form)
    if form is None:
        return "由单位名录计得"
    if measure.where is None:
        return f"{form.number}“{measure.label}”栏"
    return f"{form.number}中{write_condition(catalogue, form, measure.where)}的行数"


def write_measure_columns(catalogue: Catalogue, measure: Measure) -> str:
    """The form and the columns in which a measure's number is filled in: 年3-1表“级别”“运行状态”栏."""
    form = catalogue.forms.get(measure.form)
    if form is None:
        return "单位名录"
    read = {measure.id} if measure.where is None else parse(measure.where).names
    fields = [f"“{f.label}”" for f in form.fields if f.id in read]
    return f"{form.number}{''.join(fields)}栏"


def list_definitions(catalogue: Catalogue) -> pl.DataFrame:
    """`mart.dictionary`: one row per definition; key kind + name + form."""
    rows = [
        *_list_programmes(catalogue),
        *_list_forms(catalogue),
        *_list_measures(catalogue),
        *_list_indicators(catalogue),
        *_list_tables(catalogue),
    ]
    schema = tables()["mart.dictionary"].frame_schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _find_uses(catalogue: Catalogue) -> dict[str, list[str]]:
    """Measure, field or indicator -> the indicators that read it, in the order of the catalogue."""
    uses: dict[str, list[str]] = {}
    for indicator in catalogue.indicators.values():
        read = catalogue.measures_of(indicator)
        names = [m.id for m in read] + [n for m in read if m.where for n in sorted(parse(m.where).names)]
        names += sorted(parse(indicator.formula).names & catalogue.indicators.keys())
        for name in dict.fromkeys(names):
            uses.setdefault(name, []).append(indicator.id)
    return uses


def _write_breaks(breaks: Iterable[Break]) -> str | None:
    return "；".join(f"{b.year}年度：{b.text.rstrip('。')}" for b in breaks) or None


def _find_dates(*records: Dated | None) -> dict[str, int | None]:
    """Since and until when all of them are asked."""
    since = [r.since for r in records if r is not None and r.since is not None]
    until = [r.until for r in records if r is not None and r.until is not None]
    return {"since": max(since, default=None), "until": min(until, default=None)}


def _list_programmes(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for programme in catalogue.programmes.values():
        yield {
            "kind": "programme",
            "name": programme.id,
            "name_zh": programme.name_zh,
            "meaning": f"工作项目“{programme.name_zh}”。",
            "programme": programme.id,
        }


def _list_forms(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    uses = _find_uses(catalogue)
    for form in catalogue.forms.values():
        of_form = {"form": form.id, "form_number": form.number, "programme": form.programme}
        yield {
            "kind": "form",
            "name": form.id,
            "name_zh": form.title,
            "meaning": f"{form.grain}。",
            "unit": form.unit_text(form.fields) or None,
            "type": "名册" if form.is_roster else "按单位填报",
            "levels": ",".join(form.levels),
            **_find_dates(form),
            **of_form,
        }
        for field in form.fields:
            yield {
                "kind": "field",
                "name": field.id,
                "name_zh": field.label,
                "unit": field.unit or None,
                "meaning": field.meaning,
                "form_column": f"{form.number}“{field.label}”栏",
                "type": field.type,
                "levels": ",".join(form.levels_of(field)),
                "breaks": _write_breaks(field.breaks),
                "used_in": ",".join(uses.get(field.id, ())) or None,
                **_find_dates(form, field),
                **of_form,
            }


def _list_measures(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    uses = _find_uses(catalogue)
    for measure in catalogue.measures.values():
        field = catalogue.field_of(measure)
        form = catalogue.forms.get(measure.form)  # None: counted from the registry of org units
        yield {
            "kind": "measure",
            "name": measure.id,
            "name_zh": measure.label,
            "unit": measure.unit or None,
            "meaning": measure.meaning,
            "formula": f"count(*) WHERE {measure.where}" if measure.where else measure.id,
            "formula_zh": write_measure_source(catalogue, measure),
            "formula_sql": write_measure_sql(measure.id),
            "form_column": write_measure_columns(catalogue, measure),
            "form": form.id if form else None,
            "form_number": form.number if form else None,
            "programme": form.programme if form else None,
            "type": measure.kind,
            "breaks": _write_breaks(field.breaks) if field else None,
            "used_in": ",".join(uses.get(measure.id, ())) or None,
            **_find_dates(form, field),
            "levels": ",".join(measure.levels),
            "disclosure": classify(catalogue.settings.disclosure, measure.id, [measure.id]),
        }


def _list_indicators(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    uses = _find_uses(catalogue)
    for indicator in catalogue.indicators.values():
        measures = catalogue.measures_of(indicator)
        forms = {m.form: catalogue.forms[m.form].number for m in measures if m.form in catalogue.forms}
        yield {
            "kind": "indicator",
            "name": indicator.id,
            "name_zh": indicator.name_zh,
            "unit": indicator.unit or None,
            "meaning": indicator.meaning,
            "formula": indicator.formula,
            "formula_zh": write_formula(catalogue, indicator),
            "formula_sql": write_formula_sql(catalogue, indicator),
            "form": ",".join(forms) or None,
            "form_number": "、".join(forms.values()) or "单位名录",
            "form_column": _write_columns(catalogue, indicator),
            "programme": indicator.programme,
            "type": indicator.kind,
            "levels": ",".join(catalogue.computed_levels(indicator)),
            "breaks": _write_breaks(catalogue.breaks_of(indicator)),
            "used_in": ",".join(n for n in uses.get(indicator.id, ()) if n != indicator.id) or None,
            **_find_dates(*_list_dated(catalogue, measures)),
            "is_published": indicator.is_published,
            "disclosure": _classify_indicator(catalogue, indicator),
            "source": indicator.source or None,
        }


def _classify_indicator(catalogue: Catalogue, indicator: Indicator) -> str:
    read = catalogue.expand_formula(indicator).names
    return classify(catalogue.settings.disclosure, indicator.formula, read)


def _list_dated(catalogue: Catalogue, measures: Iterable[Measure]) -> Iterator[Dated | None]:
    for measure in measures:
        yield catalogue.forms.get(measure.form)
        yield catalogue.field_of(measure)


def _write_columns(catalogue: Catalogue, indicator: Indicator) -> str:
    """Where the numbers of an indicator are filled in."""
    found = (write_measure_columns(catalogue, m) for m in catalogue.measures_of(indicator))
    return "；".join(dict.fromkeys(found))


def _list_tables(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for name, (name_zh, meaning) in SCHEMAS.items():
        yield {"kind": "schema", "name": name, "name_zh": name_zh, "meaning": meaning}
    for shape in list_shapes(catalogue):  # their columns are indicators and fields, which are defined above
        yield {"kind": "view", "name": shape.full_name, "name_zh": shape.name_zh, "meaning": shape.grain}
    for table in tables().values():
        yield {
            "kind": "view" if table.kind == "view" else "table",
            "name": table.full_name,
            "name_zh": table.name_zh,
            "meaning": table.grain,
        }
        for column in table.columns:
            yield {
                "kind": "column",
                "name": f"{table.full_name}.{column.name}",
                "name_zh": column.name_zh,
                "meaning": column.meaning,
                "type": column.sql_type,
            }
    for macro in macros():
        yield {
            "kind": "macro",
            "name": macro.name,
            "name_zh": macro.name_zh,
            "meaning": macro.meaning,
            "formula": macro.full_name,
            "type": "表" if macro.is_table else "值",
        }


def format_dictionary(catalogue: Catalogue) -> str:
    """The whole dictionary as a Chinese Markdown page."""
    return render_text(
        "warehouse.store.schema",
        "dictionary.md",
        programmes=[
            {
                "number": number,
                "programme": programme,
                "rows": rows,
                "breaks": _list_breaks(catalogue, programme.id),
            }
            for number, programme in enumerate(catalogue.programmes.values(), start=1)
            if (rows := _indicator_rows(catalogue, programme.id))
        ],
        forms=[
            {
                "form": form,
                "levels": _levels(form.levels),
                "years": years_words(form.since, form.until),
                "rows": [_field_row(catalogue, field) for field in form.fields],
                "counts": [
                    (c.label, f"`{c.id}`", c.unit, write_condition(catalogue, form, c.where), c.meaning)
                    for c in form.counts
                ],
            }
            for form in catalogue.forms.values()
        ],
        codes=[
            (f"`{codes.id}`", f"{code.label}{_write_years(code)}", "、".join(code.aliases))
            for codes in catalogue.code_lists.values()
            for code in codes.codes
        ],
        tables=[
            {
                "table": table,
                "kind": labels.TABLE_KIND[table.kind],
                "rows": [(f"`{c.name}`", c.name_zh, c.sql_type or "", c.meaning) for c in table.columns],
            }
            for table in tables().values()
        ],
        shapes=[
            (f"`{shape.full_name}`", shape.name_zh, shape.grain)
            for shape in list_shapes(catalogue)
            if shape.schema != ZH
        ],
        macros=[
            {"macro": macro, "rows": [(f"`{c.name}`", c.name_zh, c.meaning) for c in macro.columns]}
            for macro in macros()
        ],
        terms=[
            (
                f"`{s.shown}`",
                s.term,
                s.meaning,
                "、".join(labels.KIND[k] for k in s.kinds),
                s.example,
                "或".join(word.format("2020") for word in s.words),
            )
            for s in list_suffixes()
        ],
        counted=[(c.word, c.meaning) for c in list_counted()],
    )


def _list_breaks(catalogue: Catalogue, programme: str) -> list[tuple[str, str]]:
    """Indicator and its changes of meaning, of those that have any."""
    found = ((i, _write_breaks(catalogue.breaks_of(i))) for i in catalogue.indicators.values())
    return [(i.name_zh, breaks) for i, breaks in found if breaks and i.programme == programme]


def _indicator_rows(catalogue: Catalogue, programme: str) -> list[tuple[str, ...]]:
    return [
        (
            i.name_zh,
            f"`{i.id}`",
            i.unit,
            labels.KIND[i.kind],
            write_formula(catalogue, i),
            _write_columns(catalogue, i),
            i.meaning,
            _levels(catalogue.computed_levels(i)),
            "是" if i.is_published else "",
            _write_disclosure(_classify_indicator(catalogue, i)),
        )
        for i in catalogue.indicators.values()
        if i.programme == programme
    ]


def _write_disclosure(name: str) -> str:
    return "" if name == OPEN else labels.DISCLOSURE[name]


def _field_row(catalogue: Catalogue, field: Field) -> tuple[str, ...]:
    kind = labels.KIND.get(field.kind or "", "")
    label = f"{field.label}{_write_years(field)}"
    return label, f"`{field.id}`", _type(catalogue, field), field.unit, kind, field.meaning


def _write_years(record: Dated) -> str:
    """The report years of a dated answer or field, in brackets."""
    words = years_words(record.since, record.until)
    return f"（{words}）" if words else ""


def _type(catalogue: Catalogue, field: Field) -> str:
    return labels.FIELD_TYPE[field.type] if field.codes is None else f"代码 `{field.codes}`"


def _levels(levels: Iterable[Level]) -> str:
    return "、".join(labels.LEVEL_SHORT[level] for level in levels)


def write_dictionary(path: Path, catalogue: Catalogue) -> None:
    """Write the page to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(format_dictionary(catalogue), encoding="utf-8")


if __name__ == "__main__":
    write_dictionary(Path(sys.argv[1]), load_catalogue())
