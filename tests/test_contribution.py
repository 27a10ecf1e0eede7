"""What a unit had before has one answer: of rules, of indicators, of the warehouse and of the trace."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.frames.unit_frame import list_previous_values, unit_frame
from expectations.rulebook.rulebook import Rule
from tests.drawn_registries import FIRST_YEAR, LAST_YEAR, registries
from tests.example_counts import examples
from tests.measure_rows import CITY, NOBODY, rows, with_indicator
from tests.warehouse_samples import NOON, results, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.load import Catalogue
from warehouse.registry.contribution import (
    apportion_split_numbers,
    contributions,
    find_splits,
    list_contributing_years,
)
from warehouse.registry.registry import Registry
from warehouse.store.build import NightBuild
from warehouse.store.query import query
from warehouse.store.schema.tables import tables

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
LEVELS = ("township", "county", "city")
PREV = Rule.model_validate(
    {
        "id": "a.kept", "scope": "unit", "levels": LEVELS, "severity": "info", "words": "不少于上年",
        "expression": "member_count >= prev(member_count)", "message": "少于上年", "why": "例", "fix": "例",
    }
)  # fmt: skip


def numbers(catalogue: Catalogue, draw: st.DrawFn) -> pl.DataFrame:
    """Members of every village of every year."""
    given_rows = []
    for year in YEARS:
        villages = sorted(catalogue.registry.units(year).filter(level="village")["org_code"])
        given_rows.append(
            ("member_count", year, {code: float(draw(st.integers(0, 500))) for code in villages})
        )
    return rows(*given_rows)


@st.composite
def cities(draw: st.DrawFn) -> tuple[Catalogue, pl.DataFrame]:
    catalogue = draw(registries())
    return catalogue, numbers(catalogue, draw)


def by_rule(catalogue: Catalogue, measures: pl.DataFrame, year: int) -> dict[str, float]:
    now = measures.filter(year=year)
    frame = unit_frame([PREV], now, measures.filter(pl.col("year") < year), catalogue)
    return dict(frame.select("org_code", "member_count__prev").drop_nulls().iter_rows())


def by_indicator(catalogue: Catalogue, measures: pl.DataFrame, year: int) -> dict[str, float]:
    declared = with_indicator(catalogue, "prev(member_count)", kind="change", levels=LEVELS)
    found = compute(measures, declared, NOBODY).indicators.filter(year=year)
    return dict(found.select("org_code", "value").drop_nulls().iter_rows())


def by_warehouse(
    catalogue: Catalogue, measures: pl.DataFrame, year: int
) -> tuple[dict[str, float], dict[str, float]]:
    """core.previous, from which the worklist takes last year's numbers: value and own_value."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA core")
        for name, frame in {
            "contribution": pl.concat(
                contributions(catalogue.registry, source, year)
                for year, source in list_contributing_years(YEARS)
            ),
            "measure": measures,
            "handed_on": apportion_split_numbers(
                measures, catalogue.registry, find_splits(catalogue.registry, YEARS), catalogue.quanta
            ),
        }.items():
            connection.register("incoming", frame.to_arrow())
            connection.execute(f"CREATE TABLE core.{name} AS FROM incoming")
        found = connection.execute(tables()["core.previous"].sql or "").pl().filter(year=year)
    return (
        dict(found.select("org_code", "value").iter_rows()),
        dict(found.select("org_code", "own_value").drop_nulls().iter_rows()),
    )


@given(cities())
@settings(max_examples=examples(25))
def test_last_year_has_one_answer_through_every_change_of_the_registry(
    city: tuple[Catalogue, pl.DataFrame],
) -> None:
    catalogue, measures = city
    for year in YEARS[1:]:
        of_rule, of_indicator = by_rule(catalogue, measures, year), by_indicator(catalogue, measures, year)
        of_warehouse, _ = by_warehouse(catalogue, measures, year)
        nodes = catalogue.registry.units(year).filter(pl.col("level").is_in(LEVELS))["org_code"]
        of_warehouse = {code: value for code, value in of_warehouse.items() if code in nodes}
        assert of_indicator == of_warehouse
        reporting = {node: value for node, value in of_indicator.items() if node in of_rule}
        assert of_rule == reporting
        assert of_indicator[CITY] == measures.filter(year=year - 1)["value"].sum()


