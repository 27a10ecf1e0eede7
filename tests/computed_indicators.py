"""Indicators computed of a few rows of the small city."""

from __future__ import annotations

from typing import Any

import polars as pl

from tests.measure_rows import (
    BAY,
    BRIDGE,
    NOBODY,
    WILLOW,
    Cell,
    lanhe,
    rows,
    with_indicator,
)
from transforms.indicators.indicators import compute

CATALOGUE = lanhe()
Given = tuple[str, int, dict[str, Cell]]


def computed(
    formula: str, *given_rows: Given, final: pl.DataFrame = NOBODY, **changes: object
) -> pl.DataFrame:
    """The INDICATOR frame of one formula over a few cells of the invented city."""
    return compute(rows(*given_rows), with_indicator(CATALOGUE, formula, **changes), final).indicators


def at(frame: pl.DataFrame, code: str, year: int = 2024) -> dict[str, Any]:
    """The one row of a node and year."""
    return frame.row(by_predicate=(pl.col("org_code") == code) & (pl.col("year") == year), named=True)


def values(frame: pl.DataFrame, *codes: str, year: int = 2024) -> list[float | None]:
    return [at(frame, code, year)["value"] for code in codes]


VISITS: Given = ("visit_count", 2024, {BRIDGE: 10, BAY: 30, WILLOW: 60})
HOMES: Given = ("household_count", 2024, {BRIDGE: 100, BAY: 200, WILLOW: 100})


def history(measure: str, *by_year: tuple[int, dict[str, Cell]]) -> list[Given]:
    return [(measure, year, cells) for year, cells in by_year]
