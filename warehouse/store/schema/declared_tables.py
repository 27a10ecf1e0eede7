"""Tables that the catalogue alone says: who reports which year, and which cells a published indicator rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import polars as pl

from warehouse.catalogue.frames import Schema
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Measure
from warehouse.catalogue.settings import Settings
from warehouse.expression.expression import Expression, parse
from warehouse.store.schema.dictionary import write_term
from warehouse.store.schema.formula_sql import write_value
from warehouse.store.schema.tables import Macro, macros, quote, tables


def list_terms(catalogue: Catalogue) -> pl.DataFrame:
    """What the formula of each indicator reads, down to measures: the table mart.term."""
    years = range(catalogue.settings.first_year, catalogue.settings.last_year + 1)
    rows = []
    for indicator in catalogue.indicators.values():
        formula = catalogue.expand_formula(indicator)
        window, inner = formula.window or (None, formula)
        is_aligned = not inner.is_sum and len(inner.terms) > 1
        block = _find_block_level(catalogue, [catalogue.measures[term.name] for term in inner.terms])
        for position, term in enumerate(inner.terms, start=1):
            measure = catalogue.measures[term.name]
            rows.append({
                "indicator": indicator.id, "position": position, "term": term.column, "label": write_term(catalogue, term),
                "measure": measure.id, "form": measure.form, "function": term.function, "since": term.since,
                "window_function": window, "is_aligned": is_aligned, "block_level": block,
                "levels": catalogue.asked_levels(measure), "years": catalogue.asked_years(measure, years),
                "fields": _list_fields(catalogue, measure),
            })  # fmt: skip
    return pl.DataFrame(rows, schema=tables()["mart.term"].frame_schema)


def _list_fields(catalogue: Catalogue, measure: Measure) -> list[str]:
    """The fields whose cells show a measure: its own; of a count those that its condition reads, in the order of the form.

    Where every row counts, it is shown at the field that names the row. A number of the registry has none.
    """
    form = catalogue.forms.get(measure.form)
    if form is None:
        return []
    if measure.where is None:
        return [measure.id]
    names = parse(measure.where).names
    return [f.id for f in form.fields if f.id in names] or [form.item_field or form.fields[0].id]


def list_macros(catalogue: Catalogue) -> list[Macro]:
    """The declared macros, ``formula_value`` with the formulas of all indicators in it."""
    formulas = {i.id: catalogue.expand_formula(i) for i in catalogue.indicators.values()}
    cases = "\n".join(f"WHEN {quote(name)} THEN {_write_sql(formula)}" for name, formula in formulas.items())
    return [
        dataclasses.replace(macro, sql=macro.sql.replace(_CASES, cases or "WHEN NULL THEN NULL"))
        for macro in macros()
    ]


_CASES = "/* formulas */"


def _write_sql(formula: Expression) -> str:
    """What is within the window function, over the list ``terms``."""
    _, inner = formula.window or (None, formula)
    places = {term: f"terms[{position}]" for position, term in enumerate(inner.terms, start=1)}
    return f"CAST({write_value(inner, places.__getitem__)} AS DOUBLE)"


def _find_block_level(catalogue: Catalogue, measures: Sequence[Measure]) -> str:
    """Where the terms of a formula meet: what is left out as a whole when one of them is missing there."""
    asked = {frozenset(catalogue.asked_levels(measure)) for measure in measures}
    if len(asked) == 1 or all(levels & {"township", "village"} for levels in asked):
        return "base"
    return "county" if all(levels - {"city"} for levels in asked) else "city"


_OF_THE_YEAR = (None, "total")
"""Term functions that read the year itself alone; None: the term is a plain name."""


def list_expected_reports(catalogue: Catalogue) -> pl.DataFrame:
    """Who reports which year: year, unit_code (key), unit_name, unit_level, due_date; the city as its own level."""
    settings = catalogue.settings
    years = range(settings.first_year, settings.last_year + 1)
    return pl.concat(
        catalogue.registry.roster(year).with_columns(
            pl.lit(year, pl.Int32).alias("year"),
            pl.when(pl.col("unit_level") == "city")
            .then(pl.lit(settings.city.own_level_name))
            .otherwise("unit_name")
            .alias("unit_name"),
            due_date(settings, year),
        )
        for year in years
    )


def due_date(settings: Settings, year: int) -> pl.Expr:
    """When each unit_code is due for ``year``: the common deadline, or the extension it was granted."""
    granted = {e.unit: e.until for e in settings.extensions if e.year == year}
    return (
        pl.col("unit_code")
        .replace_strict(granted, default=settings.deadline.due_date(year), return_dtype=pl.Date)
        .alias("due_date")
    )


def list_uses(catalogue: Catalogue) -> pl.DataFrame:
    """Which cells move an indicator: indicator, measure, form, field (key), is_count, levels, years, is_published."""
    rows = []
    for indicator in catalogue.indicators.values():
        formula = catalogue.expand_formula(indicator)
        is_streak = formula.window is not None and formula.window[0] == "streak"
        for name in sorted(formula.names & catalogue.measures.keys()):
            measure = catalogue.measures[name]
            is_same = not is_streak and all(
                term.function in _OF_THE_YEAR for term in formula.terms if term.name == name
            )
            rest = (measure.levels, "same" if is_same else "earlier", indicator.is_published)
            rows.append((indicator.id, name, measure.form, name, False, *rest))
            if measure.where is not None and measure.form in catalogue.forms:
                form = catalogue.forms[measure.form]
                fields = parse(measure.where).names | ({form.item_field} if form.item_field else set())
                rows += [(indicator.id, name, measure.form, field, True, *rest) for field in sorted(fields)]
    schema: Schema = {
        **dict.fromkeys(("indicator", "measure", "form", "field"), pl.String),
        "is_count": pl.Boolean,
        "levels": pl.List(pl.String),
        "years": pl.String,
        "is_published": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
