"""A number that jumps is asked about; one that moves as its group always moved, or a small count, is not."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.rulebook import load_rules
from expectations.series import locate_series, series_frame, series_gates
from warehouse.catalogue.frames import MEASURE
from warehouse.catalogue.load import load_catalogue

CATALOGUE = load_catalogue()
GATES = series_gates(load_rules(None, CATALOGUE))
YEAR, COUNTY = 2024, "371625"
TOWNSHIPS = sorted(
    CATALOGUE.registry.units(YEAR).filter(level="township", county_code=COUNTY)["org_code"].to_list()
)
MEASURE_ID = "leaflet_count"


def numbers(year: int, values: list[float | None], measure: str = MEASURE_ID) -> pl.DataFrame:
    """A county's number of one measure, township by township; None is not reported."""
    rows: list[dict[str, Any]] = [
        {
            "submission": f"s{year}",
            "unit_code": COUNTY,
            "year": year,
            "org_code": code,
            "measure": measure,
            "state": "not_reported" if value is None else "zero" if value == 0 else "value",
            "value": value,
        }
        for code, value in zip(TOWNSHIPS, values, strict=False)
    ]
    return pl.DataFrame(rows, schema=MEASURE)


def steady(size: float = 200.0) -> list[float | None]:
    return [size + 7 * place for place, _ in enumerate(TOWNSHIPS)]


def history(size: float = 200.0, years: int = 5) -> pl.DataFrame:
    return pl.concat([numbers(YEAR - back, steady(size)) for back in range(1, years + 1)])


def asked(values: list[float | None], prior: pl.DataFrame) -> dict[str, str]:
    """Org unit and message of everything that is asked."""
    _, found = locate_series(GATES, series_frame(numbers(YEAR, values), prior, CATALOGUE))
    return dict(pl.concat(found).select("org_code", "message").iter_rows())


def bent(value: float | None) -> list[float | None]:
    return [value, *steady()[1:]]


def test_a_quiet_year_is_asked_nothing() -> None:
    assert asked(steady(), history()) == {}


@pytest.mark.parametrize("factor", [10, 0.1, 10_000, 0.0001, 2.5])
def test_a_number_that_jumped_is_asked_about_in_one_sentence_with_the_numbers(factor: float) -> None:
    value = round(200 * factor)
    questions = asked(bent(value), history())
    assert questions.keys() == {TOWNSHIPS[0]}
    sentence = questions[TOWNSHIPS[0]]
    assert f" {value}，上年 200" in sentence
    assert "该单位历年均为 200" in sentence


def test_the_one_point_of_a_short_series_that_no_z_score_reaches_is_found_with_three_points() -> None:
    assert asked(bent(2000), history(years=2)).keys() == {TOWNSHIPS[0]}


def test_small_counts_may_double() -> None:
    two = [2.0 for _ in TOWNSHIPS]
    prior = pl.concat([numbers(YEAR - back, two) for back in (1, 2, 3)])
    assert asked([4.0, *two[1:]], prior) == {}


def test_a_number_that_returns_to_its_own_level_after_a_false_year_is_not_asked_about() -> None:
    prior = pl.concat([numbers(YEAR - 1, bent(2000)), *(numbers(YEAR - n, steady()) for n in (2, 3, 4))])
    assert asked(steady(), prior) == {}


def test_what_happens_to_the_whole_county_alike_is_not_asked_of_each_township() -> None:
    grown = [None if value is None else value * 2 for value in steady()]
    prior = pl.concat([numbers(YEAR - 1, steady())])
    assert asked(grown, prior) == {}


def test_a_measure_that_always_jumped_asks_less() -> None:
    def wild(year: int) -> list[float | None]:
        return [200.0 * (1 + 9 * ((place + year) % 2)) for place, _ in enumerate(TOWNSHIPS)]

    prior = pl.concat([numbers(YEAR - n, wild(YEAR - n)) for n in (1, 2, 3, 4)])
    assert asked(wild(YEAR), prior) == {}


def test_blank_numbers_are_no_zeros() -> None:
    assert asked(bent(None), history()) == {}


def test_a_first_number_is_compared_with_its_peers() -> None:
    prior = pl.concat([numbers(YEAR - 1, [None, *steady()[1:]])])
    assert asked(bent(2_000_000), prior).keys() == {TOWNSHIPS[0]}
    assert asked(bent(210), prior) == {}


def test_without_any_year_before_only_peers_speak() -> None:
    assert asked(steady(), numbers(YEAR - 1, [])) == {}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 100_000), min_size=12, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(values: list[int], draw: Any) -> None:
    prior = history()
    now = numbers(YEAR, [float(value) for value in values])
    shuffled = now[draw.sample(range(now.height), now.height)]
    _, one = locate_series(GATES, series_frame(now, prior, CATALOGUE))
    _, other = locate_series(GATES, series_frame(shuffled, prior, CATALOGUE))
    assert sorted(pl.concat(one)["message"]) == sorted(pl.concat(other)["message"])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 1000), min_size=12, max_size=12))
def test_a_larger_error_is_never_asked_about_less(values: list[int]) -> None:
    prior = history()
    base: list[float | None] = [float(value) for value in values]
    for factor in (10.0, 100.0):
        small, large = [5000.0 * factor, *base[1:]], [50000.0 * factor, *base[1:]]
        assert not (TOWNSHIPS[0] in asked(small, prior) and TOWNSHIPS[0] not in asked(large, prior))
