"""Roll-up: sums survive, missing is never zero, and a unit's history goes with whoever carries it on."""

from __future__ import annotations

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
    lanhe,
    rows,
    with_registry,
)
from transforms.indicators.indicators import compute
from transforms.indicators.measure_cells import columns_of, data_years
from transforms.indicators.rollup import fold_up
from transforms.indicators.term_tree import lay_ground, term_tree
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Term
from warehouse.registry.succession import list_departures

CATALOGUE = lanhe()


def rolled_up(measures: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """core.rollup of these measures."""
    return compute(measures, catalogue, NOBODY).rollup


def node(frame: pl.DataFrame, measure: str, code: str, year: int = 2024) -> tuple[float | None, int, int]:
    """Value, cells reported and cells expected of one node."""
    row = frame.row(
        by_predicate=(pl.col("measure") == measure) & (pl.col("org_code") == code) & (pl.col("year") == year),
        named=True,
    )
    return row["value"], row["reported_count"], row["expected_count"]


def test_a_node_is_its_own_row_and_everything_below_it() -> None:
    members = {EAST: 1, WEST: 2, BRIDGE: 10, BAY: 20, WILLOW: 30, **dict.fromkeys(BRIDGE_VILLAGES, 100)}
    members |= {"990101002003": 200, "990102001001": 300}
    rolled = rolled_up(rows(("member_count", 2024, members)), CATALOGUE)
    assert node(rolled, "member_count", BRIDGE) == (210, 3, 3)
    assert node(rolled, "member_count", EAST) == (431, 6, 6)
    assert node(rolled, "member_count", CITY) == (763, 9, 9)


def test_a_field_of_the_city_row_belongs_to_the_city_alone() -> None:
    rolled = rolled_up(rows(("follower_count", 2024, {CITY: 9000})), CATALOGUE).filter(
        measure="follower_count"
    )
    assert rolled["org_code"].to_list() == [CITY]


def test_units_of_a_county_that_sent_nothing_are_expected_all_the_same() -> None:
    rolled = rolled_up(rows(("visit_count", 2024, {BRIDGE: 5, BAY: 7})), CATALOGUE)
    assert node(rolled, "visit_count", CITY) == (12, 2, 3)
    assert node(rolled, "visit_count", WEST) == (None, 0, 1)


def test_what_does_not_apply_is_not_expected() -> None:
    rolled = rolled_up(rows(("visit_count", 2024, {BRIDGE: 5, BAY: NA, WILLOW: None})), CATALOGUE)
    assert node(rolled, "visit_count", EAST) == (5, 1, 1)
    assert node(rolled, "visit_count", BAY) == (None, 0, 0)
    assert node(rolled, "visit_count", CITY) == (5, 1, 2)


def test_a_true_zero_is_reported_and_a_blank_is_not() -> None:
    rolled = rolled_up(rows(("visit_count", 2024, {BRIDGE: 0, BAY: None})), CATALOGUE)
    assert node(rolled, "visit_count", BRIDGE) == (0, 1, 1)
    assert node(rolled, "visit_count", BAY) == (None, 0, 1)
    assert node(rolled, "visit_count", EAST) == (0, 1, 2)


def test_a_measure_is_expected_only_in_the_years_it_is_asked() -> None:
    rolled = rolled_up(rows(("visit_count", 2021, {BRIDGE: 1}), ("talk_count", 2022, {BRIDGE: 1})), CATALOGUE)
    assert rolled.filter(measure="talk_count")["year"].unique().to_list() == [2022]


def test_only_years_with_data_are_expected() -> None:
    rolled = rolled_up(
        rows(("visit_count", 2022, {BRIDGE: 1}), ("visit_count", 2024, {BRIDGE: 1})), CATALOGUE
    )
    assert sorted(rolled["year"].unique()) == [2022, 2024]


def test_the_registry_counts_its_units_of_the_year_without_being_asked() -> None:
    rolled = rolled_up(
        rows(("visit_count", 2022, {BRIDGE: 1}), ("visit_count", 2023, {BRIDGE: 1})), CATALOGUE
    )
    assert node(rolled, "registry_village_count", BAY, 2022) == (2, 2, 2)
    assert node(rolled, "registry_village_count", BAY, 2023) == (1, 1, 1)
    assert node(rolled, "registry_township_count", CITY, 2023) == (3, 3, 3)


def test_cells_of_units_or_levels_that_were_not_asked_are_left_out() -> None:
    stray = {
        BRIDGE: 1,
        EAST: 50,
        "990101009": 70,
        "990101002001": 80,
    }  # a county's row, a stranger, a village
    rolled = rolled_up(rows(("visit_count", 2024, stray)), CATALOGUE)
    assert node(rolled, "visit_count", CITY) == (1, 1, 3)


def test_no_data_gives_no_rows() -> None:
    assert rolled_up(rows(), CATALOGUE).is_empty()


# ------------------------------------------------------------------------------------------------ laws

CELLS = st.one_of(st.none(), st.just(NA), st.integers(0, 10**6).map(float))


@st.composite
def cities(draw: st.DrawFn) -> tuple[Catalogue, dict[str, float | str | None]]:
    """A small registry and a cell for each of its rows below the city."""
    units: list[tuple[str, str, str | None, int | None, int | None]] = [(CITY, "city", None, None, None)]
    for i in range(draw(st.integers(1, 3))):
        county = f"9901{i + 1:02d}"
        units.append((county, "county", CITY, None, None))
        for j in range(draw(st.integers(0, 3))):
            township = f"{county}{j + 1:03d}"
            units.append((township, "township", county, None, None))
            units += [
                (f"{township}{k + 1:03d}", "village", township, None, None)
                for k in range(draw(st.integers(0, 3)))
            ]
    return with_registry(CATALOGUE, units, []), {u[0]: draw(CELLS) for u in units[1:]}


@given(cities())
@settings(max_examples=examples(40))
def test_sums_survive_the_roll_up(city: tuple[Catalogue, dict[str, float | str | None]]) -> None:
    catalogue, cells = city
    rolled = rolled_up(rows(("member_count", 2024, cells)), catalogue)
    numbers = [c for c in cells.values() if isinstance(c, float)]
    expected = sum(c != NA for c in cells.values())
    assert node(rolled, "member_count", CITY) == (sum(numbers) if numbers else None, len(numbers), expected)
    for county in {code for code in cells if len(code) == 6}:
        mine = {code: c for code, c in cells.items() if code.startswith(county)}
        numbers = [c for c in mine.values() if isinstance(c, float)]
        value = sum(numbers) if numbers else None
        assert node(rolled, "member_count", county) == (
            value,
            len(numbers),
            sum(c != NA for c in mine.values()),
        )


@given(cities(), st.randoms(use_true_random=False))
@settings(max_examples=examples(20))
def test_the_order_of_rows_is_irrelevant(
    city: tuple[Catalogue, dict[str, float | str | None]], order: object
) -> None:
    catalogue, cells = city
    turned = list(cells)
    order.shuffle(turned)  # type: ignore[attr-defined]
    one = rolled_up(rows(("member_count", 2024, cells)), catalogue)
    other = rolled_up(rows(("member_count", 2024, {code: cells[code] for code in turned})), catalogue)
    assert_frame_equal(one, other)


@given(cities())
@settings(max_examples=examples(20))
def test_missing_never_counts_as_zero(city: tuple[Catalogue, dict[str, float | str | None]]) -> None:
    catalogue, cells = city
    rolled = rolled_up(rows(("member_count", 2024, cells)), catalogue)
    assert rolled.filter(pl.col("value").is_null() != (pl.col("reported_count") == 0)).is_empty()
    assert rolled.filter(pl.col("reported_count") > pl.col("expected_count")).is_empty()
    without = {code: c for code, c in cells.items() if c is not None}
    if without:  # a blank cell and a cell that was never sent say the same
        assert_frame_equal(rolled, rolled_up(rows(("member_count", 2024, without)), catalogue))


@given(cities())
@settings(max_examples=examples(20))
def test_taking_a_cell_away_takes_away_exactly_its_number(
    city: tuple[Catalogue, dict[str, float | str | None]],
) -> None:
    catalogue, cells = city
    reported = [code for code, c in cells.items() if isinstance(c, float)]
    if len(reported) < 2:
        return
    less = {code: c for code, c in cells.items() if code != reported[0]}
    before = node(rolled_up(rows(("member_count", 2024, cells)), catalogue), "member_count", CITY)
    after = node(rolled_up(rows(("member_count", 2024, less)), catalogue), "member_count", CITY)
    assert before[0] is not None
    assert after[0] is not None
    assert before[0] - after[0] == pytest.approx(cells[reported[0]])
    assert (before[1] - after[1], before[2] - after[2]) == (1, 0)


# ------------------------------------------------------------------------------------------------ succession

A, B, C, D = "990101001", "990101002", "990101003", "990102001"
ABOVE: list[tuple[str, str, str | None, int | None, int | None]] = [
    (CITY, "city", None, None, None),
    (EAST, "county", CITY, None, None),
    (WEST, "county", CITY, None, None),
    (D, "township", WEST, None, None),
]


def cumulative(
    catalogue: Catalogue, measures: pl.DataFrame, year: int
) -> dict[str, tuple[float, float, float]]:
    """Cumulative visits, cells reported and expected, of every node in a year."""
    term = Term("visit_count", "cumulative")
    tree = term_tree(measures, catalogue, [term], lay_ground(catalogue, NOBODY, data_years(measures)))
    rolled = fold_up(tree.base, ["year"], [pl.col(c) for c in columns_of(term)])
    names = tree.places.select("year", "unit", "org_code")
    of_year = rolled.join(names, on=["year", "unit"]).filter(year=year)
    columns = ("org_code", *columns_of(term))
    return {
        code: (value, reported, expected)
        for code, value, reported, expected in of_year.select(columns).rows()
    }


def test_the_history_of_merged_units_adds_up_under_the_new_one() -> None:
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (B, "township", EAST, None, 2021),
        (C, "township", EAST, 2022, None),
    ]
    merged = with_registry(CATALOGUE, units, [(A, C, 2022, 1.0), (B, C, 2022, 1.0)])
    measures = rows(("visit_count", 2021, {A: 3, B: 4, D: 100}), ("visit_count", 2022, {C: 10}))
    found = cumulative(merged, measures, 2022)
    assert found[C] == (17, 3, 3)
    assert found[CITY] == (117, 4, 5)
    assert cumulative(merged, measures, 2021)[A] == (3, 1, 1)


