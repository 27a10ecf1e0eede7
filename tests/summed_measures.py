"""A published file of one year with a sum, or a reason for none, for every measure, county and township of a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tests.warehouse_samples import A_RUN, NOON, batch, indicator, observation
from warehouse.catalogue.frames import MEASURE, ROLLUP, shaped
from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Measure
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

YEAR = 2024
CITY = "371600"
Bent = Mapping[tuple[str, str], Mapping[str, Any]]
"""What is different of a sum: (org_code, measure) -> columns of ROLLUP."""


def published_sums(folder: Path, catalogue: Catalogue, bent: Bent | None = None) -> Path:
    """The published file. Each sum is another, so that none can stand in the place of another."""
    path = folder / "warehouse.duckdb"
    measures = [m for m in catalogue.measures.values() if m.form != REGISTRY_FORM]
    rollup = pl.DataFrame(list(_list_sums(catalogue, measures, bent or {})), infer_schema_length=None)
    own = batch("市本级", 1, unit=CITY)
    cells = [
        observation("市本级", m.id, 70_000.0 + n, org_code=CITY, unit_code=CITY, form=m.form)
        for n, m in enumerate(measures)
        if "city" in m.levels
    ]
    own["measures"] = pl.concat(cells).rename({"field": "measure"}).pipe(shaped, MEASURE)
    with NightBuild(build_path(path), None, catalogue) as build:
        build.add_batch(**own)
        build.set_indicators(indicator("member_count", 1.0), rollup=shaped(rollup, ROLLUP), at=NOON)
        build.add_run(A_RUN)
    publish(build_path(path), path)
    return path


def _list_sums(catalogue: Catalogue, measures: list[Measure], bent: Bent) -> Iterator[dict[str, Any]]:
    units = catalogue.registry.units(YEAR).filter(pl.col("level") != "village")
    number = 100.0
    for measure in measures:
        for code, level in units.select("org_code", "level").iter_rows():
            number += 3
            yield {
                "year": YEAR,
                "org_code": code,
                "org_level": level,
                "measure": measure.id,
                "value": number,
                "state": "value",
                "reported_count": 4,
                "expected_count": 4,
                "coverage_pct": 100.0,
                **bent.get((code, measure.id), {}),
            }
