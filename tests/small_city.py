"""The invented city of tests/catalogues/lanhe as small batches for the warehouse: a merger of villages in 2023."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from tests.warehouse_samples import batch, finding, measures_of, observation, sha
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

LANHE = Path(__file__).parent / "catalogues" / "lanhe"
CITY, EAST, WEST = "990100", "990101", "990102"
BRIDGE, BEND = "990101001", "990101002"  # townships of the east
BRIDGE_EAST, BRIDGE_WEST = "990101001001", "990101001002"
UPPER, LOWER, GREAT = "990101002001", "990101002002", "990101002003"  # two villages became the third in 2023

SCOPES = ("row", "unit", "series", "total", "column", "problem")
RULES = pl.DataFrame({"rule": [f"{scope}.any" for scope in SCOPES], "scope": SCOPES, "severity": "warning"})
"""A rule of every scope; see :func:`question`."""


def small_city(folder: Path) -> Catalogue:
    """The city's catalogue, copied into ``folder``, its numbers of members and visits published."""
    shutil.copytree(LANHE, folder)
    for name, indicator in (("network", "member_count"), ("care", "visit_cumulative_count")):
        path = folder / "indicators" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        head = f"- id: {indicator}\n"
        assert head in text
        path.write_text(text.replace(head, f"{head}  is_published: true\n"), encoding="utf-8")
    return load_catalogue(folder)


def told(
    name: str,
    seq: int,
    numbers: dict[str, Any],
    *,
    unit: str = EAST,
    year: int = 2024,
    field: str = "member_count",
    asked: list[pl.DataFrame] | None = None,
    **more: Any,
) -> dict[str, pl.DataFrame]:
    """A submission that says one number of each org unit, and the findings it raises (see :func:`question`)."""
    made = batch(name, seq, unit=unit, year=year, **more)
    form = "network" if field == "member_count" else "care"
    cells = [
        observation(
            name, field, value, org_code=org, unit_code=unit, year=year, form=form, row=row, cell=f"C{row}"
        )
        for row, (org, value) in enumerate(numbers.items(), start=6)
    ]
    made["observations"] = pl.concat(cells)
    made["measures"] = measures_of(made["observations"])
    if asked:
        made["findings"] = pl.concat(asked).with_columns(
            submission=pl.lit(sha(name)), unit_code=pl.lit(unit), year=pl.lit(year, pl.Int32)
        )
    return made


def question(org: str | None, value: float | None, scope: str = "row", **more: Any) -> pl.DataFrame:
    """A finding about the number of members of ``org``, of a rule of this scope."""
    field = more.pop("field", "member_count")
    row = {
        "form": "network",
        "rule": f"{scope}.any",
        "org_code": org,
        "value": None if value is None else f"{value:g}",
        "sheet": "兰1表",
        "cell": f"C{org}",
        "field": field,
        "fields": [field] if field else [],
    }
    return finding("", **{**row, **more})


def published(
    home: Path, catalogue: Catalogue, *batches: dict[str, pl.DataFrame], **tables: pl.DataFrame
) -> Path:
    """The warehouse of these batches; ``explanations`` may be given."""
    path = home / "warehouse.duckdb"
    with NightBuild(build_path(path), None, catalogue) as build:
        for each in batches:
            build.add_batch(**each)
        build.set_rules(RULES)
        if "explanations" in tables:
            build.set_explanations(tables["explanations"])
    publish(build_path(path), path)
    return path
