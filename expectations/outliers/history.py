"""Numbers of a batch and of earlier years under the same keys, with the registry's succession applied.

A number is an org unit's own, not the sum over the units below it, so that a mistake is asked about once. Joins are over
integers (``key``, ``group``), at a third of the cost of codes: many counties have millions of numbers a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from warehouse.catalogue.frames import Measures, Schema, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.registry.contribution import CONTRIBUTION, contributions
from warehouse.registry.levels import LEVELS
from warehouse.registry.registry import Registry

KNOWN: Schema = {
    "year": pl.Int32,
    "key": pl.UInt64,  # org unit and measure
    "group": pl.UInt64,  # reporting unit, level and measure
    "value": pl.Float64,
    "log": pl.Float64,  # of value + 1
}
"""Numbers of standing submissions under the codes of their own year; key: year, key."""

MOVED: Schema = {
    "year": pl.Int32,  # seen from here
    "past_year": pl.Int32,
    "key": pl.UInt64,
    "past": pl.Float64,  # null where a part is not known
    "past_log": pl.Float64,
}
"""Earlier numbers of units that took over others or gave away a part; they replace those in KNOWN."""

_ANSWERED = ("value", "zero", "not_applicable")


@dataclass(frozen=True)
class History:
    """KNOWN and MOVED of the years up to those of a batch."""

    known: pl.DataFrame
    moved: pl.DataFrame


@dataclass(frozen=True)
class Keys:
    """The small integers of org units, measures and reporting units."""

    orgs: pl.DataFrame
    measures: Measures
    reporters: pl.DataFrame

    def attach(self, rows: pl.DataFrame) -> pl.DataFrame:
        """``rows`` (MEASURE) whose unit and measure are in the catalogue, with org_level, key and group."""
        count = self.measures.height
        return (
            rows.join(
                self.measures, on="measure", maintain_order="left"
            )  # first: it leaves half of the rows out
            .join(self.orgs, on="org_code", maintain_order="left")
            .join(self.reporters, on="unit_code", maintain_order="left")
            .with_columns(
                key=pl.col("org") * count + pl.col("item"),
                group=(pl.col("reporter") * len(LEVELS) + pl.col("level_number")) * count + pl.col("item"),
            )
            .drop("org", "reporter", "level_number")
        )


def list_keys(catalogue: Catalogue, *rows: pl.DataFrame) -> Keys:
    """The keys of ``rows`` (MEASURE); measures that count rows have none."""
    units = catalogue.registry.all_units.select("org_code", org_level="level").unique("org_code", keep="last")
    entered = [measure.id for measure in catalogue.measures.values() if measure.where is None]
    number = pl.int_range(pl.len(), dtype=pl.UInt64)
    return Keys(
        units.sort(
            "org_code"
        ).with_columns(  # so that keys of one measure follow the order of the rows in a sheet
            org=number,
            level_number=pl.col("org_level").replace_strict(
                list(LEVELS), list(range(len(LEVELS))), return_dtype=pl.UInt64
            ),
        ),
        pl.DataFrame({"measure": entered}, schema={"measure": pl.String}).with_columns(item=number),
        pl.concat(frame.select("unit_code") for frame in rows).unique().with_columns(reporter=number),
    )


def read_history(standing: pl.DataFrame, years: list[int], keys: Keys, catalogue: Catalogue) -> History:
    """The history, up to ``years``, in ``standing`` (MEASURE, one submission per unit and year)."""
    before = standing.filter(pl.col("year") <= max(years, default=0)).select(
        "year", "unit_code", "org_code", "measure", "state", "value"
    )
    is_known = pl.col("state").is_in(["value", "zero"]) & (pl.col("value") >= 0)
    has_moves = not catalogue.registry.succession.is_empty()
    rows = keys.attach(before if has_moves else before.filter(is_known))
    known = (rows.filter(is_known) if has_moves else rows).with_columns(log=(pl.col("value") + 1).log())
    moved = (
        _apportion_history(rows, years, keys, catalogue.registry)
        if has_moves and rows.height
        else empty(MOVED)
    )
    return History(shaped(known, KNOWN), moved)


def _apportion_history(rows: pl.DataFrame, years: list[int], keys: Keys, registry: Registry) -> pl.DataFrame:
    """MOVED for ``years``; ``rows``: MEASURE with keys."""
    sources = _list_takeovers(registry, years, rows["year"].unique().to_list(), keys)
    parts = rows.join(
        sources, left_on=["year", "org_code"], right_on=["source_year", "source_code"], suffix="_seen"
    )
    whole = parts.group_by(
        past_year="year",
        year="year_seen",
        key=pl.col("new_org") * keys.measures.height + pl.col("item"),
        maintain_order=True,
    ).agg(
        past=(pl.col("value") * pl.col("share")).sum(),
        is_known=pl.col("state").is_in(_ANSWERED).all() & (pl.len() == pl.col("source_count").first()),
        is_asked=pl.col("value").is_not_null().any(),
    )
    known = pl.when("is_known", "is_asked").then("past")
    return shaped(whole.with_columns(past=known, past_log=(known + 1).log()), MOVED)


def _list_takeovers(registry: Registry, years: list[int], past_years: list[int], keys: Keys) -> pl.DataFrame:
    """CONTRIBUTION to the own numbers of units that took over others or gave away a part; with new_org, source_count."""
    own = [
        contributions(registry, past_year, year).filter("is_own")
        for year in years
        for past_year in past_years
        if past_year < year
    ]
    if not own:
        return pl.DataFrame(schema={**CONTRIBUTION, "new_org": pl.UInt64, "source_count": pl.UInt32})
    is_other = (pl.col("source_code") != pl.col("node")) | (pl.col("share") < 1.0)
    return (
        pl.concat(own)
        .filter(is_other.any().over("year", "source_year", "node"))
        .with_columns(source_count=pl.len().over("year", "source_year", "node"))
        .join(keys.orgs.select(node="org_code", new_org="org"), on="node")
    )
