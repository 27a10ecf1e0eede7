"""Two readings of every kind of formula, written apart, agree: that of the indicators and that of the published file."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import polars as pl

from tests.warehouse_samples import NOON, results, sha, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import MEASURE, shaped
from warehouse.catalogue.load import REGISTRY_FORM, Catalogue, load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.query import QueryError
from warehouse.trace.trace import trace

FINAL = pl.DataFrame(schema={"year": pl.Int32, "unit_code": pl.String})


def invented(catalogue: Catalogue, year: int, unit: str, level: str, draw: random.Random) -> pl.DataFrame:
    """MEASURE rows of every measure for every unit asked, some of them zero, not applicable or not reported."""
    units = catalogue.registry.units(year)
    own = pl.col("org_code") == unit if level == "city" else pl.col("county_code") == unit
    parts = []
    for measure in (m for m in catalogue.measures.values() if m.form != REGISTRY_FORM):
        levels = [lv for lv in measure.levels if (lv == "city") == (level == "city")]
        codes = units.filter(own, pl.col("level").is_in(levels))["org_code"]
        states = draw.choices(
            ["value", "zero", "not_applicable", "not_reported"], [90, 5, 2, 3], k=len(codes)
        )
        number = {"value": lambda: float(draw.randint(1, 500)), "zero": lambda: 0.0}
        values = [number[s]() if s in number else None for s in states]
        part = pl.DataFrame(
            {
                "org_code": codes,
                "state": pl.Series(states, dtype=pl.String),
                "value": pl.Series(values, dtype=pl.Float64),
            }
        )
        parts.append(part.with_columns(measure=pl.lit(measure.id), year=pl.lit(year), unit_code=pl.lit(unit)))
    return pl.concat(parts).with_columns(submission=pl.lit(sha(f"{unit}-{year}"))).pipe(shaped, MEASURE)


def test_the_traces_own_reading_of_every_kind_of_formula_agrees_with_the_computed_indicator(
    tmp_path: Path,
) -> None:
    """Two readings of one declaration: transforms/indicators/indicators.py and the macro trace."""
    catalogue = load_catalogue()
    draw = random.Random(1)
    units = [("371602", "county"), ("371625", "county"), ("371600", "city")]
    submissions, measures = [], []
    for seq, (year, (unit, level)) in enumerate(itertools.product((2022, 2023, 2024), units), start=1):
        if (year, unit) != (2023, "371625"):  # one unit did not report that year
            submissions.append(submission(f"{unit}-{year}", seq, unit=unit, year=year))
            measures.append(invented(catalogue, year, unit, level, draw))
    with NightBuild(tmp_path / "w.duckdb", None, catalogue) as night:
        night.add_batch(
            pl.concat(submissions),
            measures=pl.concat(measures),
            results=results(),
        )
        night.set_indicators(compute(night.read_standing_measures(), catalogue, FINAL).indicators, at=NOON)
        night.check()
    shapes: dict[tuple[object, ...], str] = {}
    for declared in catalogue.indicators.values():
        inner = catalogue.expand_formula(declared)
        asked = frozenset(catalogue.measures[t.name].levels for t in inner.terms)
        shapes.setdefault(
            (declared.kind, len(inner.terms), asked, tuple(t.function for t in inner.terms)), declared.id
        )
    compared = 0
    for name, org in itertools.product(shapes.values(), ("371600", "371602", "371602001")):
        try:
            found = trace(tmp_path / "w.duckdb", catalogue, name, org, 2024)
        except QueryError:
            continue  # not asked of this level
        assert not [r for r in found.remarks if "重新计算得" in r], (name, org)
        compared += 1
    assert compared > 30