def test_a_split_unit_leaves_each_successor_its_share() -> None:
    units = [*ABOVE, (A, "township", EAST, None, None), (B, "township", EAST, 2022, None)]
    split = with_registry(CATALOGUE, units, [(A, B, 2022, 0.25)])
    measures = rows(("visit_count", 2021, {A: 8}), ("visit_count", 2022, {A: 1, B: 1}))
    found = cumulative(split, measures, 2022)
    assert found[A] == (7, 1.75, 1.75)
    assert found[B] == (3, 1.25, 1.25)
    assert found[EAST] == (10, 3, 3)


def test_a_split_hands_on_whole_households_by_the_largest_remainder() -> None:
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (B, "township", EAST, 2022, None),
        (C, "township", EAST, 2022, None),
    ]
    split = with_registry(CATALOGUE, units, [(A, B, 2022, 0.3), (A, C, 2022, 0.7)])
    for number, parts in {5: (2, 3), 4: (1, 3), 1: (0, 1), 0: (0, 0)}.items():
        found = cumulative(
            split, rows(("visit_count", 2021, {A: number}), ("visit_count", 2022, {D: 1})), 2022
        )
        assert (found[B][0], found[C][0]) == parts


def test_equal_remainders_go_to_the_first_code() -> None:
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (B, "township", EAST, 2022, None),
        (C, "township", EAST, 2022, None),
    ]
    split = with_registry(CATALOGUE, units, [(A, C, 2022, 0.5), (A, B, 2022, 0.5)])
    found = cumulative(split, rows(("visit_count", 2021, {A: 3}), ("visit_count", 2022, {D: 1})), 2022)
    assert (found[B][0], found[C][0]) == (2, 1)


