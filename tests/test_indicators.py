"""Indicators: what a formula means at each node, and what is said where it cannot be known."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.computed_indicators import CATALOGUE, HOMES, VISITS, Given, at, computed, history, values
from tests.example_counts import examples
from tests.measure_rows import (
    BAY,
    BRIDGE,
    BRIDGE_VILLAGES,
    CITY,
    EAST,
    NA,
    NOBODY,
    WEST,
    WILLOW,
    Cell,
    lanhe,
    rows,
)
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import INDICATOR
from warehouse.catalogue.load import load_catalogue

BINZHOU = load_catalogue()

# ------------------------------------------------------------------------------------------------ rates


def test_a_rate_is_a_rate_of_sums_with_numerator_and_denominator() -> None:
    found = computed("visit_count / household_count * 100", VISITS, HOMES)
    assert values(found, BRIDGE, EAST, CITY) == [10, pytest.approx(40 / 3), 25]
    east = at(found, EAST)
    assert (east["numerator"], east["denominator"], east["coverage_pct"]) == (40, 300, 100)


def test_a_rate_leaves_a_township_out_of_both_sides_when_one_is_missing() -> None:
    homes: Given = ("household_count", 2024, {BRIDGE: 100, BAY: None, WILLOW: 100})
    found = computed("visit_count / household_count * 100", VISITS, homes)
    assert values(found, BRIDGE, BAY, EAST, CITY) == [10, None, 10, 35]
    assert at(found, BAY)["state"] == "not_reported"
    city = at(found, CITY)
    assert (city["reported_count"], city["expected_count"]) == (2, 3)
    assert city["coverage_pct"] == pytest.approx(200 / 3)


def test_a_township_with_a_missing_village_is_left_out_of_a_rate_but_not_of_the_sum() -> None:
    members: Given = (
        "member_count",
        2024,
        {EAST: 0, BRIDGE: 1, BRIDGE_VILLAGES[0]: 20, BAY: 5, "990101002003": 5},
    )
    found = computed("member_count / household_count", members, HOMES)
    assert values(found, BRIDGE, EAST) == [None, 10 / 200]
    summed = computed("member_count", members)
    assert values(summed, BRIDGE, EAST) == [21, 31]
    assert (at(summed, BRIDGE)["reported_count"], at(summed, BRIDGE)["expected_count"]) == (2, 3)


def test_a_row_that_is_not_asked_for_the_denominator_still_counts_above_the_line() -> None:
    cells = {WEST: 50, WILLOW: 20, "990102001001": 30}  # the county's own members live in no township
    found = computed("member_count / household_count", ("member_count", 2024, cells), HOMES)
    assert values(found, WILLOW, WEST) == [0.5, 1.0]


def test_terms_of_different_levels_are_compared_where_they_meet() -> None:
    followers: Given = ("follower_count", 2024, {CITY: 800})
    formula = "follower_count / household_count"
    assert values(computed(formula, followers, HOMES), CITY) == [2.0]
    partial = computed(formula, followers, ("household_count", 2024, {BRIDGE: 100, BAY: 200}))
    assert values(partial, CITY) == [None]  # never the whole numerator over a part of the denominator


def test_division_by_zero_does_not_apply() -> None:
    found = computed(
        "visit_count / household_count", VISITS, ("household_count", 2024, {BRIDGE: 0, BAY: 200})
    )
    bridge = at(found, BRIDGE)
    assert (bridge["value"], bridge["state"], bridge["denominator"]) == (None, "not_applicable", 0)


def test_coverage_of_villages_is_what_has_an_association_among_the_villages_of_the_registry() -> None:
    cells = {BRIDGE_VILLAGES[0]: 1, BRIDGE_VILLAGES[1]: 0, "990101002003": 1, "990102001001": 1}
    found = computed(
        "association_village_count / registry_village_count * 100", ("association_village_count", 2024, cells)
    )
    assert values(found, BRIDGE, EAST, CITY) == [50, pytest.approx(200 / 3), 75]
    assert at(found, CITY)["denominator"] == 4


# ------------------------------------------------------------------------------------------------ sums and states


def test_the_four_states_stay_apart() -> None:
    found = computed("visit_count", ("visit_count", 2024, {BRIDGE: 0, BAY: NA, WILLOW: None}))
    states = {code: at(found, code)["state"] for code in (BRIDGE, BAY, WILLOW, EAST, WEST)}
    assert states == {
        BRIDGE: "zero",
        BAY: "not_applicable",
        WILLOW: "not_reported",
        EAST: "zero",
        WEST: "not_reported",
    }
    assert at(found, BAY)["coverage_pct"] is None
    assert at(found, WILLOW)["coverage_pct"] == 0


def test_a_sum_of_terms_says_what_was_reported_of_it() -> None:
    talks: Given = ("talk_count", 2024, {BRIDGE: 1, BAY: None, WILLOW: NA})
    found = computed("visit_count + talk_count", VISITS, talks)
    assert values(found, BRIDGE, BAY, WILLOW, CITY) == [11, 30, 60, 101]
    assert (at(found, BAY)["reported_count"], at(found, BAY)["expected_count"]) == (1, 2)


def test_a_node_gets_no_row_for_what_is_not_asked_below_it() -> None:
    found = computed("follower_count", ("follower_count", 2024, {CITY: 5}))
    assert found["org_code"].to_list() == [CITY]


def test_only_declared_levels_get_rows() -> None:
    found = computed("member_count", ("member_count", 2024, {BRIDGE_VILLAGES[0]: 3}), levels=("village",))
    assert set(found["org_level"]) == {"village"}
    assert values(found, *BRIDGE_VILLAGES) == [3, None]


def test_a_formula_may_name_another_indicator() -> None:
    catalogue = lanhe()
    found = compute(rows(VISITS, HOMES), catalogue, NOBODY).indicators.filter(
        indicator="visit_per_100_households_rank"
    )
    assert values(found, EAST, WEST, BRIDGE, BAY, WILLOW) == [2, 1, 3, 2, 1]


# ------------------------------------------------------------------------------------------------ maturity


def test_a_number_is_final_when_all_who_contribute_are_approved() -> None:
    one = pl.DataFrame({"year": [2024], "unit_code": [EAST]})
    both = pl.DataFrame({"year": [2024, 2024], "unit_code": [EAST, WEST]})
    some = computed("visit_count", VISITS, final=one)
    assert [at(some, code)["maturity"] for code in (BRIDGE, EAST, WEST, CITY)] == [
        "final",
        "final",
        "provisional",
        "provisional",
    ]
    assert at(computed("visit_count", VISITS, final=both), CITY)["maturity"] == "final"
    only_east: Given = ("visit_count", 2024, {BRIDGE: 1, BAY: 1})
    assert at(computed("visit_count", only_east, final=one), CITY)["maturity"] == "final"


def test_the_city_row_is_approved_with_the_citys_own_submission() -> None:
    final = pl.DataFrame({"year": [2024], "unit_code": [CITY]})
    found = computed("follower_count", ("follower_count", 2024, {CITY: 5}), final=final)
    assert at(found, CITY)["maturity"] == "final"


def test_a_rank_is_final_only_when_all_who_are_ranked_are() -> None:
    one = pl.DataFrame({"year": [2024], "unit_code": [EAST]})
    found = computed("rank(visit_count)", VISITS, final=one)
    assert set(found["maturity"]) == {"provisional"}


def test_nothing_reported_is_never_final() -> None:
    final = pl.DataFrame({"year": [2024, 2024], "unit_code": [EAST, WEST]})
    assert (
        at(computed("visit_count", ("visit_count", 2024, {BRIDGE: 1}), final=final), WEST)["maturity"]
        == "provisional"
    )


# ------------------------------------------------------------------------------------------------ laws


@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.just(NA), st.integers(0, 50).map(float))] * 2),
        min_size=3,
        max_size=3,
    )
)
@settings(max_examples=examples(30))
def test_a_rate_equals_the_rate_of_the_townships_that_reported_both(cells: list[tuple[Cell, Cell]]) -> None:
    townships = (BRIDGE, BAY, WILLOW)
    visits = dict(zip(townships, (c[0] for c in cells), strict=True))
    homes = dict(zip(townships, (c[1] for c in cells), strict=True))
    found = at(
        computed(
            "visit_count / household_count", ("visit_count", 2024, visits), ("household_count", 2024, homes)
        ),
        CITY,
    )
    kept = [t for t in townships if visits[t] is not None and homes[t] is not None]
    above = [v for t in kept if isinstance(v := visits[t], float)]
    below = [h for t in kept if isinstance(h := homes[t], float)]
    known = above and below and sum(below) > 0
    assert found["value"] == (pytest.approx(sum(above) / sum(below)) if known else None)
    assert found["state"] in {"value", "zero"} if known else {"not_applicable", "not_reported"}


def test_the_order_of_rows_is_irrelevant() -> None:
    cells = rows(VISITS, HOMES, *history("visit_count", (2023, {BRIDGE: 3, WILLOW: 5})))
    assert_frame_equal(
        compute(cells, CATALOGUE, NOBODY).indicators,
        compute(cells.sample(fraction=1, shuffle=True, seed=1), CATALOGUE, NOBODY).indicators,
    )


def test_a_node_year_and_indicator_has_one_row_of_the_declared_shape() -> None:
    found = compute(rows(VISITS, HOMES), CATALOGUE, NOBODY).indicators
    assert found.schema == pl.Schema(INDICATOR)
    assert found.select("year", "org_code", "indicator").is_duplicated().sum() == 0
    assert found.filter(
        pl.col("value").is_null() != pl.col("state").is_in(["not_reported", "not_applicable"])
    ).is_empty()


def test_no_data_gives_an_empty_frame_of_the_declared_shape() -> None:
    assert compute(rows(), CATALOGUE, NOBODY).indicators.schema == pl.Schema(INDICATOR)


# ------------------------------------------------------------------------------------------------ the city of Binzhou


def published() -> list[dict[str, str]]:
    """The 45 figures the association has published."""
    with (Path(__file__).parent / "published_figures.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("figure", published(), ids=lambda f: f["indicator"])
def test_every_published_figure_is_an_indicator_that_bears_its_name_and_unit(figure: dict[str, str]) -> None:
    """What is printed below a heading (其中国家级) says by itself what it counts; persons of many years are 人次."""
    indicator = BINZHOU.indicators[figure["indicator"]]
    assert re.sub('[“”"]', "", figure["name_zh"]) in re.sub('[“”"]', "", indicator.name_zh)
    is_of_persons = (figure["unit"], indicator.kind) == ("人", "cumulative")
    assert indicator.unit == ("人次" if is_of_persons else figure["unit"])
    assert indicator.programme == figure["programme"]
    assert indicator.is_published
    assert indicator.source
    assert "city" in indicator.levels


def test_nothing_else_claims_to_be_published_and_much_else_is_derived() -> None:
    found = BINZHOU.indicators
    assert {i.id for i in found.values() if i.is_published} == {f["indicator"] for f in published()}
    assert len(found) >= len(published()) + 35


def test_an_indicators_unit_suffix_and_kind_agree() -> None:
    for indicator in BINZHOU.indicators.values():
        assert (indicator.unit == "%") == indicator.id.endswith("_pct"), indicator.id
        assert indicator.id.endswith("_cny") == (indicator.unit.startswith("元")), indicator.id
        assert (indicator.kind == "rank") <= indicator.id.endswith("_rank"), indicator.id
        assert (indicator.kind == "streak") == indicator.id.endswith("_years"), indicator.id
        assert (
            re.search(r"per_10k", indicator.id) is None or "万" in indicator.unit or indicator.kind == "rank"
        )
