"""Prepares a form's conformed rows for the rules: adds missing rows, sums beside totals, and which cells are answered.

The prepared frame has every conformed column and

* rows of ``row_kind`` "missing" (``row`` null) for expected units without a row, and for blank rosters;
* ``total_of`` "sheet" or "township" on total rows whose rows are known, null otherwise;
* every number null on total rows; for those that add up ``x__total``, what the total row says, and ``x__sum``, what
  its rows add up to (null when none was reported or one is unreadable);
* for every field that is asked: ``x__is_answered`` where an answer is due (null elsewhere);
* for texts ``x__key``, by which the rows of a roster are told apart; for dates ``x__year``; ``unit_text``, the unit as
  findings name it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from expectations.rulebook.condition import (
    DATA_ROW,
    MISSING_ROW,
    TOTAL_ROW,
    state_column,
    unreadable_column,
)
from expectations.rulebook.rulebook import field_schema
from warehouse.catalogue.frames import Problems, Schema, Submissions
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words.folding import fold_column, says_one_of

ROW_PROBLEMS = (
    "conform.blank_unit",
    "conform.unknown_unit",
    "conform.duplicate_unit",
    "conform.unit_of_other_reporting_unit",
    "conform.lost_digits",
)
"""The rules of problems with which conforming leaves out a row."""

KEYS: Schema = {
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "sheet": pl.String,
    "row": pl.UInt32,
    "row_kind": pl.String,
    "org_code": pl.String,
    "org_name": pl.String,
    "org_level": pl.String,
    "item": pl.String,
}


def additive_fields(form: Form) -> list[Field]:
    """The numbers of a form that a total row adds up."""
    return [] if form.is_roster else [f for f in form.fields if f.type in ("count", "cny")]


def prepare(
    form: Form,
    rows: pl.DataFrame | None,
    columns: pl.DataFrame,
    submissions: Submissions,
    declared_empty: pl.DataFrame,
    problems: Problems,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """The prepared frame of ``form`` for the whole batch (see the module), in the order of sheet and row."""
    unreadable = [unreadable_column(field.id) for field in form.fields]
    schema = {
        **KEYS,
        **field_schema(form),
        **{state_column(f.id): pl.String for f in form.fields},
        **dict.fromkeys(unreadable, pl.Boolean),
    }
    given = pl.DataFrame(schema=schema) if rows is None else rows.select(_cast_columns(rows, schema))
    present = columns.filter(pl.col("form") == form.id)
    left_out = problems.filter(pl.col("form") == form.id, pl.col("rule").is_in(ROW_PROBLEMS))
    sheets = submissions.select("submission", "unit_code", "year").join(
        present.group_by("submission").agg(pl.col("sheet").first()), on="submission"
    )
    missing = (
        _list_blank_rosters(form, given, sheets, declared_empty)
        if form.is_roster
        else _list_missing_units(form, given, sheets, left_out, catalogue)
    )
    rows = pl.concat([given, missing], how="diagonal").with_columns(pl.col(unreadable).fill_null(False))
    named = _assign_totals(rows, left_out, catalogue)
    asked = present.select("submission", "field").unique().with_columns(is_there=True)
    summed = _with_sums(named, form)
    return _with_answers(summed, form, asked).with_columns(
        *(pl.col(f.id).dt.year().alias(f"{f.id}__year") for f in form.fields if f.type == "date"),
        *(fold_column(pl.col(f.id)).alias(key_column(f)) for f in form.fields if key_column(f) != f.id),
    )


def key_column(field: Field) -> str:
    """The column by which rows are compared in ``field``: of a text its fold."""
    return f"{field.id}__key" if field.type == "text" else field.id


def _cast_columns(rows: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> list[pl.Expr]:
    return [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    ]


def _list_missing_units(
    form: Form, given: pl.DataFrame, sheets: pl.DataFrame, left_out: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """One row for every unit that the registry expects in an existing sheet and that has no row there.

    A unit that a left-out row probably meant is not listed: the finding of that row suggests its name.
    """
    expected = [
        catalogue.registry.units(year)
        .filter(pl.col("level").is_in(list(form.levels)))
        .select(
            "org_code",
            org_name="name",
            org_level="level",
            unit_code=pl.coalesce("county_code", "org_code"),
            year=pl.lit(year, pl.Int32),
        )
        for year in sheets["year"].unique().drop_nulls().to_list()
    ]
    if not expected:
        return pl.DataFrame(schema=given.schema)
    found = given.filter(pl.col("row_kind") == DATA_ROW).select("submission", "org_code")
    meant = left_out.select(
        "submission", org_code=pl.col("suggestion").str.extract(r"(\d{6,12})")
    ).drop_nulls()
    return (
        sheets.join(pl.concat(expected), on=["unit_code", "year"])
        .join(pl.concat([found, meant]), on=["submission", "org_code"], how="anti")
        .with_columns(row_kind=pl.lit(MISSING_ROW))
    )


def _list_blank_rosters(
    form: Form, given: pl.DataFrame, sheets: pl.DataFrame, declared_empty: pl.DataFrame
) -> pl.DataFrame:
    declared = declared_empty.filter(pl.col("form") == form.id)
    filled = given.filter(pl.col("row_kind") == DATA_ROW)
    return (
        sheets.join(filled, on="submission", how="anti")
        .join(declared, on="submission", how="anti")
        .with_columns(row_kind=pl.lit(MISSING_ROW))
    )


def _assign_totals(frame: pl.DataFrame, left_out: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add township_code, ``total_of`` (null where rows were left out, so that sums are unknown) and ``unit_text``."""
    years = frame["year"].unique().drop_nulls().to_list()
    units = pl.concat(
        [
            pl.DataFrame(
                schema={
                    "year": pl.Int32,
                    "org_code": pl.String,
                    "township_code": pl.String,
                    "above": pl.String,
                }
            ),
            *(
                catalogue.registry.units(y).select(
                    pl.lit(y, pl.Int32).alias("year"), "org_code", "township_code", above="parent_code"
                )
                for y in years
            ),
        ]
    )
    names = catalogue.registry.all_units.select(above="org_code", above_name="name").unique(
        "above", keep="last"
    )
    is_total = pl.col("row_kind") == TOTAL_ROW
    says_total = says_one_of(pl.col("org_name"), catalogue.settings.words.total_row).fill_null(True)
    is_whole = pl.col("org_code").is_null() | (pl.col("org_code") == pl.col("unit_code"))
    is_whole_sheet = ~pl.col("submission").is_in(left_out["submission"].unique().implode())
    name = pl.coalesce("org_name", "org_code")
    return (
        frame.join(units, on=["year", "org_code"], how="left", maintain_order="left")
        .join(names, on="above", how="left", maintain_order="left")
        .with_columns(
            total_of=pl.when(~is_whole_sheet)
            .then(None)
            .when(is_total & is_whole & (says_total | pl.col("org_code").is_not_null()))
            .then(pl.lit("sheet"))
            .when(is_total & (pl.col("org_level") == "township"))
            .then(pl.lit("township")),
            unit_text=pl.when(is_total & is_whole)
            .then(pl.lit("合计"))
            .when((pl.col("row_kind") == MISSING_ROW) & (pl.col("org_level") == "village"))
            .then(pl.concat_str("above_name", name))
            .otherwise(name),
        )
        .drop("above", "above_name")
    )


