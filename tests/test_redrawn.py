"""Series on today's boundaries: what units were merged, split or moved had is computed as if they had always been so."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from tests.drawn_registries import FIRST_YEAR, LAST_YEAR
from tests.example_counts import examples
from tests.measure_rows import (
    BAY,
    BRIDGE,
    CITY,
    EAST,
    NA,
    NOBODY,
    WEST,
    WILLOW,
    Cell,
    lanhe,
    rows,
    with_indicator,
    with_registry,
)
from tests.test_contribution import cities
from transforms.indicators.indicators import compute, redraw
from warehouse.catalogue.load import Catalogue

CATALOGUE = lanhe()
KEY = ["year", "org_code", "indicator"]
LEVELS = ("city", "county", "township")
ABOVE = [
    (CITY, "city", None, None, None),
    (EAST, "county", CITY, None, None),
    (WEST, "county", CITY, None, None),
]
MERGED = with_registry(
    CATALOGUE,
    [*ABOVE, (BRIDGE, "township", EAST, None, 2023), (BAY, "township", EAST, None, None), (WILLOW, "township", WEST, None, None)],
    [(BRIDGE, BAY, 2024, 1.0)],
)  # fmt: skip
SPLIT = with_registry(
    CATALOGUE,
    [*ABOVE, (BRIDGE, "township", EAST, None, None), (BAY, "township", EAST, 2024, None), (WILLOW, "township", WEST, None, None)],
    [(BRIDGE, BAY, 2024, 0.3)],
)  # fmt: skip
MOVED = with_registry(
    CATALOGUE,
    [
        *ABOVE,
        (BRIDGE, "township", EAST, None, None),
        (BAY, "township", EAST, None, 2023),
        (BAY, "township", WEST, 2024, None),
        (WILLOW, "township", WEST, None, None),
    ],
    [],
)

Given = tuple[str, int, dict[str, Cell]]
TODAY: Given = ("visit_count", 2024, {BAY: 50, WILLOW: 60})


def visits(year: int, bridge: Cell, bay: Cell, willow: Cell = 60) -> Given:
    return ("visit_count", year, {BRIDGE: bridge, BAY: bay, WILLOW: willow})


def homes(year: int, bridge: Cell, bay: Cell, willow: Cell = 100) -> Given:
    return ("household_count", year, {BRIDGE: bridge, BAY: bay, WILLOW: willow})


def on_todays_boundaries(catalogue: Catalogue, formula: str, *told: Given, **changes: Any) -> pl.DataFrame:
    """INDICATOR of all years on the boundaries of the last: the redrawn rows, and those that are as they were."""
    return series(with_indicator(catalogue, formula, **changes), rows(*told))


def redrawn(catalogue: Catalogue, measures: pl.DataFrame, final: pl.DataFrame = NOBODY) -> pl.DataFrame:
    return redraw(measures, catalogue, final, compute(measures, catalogue, final).indicators)


def series(catalogue: Catalogue, measures: pl.DataFrame) -> pl.DataFrame:
    indicators, changed = compute(measures, catalogue, NOBODY).indicators, redrawn(catalogue, measures)
    units = catalogue.registry.units(indicators["year"].max())  # type: ignore[arg-type]
    kept = indicators.join(changed, on=KEY, how="anti").join(units, on="org_code", how="semi")
    return pl.concat([kept, changed]).sort(KEY)


def at(frame: pl.DataFrame, code: str, year: int = 2023) -> dict[str, Any]:
    return frame.row(by_predicate=(pl.col("org_code") == code) & (pl.col("year") == year), named=True)


def test_a_merged_township_had_what_its_predecessors_had() -> None:
    found = on_todays_boundaries(MERGED, "visit_count", visits(2023, 10, 30), TODAY)
    assert at(found, BAY)["value"] == 40
    assert at(found, EAST)["value"] == 40
    assert BRIDGE not in found["org_code"]


def test_the_rate_of_a_merged_township_is_the_sum_of_its_numerators_by_that_of_its_denominators() -> None:
    told = [visits(2023, 10, 30), homes(2023, 100, 60), TODAY]
    found = at(on_todays_boundaries(MERGED, "visit_count / household_count * 100", *told, unit="%"), BAY)
    assert (found["value"], found["numerator"], found["denominator"]) == (25, 40, 160)


def test_a_predecessor_that_did_not_report_is_missing_from_the_coverage() -> None:
    found = at(on_todays_boundaries(MERGED, "visit_count", visits(2023, None, 30), TODAY), BAY)
    assert (found["value"], found["reported_count"], found["expected_count"]) == (30, 1, 2)
    told = [visits(2023, None, 30), homes(2023, 100, 60), TODAY]
    rate = at(on_todays_boundaries(MERGED, "visit_count / household_count", *told), BAY)
    assert (rate["value"], rate["state"]) == (
        None,
        "not_reported",
    )  # no part of a numerator by a whole denominator


def test_a_predecessor_to_which_it_did_not_apply_is_no_missing_one() -> None:
    found = at(on_todays_boundaries(MERGED, "visit_count", visits(2023, NA, 30), TODAY), BAY)
    assert (found["value"], found["coverage_pct"]) == (30, 100)


def test_a_split_townships_history_is_divided_in_whole_visits() -> None:
    told = [("visit_count", 2023, {BRIDGE: 11, WILLOW: 60}), visits(2024, 8, 4)]
    found = on_todays_boundaries(SPLIT, "visit_count", *told)  # type: ignore[arg-type]
    assert (at(found, BRIDGE)["value"], at(found, BAY)["value"]) == (8, 3)
    assert at(found, EAST)["value"] == 11


def test_a_township_that_moved_counts_for_the_county_it_is_in_now() -> None:
    found = redrawn(with_indicator(MOVED, "visit_count"), rows(visits(2023, 10, 30), visits(2024, 1, 1)))
    assert dict(found.select("org_code", "value").iter_rows()) == {EAST: 10, WEST: 90}


def test_a_county_whose_last_township_is_elsewhere_now_has_no_number() -> None:
    emptied = with_registry(
        CATALOGUE,
        [
            *ABOVE,
            (BAY, "township", EAST, None, 2023),
            (BAY, "township", WEST, 2024, None),
            (WILLOW, "township", WEST, None, None),
        ],
        [],
    )
    found = on_todays_boundaries(emptied, "visit_count", ("visit_count", 2023, {BAY: 30, WILLOW: 60}), TODAY)
    assert (at(found, EAST)["value"], at(found, EAST)["state"]) == (None, "not_applicable")


def test_a_unit_without_a_predecessor_has_no_history() -> None:
    units = [*ABOVE, (BAY, "township", EAST, 2024, None), (WILLOW, "township", WEST, None, None)]
    opened = with_registry(CATALOGUE, units, [])  # type: ignore[arg-type]
    found = on_todays_boundaries(opened, "visit_count", ("visit_count", 2023, {WILLOW: 60}), TODAY)
    assert (at(found, BAY)["value"], at(found, BAY)["state"]) == (None, "not_applicable")


def test_ranks_and_shares_are_among_the_units_of_today() -> None:
    told = [visits(2023, 10, 90, 60), TODAY]
    rank = on_todays_boundaries(MERGED, "rank(visit_count)", *told, kind="rank")
    assert (at(rank, BAY)["value"], at(rank, WILLOW)["value"]) == (1, 2)
    assert at(rank, WILLOW)["peer_count"] == 2
    told = [visits(2023, 10, 30, 60), visits(2024, 1, 1)]
    share = on_todays_boundaries(MOVED, "share(visit_count)", *told, kind="share")
    assert (at(share, EAST)["value"], at(share, WEST)["value"]) == (10, 90)


def test_growth_is_that_of_the_same_units() -> None:
    told = [visits(2022, 10, 10), visits(2023, 20, 40), TODAY]
    formula = "(visit_count - prev(visit_count)) / prev(visit_count) * 100"
    assert at(on_todays_boundaries(MERGED, formula, *told, kind="change"), BAY)["value"] == 200


def test_a_streak_is_that_of_all_the_predecessors_together() -> None:
    told = [visits(2022, 0, 10), visits(2023, 20, 0), TODAY]
    found = on_todays_boundaries(MERGED, "streak(visit_count > 0)", *told, kind="streak")
    assert (at(found, BAY, 2022)["value"], at(found, BAY, 2023)["value"]) == (1, 2)


def test_a_redrawn_number_is_final_once_all_it_is_made_of_is() -> None:
    approved = pl.DataFrame({"year": [2023], "unit_code": [EAST]}, schema=NOBODY.schema)
    catalogue = with_indicator(MOVED, "visit_count")
    found = redrawn(catalogue, rows(visits(2023, 10, 30), visits(2024, 1, 1)), approved)
    assert dict(found.select("org_code", "maturity").iter_rows()) == {
        EAST: "final",
        WEST: "provisional",  # its own report of 2023 is not approved, that of the township it has now is
    }


def test_where_no_boundary_moved_nothing_is_computed_again() -> None:
    still = with_registry(
        CATALOGUE, [*ABOVE, *((c, "township", EAST, None, None) for c in (BRIDGE, BAY))], []
    )
    told = rows(visits(2023, 10, 30), visits(2024, 1, 1))
    assert redrawn(with_indicator(still, "visit_count"), told).is_empty()
    assert redrawn(with_indicator(MERGED, "visit_count"), rows()).is_empty()


@given(cities())
@settings(max_examples=examples(20))
def test_through_every_change_of_the_registry_the_city_keeps_its_totals_and_last_year_has_one_answer(
    city: tuple[Catalogue, pl.DataFrame],
) -> None:
    drawn, measures = city
    catalogue = with_indicator(drawn, "member_count", levels=LEVELS)
    now = series(catalogue, measures)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        assert at(now, CITY, year)["value"] == measures.filter(year=year)["value"].sum()
    last = with_indicator(drawn, "prev(member_count)", kind="change", levels=LEVELS)
    previous = compute(measures, last, NOBODY).indicators.filter(year=LAST_YEAR)
    columns = ["org_code", "value", "reported_count", "expected_count"]
    before = now.filter(year=LAST_YEAR - 1).select(columns).sort("org_code")
    assert before.rows() == previous.select(columns).sort("org_code").rows()


@given(cities())
@settings(max_examples=examples(10))
def test_sums_on_todays_boundaries_add_up_from_level_to_level(city: tuple[Catalogue, pl.DataFrame]) -> None:
    drawn, measures = city
    found = series(with_indicator(drawn, "member_count", levels=(*LEVELS, "village")), measures)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        of_year = found.filter(year=year)
        by_level = dict(of_year.group_by("org_level").agg(pl.col("value").sum()).iter_rows())
        assert by_level["township"] == by_level["county"] == by_level["city"]
        assert by_level["village"] <= by_level["city"]  # what has no heir stays with the unit above


@pytest.mark.parametrize("catalogue", [MERGED, SPLIT, MOVED])
def test_every_unit_of_today_has_one_row_a_year(catalogue: Catalogue) -> None:
    declared = dataclasses.replace(
        catalogue,
        indicators={
            **with_indicator(catalogue, "visit_count").indicators,
            "y": with_indicator(catalogue, "visit_count / household_count", id="y").indicators["x"],
        },
    )
    found = series(declared, rows(visits(2022, 1, 2), visits(2023, 10, 30), TODAY))
    units = catalogue.registry.units(2024)["org_code"].to_list()
    expected = {(year, code, name) for year in (2022, 2023, 2024) for code in units for name in ("x", "y")}
    assert sorted(found.select(KEY).rows()) == sorted(expected)