@given(cities(), st.data())
@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])
def test_the_trace_follows_every_change_of_the_registry_too(
    city: tuple[Catalogue, pl.DataFrame], data: st.DataObject
) -> None:
    catalogue, measures = city
    declared = with_indicator(catalogue, "prev(member_count)", kind="change", levels=LEVELS)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "w.duckdb"
        with NightBuild(path, None, declared) as build:
            said = measures.unique("submission", maintain_order=True)
            for seq, row in enumerate(said.iter_rows(named=True), start=1):
                named = submission(
                    "", seq, unit=row["unit_code"], year=row["year"], submission=row["submission"]
                )
                build.add_batch(
                    named, measures=measures.filter(submission=row["submission"]), results=results()
                )
            found = compute(build.read_standing_measures(), declared, NOBODY)
            build.set_indicators(found.indicators, found.comparisons, found.rollup, at=NOON)
        known = (
            found.indicators.filter(pl.col("value").is_not_null()).select("year", "org_code", "value").rows()
        )
        drawn = [row for row in known if row[1] == CITY][-1:] + [
            data.draw(st.sampled_from(known)) for _ in range(3)
        ]
        for year, org_code, value in drawn:
            rows = query(path, "FROM trace('x', ?, ?)", [org_code, year])
            assert rows.filter(step="formula")["value"].to_list() == [value]
            assert rows.filter(step="unit")["value"].sum() == value


@given(cities())
@settings(max_examples=examples(15))
def test_a_units_own_number_of_last_year_has_one_answer_too(city: tuple[Catalogue, pl.DataFrame]) -> None:
    catalogue, measures = city
    for year in YEARS[1:]:
        history = list_previous_values(measures, [year], catalogue)
        _, own = by_warehouse(catalogue, measures, year)
        assert dict(history.select("org_code", "previous_value").iter_rows()) == own


@given(registries())
@settings(max_examples=examples(40))
def test_what_a_unit_reported_counts_once_wherever_it_went(catalogue: Catalogue) -> None:
    for year in YEARS:
        for source_year in range(FIRST_YEAR, year + 1):
            counts = contributions(catalogue.registry, source_year, year)
            assert counts.select("node", "org_code", "source_code").is_unique().all()
            at_city = counts.filter(node=CITY).group_by("source_code").agg(pl.col("share").sum())
            sources = catalogue.registry.units(source_year)["org_code"].to_list()
            assert sorted(at_city["source_code"]) == sorted(sources)
            assert at_city["share"].to_list() == pytest.approx([1.0] * at_city.height)
            assert heirs(counts) == pytest.approx(followed(catalogue.registry, source_year, year))


def heirs(counts: pl.DataFrame) -> dict[tuple[str, str], float]:
    found = counts.filter(pl.col("node") == pl.col("org_code"))
    return {(row["source_code"], row["org_code"]): row["share"] for row in found.iter_rows(named=True)}


def followed(registry: Registry, source_year: int, year: int) -> dict[tuple[str, str], float]:
    """Heirs and shares found another way: each unit's fate is followed by itself, year by year."""
    found: dict[tuple[str, str], float] = {}
    for source in registry.units(source_year)["org_code"]:
        held = {source: 1.0}
        for step in range(source_year + 1, year + 1):
            held = _one_year_on(held, registry, step)
        found |= {(source, heir): share for heir, share in held.items()}
    return found


def _one_year_on(held: dict[str, float], registry: Registry, year: int) -> dict[str, float]:
    valid = set(registry.units(year)["org_code"])
    above = dict(registry.units(year - 1).select("org_code", "parent_code").iter_rows())
    onward: dict[str, float] = {}
    waiting = list(held.items())
    while waiting:
        code, share = waiting.pop()
        declared = registry.succession.filter(pl.col("year") == year, pl.col("old_code") == code)
        given_away = {row["new_code"]: row["share"] for row in declared.iter_rows(named=True)}
        for heir, part in given_away.items():
            onward[heir] = onward.get(heir, 0.0) + share * part
        rest = share * (1.0 - sum(given_away.values()))
        if rest > 1e-9:
            if code in valid:
                onward[code] = onward.get(code, 0.0) + rest
            else:
                waiting.append((above[code], rest))
    return onward