@given(
    st.lists(
        st.lists(st.sampled_from([None, 0.0, 1.0, 2.0, 7.0]), min_size=4, max_size=4), min_size=4, max_size=4
    ),
    st.floats(0.01, 0.99),
)
@settings(max_examples=examples(40))
def test_a_cumulative_number_is_whole_and_never_falls(cells: list[list[float | None]], share: float) -> None:
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (B, "township", EAST, None, None),
        (C, "township", WEST, 2022, None),
    ]
    catalogue = with_registry(CATALOGUE, units, [(A, B, 2022, share), (A, C, 2022, 1 - share)])
    given_rows = [
        ("visit_count", 2021 + n, dict(zip((A if n == 0 else C, B, D, WEST), of_year, strict=True)))
        for n, of_year in enumerate(cells)
    ]
    by_year = [cumulative(catalogue, rows(*given_rows), year) for year in range(2021, 2025)]
    for unit in (B, D, CITY):
        course = [year[unit][0] or 0 for year in by_year]
        assert course == sorted(course)
        assert all(float(value).is_integer() for value in course)


def test_a_unit_that_ends_without_successor_leaves_its_history_to_the_unit_above() -> None:
    units = [*ABOVE, (A, "township", EAST, None, 2021)]
    ended = with_registry(CATALOGUE, units, [])
    found = cumulative(ended, rows(("visit_count", 2021, {A: 8}), ("visit_count", 2022, {D: 1})), 2022)
    assert found[EAST] == (8, 1, 1)
    assert found[CITY] == (9, 2, 3)


