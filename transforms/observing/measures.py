"""Measures: one number per org unit, out of its cells or of the rows of a roster that count for it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from transforms.conforming.conform import Conformed
from warehouse.catalogue.frames import (
    COUNTED_ROW,
    MEASURE,
    CountedRows,
    Measures,
    Observations,
    Submissions,
    empty,
)
from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Field, Form, Measure, in_force
from warehouse.expression.expression import Expression, Term, parse

_UNIT_KEYS = ("submission", "unit_code", "year", "org_code")


def is_in_force(record: Field | Form) -> pl.Expr:
    """Whether the field or form is asked in the row's year."""
    return pl.col("year").is_between(record.since or 0, record.until or 9999)


def count_rows(conformed: Conformed, catalogue: Catalogue) -> CountedRows:
    """The rows of rosters that count for a measure, as COUNTED_ROW; only rows of units at a level where the measure is asked."""
    parts = [empty(COUNTED_ROW).lazy()]
    for form, measures in _rosters(catalogue):
        rows = conformed.forms.get(form.id)
        if rows is None:
            continue
        data = rows.lazy().filter(pl.col("row_kind") == "data", is_in_force(form))
        parts += [
            data.filter(
                _parse_condition(measure).polars(_column), pl.col("org_level").is_in(list(measure.levels))
            ).select(
                "submission",
                pl.lit(measure.id).alias("measure"),
                "org_code",
                pl.lit(form.id).alias("form"),
                "sheet",
                "row",
            )
            for measure in measures
        ]
    return pl.concat(parts).collect()


def sum_measures(
    cells: Observations, counted: CountedRows, conformed: Conformed, catalogue: Catalogue
) -> Measures:
    """Every measure of the catalogue per org unit, as MEASURE; only for levels at which it is asked.

    ``cells``: the observations of ``conformed`` that are asked for, ``counted`` its counted rows. A form of units gives
    what its rows say, and nothing for units without a row. A roster gives each unit of its level within the reporting
    unit a number: how many of its rows count, zero where it lists none; not_reported for all when the sheet is missing,
    or blank without saying 无.
    """
    parts = [_select_reported(cells, catalogue)]
    parts += [
        _of_condition(measure, catalogue.forms[measure.form], conformed.forms[measure.form])
        for measure in catalogue.measures.values()
        if measure.where is not None and measure.form in conformed.forms
        if not catalogue.forms[measure.form].is_roster
    ]
    counts = counted.group_by("submission", "measure", "org_code").agg(count=pl.len()).lazy()
    for form, measures in _rosters(catalogue):
        answered = _list_answered(form, conformed)
        expected = {
            levels: _list_expected_units(levels, form, conformed.submissions, catalogue).lazy()
            for levels in {measure.levels for measure in measures}
        }
        parts += [_of_roster(measure, expected[measure.levels], counts, answered) for measure in measures]
    return pl.concat(part.select(pl.col(n).cast(t) for n, t in MEASURE.items()) for part in parts).collect()


def _rosters(catalogue: Catalogue) -> Iterator[tuple[Form, list[Measure]]]:
    """Each roster with the measures counted from it."""
    for form in catalogue.forms.values():
        if form.is_roster and (found := [m for m in catalogue.measures.values() if m.form == form.id]):
            yield form, found


def _select_reported(cells: Observations, catalogue: Catalogue) -> pl.LazyFrame:
    """The measures that are a field of a form: its cell in the unit's row."""
    fields = [
        (m.form, m.id)
        for m in catalogue.measures.values()
        if m.where is None and m.form != REGISTRY_FORM and not catalogue.forms[m.form].is_roster
    ]
    named = pl.DataFrame(fields, schema={"form": pl.String, "field": pl.String}, orient="row").lazy()
    return (
        cells.lazy()
        .join(named, on=["form", "field"], how="semi", maintain_order="left")
        .select(*_UNIT_KEYS, measure="field", state="state", value="value")
    )


def _of_condition(measure: Measure, form: Form, rows: pl.DataFrame) -> pl.LazyFrame:
    """1 or 0 for each row of a form of units: does the measure's condition hold there?"""
    condition = _parse_condition(measure)
    holds = condition.polars(_column)
    # A condition that cannot be answered because a field does not apply does not apply either.
    states = [pl.col(f"{n}__state") for n in sorted(condition.names) if f"{n}__state" in rows.columns]
    is_open = pl.any_horizontal(state == "not_reported" for state in states)
    return (
        rows.lazy()
        .filter(
            pl.col("row_kind") == "data",
            pl.col("org_level").is_in(list(measure.levels)),
            is_in_force(form),
        )
        .select(
            *_UNIT_KEYS,
            pl.lit(measure.id).alias("measure"),
            state=pl.when(holds)
            .then(pl.lit("value"))
            .when(~holds)
            .then(pl.lit("zero"))
            .when(is_open)
            .then(pl.lit("not_reported"))
            .otherwise(pl.lit("not_applicable")),
            value=holds.cast(pl.Float64),
        )
    )


def _of_roster(
    measure: Measure, expected: pl.LazyFrame, counts: pl.LazyFrame, answered: list[str]
) -> pl.LazyFrame:
    """How many rows count for each of the ``expected`` units; unknown in submissions that are not ``answered``."""
    own = counts.filter(pl.col("measure") == measure.id).drop("measure")
    value = pl.when(pl.col("submission").is_in(answered)).then(pl.col("count").fill_null(0))
    return expected.join(own, on=["submission", "org_code"], how="left", maintain_order="left").select(
        *_UNIT_KEYS,
        pl.lit(measure.id).alias("measure"),
        state=pl.when(value.is_null())
        .then(pl.lit("not_reported"))
        .when(value == 0)
        .then(pl.lit("zero"))
        .otherwise(pl.lit("value")),
        value=value,
    )


def _list_answered(form: Form, conformed: Conformed) -> list[str]:
    """The submissions whose roster lists something or says that there is nothing to list."""
    said = conformed.declared_empty.filter(pl.col("form") == form.id)["submission"].to_list()
    rows = conformed.forms.get(form.id)
    if rows is not None:
        said += rows.filter(pl.col("row_kind") == "data")["submission"].unique().to_list()
    return sorted(set(said))


def _list_expected_units(
    levels: tuple[str, ...], form: Form, submissions: Submissions, catalogue: Catalogue
) -> pl.DataFrame:
    """submission, unit_code, year, org_code: the units of ``levels`` that belong to a unit which fills in the form."""
    parts = [pl.DataFrame(schema={k: MEASURE[k] for k in _UNIT_KEYS})]
    for year in submissions["year"].unique().drop_nulls().sort().to_list():
        if not in_force(form, year):
            continue
        roster = catalogue.registry.roster(year).filter(pl.col("unit_level").is_in(list(form.reported_by)))
        units = catalogue.registry.units(year).filter(pl.col("level").is_in(list(levels)))
        parts.append(
            submissions.filter(pl.col("year") == year)
            .select("submission", "unit_code", "year")
            .join(roster.select("unit_code"), on="unit_code", how="semi")
            .join(
                units.select("org_code", unit_code=pl.coalesce("county_code", "org_code")),
                on="unit_code",
                maintain_order="left_right",
            )
            .select(*_UNIT_KEYS)
        )
    return pl.concat(parts)


def _parse_condition(measure: Measure) -> Expression:
    return parse(measure.where or "TRUE")


def _column(term: Term) -> pl.Expr:
    return pl.col(term.column)
