"""The long forms of conformed rows: observations (one cell each) and measures (one number per org unit)."""

from __future__ import annotations

import polars as pl

from transforms.conforming.conform import Conformed
from warehouse.catalogue.frames import MEASURE, OBSERVATION, Submissions, empty, shaped
from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Field, Form, Measure, in_force
from warehouse.expression.expression import Term, parse

_KEYS = ("submission", "unit_code", "year", "org_code", "item", "sheet", "row")


def observe(conformed: Conformed, catalogue: Catalogue) -> pl.DataFrame:
    """Every cell of the data rows as an OBSERVATION: blank ones too, where the form asks; unreadable ones as not reported.

    Cells that the form does not ask (another level's field, a field not in force) count only where something stands
    in them.
    """
    letters = conformed.columns.select("submission", "form", "field", letter="column")
    parts = [
        _cells(conformed.forms[form.id], form, field)
        for form in catalogue.forms.values()
        if form.id in conformed.forms
        for field in form.fields
    ]
    if not parts:
        return empty(OBSERVATION)
    cells = (
        pl.concat(parts)
        .join(letters.lazy(), on=["submission", "form", "field"], how="left", maintain_order="left")
        .collect()
    )
    return shaped(cells.with_columns(cell=pl.concat_str("letter", "row")), OBSERVATION)


def _cells(rows: pl.DataFrame, form: Form, field: Field) -> pl.LazyFrame:
    value, state = pl.col(field.id), pl.col(f"{field.id}__state")
    is_number = rows.schema[field.id] == pl.Float64
    text = value.dt.to_string("%Y-%m-%d") if field.type == "date" else value.cast(pl.String)
    is_asked = pl.col("org_level").is_in(list(form.levels_of(field))) & _in_force(field) & _in_force(form)
    return (
        rows.lazy()
        .filter(pl.col("row_kind") == "data", is_asked.fill_null(value=True) | state.is_in(["value", "zero"]))
        .select(
            *_KEYS,
            pl.lit(form.id).alias("form"),
            pl.lit(field.id).alias("field"),
            state.alias("state"),
            (value if is_number else pl.lit(None, pl.Float64)).alias("value"),
            (pl.lit(None, pl.String) if is_number else text).alias("text"),
        )
    )


def sum_measures(conformed: Conformed, catalogue: Catalogue) -> pl.DataFrame:
    """Every measure of the catalogue per org unit, as MEASURE; only for levels at which it is asked.

    Forms of units give what their rows say, and nothing for units without a row. A roster gives each unit of its
    level within the reporting unit a number: how many of its rows count, zero where it lists none; not_reported for
    all when the sheet is missing, or blank without saying 无.
    """
    parts = [empty(MEASURE).lazy()]
    expected: dict[tuple[str, tuple[str, ...]], pl.DataFrame] = {}
    for measure in catalogue.measures.values():
        if measure.form == REGISTRY_FORM:  # counted from the registry when rolled up; no unit reports it
            continue
        form = catalogue.forms[measure.form]
        rows = conformed.forms.get(form.id)
        if form.is_roster:
            key = (form.id, measure.levels)
            if key not in expected:
                expected[key] = _list_expected_units(measure, form, conformed.submissions, catalogue)
            parts.append(_count_roster_rows(measure, form, rows, conformed, expected[key]))
        elif rows is not None:
            parts.append(_by_row(measure, form, rows))
    return pl.concat(part.select(pl.col(n).cast(t) for n, t in MEASURE.items()) for part in parts).collect()


def _in_force(record: Field | Form) -> pl.Expr:
    return pl.col("year").is_between(record.since or 0, record.until or 9999)


def _by_row(measure: Measure, form: Form, rows: pl.DataFrame) -> pl.LazyFrame:
    """The measure of each row of a form of units."""
    record = form if measure.where is not None else form.field(measure.id)
    asked = rows.lazy().filter(
        pl.col("row_kind") == "data",
        pl.col("org_level").is_in(list(measure.levels)),
        _in_force(form) & _in_force(record),
    )
    keys = [pl.col(k) for k in ("submission", "unit_code", "year", "org_code")]
    if measure.where is None:
        state = pl.col(f"{measure.id}__state")
        return asked.select(*keys, pl.lit(measure.id).alias("measure"), state=state, value=measure.id)
    holds, names = _condition(measure.where)
    # A condition that cannot be answered because a field does not apply does not apply either.
    states = [pl.col(f"{name}__state") for name in sorted(names) if f"{name}__state" in rows.columns]
    is_open = pl.any_horizontal(state == "not_reported" for state in states)
    return asked.select(
        *keys,
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


def _count_roster_rows(
    measure: Measure, form: Form, rows: pl.DataFrame | None, conformed: Conformed, expected: pl.DataFrame
) -> pl.LazyFrame:
    """How many rows of a roster count, for each of the ``expected`` units."""
    answered = conformed.declared_empty.filter(pl.col("form") == form.id).select("submission")
    counts = pl.DataFrame(schema={"submission": pl.String, "org_code": pl.String, "count": pl.Float64}).lazy()
    if rows is not None:
        is_data = pl.col("row_kind") == "data"
        answered = pl.concat([answered, rows.filter(is_data).select("submission")])
        holds, _ = _condition(measure.where or "TRUE")
        counts = (
            rows.lazy()
            .filter(is_data)
            .group_by("submission", "org_code", maintain_order=True)
            .agg(count=holds.sum().cast(pl.Float64))
        )
    is_answered = pl.col("submission").is_in(answered["submission"].unique().to_list())
    value = pl.when(is_answered).then(pl.col("count").fill_null(0.0))
    return (
        expected.lazy()
        .join(counts, on=["submission", "org_code"], how="left", maintain_order="left")
        .select(
            "submission",
            "unit_code",
            "year",
            "org_code",
            pl.lit(measure.id).alias("measure"),
            state=pl.when(value.is_null())
            .then(pl.lit("not_reported"))
            .when(value == 0)
            .then(pl.lit("zero"))
            .otherwise(pl.lit("value")),
            value=value,
        )
    )


def _list_expected_units(
    measure: Measure, form: Form, submissions: Submissions, catalogue: Catalogue
) -> pl.DataFrame:
    """submission, unit_code, year, org_code: the units of the measure's levels below those who fill in the form."""
    parts = [pl.DataFrame(schema={k: MEASURE[k] for k in ("submission", "unit_code", "year", "org_code")})]
    for year in submissions["year"].unique().drop_nulls().sort().to_list():
        if not in_force(form, year):
            continue
        roster = catalogue.registry.roster(year).filter(pl.col("unit_level").is_in(list(form.reported_by)))
        units = catalogue.registry.units(year).filter(pl.col("level").is_in(list(measure.levels)))
        parts.append(
            submissions.filter(pl.col("year") == year)
            .select("submission", "unit_code", "year")
            .join(roster.select("unit_code"), on="unit_code", how="semi")
            .join(
                units.select("org_code", unit_code=pl.coalesce("county_code", "org_code")),
                on="unit_code",
                maintain_order="left_right",
            )
            .select("submission", "unit_code", "year", "org_code")
        )
    return pl.concat(parts)


def _condition(where: str) -> tuple[pl.Expr, frozenset[str]]:
    """The condition as a Boolean expression, and the names it reads."""
    expression = parse(where)

    def column(term: Term) -> pl.Expr:
        return pl.col(term.column)

    return expression.polars(column), expression.names
