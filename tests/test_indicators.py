"""Indicators: what a formula means at each node, and what is said where it cannot be known."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

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
    with_indicator,
    with_registry,
)
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import INDICATOR
from warehouse.catalogue.load import load_catalogue

CATALOGUE = lanhe()
Given = tuple[str, int, dict[str, Cell]]


def computed(
    formula: str, *given_rows: Given, final: pl.DataFrame = NOBODY, **changes: object
) -> pl.DataFrame:
    """The INDICATOR frame of one formula over a few cells of the invented city."""
    return compute(rows(*given_rows), with_indicator(CATALOGUE, formula, **changes), final).indicators


def at(frame: pl.DataFrame, code: str, year: int = 2024) -> dict[str, Any]:
    """The one row of a node and year."""
    return frame.row(by_predicate=(pl.col("org_code") == code) & (pl.col("year") == year), named=True)


def values(frame: pl.DataFrame, *codes: str, year: int = 2024) -> list[float | None]:
    return [at(frame, code, year)["value"] for code in codes]


VISITS: Given = ("visit_count", 2024, {BRIDGE: 10, BAY: 30, WILLOW: 60})
HOMES: Given = ("household_count", 2024, {BRIDGE: 100, BAY: 200, WILLOW: 100})


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


# ------------------------------------------------------------------------------------------------ history


def history(measure: str, *by_year: tuple[int, dict[str, Cell]]) -> list[Given]:
    return [(measure, year, cells) for year, cells in by_year]


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
    indicator = load_catalogue().indicators[figure["indicator"]]
    assert re.sub('[“”"]', "", figure["name_zh"]) in re.sub('[“”"]', "", indicator.name_zh)
    is_of_persons = (figure["unit"], indicator.kind) == ("人", "cumulative")
    assert indicator.unit == ("人次" if is_of_persons else figure["unit"])
    assert indicator.programme == figure["programme"]
    assert indicator.is_published
    assert indicator.source
    assert "city" in indicator.levels


def test_nothing_else_claims_to_be_published_and_much_else_is_derived() -> None:
    found = load_catalogue().indicators
    assert {i.id for i in found.values() if i.is_published} == {f["indicator"] for f in published()}
    assert len(found) >= len(published()) + 35


def test_an_indicators_unit_suffix_and_kind_agree() -> None:
    for indicator in load_catalogue().indicators.values():
        assert (indicator.unit == "%") == indicator.id.endswith("_pct"), indicator.id
        assert indicator.id.endswith("_cny") == (indicator.unit.startswith("元")), indicator.id
        assert (indicator.kind == "rank") <= indicator.id.endswith("_rank"), indicator.id
        assert (indicator.kind == "streak") == indicator.id.endswith("_years"), indicator.id
        assert (
            re.search(r"per_10k", indicator.id) is None or "万" in indicator.unit or indicator.kind == "rank"
        )
