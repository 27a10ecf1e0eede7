"""The trace inside the file leads from a number to its cells, and they make up the number again."""

from __future__ import annotations

import dataclasses
import os
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.measure_rows import with_indicator
from tests.small_city import (
    BEND,
    BRIDGE,
    BRIDGE_EAST,
    BRIDGE_WEST,
    CITY,
    EAST,
    GREAT,
    LOWER,
    UPPER,
    small_city,
    told,
)
from tests.test_vintages import City
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Expression
from warehouse.expression.nodes import YEARS_BACK
from warehouse.registry.levels import LEVELS
from warehouse.store.query import query

TOLERANCE = 1e-6


def trace(path: Path, indicator: str, org_code: str, year: int) -> pl.DataFrame:
    return query(path, "FROM trace(?, ?, ?)", [indicator, org_code, year])


def of_step(found: pl.DataFrame, step: str) -> pl.DataFrame:
    return found.filter(step=step)


def find_gaps(catalogue: Catalogue, found: pl.DataFrame) -> list[str]:
    """What does not add up in a trace: cells to units, units to terms, terms to the number."""
    gaps = []
    key = ["term", "of_node", "source_year"]
    used = found.filter(~pl.col("is_left_out").fill_null(False), pl.col("state").is_in(["value", "zero"]))
    units = of_step(used, "unit")
    cells = (
        of_step(used, "cell")
        .group_by(*key, "source_code")
        .agg(cell_sum=(pl.col("value") * pl.col("share")).sum())
    )
    both = units.join(cells, on=[*key, "source_code"], how="left").with_columns(
        pl.col("cell_sum").fill_null(0.0)
    )
    gaps += [
        f"cells of {r}" for r in both.filter((pl.col("value") - pl.col("cell_sum")).abs() > TOLERANCE).rows()
    ]
    sums = units.group_by(key).agg(unit_sum=pl.col("value").sum())
    terms = of_step(found, "term").join(sums, on=key, how="left")
    off = (pl.col("value").fill_null(0.0) - pl.col("unit_sum").fill_null(0.0)).abs() > TOLERANCE
    gaps += [f"units of {r}" for r in terms.filter(off).rows()]
    [number], [formula] = of_step(found, "number").to_dicts(), of_step(found, "formula").to_dicts()
    made = compute_number(catalogue, number, found)
    name = (number["indicator"], number["source_code"], number["source_year"])
    if not is_equal(made, number["value"]):
        gaps.append(f"{name} is {number['value']}, its terms make {made}")
    if not is_equal(formula["value"], number["value"]):
        gaps.append(f"{name} is {number['value']}, the file makes {formula['value']} of it")
    return gaps


def compute_number(catalogue: Catalogue, number: dict[str, Any], found: pl.DataFrame) -> float | None:
    """The formula over the traced terms, the place among the traced peers, the number of traced years."""
    formula = catalogue.expand_formula(catalogue.indicators[number["indicator"]])
    window, inner = formula.window or (None, formula)
    terms, own, year = of_step(found, "term"), number["source_code"], number["source_year"]
    if window == "streak":
        return count_years(inner, terms, own, year)
    value = evaluate_at(inner, terms.filter(of_node=own))
    if window == "share":
        whole = evaluate_at(inner, terms.filter(of_node=catalogue.settings.city.code))
        return None if value is None or not whole else value / whole * 100
    if window is None or value is None:
        return value
    peers = of_step(found, "peer")
    assert is_equal(peers.filter(source_code=own)["value"].item(), value)
    others = [float(v) for v in peers.remove(source_code=own)["value"].drop_nulls()]
    above, below = (sum(v > value for v in others), sum(v < value for v in others))
    if window == "percentile":
        return below / len(others) * 100 if others else None
    return 1.0 + (above if window == "rank" else below)


def count_years(condition: Expression, terms: pl.DataFrame, node: str, year: int) -> float | None:
    """For how many years in a row, up to ``year``, the condition holds."""
    known = terms.filter(of_node=node)
    for at in range(year, 0, -1):
        read = [
            known.filter(
                pl.col("source_year") <= at
                if t.function == "cumulative"
                else pl.col("source_year") == at - YEARS_BACK.get(t.function or "", 0),
                term=t.column,
            )
            for t in condition.terms
        ]
        holds = evaluate_at(condition, pl.concat(read))
        if not holds:
            return None if holds is None and at == year else float(year - at)
    return None


def evaluate_at(inner: Expression, terms: pl.DataFrame) -> float | None:
    """The value of an expression over traced terms; a sum is what is known of it."""
    sums = {t.column: terms.filter(term=t.column)["value"].drop_nulls() for t in inner.terms}
    known = {name: float(s.sum()) if s.len() else None for name, s in sums.items()}
    if inner.is_sum and any(v is not None for v in known.values()):
        known = {name: v or 0.0 for name, v in known.items()}
    frame = pl.DataFrame({name: pl.Series([v], dtype=pl.Float64) for name, v in known.items()})
    made = frame.select(inner.polars(lambda t: pl.col(t.column)).cast(pl.Float64)).item()
    return None if made is None or made != made or made in (float("inf"), float("-inf")) else float(made)


def is_equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one))


