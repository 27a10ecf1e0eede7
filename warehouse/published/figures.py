"""The numbers of some years as people read them: value or state, last year's where it compares, coverage, maturity."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import Schema, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.registry.levels import Level
from warehouse.store.query import query
from warehouse.store.statements import statement
from warehouse.words.coverage_words import WHOLE

FIGURES: Schema = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_name": pl.String,
    "org_level": pl.String,
    "parent_code": pl.String,
    "programme": pl.String,
    "indicator": pl.String,
    "name_zh": pl.String,
    "kind": pl.String,
    "unit": pl.String,
    "decimals": pl.Int64,  # shown of the value
    "value": pl.Float64,
    "state": pl.String,  # as in mart.indicator
    "reported_count": pl.Int64,
    "expected_count": pl.Int64,
    "coverage_pct": pl.Float64,
    "maturity": pl.String,
    "change": pl.Float64,  # over last year, in the unit or percentage points; null where they do not compare or sum up years
    "change_pct": pl.Float64,  # null as well for units % and 位, and where last year's number was 0
}
"""A number of the published file; key: year, org_code, indicator."""

NO_ROW = "not_applicable"
"""The state of a number that has no row: the indicator is not asked of the unit, or was not in that year. Units that were asked
and did not report have rows."""
_NO_GROWTH = ("cumulative", "streak")
"""Kinds whose growth only tells how many years there are."""


def read_figures(
    database: Path,
    catalogue: Catalogue,
    years: Collection[int],
    levels: Collection[Level] = ("city", "county"),
) -> pl.DataFrame:
    """FIGURES of ``years`` at ``levels``, in the catalogue's order of indicators. WarehouseMissing, QueryError.

    Two years compare where all units expected in both have reported in both and the meaning did not change between them.
    """
    found = query(database, statement("warehouse.published", "figures"), [list(years), list(levels)])
    indicators = catalogue.indicators
    decimals = {i.id: i.decimals for i in indicators.values()}
    order = {name: place for place, name in enumerate(indicators)}
    breaks = [(b.year, i.id) for i in indicators.values() for b in catalogue.breaks_of(i)]
    broken = pl.DataFrame(breaks, schema={"year": pl.Int32, "indicator": pl.String}, orient="row").unique()
    compares = (
        (pl.col("comparable_pct") >= WHOLE)
        & pl.col("is_broken").is_null()
        & ~pl.col("kind").is_in(_NO_GROWTH)
    )
    return (
        found.with_columns(pl.col("year").cast(pl.Int32))
        .join(
            broken.with_columns(is_broken=True), on=["year", "indicator"], how="left", maintain_order="left"
        )
        .with_columns(pl.when(compares).then(pl.col(name)).alias(name) for name in ("change", "change_pct"))
        .with_columns(
            decimals=pl.col("indicator").replace_strict(decimals, default=0, return_dtype=pl.Int64),
            place=pl.col("indicator").replace_strict(order, default=len(order), return_dtype=pl.Int64),
        )
        .sort("year", "place", "org_code", maintain_order=True)
        .pipe(shaped, FIGURES)
    )


YEARS_SHOWN = 5
"""A year is printed with the four before it."""


class YearNotPublished(Exception):
    """Of the year asked there is no number; one Chinese sentence with the years that have some."""


def list_years_shown(database: Path, year: int) -> list[int]:
    """The years with a number that are printed of ``year``, itself the last. YearNotPublished, WarehouseMissing."""
    published = list_published_years(database)
    if year not in published:
        known = "、".join(map(str, published)) or "无"
        raise YearNotPublished(f"{year}年度还没有公布的数。有数的年度：{known}。")
    return [known for known in published if year - YEARS_SHOWN < known <= year]


def fingerprint_numbers(database: Path, years: Collection[int]) -> str:
    """Another text when a number of ``years``, or what is said of it, is another. WarehouseMissing."""
    found = query(
        database,
        """SELECT count(*), bit_xor(hash(year, org_code, org_name, indicator, name_zh, unit, value, state, coverage_pct,
                                         maturity))
           FROM mart.indicator WHERE list_contains(?, year)""",
        [list(years)],
    )
    return " ".join(map(str, found.row(0)))


def list_published_years(database: Path) -> list[int]:
    """The report years with a number of the whole city, the oldest first. WarehouseMissing."""
    asked = "SELECT DISTINCT year FROM mart.indicator WHERE org_level = 'city' AND value IS NOT NULL ORDER BY year"
    found = query(database, asked)
    return found["year"].to_list()
