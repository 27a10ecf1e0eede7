"""Builds MEASURE rows from a few numbers, so that a test says only what matters to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import MEASURE
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Indicator
from warehouse.registry.registry import Registry

LANHE = Path(__file__).parent / "catalogues" / "lanhe"
CITY, EAST, WEST = "990100", "990101", "990102"
BRIDGE, BAY, WILLOW = "990101001", "990101002", "990102001"  # townships, the first two in EAST
BRIDGE_VILLAGES = ("990101001001", "990101001002")
NOBODY = pl.DataFrame(schema={"year": pl.Int32, "unit_code": pl.String})

NA = "not_applicable"
Cell = float | str | None


def lanhe() -> Catalogue:
    """The catalogue of the invented city."""
    return load_catalogue(LANHE)


def with_indicator(catalogue: Catalogue, formula: str, **changes: object) -> Catalogue:
    """The catalogue with one indicator only, called ``x``."""
    declared: dict[str, object] = {
        "id": "x",
        "programme": next(iter(catalogue.programmes)),
        "name_zh": "例",
        "unit": "个",
        "kind": "stock",
        "formula": formula,
        "meaning": "例",
        "levels": ("city", "county", "township"),
        **changes,
    }
    return dataclasses.replace(catalogue, indicators={"x": Indicator.model_validate(declared)})


def with_registry(
    catalogue: Catalogue,
    units: list[tuple[str, str, str | None, int | None, int | None]],
    succession: list[tuple[str, str, int, float]],
) -> Catalogue:
    """The catalogue with other units (code, level, parent, valid_from, valid_to) and their succession."""
    frame = pl.DataFrame(
        [(code, f"单位{code}", level, *rest) for code, level, *rest in units],
        schema={
            "org_code": pl.String,
            "name": pl.String,
            "level": pl.String,
            "parent_code": pl.String,
            "valid_from": pl.Int32,
            "valid_to": pl.Int32,
        },
        orient="row",
    )
    schema = {"old_code": pl.String, "new_code": pl.String, "year": pl.Int32, "share": pl.Float64}
    moved = pl.DataFrame(succession, schema=schema, orient="row")
    return dataclasses.replace(catalogue, registry=Registry(frame, moved))


def rows(*given: tuple[str, int, dict[str, Cell]]) -> pl.DataFrame:
    """MEASURE rows of (measure, year, {org_code: number | NA | None for not reported}), one submission a unit-year."""
    found = []
    for measure, year, cells in given:
        for code, cell in cells.items():
            state = NA if cell == NA else "not_reported" if cell is None else "zero" if cell == 0 else "value"
            value = float(cell) if isinstance(cell, (int, float)) else None
            found.append((f"{code[:6]}-{year}", code[:6], year, code, measure, state, value))
    order = ["submission", "unit_code", "year", "org_code", "measure", "state", "value"]
    return pl.DataFrame(found, schema={name: MEASURE[name] for name in order}, orient="row").select(
        list(MEASURE)
    )
