"""An indicator beside the year before: like is compared with like, whoever reported and whatever has merged."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from transforms.indicators.indicators import compute
from warehouse.catalogue.load import Catalogue, load_catalogue

CATALOGUE = lanhe()
Given = tuple[str, int, dict[str, Cell]]
NUMBERS = ("comparable_value", "previous_value", "comparable_pct", "previous_coverage_pct")


def compared(
    formula: str, *given_rows: Given, org: str = EAST, year: int = 2024, catalogue: Catalogue = CATALOGUE, **changes: Any
) -> tuple[float | None, ...]:  # fmt: skip
    """The four numbers of the one indicator of this formula at a node: this year, last year, compared, last year's coverage."""
    found = compute(rows(*given_rows), with_indicator(catalogue, formula, **changes), NOBODY).comparisons
    mine = found.filter(pl.col("org_code") == org, pl.col("year") == year)
    return mine.select(NUMBERS).row(0)


def visits(year: int, bridge: Cell, bay: Cell, willow: Cell = 60) -> Given:
    return ("visit_count", year, {BRIDGE: bridge, BAY: bay, WILLOW: willow})


def homes(year: int, bridge: Cell, bay: Cell, willow: Cell = 100) -> Given:
    return ("household_count", year, {BRIDGE: bridge, BAY: bay, WILLOW: willow})


def test_who_did_not_report_last_year_is_left_out_of_both_years() -> None:
    found = compared("visit_count", visits(2023, None, 30), visits(2024, 10, 36))
    assert found == (36, 30, 50, 50)  # and not 46 after 30: half of the county was not there to compare


def test_who_does_not_report_this_year_is_left_out_of_both_years() -> None:
    found = compared("visit_count", visits(2023, 10, 30), visits(2024, None, 36))
    assert found == (36, 30, 50, 100)


def test_a_rate_is_compared_where_both_sides_were_reported_in_both_years() -> None:
    formula = "visit_count / household_count * 100"
    given_rows = [visits(2023, 10, 30), homes(2023, 100, None), visits(2024, 20, 30), homes(2024, 100, 50)]
    assert compared(formula, *given_rows, unit="%") == (20, 10, 50, 50)


def test_a_unit_to_which_last_year_did_not_apply_is_no_missing_one() -> None:
    assert compared("visit_count", visits(2023, NA, 30), visits(2024, 10, 30)) == (40, 30, 100, 100)


def test_with_nothing_in_one_of_the_years_there_is_nothing_to_compare() -> None:
    assert compared("visit_count", visits(2023, None, None), visits(2024, 10, 36))[:2] == (None, None)
    assert compared("visit_count", visits(2023, 3, 4), visits(2024, None, None))[:2] == (None, None)


def test_a_field_that_is_new_has_no_last_year() -> None:
    cells = {BRIDGE: 1, BAY: 1, WILLOW: 1}
    found = compute(
        rows(("talk_count", 2022, cells), ("visit_count", 2021, cells)),
        with_indicator(CATALOGUE, "talk_count"),
        NOBODY,
    ).comparisons
    assert found["previous_value"].drop_nulls().to_list() == []


def test_a_sum_with_a_new_part_is_not_compared_with_one_without_it() -> None:
    cells = {BRIDGE: 1, BAY: 1, WILLOW: 1}
    given_rows = [("visit_count", 2021, cells), ("visit_count", 2022, cells), ("talk_count", 2022, cells)]
    assert compared("visit_count + talk_count", *given_rows, year=2022)[:2] == (None, None)  # type: ignore[arg-type]