def test_a_village_follows_its_township_when_nothing_else_is_declared() -> None:
    village = f"{A}001"
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (village, "village", A, None, 2021),
        (C, "township", EAST, 2022, None),
    ]
    found = list_departures(with_registry(CATALOGUE, units, [(A, C, 2022, 1.0)]).registry, 2021, 2022)
    assert {(row["source_code"], row["org_code"]) for row in found.iter_rows(named=True)} == {
        (A, C),
        (village, C),
    }


def test_history_goes_through_several_successions() -> None:
    units = [
        *ABOVE,
        (A, "township", EAST, None, 2021),
        (B, "township", EAST, 2022, 2022),
        (C, "township", EAST, 2023, None),
    ]
    catalogue = with_registry(CATALOGUE, units, [(A, B, 2022, 1.0), (B, C, 2023, 1.0)])
    measures = rows(*(("visit_count", year, {code: 2}) for year, code in ((2021, A), (2022, B), (2023, C))))
    assert cumulative(catalogue, measures, 2023)[C] == (6, 3, 3)


@given(
    st.lists(st.integers(0, 1000).map(float), min_size=6, max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
@settings(max_examples=examples(30))
def test_no_succession_changes_the_sum_of_the_city(numbers: list[float], share: float, goes_on: bool) -> None:
    end = None if goes_on else 2021
    units = [
        *ABOVE,
        (A, "township", EAST, None, end),
        (B, "township", EAST, None, None),
        (C, "township", WEST, 2022, None),
    ]
    given_away = [(A, B, 2022, share), (A, C, 2022, 1 - share)] if not goes_on else [(A, C, 2022, share)]
    catalogue = with_registry(CATALOGUE, units, given_away)
    measures = rows(
        ("visit_count", 2021, {A: numbers[0], B: numbers[1], D: numbers[2]}),
        ("visit_count", 2022, {B: numbers[3], C: numbers[4], D: numbers[5]}),
    )
    value, reported, expected = cumulative(catalogue, measures, 2022)[CITY]
    assert value == pytest.approx(sum(numbers))
    assert (reported, expected) == (pytest.approx(6), pytest.approx(7 if goes_on else 6))
