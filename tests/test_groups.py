"""Indicators are computed in groups: the same numbers, however many groups there are."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.measure_rows import BAY, BRIDGE, BRIDGE_VILLAGES, EAST, NOBODY, WEST, WILLOW, lanhe, rows
from transforms.indicators.groups import list_groups
from transforms.indicators.indicators import compute
from transforms.indicators.measure_cells import data_years, is_deep
from transforms.indicators.term_tree import lay_ground

CATALOGUE = lanhe()
MEASURES = rows(
    ("member_count", 2022, {EAST: 1, WEST: 2, BRIDGE: 10, **dict.fromkeys(BRIDGE_VILLAGES, 7)}),
    ("household_count", 2023, {BRIDGE: 100, BAY: 200, WILLOW: 100}),
    ("visit_count", 2024, {BRIDGE: 10, BAY: 30, WILLOW: 60}),
    ("member_count", 2024, {EAST: 3, WEST: 4, BRIDGE: 12, **dict.fromkeys(BRIDGE_VILLAGES, 9)}),
)
YEARS = data_years(MEASURES)
ORDER = ["indicator", "measure", "year", "org_code"]


@pytest.mark.parametrize("most", [1, 60, 10**9])
def test_every_indicator_and_measure_is_in_one_group(most: int) -> None:
    groups = list_groups(CATALOGUE, YEARS, most)
    assert [i for group in groups for i in group.indicators] == list(CATALOGUE.indicators)
    assert sorted(m for group in groups for m in group.measures) == sorted(CATALOGUE.measures)
    assert (len(groups) == 1) == (most == 10**9)


@pytest.mark.parametrize("most", [1, 60])
def test_groups_give_the_numbers_of_the_whole(most: int) -> None:
    whole = compute(MEASURES, CATALOGUE, NOBODY)
    ground = lay_ground(CATALOGUE, NOBODY, YEARS)
    parts = [
        compute(MEASURES.filter(pl.col("measure").is_in(group.read)), CATALOGUE, NOBODY, group, ground)
        for group in list_groups(CATALOGUE, YEARS, most)
    ]
    assert len(parts) > 1
    for name in ("indicators", "comparisons", "rollup"):
        one = getattr(whole, name)
        other = pl.concat([getattr(part, name) for part in parts])
        assert one.height
        keys = [c for c in ORDER if c in one.columns]
        assert_frame_equal(other.sort(keys), one.sort(keys))


def test_indicators_that_villages_have_are_computed_a_few_at_a_time() -> None:
    units = pl.concat(CATALOGUE.registry.units(year) for year in YEARS)
    above = units.filter(pl.col("level") != "village").height
    has_villages = {
        i.id: any(is_deep(m) for m in CATALOGUE.measures_of(i)) for i in CATALOGUE.indicators.values()
    }
    groups = list_groups(CATALOGUE, YEARS, 2 * units.height)
    weights = [sum(units.height if has_villages[i] else above for i in group.indicators) for group in groups]
    assert max(weights) <= 2 * units.height
    # As few groups as there can be: none would have had room for the first of the next one.
    first = [units.height if has_villages[group.indicators[0]] else above for group in groups]
    assert all(weight + more > 2 * units.height for weight, more in zip(weights, first[1:], strict=False))
    assert len(groups) > 1
    assert sum(has_villages.values()) > 2