def draw_numbers(path: Path, count: int) -> list[tuple[str, str, int]]:
    rows = query(path, "SELECT indicator, org_code, year FROM mart.indicator ORDER BY ALL").rows()
    return random.Random(count).sample(rows, count)


KINDS = {
    "stock": "member_count",
    "flow": "visit_count",
    "sum": "visit_count + member_count",
    "rate": "visit_count / member_count * 100",
    "cumulative": "cumulative(member_count)",
    "cumulative_since": "cumulative(member_count, 2023)",
    "prev": "member_count - prev(member_count)",
    "prev2": "member_count - prev2(member_count)",
    "mean3": "mean3(member_count)",
    "share": "share(member_count)",
    "rank": "rank(member_count)",
    "rank_asc": "rank_asc(member_count / registry_village_count)",
    "percentile": "percentile(member_count)",
    "streak": "streak(member_count > 20)",
    "streak_of_growth": "streak(member_count > prev(member_count))",
    "streak_of_sums": "streak(cumulative(member_count) > 60)",
    "registry": "member_count / registry_village_count",
}
"""A formula of every kind; what it is called in the drawn city."""


def with_kinds(catalogue: Catalogue) -> Catalogue:
    """The catalogue with an indicator of each of KINDS."""
    made = {
        name: next(iter(with_indicator(catalogue, formula, id=name, levels=LEVELS).indicators.values()))
        for name, formula in KINDS.items()
    }
    return dataclasses.replace(catalogue, indicators=made)


def send_three_years(city: City) -> City:
    """Villages that merge in 2023, and a township that lacks a village in 2024."""
    city.night(
        told("a", 1, {EAST: 1, BRIDGE: 1, BRIDGE_EAST: 10, BRIDGE_WEST: 20, UPPER: 5, LOWER: 7}, year=2022),
        told("b", 2, {EAST: 1, BRIDGE: 1, BRIDGE_EAST: 10, BRIDGE_WEST: 20, GREAT: 30}, year=2023),
        told("c", 3, {EAST: 2, BRIDGE: 3, BRIDGE_EAST: 11, GREAT: 31}, year=2024),
        told("d", 4, {BRIDGE: 6}, year=2024, unit="990102", field="visit_count"),
        told("e", 5, {BRIDGE: 4, BEND: 8}, year=2023, unit="990102", field="visit_count"),
    )
    return city


@pytest.fixture(scope="module")
def city_of_kinds(tmp_path_factory: pytest.TempPathFactory) -> City:
    home = tmp_path_factory.mktemp("kinds")
    return send_three_years(City(home, with_kinds(small_city(home / "catalogue"))))


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_of_every_kind_is_made_up_by_its_leaves(city_of_kinds: City, kind: str) -> None:
    of_kind = "SELECT indicator, org_code, year FROM mart.indicator WHERE indicator = ? AND value IS {} NULL"
    known = city_of_kinds.ask(of_kind.format("NOT"), kind).rows()
    unknown = city_of_kinds.ask(of_kind.format(""), kind).rows()
    assert len(known) >= 3
    draw = random.Random(kind)
    drawn = draw.sample(known, 3) + draw.sample(unknown, min(2, len(unknown)))
    traces = [trace(city_of_kinds.path, *number) for number in drawn]
    assert [gap for found in traces for gap in find_gaps(city_of_kinds.catalogue, found)] == []


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    home = tmp_path_factory.mktemp("home")
    return send_three_years(City(home, small_city(home / "catalogue")))


def test_every_number_of_a_small_city_is_made_up_by_its_leaves(city: City) -> None:
    numbers = draw_numbers(city.path, 150 if "NIANBAO_DEEP" in os.environ else 50)
    assert [gap for number in numbers for gap in find_gaps(city.catalogue, trace(city.path, *number))] == []


def test_a_number_leads_to_its_cells_with_their_file(city: City) -> None:
    found = trace(city.path, "member_count", CITY, 2024)
    assert of_step(found, "number")["value"].to_list() == [47]
    cells = of_step(found, "cell")
    assert cells.select("source_code", "value", "cell", "file_name").row(0) == (EAST, 2, "C6", "c.xlsx")
    missing = of_step(found, "unit").filter(source_code=BRIDGE_WEST)
    assert missing.select("value", "state").row(0) == (None, "not_reported")


def test_what_a_merged_unit_took_over_counts_for_it_a_year_later(tmp_path: Path) -> None:
    of_last_year = with_indicator(
        small_city(tmp_path / "catalogue"), "prev(member_count)", kind="change", levels=LEVELS
    )
    city = City(tmp_path, of_last_year)
    city.night(told("a", 1, {UPPER: 5, LOWER: 7}, year=2022), told("b", 2, {GREAT: 30}, year=2023))
    found = trace(city.path, "x", GREAT, 2023)
    assert of_step(found, "number")["value"].to_list() == [12]
    units = of_step(found, "unit").sort("source_code")
    assert units.select("source_code", "source_year", "value").rows() == [(UPPER, 2022, 5), (LOWER, 2022, 7)]


def test_a_number_that_does_not_exist_has_no_trace(city: City) -> None:
    assert trace(city.path, "member_count", "1", 2024).is_empty()
    assert trace(city.path, "nothing", CITY, 2024).is_empty()
