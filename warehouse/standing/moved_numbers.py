"""Two warehouses compared: which numbers of mart.indicator are others, and how much was observed and found in each."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import Schema, shaped
from warehouse.store.held import SUPPRESSED
from warehouse.store.query import query
from warehouse.words import labels

KEY = ["year", "org_code", "indicator"]

NUMBER: Schema = {
    "year": pl.Int32,
    "org_code": pl.String,
    "indicator": pl.String,
    "org_name": pl.String,
    "name_zh": pl.String,
    "unit": pl.String,
    "value": pl.Float64,
    "state": pl.String,
    "coverage_pct": pl.Float64,
}
"""A number as it is published; key: KEY."""

MOVED_NUMBER: Schema = {
    "change": pl.String,  # changed | new | gone
    **{name: kind for name, kind in NUMBER.items() if name not in ("value", "state", "coverage_pct")},
    "old_value": pl.Float64,
    "new_value": pl.Float64,
    "old_state": pl.String,  # null: there was no such number
    "new_state": pl.String,
    "old_coverage_pct": pl.Float64,
    "new_coverage_pct": pl.Float64,
}
"""A number that is published otherwise in another warehouse; key: KEY."""

COUNT: Schema = {"counted": pl.String, "old": pl.Int64, "new": pl.Int64}
"""Rows of two warehouses; ``counted`` says of what, in Chinese."""

_SAME = 1e-9  # of the greater of two numbers: what adding in another order makes of a sum
_SEEN = ("value", "state", "coverage_pct")


def read_numbers(path: Path) -> pl.DataFrame:
    """NUMBER of a warehouse. QueryError, WarehouseMissing."""
    return query(path, f"SELECT {', '.join(NUMBER)} FROM mart.indicator").pipe(shaped, NUMBER)


def find_moved_numbers(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """MOVED_NUMBER of two NUMBER frames: the city first, then its units; of each by indicator, the latest year first.

    What one of them does not publish has no number in either.
    """
    both = old.with_columns(is_old=True).join(
        new.with_columns(is_new=True), on=KEY, how="full", coalesce=True, suffix="_new"
    )
    words = [pl.coalesce(f"{name}_new", name).alias(name) for name in ("org_name", "name_zh", "unit")]
    is_hidden = pl.any_horizontal((pl.col("state", "state_new") == SUPPRESSED).fill_null(False))
    open_values = [pl.when(~is_hidden).then(name).alias(name) for name in ("value", "value_new")]
    change = (
        pl.when(pl.col("is_old").is_null())
        .then(pl.lit("new"))
        .when(pl.col("is_new").is_null())
        .then(pl.lit("gone"))
        .when(_differs("value") | _differs("coverage_pct") | pl.col("state").ne_missing(pl.col("state_new")))
        .then(pl.lit("changed"))
    )
    return (
        both.with_columns(change.alias("change"), *words, *open_values)
        .filter(pl.col("change").is_not_null())
        .rename({name: f"old_{name}" for name in _SEEN} | {f"{name}_new": f"new_{name}" for name in _SEEN})
        .sort(
            pl.col("org_code").str.len_chars(),
            "org_code",
            "indicator",
            "year",
            descending=[False, False, False, True],
        )
        .pipe(shaped, MOVED_NUMBER)
    )


def _differs(name: str) -> pl.Expr:
    old, new = pl.col(name), pl.col(f"{name}_new")
    is_near = (old - new).abs() <= _SAME * pl.max_horizontal(old.abs(), new.abs())
    return pl.when(old.is_null() | new.is_null()).then(old.is_null() != new.is_null()).otherwise(~is_near)


def count_rows(path: Path) -> dict[str, int]:
    """What a warehouse has of observations, and of findings by severity: words -> rows. QueryError, WarehouseMissing."""
    observed = int(query(path, "SELECT count(*) FROM core.observation").item())
    found = dict(query(path, "SELECT severity, count(*) FROM quality.finding GROUP BY ALL").iter_rows())
    return {
        "观测值": observed,
        **{f"{word}问题": int(found.get(severity, 0)) for severity, word in labels.SEVERITY.items()},
    }


def compare_counts(old: dict[str, int], new: dict[str, int]) -> pl.DataFrame:
    """COUNT of what ``count_rows`` gives of two warehouses."""
    rows = [(word, old[word], new[word]) for word in new]
    return pl.DataFrame(rows, schema=COUNT, orient="row")
