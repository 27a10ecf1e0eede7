"""Regions: counties between which no unit ever moved are judged apart, and need no more of the registry than their own part."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.example_counts import examples
from tests.measure_rows import BAY, BRIDGE, CITY, EAST, WEST, WILLOW, lanhe, with_registry
from warehouse.registry.contribution import contributions
from warehouse.registry.regions import Regions
from warehouse.registry.registry import Registry

REGISTRY = lanhe().registry
THIRD = "990103"


def of(
    units: list[tuple[str, str, str, str | None, int | None, int | None]],
    *succession: tuple[str, str, int, float],
) -> Registry:
    """A registry of these units (code, level, parent, from, to) and successions."""
    return with_registry(lanhe(), units, list(succession)).registry


UNITS = [
    (CITY, "city", None, None, None),
    (EAST, "county", CITY, None, None),
    (WEST, "county", CITY, None, None),
    (THIRD, "county", CITY, None, None),
    (BRIDGE, "township", EAST, None, 2022),
    (BAY, "township", EAST, None, None),
    (WILLOW, "township", WEST, 2023, None),
]


def test_counties_without_exchange_are_regions_of_their_own() -> None:
    regions = Regions(of(UNITS[:6]))
    assert [regions.list_units([unit]) for unit in (EAST, WEST, THIRD, CITY)] == [
        [EAST],
        [WEST],
        [THIRD],
        [CITY],
    ]


def test_counties_that_exchanged_a_township_are_one_region() -> None:
    regions = Regions(of(UNITS, (BRIDGE, WILLOW, 2023, 1.0)))
    assert regions.list_units([WEST]) == regions.list_units([EAST]) == [EAST, WEST]
    assert regions.list_units([THIRD]) == [THIRD]


def test_a_township_that_changed_its_county_under_the_same_code_joins_both() -> None:
    moved = (BRIDGE, "township", THIRD, 2023, None)
    assert Regions(of([*UNITS, moved])).list_units([EAST]) == [EAST, THIRD]


def test_what_a_county_that_ended_leaves_to_nobody_is_the_citys() -> None:
    ended = (THIRD, "county", CITY, None, 2022)
    regions = Regions(of([*UNITS[:3], ended, UNITS[5]]))
    assert regions.list_units([CITY]) == [CITY, THIRD]


def of_unit(registry: Registry, unit: str, year: int) -> pl.DataFrame:
    """The units of a county and the city."""
    return registry.units(year).filter((pl.col("county_code") == unit) | (pl.col("level") == "city"))


@pytest.mark.parametrize("unit", [EAST, WEST])
def test_the_part_of_a_registry_answers_for_its_units_as_the_whole_does(unit: str) -> None:
    whole = of(UNITS, (BRIDGE, BAY, 2023, 1.0))
    part = Regions(whole).select([unit])
    for year in (2022, 2023):
        assert_frame_equal(part.units(year), of_unit(whole, unit, year))
        sources = of_unit(whole, unit, 2022).select("org_code")
        seen = contributions(whole, 2022, year).join(
            sources, left_on="source_code", right_on="org_code", how="semi"
        )
        assert_frame_equal(contributions(part, 2022, year), seen, check_row_order=False)


def test_a_county_that_rows_name_is_known_too() -> None:
    part = Regions(of(UNITS)).select([EAST], ["990103"])
    assert set(part.roster(2024)["unit_code"]) == {CITY, EAST, THIRD}


@given(
    st.lists(
        st.tuples(st.sampled_from([EAST, WEST, THIRD]), st.sampled_from([EAST, WEST, THIRD])), max_size=4
    )
)
@settings(max_examples=examples(20))
def test_every_county_is_of_exactly_one_region(exchanges: list[tuple[str, str]]) -> None:
    units = list(UNITS[:4])
    succession = []
    for number, (giver, taker) in enumerate(exchanges):
        old, new = f"{giver}8{number:02d}", f"{taker}9{number:02d}"
        units += [(old, "township", giver, None, 2022), (new, "township", taker, 2023, None)]
        succession.append((old, new, 2023, 1.0))
    regions = Regions(of(units, *succession))
    for unit in (EAST, WEST, THIRD):
        mine = regions.list_units([unit])
        assert unit in mine
        assert all(regions.list_units([other]) == mine for other in mine)
    for giver, taker in exchanges:
        assert regions.find_region(giver) == regions.find_region(taker)
