"""An invented series: a county and its townships over three years, bent in one thing at a time."""

from __future__ import annotations

from typing import Any

import polars as pl

from warehouse.catalogue.frames import shaped
from warehouse.catalogue.models import Break, Indicator
from warehouse.published.series import SERIES, Series

COUNTY, EAST, WEST = "371602", "371602001", "371602002"
NAMES = {COUNTY: "滨城区", EAST: "东街道", WEST: "西街道"}
MEMBERS = {
    COUNTY: {2022: 300.0, 2023: 330.0, 2024: 360.0},
    EAST: {2022: 100.0, 2023: 110.0, 2024: 120.0},
    WEST: {2022: 200.0, 2023: 220.0, 2024: 240.0},
}


def row(code: str, year: int, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "year": year,
        "org_code": code,
        "org_name": NAMES.get(code, code),
        "org_level": "county" if code == COUNTY else "township",
        "parent_code": "371600" if code == COUNTY else COUNTY,
        "value": value,
        "state": "not_reported" if value is None else "value" if value else "zero",
        "reported_count": 8,
        "expected_count": 8,
        "coverage_pct": 100.0,
        "maturity": "final",
        **more,
    }


def rows(
    numbers: dict[str, dict[int, float]] = MEMBERS, **bent: dict[tuple[str, int], Any]
) -> list[dict[str, Any]]:
    """The rows of ``numbers``; ``bent``: column -> (org_code, year) -> what stands there instead."""
    found = [row(code, year, value) for code, of_unit in numbers.items() for year, value in of_unit.items()]
    for column, places in bent.items():
        for (code, year), value in places.items():
            [place] = [r for r in found if (r["org_code"], r["year"]) == (code, year)]
            place[column] = value
    return found


def series(found: list[dict[str, Any]] | None = None, breaks: tuple[Break, ...] = (), **more: Any) -> Series:
    declared = {
        "id": "member_count",
        "programme": "organisation",
        "name_zh": "个人会员",
        "unit": "人",
        "kind": "stock",
        "formula": "member_count",
        "meaning": "会员数。",
        **more,
    }
    frame = shaped(pl.DataFrame(found or rows(), infer_schema_length=None), SERIES)
    return Series(Indicator(**declared), str(frame["org_code"][0]), frame, list(breaks))


def rates() -> Series:
    numbers = {COUNTY: {2023: 2.04, 2024: 2.25}, EAST: {2023: -1.0, 2024: 1.0}, WEST: {2023: 3.0, 2024: 4.0}}
    return series(rows(numbers), id="member_per_10k", kind="rate", unit="人/万人", decimals=1)
