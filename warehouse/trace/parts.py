"""The terms of a traced number and the cells behind them, from the contributions of all units."""

from __future__ import annotations

import duckdb
import polars as pl

from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.expression.expression import Expression
from warehouse.store.held import HELD, list_held_units
from warehouse.store.schema.dictionary import write_term
from warehouse.trace.source_cells import CELL, read_source_cells

TERM = {
    "term": pl.String,  # e.g. class_count__cumulative
    "label": pl.String,  # in Chinese words
    "measure": pl.String,
    "org_code": pl.String,  # the unit asked about, or the city where a share is divided by it
    "source_year": pl.Int32,
    "value": pl.Float64,  # what the units below add up to; null where nothing was reported
    "reported_count": pl.Float64,
    "expected_count": pl.Float64,
    "left_out_count": pl.Float64,  # reported, but their township lacks another term of the formula
    "cell_count": pl.Int64,
    "cell_sum": pl.Float64,
}

TRACED = {
    "term": pl.String,
    "label": pl.String,
    "measure": pl.String,
    "of_node": pl.String,  # the unit asked about, or the city where a share is divided by it
    "source_year": pl.Int32,
    "source_code": pl.String,  # the unit that reported
    "org_name": pl.String,
    "place": pl.String,  # county, township and village in words
    "form": pl.String,
    "field": pl.String,
    "item": pl.String,
    "state": pl.String,
    "contribution": pl.Float64,  # null: not reported, not applicable or left out
    "is_left_out": pl.Boolean,
    "share": pl.Float64,  # of the source's number that counts for of_node; below 1 where it was split
    "raw": pl.String,  # as typed
    "sheet": pl.String,
    "row": pl.UInt32,
    "cell": pl.String,
    "submission": pl.String,
    "file_name": pl.String,
    "received_at": pl.String,
}
UNIT_NAME = {"source_year": pl.Int32, "source_code": pl.String, "org_name": pl.String, "place": pl.String}


def take_apart(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    expression: Expression,
    found: pl.DataFrame,
    held: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """TERM and TRACED of the contributions; ``held``: year, unit_code of units with only a held report."""
    cells = _join_cells(connection, catalogue, found, list_held_units(catalogue, held))
    key = ["term", "measure", "node", "source_year"]
    used = pl.col("is_kept") & (pl.col("reported") > 0)
    terms = found.group_by(key, maintain_order=True).agg(
        value=pl.when(used.any()).then(pl.col("value").filter(used).sum()),
        reported_count=pl.col("reported").filter(used).sum(),
        expected_count=pl.col("expected").sum(),
        left_out_count=pl.col("reported").filter(~pl.col("is_kept")).sum(),
    )
    sums = cells.group_by(key).agg(
        cell_count=pl.col("contribution").is_not_null().sum(), cell_sum=pl.col("contribution").sum()
    )
    labels = {t.column: write_term(catalogue, t) for t in expression.terms}
    terms = terms.join(sums, on=key, how="left", maintain_order="left").with_columns(
        label=pl.col("term").replace_strict(labels, return_dtype=pl.String)
    )
    cells = cells.with_columns(label=pl.col("term").replace_strict(labels, return_dtype=pl.String))
    return (
        terms.rename({"node": "org_code"}).select(pl.col(n).cast(t) for n, t in TERM.items()),
        cells.rename({"node": "of_node"}).select(pl.col(n).cast(t) for n, t in TRACED.items()),
    )


def _join_cells(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, found: pl.DataFrame, held: pl.DataFrame
) -> pl.DataFrame:
    """Contributions joined with the cells behind them; a unit that reported nothing has a row without cell."""
    measures = [catalogue.measures[m] for m in found["measure"].unique(maintain_order=True)]
    behind = pl.concat(
        [
            pl.DataFrame(schema=CELL),
            *(
                read_source_cells(
                    connection, catalogue, m, found.filter(measure=m.id)["source_year"].unique().to_list()
                )
                for m in measures
            ),
        ]
    )
    counted = [m.id for m in measures if m.where is not None]
    of_registry = pl.col("measure").is_in([m.id for m in measures if m.form == REGISTRY_FORM])
    is_reported = pl.col("reported") > 0
    # A unit that reported, but none of whose rows counts, has no cell to show.
    adds_nothing = (
        pl.col("measure").is_in(counted)
        & pl.col("cell").is_null()
        & (is_reported | (pl.col("expected") == 0))
    )
    joined = found.join(
        behind, on=["measure", "source_year", "source_code"], how="left", maintain_order="left"
    )
    joined = joined.join(
        held.with_columns(is_held=pl.lit(True)),
        on=["source_year", "source_code"],
        how="left",
        maintain_order="left",
    )
    unknown = pl.when("is_held").then(pl.lit(HELD)).otherwise(pl.lit("not_reported"))
    joined = joined.filter(~adds_nothing).with_columns(
        cell_value=pl.when(of_registry).then(1.0).otherwise("cell_value"),
        raw=pl.when(of_registry).then(pl.lit("单位名录")).otherwise("raw"),
        state=pl.when(of_registry).then(pl.lit("value")).otherwise(pl.coalesce("state", unknown)),
    )
    has_number = is_reported & pl.col("state").is_in(["value", "zero"])
    joined = joined.with_columns(
        contribution=pl.when(has_number & pl.col("is_kept")).then(pl.col("cell_value") * pl.col("share")),
        is_left_out=has_number & ~pl.col("is_kept"),
    )
    years = found["source_year"].unique().to_list()
    names = pl.concat(
        [pl.DataFrame(schema=UNIT_NAME), *(_name_units_with_ancestors(catalogue, y) for y in years)]
    )
    return joined.join(names, on=["source_year", "source_code"], how="left", maintain_order="left").sort(
        "term", "source_year", pl.col("contribution").abs(), descending=[False, True, True], nulls_last=True,
        maintain_order=True,
    )  # fmt: skip


def _name_units_with_ancestors(catalogue: Catalogue, year: int) -> pl.DataFrame:
    """Name of each unit of a year, alone and with the units above it: frame UNIT_NAME."""
    units = catalogue.registry.units(year)
    names = units.select("org_code", "name")
    above = [
        pl.col(column).replace_strict(names["org_code"], names["name"], default=None, return_dtype=pl.String)
        for column in ("county_code", "township_code")
    ]
    own = pl.when(pl.col("level").is_in(["city", "village"])).then("name")
    return units.select(
        source_year=pl.lit(year, pl.Int32),
        source_code="org_code",
        org_name="name",
        place=pl.concat_str([*above, own], separator=" ", ignore_nulls=True),
    )
