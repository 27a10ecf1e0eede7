"""Indicators over years and among units: growth, cumulative sums, streaks, ranks, shares."""

from __future__ import annotations

import polars as pl
import pytest

from tests.computed_indicators import CATALOGUE, VISITS, Given, at, computed, history, values
from tests.measure_rows import (
    BAY,
    BRIDGE,
    CITY,
    EAST,
    NOBODY,
    WEST,
    WILLOW,
    rows,
    with_indicator,
    with_registry,
)
from transforms.indicators.indicators import compute


def test_year_on_year_compares_units_that_reported_both_years() -> None:
    years = history("visit_count", (2023, {BRIDGE: 10, BAY: 20}), (2024, {BRIDGE: 15, BAY: 20, WILLOW: 70}))
    found = computed("(visit_count - prev(visit_count)) / prev(visit_count) * 100", *years)
    assert values(found, BRIDGE, EAST, CITY) == [50, pytest.approx(100 / 6), pytest.approx(100 / 6)]
    assert at(found, WEST)["state"] == "not_reported"
    assert at(found, CITY)["coverage_pct"] == pytest.approx(200 / 3)


def test_the_first_year_has_nothing_to_be_compared_with() -> None:
    found = computed("visit_count - prev(visit_count)", VISITS)
    assert (at(found, CITY)["value"], at(found, CITY)["state"]) == (None, "not_applicable")


def test_a_year_nobody_reported_for_is_missing_not_skipped() -> None:
    years = history("visit_count", (2022, {BRIDGE: 10}), (2024, {BRIDGE: 15}))
    assert at(computed("visit_count - prev(visit_count)", *years), BRIDGE)["state"] == "not_reported"
    whole = at(computed("cumulative(visit_count)", *years), BRIDGE)
    assert (whole["value"], whole["reported_count"], whole["expected_count"]) == (25, 2, 3)
    assert computed("visit_count", *years)["year"].unique().sort().to_list() == [2022, 2024]


def test_cumulative_sums_the_years_up_to_this_one_or_since_a_stated_one() -> None:
    years = history(
        "visit_count", *((y, {BRIDGE: y - 2020, BAY: 0, WILLOW: 0}) for y in (2021, 2022, 2023, 2024))
    )
    assert values(computed("cumulative(visit_count)", *years), BRIDGE, CITY) == [10, 10]
    assert values(computed("cumulative(visit_count)", *years), BRIDGE, year=2022) == [3]
    since = at(computed("cumulative(visit_count, 2023)", *years), BRIDGE)
    assert (since["value"], since["expected_count"]) == (7, 2)


def test_a_merged_village_is_compared_with_the_villages_it_came_from() -> None:
    old = {"990101002001": 40, "990101002002": 60, BAY: 0}
    years = history("member_count", (2022, old), (2023, {"990101002003": 120, BAY: 0}))
    found = computed(
        "(member_count - prev(member_count)) / prev(member_count) * 100",
        *years,
        levels=("township", "village"),
    )
    assert values(found, "990101002003", BAY, year=2023) == [pytest.approx(20), pytest.approx(20)]


def test_a_merged_township_carries_on_the_streak_of_either_part() -> None:
    old, other, new = "990101001", "990101002", "990101003"
    catalogue = with_registry(
        with_indicator(CATALOGUE, "streak(visit_count > 0)"),
        [
            (CITY, "city", None, None, None),
            (EAST, "county", CITY, None, None),
            (old, "township", EAST, None, 2022),
            (other, "township", EAST, None, 2022),
            (new, "township", EAST, 2023, None),
        ],
        [(old, new, 2023, 1.0), (other, new, 2023, 1.0)],
    )
    years = history("visit_count", (2021, {old: 1, other: 0}), (2022, {old: 0, other: 2}), (2023, {new: 5}))
    found = compute(rows(*years), catalogue, NOBODY).indicators
    assert values(found, new, year=2023) == [3]
    assert values(found, old, other, year=2022) == [0, 1]


# ------------------------------------------------------------------------------------------------ streak, rank, share


