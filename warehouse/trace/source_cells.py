"""The cells behind a measure: of a field its cells, of a count the counted rows."""

from __future__ import annotations

import duckdb
import polars as pl

from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Field, Form, Measure
from warehouse.expression.expression import parse
from warehouse.store.query import run
from warehouse.store.schema.tables import quote
from warehouse.store.statements import statement

CELL = {
    "measure": pl.String,
    "source_year": pl.Int32,
    "source_code": pl.String,  # org unit of the cell's row
    "form": pl.String,
    "field": pl.String,
    "item": pl.String,
    "state": pl.String,
    "cell_value": pl.Float64,  # a counted row counts 1
    "raw": pl.String,  # what the clerk typed; of a counted row the content of its cells: 级别“国家级”
    "sheet": pl.String,
    "row": pl.UInt32,
    "cell": pl.String,  # of a counted row all cells that the condition reads: E7、F7
    "submission": pl.String,
    "file_name": pl.String,
    "received_at": pl.String,
}

_ROW = ["submission", "year", "org_code", "sheet", "row"]


def read_source_cells(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, measure: Measure, years: list[int]
) -> pl.DataFrame:
    """The standing cells that make up ``measure`` in ``years``, of all units: frame CELL.

    A measure that is counted from the registry has none.
    """
    if measure.form == REGISTRY_FORM or not years:
        return pl.DataFrame(schema=CELL)
    form = catalogue.forms[measure.form]
    if measure.where is None:
        cells = _observations(connection, form, [measure.id], years)
        return _shape_cells(cells.filter(pl.col("org_level").is_in(measure.levels)), measure)
    names = parse(measure.where).names
    read = [f for f in form.fields if f.id in names]
    if not read:  # every row counts: it is shown at the cell that names it
        read = [form.field(form.item_field)] if form.item_field else list(form.fields[:1])
    observed = _observations(connection, form, [f.id for f in read], years)
    of_roster, of_units = (
        statement("warehouse.trace", "counted_roster_rows"),
        statement("warehouse.trace", "counted_units"),
    )
    counted = run(connection, of_roster if form.is_roster else of_units, [measure.id])
    return _select_counted_rows(observed, measure, counted, read)


def _observations(
    connection: duckdb.DuckDBPyConnection, form: Form, fields: list[str], years: list[int]
) -> pl.DataFrame:
    sql = statement("warehouse.trace", "cells").format(
        form=quote(form.id), fields=", ".join(map(quote, fields)), years=", ".join(map(str, years))
    )
    found = run(connection, sql)
    booleans = [f.id for f in form.fields if f.type == "boolean"]
    said = (
        pl.when(pl.col("field").is_in(booleans))
        .then(pl.col("text").replace({"true": "是", "false": "否"}))
        .otherwise("text")
    )
    plain = pl.col("value").cast(pl.String).str.strip_suffix(".0")  # 3 and not 3.0, as a clerk writes it
    return found.with_columns(raw=pl.coalesce("raw", said, plain))


def _select_counted_rows(
    observed: pl.DataFrame, measure: Measure, counted: pl.DataFrame, read: list[Field]
) -> pl.DataFrame:
    """The ``counted`` rows with the cells that the measure's condition reads, and their contents."""
    rows = observed.select(*_ROW).unique(maintain_order=True)
    rows = rows.join(counted, on=counted.columns, how="semi", maintain_order="left")
    said, where = [], []
    for field in read:
        mine = observed.filter(pl.col("field") == field.id)
        told = (pl.col(c).alias(f"{field.id}__{c}") for c in ("raw", "cell"))
        rows = rows.join(
            mine.select(*_ROW, *told),
            on=_ROW,
            how="left",
            maintain_order="left",
        )
        said.append(pl.format(f"{field.label}“{{}}”", pl.col(f"{field.id}__raw").fill_null("…")))
        where.append(pl.col(f"{field.id}__cell"))
    rows = rows.select(
        *_ROW,
        said=pl.concat_str(said, separator="，"),
        cells=pl.concat_str(where, separator="、", ignore_nulls=True),
    )
    cells = observed.filter(pl.col("field") == read[0].id).join(rows, on=_ROW, how="inner")
    one = pl.lit(1.0, pl.Float64)
    return _shape_cells(
        cells.with_columns(raw="said", cell="cells", value=one, state=pl.lit("value")), measure
    )


def _shape_cells(cells: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    return cells.with_columns(
        measure=pl.lit(measure.id),
        form=pl.lit(measure.form),
        source_year="year",
        source_code="org_code",
        cell_value="value",
    ).select(pl.col(name).cast(dtype) for name, dtype in CELL.items())
