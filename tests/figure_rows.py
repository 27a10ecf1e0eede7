"""Rows of FIGURES for invented numbers, bent in one thing at a time."""

from __future__ import annotations

from typing import Any

import polars as pl

from warehouse.catalogue.frames import shaped
from warehouse.published.figures import FIGURES

CITY = "371600"


def figure(indicator: str, value: float | None, **more: Any) -> dict[str, Any]:
    """A number of the city in 2024, over last year's by 3 and 1.5 %; ``state`` follows from the number unless it is given."""
    return {
        "year": 2024,
        "org_code": CITY,
        "org_name": "滨州市",
        "org_level": "city",
        "programme": "organisation",
        "indicator": indicator,
        "name_zh": indicator,
        "kind": "stock",
        "unit": "人",
        "decimals": 0,
        "value": value,
        "state": "not_reported" if value is None else "value",
        "coverage_pct": 100.0,
        "maturity": "provisional",
        "change": 3.0,
        "change_pct": 1.5,
        **more,
    }


def figures(*rows: dict[str, Any]) -> pl.DataFrame:
    """FIGURES of ``rows``."""
    return pl.DataFrame(list(rows), infer_schema_length=None).pipe(shaped, FIGURES)