def test_a_streak_counts_back_until_the_condition_failed() -> None:
    cells = {2021: 5, 2022: 0, 2023: 1, 2024: 2}
    years = history("visit_count", *((y, {BRIDGE: n}) for y, n in cells.items()))
    found = computed("streak(visit_count > 0)", *years)
    assert [at(found, BRIDGE, y)["value"] for y in cells] == [1, 0, 1, 2]
    assert at(found, BRIDGE, 2022)["state"] == "zero"


def test_a_year_that_was_not_reported_breaks_a_streak() -> None:
    years = history("visit_count", (2022, {BRIDGE: 5}), (2023, {BRIDGE: None}), (2024, {BRIDGE: 5}))
    found = computed("streak(visit_count > 0)", *years)
    assert [at(found, BRIDGE, y)["value"] for y in (2022, 2023, 2024)] == [1, None, 1]
    assert at(found, BRIDGE, 2023)["state"] == "not_reported"


def test_a_streak_does_not_jump_over_a_year_nobody_reported_for() -> None:
    years = history("visit_count", (2022, {BRIDGE: 5}), (2024, {BRIDGE: 5}))
    assert values(computed("streak(visit_count > 0)", *years), BRIDGE) == [1]


def test_a_streak_may_ask_for_growth() -> None:
    years = history(
        "visit_count", *((y, {BRIDGE: n}) for y, n in ((2021, 1), (2022, 2), (2023, 3), (2024, 4)))
    )
    assert values(computed("streak(visit_count > prev(visit_count))", *years), BRIDGE) == [3]


def test_ranks_are_among_units_of_the_same_level_with_ties_sharing_the_best_place() -> None:
    given_cells: Given = ("visit_count", 2024, {BRIDGE: 30, BAY: 30, WILLOW: 10})
    down, up = computed("rank(visit_count)", given_cells), computed("rank_asc(visit_count)", given_cells)
    assert values(down, BRIDGE, BAY, WILLOW, EAST, WEST) == [1, 1, 3, 1, 2]
    assert values(up, BRIDGE, BAY, WILLOW, EAST, WEST) == [2, 2, 1, 2, 1]


def test_what_was_not_reported_has_no_rank() -> None:
    found = computed("rank(visit_count)", ("visit_count", 2024, {BRIDGE: 30, BAY: None, WILLOW: 0}))
    assert values(found, BRIDGE, BAY, WILLOW) == [1, None, 2]
    assert at(found, BAY)["state"] == "not_reported"


def test_ranks_start_again_every_year() -> None:
    years = history("visit_count", (2023, {BRIDGE: 1, BAY: 2}), (2024, {BRIDGE: 2, BAY: 1}))
    found = computed("rank(visit_count)", *years)
    assert values(found, BRIDGE, BAY, year=2023) == [2, 1]
    assert values(found, BRIDGE, BAY, year=2024) == [1, 2]


def test_a_percentile_says_how_many_of_the_others_are_below() -> None:
    found = computed("percentile(visit_count)", VISITS, levels=("township",), kind="rank", unit="%")
    assert values(found, BRIDGE, BAY, WILLOW) == [0, 50, 100]
    alone = computed("percentile(visit_count)", VISITS, levels=("city",), kind="rank", unit="%")
    assert values(alone, CITY) == [None]  # there is nobody to stand above


def test_a_mean_of_three_years_is_that_of_units_which_reported_in_all_of_them() -> None:
    years: list[Given] = [
        ("visit_count", 2022, {BRIDGE: 3, BAY: 30, WILLOW: 0}),
        ("visit_count", 2023, {BRIDGE: 6, BAY: None, WILLOW: 60}),
        ("visit_count", 2024, {BRIDGE: 9, BAY: 30, WILLOW: 60}),
    ]
    found = computed("mean3(visit_count)", *years, kind="rate")
    assert values(found, BRIDGE, BAY, WILLOW) == [6, None, 40]
    assert values(found, EAST, CITY) == [6, 46]
    assert at(found, EAST)["coverage_pct"] == 50
    assert found.filter(pl.col("year") == 2023)["value"].drop_nulls().to_list() == []  # only two years yet


def test_a_share_is_per_cent_of_the_city() -> None:
    found = computed("share(visit_count)", VISITS, levels=("county", "township"))
    assert values(found, BRIDGE, EAST, WEST) == [10, 40, 60]
    assert (at(found, EAST)["numerator"], at(found, EAST)["denominator"]) == (40, 100)