def test_a_merged_unit_is_compared_with_all_it_was() -> None:
    units = [
        (CITY, "city", None, None, None),
        (EAST, "county", CITY, None, None),
        (BRIDGE, "township", EAST, None, 2023),
        (BAY, "township", EAST, None, None),
        (WEST, "county", CITY, None, None),
        (WILLOW, "township", WEST, None, None),
    ]
    merged = with_registry(CATALOGUE, units, [(BRIDGE, BAY, 2024, 1.0)])
    given_rows = [visits(2023, 10, 30), ("visit_count", 2024, {BAY: 50, WILLOW: 60})]
    assert compared("visit_count", *given_rows, org=BAY, catalogue=merged) == (50, 40, 100, 100)  # type: ignore[arg-type]
    lost = [visits(2023, None, 30), ("visit_count", 2024, {BAY: 50, WILLOW: 60})]
    assert compared("visit_count", *lost, org=BAY, catalogue=merged) == (None, None, 0, 50)  # type: ignore[arg-type]


def test_a_cumulative_number_differs_by_what_the_year_added_and_never_falls() -> None:
    given_rows = [visits(2022, 5, 5), visits(2023, None, 30), visits(2024, 10, 0)]
    assert compared("cumulative(visit_count)", *given_rows)[:2] == (50, 40)
    assert compared("cumulative(visit_count)", *given_rows, year=2023)[:2] == (40, 10)
    assert compared("cumulative(visit_count, 2024)", *given_rows)[:2] == (None, None)  # begins this year


def test_who_added_nothing_to_a_cumulative_number_is_not_compared() -> None:
    """Its number stands as it stood, and that is not a year without events."""
    given_rows = [visits(2022, 5, 5), visits(2023, 10, 30), visits(2024, None, None, 8)]
    assert compared("cumulative(visit_count)", *given_rows)[:2] == (None, None)
    assert compared("cumulative(visit_count) + cumulative(talk_count)", *given_rows)[:2] == (None, None)
    assert compared("cumulative(visit_count)", *given_rows, org=CITY)[:2] == (178, 170)


def test_a_share_of_running_sums_is_compared_within_each_year() -> None:
    given_rows = [visits(2023, 10, 10, 20), visits(2024, 20, 10, 20)]
    found = compared("share(cumulative(visit_count))", *given_rows, levels=("county",), unit="%")
    assert found[:2] == (pytest.approx(500 / 9), 50)


def test_places_are_counted_among_those_that_are_compared() -> None:
    given_rows = [visits(2023, 5, 30, None), visits(2024, 40, 10, 60)]
    found = compared("rank(visit_count)", *given_rows, org=BRIDGE, levels=("township",), unit="位")
    assert found[:2] == (1, 2)  # the third of them, first this year, was not there last year


def test_a_streak_is_compared_with_how_long_it_was() -> None:
    given_rows = [visits(2021, 1, 1), visits(2022, 0, 0), visits(2023, 1, 0), visits(2024, 0, 1)]
    formula = "streak(visit_count > 0)"
    assert compared(formula, *given_rows)[:2] == (2, 1)
    assert compared(formula, *given_rows, year=2022)[:2] == (0, 1)
    assert compared(formula, *given_rows, year=2021)[:2] == (None, None)


def test_what_compares_itself_is_not_compared_again() -> None:
    catalogue = with_indicator(
        CATALOGUE, "(visit_count - prev(visit_count)) / prev(visit_count)", kind="change"
    )
    found = compute(rows(visits(2023, 1, 1), visits(2024, 1, 1)), catalogue, NOBODY).comparisons
    assert found.is_empty()


CELLS = st.sampled_from([None, NA, 0, 1, 2, 5, 40])
GROWTH = "(visit_count - prev(visit_count)) / prev(visit_count) * 100"


