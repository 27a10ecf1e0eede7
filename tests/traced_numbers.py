"""Small warehouses whose numbers are traced: indicators of every kind over townships of two counties."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import polars as pl

from tests.warehouse_samples import NOON, note, observation, results, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import COUNTED_ROW, MEASURE, NOTE, empty, shaped
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Indicator
from warehouse.store.build import NightBuild
from warehouse.trace.trace import Trace, trace

FORMULAS = {
    "served": ("flow", "family_served_count"),
    "served_cumulative": ("cumulative", "cumulative(family_served_count, 2023)"),
    "served_per_100": ("rate", "family_served_count / infant_family_count * 100"),
    "held": ("flow", "activity_count + class_count"),
    "served_change": ("change", "family_served_count - prev(family_served_count)"),
    "served_rank": ("rank", "rank(family_served_count)"),
    "served_percentile": ("rank", "percentile(family_served_count)"),
    "served_mean": ("rate", "mean3(family_served_count)"),
    "served_share": ("share", "share(family_served_count)"),
    "served_years": ("streak", "streak(family_served_count > 0)"),
    "associations": ("stock", "association_count"),
    "townships": ("stock", "registry_township_count"),
    "doubled": ("rate", "served / infant_family_count"),
}
FINAL = pl.DataFrame(schema={"year": pl.Int32, "unit_code": pl.String})
PLACES = {"family_served_count": "F", "activity_count": "C", "class_count": "D", "infant_family_count": "G"}
FORMS = {"infant_family_count": ("population", "年2表")}


def traced_catalogue() -> Catalogue:
    """The catalogue with an indicator of every kind."""
    declared = {
        name: Indicator(
            id=name, programme="sunflower_house", name_zh=f"指标{name}", unit="户", kind=kind, formula=formula,
            meaning="测试。", levels=("city", "county", "township"), decimals=1,
        )
        for name, (kind, formula) in FORMULAS.items()
    }  # fmt: skip
    return dataclasses.replace(load_catalogue(), indicators=declared)


def cells(name: str, unit: str, year: int, township: str, row: int, **values: Any) -> pl.DataFrame:
    parts = []
    for field, value in values.items():
        form, sheet = FORMS.get(field, ("sunflower_activity", "年3-2表"))
        parts.append(
            observation(
                name, field, value, unit_code=unit, year=year, org_code=township, form=form, sheet=sheet, row=row,
                cell=f"{PLACES[field]}{row}",
            )
        )  # fmt: skip
    return pl.concat(parts)


def build(
    path: Path,
    catalogue: Catalogue,
    submissions: pl.DataFrame,
    observations: pl.DataFrame,
    counted: pl.DataFrame | None = None,
    notes: pl.DataFrame | None = None,
    counted_rows: pl.DataFrame | None = None,
) -> Path:
    """A warehouse of these observations, its indicators computed by transforms.indicators.indicators."""
    numbers = observations.filter(pl.col("text").is_null(), pl.col("form") != "organisation")
    measures = numbers.rename({"field": "measure"}).pipe(shaped, MEASURE)
    if counted is not None:
        measures = pl.concat([measures, counted])
    with NightBuild(path, None, catalogue) as night:
        night.add_batch(
            submissions, observations=observations, measures=measures,
            notes=empty(NOTE) if notes is None else notes, results=results(),
            counted_rows=empty(COUNTED_ROW) if counted_rows is None else counted_rows,
        )  # fmt: skip
        night.set_indicators(compute(night.read_standing_measures(), catalogue, FINAL).indicators, at=NOON)
        night.check()
    return path


def traced(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str = "371602", year: int = 2024
) -> Trace:
    return trace(warehouse, catalogue, indicator, org, year)


def two_counties(home: Path, catalogue: Catalogue) -> Path:
    """Two counties, three years. 371602 has three townships in 2024, one of which lacks its denominator."""
    submissions = pl.concat(
        [
            submission("binzhou-2022", 1, year=2022),
            submission("binzhou-2023", 2, year=2023),
            submission("binzhou-2024-first", 3),
            submission("binzhou-2024", 4),
            submission("zhanhua-2024", 5, unit="371603"),
        ]
    )
    parts = [
        cells("binzhou-2022", "371602", 2022, "371602001", 6, family_served_count=1000),
        cells("binzhou-2023", "371602", 2023, "371602001", 6, family_served_count=20),
        cells("binzhou-2024-first", "371602", 2024, "371602001", 6, family_served_count=999),
        cells(
            "binzhou-2024", "371602", 2024, "371602001", 6, family_served_count=30, infant_family_count=100, activity_count=4,
            class_count=None,
        ),
        cells("binzhou-2024", "371602", 2024, "371602002", 7, family_served_count=5, infant_family_count=None,
              activity_count="不适用"),
        cells("binzhou-2024", "371602", 2024, "371602003", 8, family_served_count=0, infant_family_count=50, class_count=7),
        cells("zhanhua-2024", "371603", 2024, "371603001", 6, family_served_count=90, infant_family_count=100),
    ]  # fmt: skip
    notes = note("binzhou-2024", "３０", "30", cell="F6")
    return build(home / "w.duckdb", catalogue, submissions, pl.concat(parts), notes=notes)