def _with_sums(frame: pl.DataFrame, form: Form) -> pl.DataFrame:
    """Move the numbers of total rows to ``x__total`` and add ``x__sum``, the sums of their rows."""
    fields = additive_fields(form)
    is_total = pl.col("row_kind") == TOTAL_ROW
    split = frame.with_columns(
        *(pl.when(~is_total).then(f.id).alias(f.id) for f in form.fields if f.is_numeric),
        *(pl.when(is_total).then(f.id).alias(f"{f.id}__total") for f in fields),
    )
    if not fields:
        return split
    data = split.filter(pl.col("row_kind") == DATA_ROW)
    whole = data.group_by("submission").agg(_sum(f) for f in fields).with_columns(total_of=pl.lit("sheet"))
    parts = (
        data.drop_nulls("township_code").group_by("submission", "township_code").agg(_sum(f) for f in fields)
    )
    sums = pl.concat([whole, parts.with_columns(total_of=pl.lit("township"))], how="diagonal")
    if frame["total_of"].null_count() == frame.height:
        return split.with_columns(pl.lit(None, pl.Float64).alias(f"{f.id}__sum") for f in fields)
    part = pl.when(pl.col("total_of") == "township").then("township_code")
    joined = split.with_columns(part=part).join(
        sums.with_columns(part=part).drop("township_code"),
        on=["submission", "total_of", "part"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    assert joined.height == frame.height, "a total row has one sum"
    return joined.with_columns(
        pl.when(pl.col("total_of").is_not_null()).then(f"{f.id}__sum").alias(f"{f.id}__sum") for f in fields
    ).drop("part")


def _sum(field: Field) -> pl.Expr:
    """The sum of the reported numbers; null when there is none or when a cell cannot be read."""
    value = pl.col(field.id)
    is_sum = value.is_not_null().any() & ~pl.col(unreadable_column(field.id)).any()
    return pl.when(is_sum).then(value.sum()).alias(f"{field.id}__sum")


def _with_answers(frame: pl.DataFrame, form: Form, asked: pl.DataFrame) -> pl.DataFrame:
    """Add ``x__is_answered`` where the form asks and the sheet has the column: the cell has content, readable or not."""
    required = [f for f in form.fields if f.required]
    there = (
        asked.filter(pl.col("field").is_in([f.id for f in required]))
        .with_columns(field=pl.col("field") + "__is_there")
        .pivot(
            on="field",
            index="submission",
            values="is_there",
            on_columns=[f"{f.id}__is_there" for f in required],
        )
    )
    joined = frame.join(there, on="submission", how="left", maintain_order="left")

    def answer(field: Field) -> pl.Expr:
        is_due = (pl.col("row_kind") == DATA_ROW) & pl.col(f"{field.id}__is_there").fill_null(False)
        if field.levels is not None:
            is_due = is_due & pl.col("org_level").is_in(list(field.levels)).fill_null(False)
        if field.since is not None:
            is_due = is_due & (pl.col("year") >= field.since)
        if field.until is not None:
            is_due = is_due & (pl.col("year") <= field.until)
        is_answered = (pl.col(state_column(field.id)) != "not_reported") | pl.col(unreadable_column(field.id))
        return pl.when(is_due).then(is_answered).alias(f"{field.id}__is_answered")

    return joined.with_columns(answer(f) for f in required).drop(f"{f.id}__is_there" for f in required)