def growth_and_change(measures: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Every growth that an indicator states, beside the growth that the comparison of its own number states."""
    computed = compute(measures, catalogue, NOBODY)
    found, comparisons = computed.indicators, computed.comparisons
    plain = {i.formula: i.id for i in catalogue.indicators.values()}
    of = {
        i.id: next(name for formula, name in plain.items() if i.formula.startswith(f"({formula} - prev("))
        for i in catalogue.indicators.values()
        if i.kind == "change"
    }
    previous = pl.col("previous_value")
    stated = comparisons.with_columns(
        change_pct=pl.when(previous != 0).then((pl.col("comparable_value") - previous) / previous * 100)
    )
    return (
        found.filter(pl.col("kind") == "change")
        .with_columns(base=pl.col("indicator").replace_strict(of))
        .join(stated, left_on=["year", "org_code", "base"], right_on=["year", "org_code", "indicator"])
    )


def assert_equal_growth(both: pl.DataFrame) -> None:
    apart = both.filter(
        (pl.col("value").is_null() != pl.col("change_pct").is_null())
        | ((pl.col("value") - pl.col("change_pct")).abs() > 1e-9)
    )
    assert apart.to_dicts() == []


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=4, max_size=4))
def test_growth_is_one_number_however_it_is_asked_for(years: list[tuple[Cell, Cell, Cell]]) -> None:
    given_rows = [visits(2021 + n, *cells) for n, cells in enumerate(years)]
    both = growth_and_change(rows(*given_rows), with_two(CATALOGUE))
    assert both.height > 0
    assert_equal_growth(both)


def with_two(catalogue: Catalogue) -> Catalogue:
    """The number and its growth as two indicators."""
    growth = with_indicator(catalogue, GROWTH, id="growth", kind="change").indicators
    number = with_indicator(catalogue, "visit_count").indicators
    found = with_indicator(catalogue, "visit_count")
    found.indicators.update({"growth": growth["x"], "x": number["x"]})
    return found


def test_every_growth_of_the_catalogue_is_that_of_its_own_number() -> None:
    catalogue = load_catalogue()
    names = {
        t.name
        for i in catalogue.indicators.values()
        if i.kind == "change"
        for t in catalogue.expand_formula(i).terms
    }
    given_rows: list[Given] = []
    for year in (2023, 2024):
        units = catalogue.registry.units(year)
        for position, name in enumerate(sorted(names)):
            of = units.filter(pl.col("level").is_in(list(catalogue.measures[name].levels)))["org_code"]
            draw = [
                None if (n + position) % 11 == year % 2 else (n * 7 + year + position) % 23
                for n in range(len(of))
            ]
            given_rows.append((name, year, dict(zip(of, draw, strict=True))))
    both = growth_and_change(rows(*given_rows), catalogue)
    assert set(both["indicator"]) == {i.id for i in catalogue.indicators.values() if i.kind == "change"}
    assert_equal_growth(both)


# ------------------------------------------------------------------------ of how many, and how well covered


def windowed(formula: str, *given_rows: Given, levels: tuple[str, ...]) -> pl.DataFrame:
    catalogue = with_indicator(CATALOGUE, formula, levels=levels)
    return compute(rows(*given_rows), catalogue, NOBODY).indicators


def test_a_share_of_an_incomplete_city_is_marked_and_says_of_how_many() -> None:
    found = windowed("share(visit_count)", visits(2024, 10, 30, None), levels=("township",))
    row = found.row(by_predicate=pl.col("org_code") == BRIDGE, named=True)
    assert (row["value"], row["denominator"], row["peer_count"]) == (25, 40, 2)
    assert (row["reported_count"], row["expected_count"]) == (2, 3)
    assert row["coverage_pct"] == pytest.approx(200 / 3)


def test_a_place_in_an_incomplete_field_is_marked_and_says_of_how_many() -> None:
    found = windowed("rank(visit_count)", visits(2024, 10, 30, None), levels=("township",))
    row = found.row(by_predicate=pl.col("org_code") == BRIDGE, named=True)
    assert (row["value"], row["peer_count"], row["coverage_pct"]) == (2, 2, pytest.approx(200 / 3))


def test_a_share_that_is_worse_covered_than_the_city_keeps_its_own_coverage() -> None:
    found = windowed("share(visit_count)", visits(2024, None, 30, 60), levels=("county",))
    by_code = dict(found.select("org_code", "coverage_pct").iter_rows())
    assert by_code == {EAST: 50, WEST: pytest.approx(200 / 3)}


def test_what_is_neither_share_nor_place_is_of_nobody() -> None:
    found = windowed("visit_count", visits(2024, 1, 1), levels=("county",))
    assert found["peer_count"].to_list() == [None, None]
