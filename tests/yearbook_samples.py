"""A published file with a number, or a reason for none, for every indicator, five years and a few units of the real catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tests.warehouse_samples import A_RUN, NOON, batch
from warehouse.catalogue.frames import COMPARISON, INDICATOR, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

YEARS = (2020, 2021, 2022, 2023, 2024)
CITY, BINCHENG, ZHANHUA = "371600", "371602", "371603"
SHIZHONG = "371602001"
UNITS = {
    CITY: ("滨州市", "city", None),
    BINCHENG: ("滨城区", "county", CITY),
    ZHANHUA: ("沾化区", "county", CITY),
    SHIZHONG: ("市中街道", "township", BINCHENG),
    "371602002": ("市西街道", "township", BINCHENG),
    "371603001": ("富国街道", "township", ZHANHUA),
}
Bent = Mapping[tuple[int, str, str], Mapping[str, Any]]
"""What is different of a number: (year, org_code, indicator) -> columns of INDICATOR."""


def published_numbers(
    folder: Path,
    catalogue: Catalogue,
    bent: Bent | None = None,
    years: tuple[int, ...] = YEARS,
    closed: Mapping[str, int] | None = None,
) -> Path:
    """The published file. Each number is another, so that none can stand in the place of another.

    ``closed``: org_code -> the last year in which the unit had numbers.
    """
    path = folder / "warehouse.duckdb"
    last = closed or {}
    every = _list_rows(catalogue, bent or {}, years)
    rows = [row for row in every if row["year"] <= last.get(row["org_code"], row["year"])]
    indicators = shaped(pl.DataFrame(rows, infer_schema_length=None), INDICATOR)
    with NightBuild(build_path(path), None, catalogue) as build:
        build.add_batch(**batch("滨城区", 1))
        build.set_indicators(indicators, _compare(indicators), at=NOON)
        build.add_run(A_RUN)
    publish(build_path(path), path)
    return path


def _list_rows(catalogue: Catalogue, bent: Bent, years: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    number = 1_000
    for indicator in catalogue.indicators.values():
        for year in years:
            for code, (name, level, parent) in UNITS.items():
                if level not in indicator.levels:
                    continue
                number += 7
                yield {
                    "year": year,
                    "org_code": code,
                    "org_name": name,
                    "org_level": level,
                    "parent_code": parent,
                    "programme": indicator.programme,
                    "indicator": indicator.id,
                    "name_zh": indicator.name_zh,
                    "kind": indicator.kind,
                    "value": number + 0.125,
                    "state": "value",
                    "unit": indicator.unit,
                    "reported_count": 8,
                    "expected_count": 8,
                    "coverage_pct": 100.0,
                    "maturity": "provisional",
                    **bent.get((year, code, indicator.id), {}),
                }


def _compare(indicators: pl.DataFrame) -> pl.DataFrame:
    """Each number beside that of the year before."""
    key = ["org_code", "indicator"]
    before = indicators.select(*key, pl.col("year") + 1, previous_value="value")
    compared = indicators.join(before, on=["year", *key], how="inner")
    return compared.select(
        "year",
        *key,
        "previous_value",
        comparable_value="value",
        comparable_pct=pl.lit(100.0),
        previous_coverage_pct=pl.lit(100.0),
    ).pipe(shaped, COMPARISON)
