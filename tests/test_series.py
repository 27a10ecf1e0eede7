"""A single number that jumps is asked about; one that moves as its group always moved, or a small count, is not.

Columns, rows and runs: test_series_columns.py. Units that changed: test_series_history.py.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from expectations.outliers.effects import list_published_totals
from expectations.outliers.rules import examine_numbers
from expectations.rulebook.rulebook import load_rules
from tests.example_counts import examples
from tests.series_rows import (
    CATALOGUE,
    COUNTY,
    TOWNSHIPS,
    YEAR,
    asked,
    bent,
    history,
    numbers,
    questions,
    rules_asked,
    steady,
)


def test_a_quiet_year_is_asked_nothing() -> None:
    assert asked(steady(), history()) == {}


@pytest.mark.parametrize("factor", [10, 0.1, 10_000, 0.0001, 2.5])
def test_a_number_that_jumped_is_asked_about_in_one_sentence_with_the_numbers(factor: float) -> None:
    value = round(200 * factor)
    found = asked(bent(value), history())
    assert found.keys() == {TOWNSHIPS[0]}
    sentence = found[TOWNSHIPS[0]]
    assert f"发放彩页份数为{value}份，上年200份" in sentence
    assert "该单位历年均为200份" in sentence


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


@settings(max_examples=examples(12))
@given(st.lists(st.integers(0, 100_000), min_size=12, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(values: list[int], draw: Any) -> None:
    prior = history()
    now = numbers(YEAR, [float(value) for value in values])
    shuffled = now[draw.sample(range(now.height), now.height)]
    one, other = questions(now, prior), questions(shuffled, prior)
    assert sorted(one["message"]) == sorted(other["message"])


@settings(max_examples=examples(12))
@given(st.lists(st.integers(1, 1000), min_size=12, max_size=12))
def test_a_larger_error_is_never_asked_about_less(values: list[int]) -> None:
    prior = history()
    base: list[float | None] = [float(value) for value in values]
    for factor in (10.0, 100.0):
        small, large = [5000.0 * factor, *base[1:]], [50000.0 * factor, *base[1:]]
        assert not (TOWNSHIPS[0] in asked(small, prior) and TOWNSHIPS[0] not in asked(large, prior))


@pytest.mark.parametrize("years", [1, 2, 3, 5])
@pytest.mark.parametrize("factor", [10, 10_000])
def test_a_number_alone_in_its_group_is_asked_about_with_any_number_of_earlier_years(
    years: int, factor: int
) -> None:
    before = [100.0, 104, 97, 103, 99]
    prior = pl.concat(
        [numbers(YEAR - n, [before[n - 1]], "consultation_count", [COUNTY]) for n in range(1, years + 1)]
    )
    now = numbers(YEAR, [102.0 * factor], "consultation_count", [COUNTY])
    [message] = questions(now, prior)["message"]
    assert f"咨询人次为{102 * factor}人次，上年100人次" in message
    assert rules_asked(numbers(YEAR, [102.0], "consultation_count", [COUNTY]), prior) == []


@pytest.mark.parametrize("gap", [0.0, None])
@pytest.mark.parametrize(("value", "is_asked"), [(2000.0, True), (1600.0, True), (205.0, False)])
def test_a_year_of_nothing_before_does_not_hide_the_years_before_it(
    gap: float | None, value: float, is_asked: bool
) -> None:
    prior = pl.concat([numbers(YEAR - 1, bent(gap)), *(numbers(YEAR - n, steady()) for n in (2, 3, 4))])
    assert (TOWNSHIPS[0] in asked(bent(value), prior)) == is_asked


def test_a_number_where_all_others_have_always_had_nothing_is_asked_about() -> None:
    nothing: list[float | None] = [0.0 for _ in TOWNSHIPS]
    prior = pl.concat([numbers(YEAR - n, nothing) for n in (1, 2, 3)])
    found = asked([500.0, *nothing[1:]], prior)
    assert found.keys() == {TOWNSHIPS[0]}
    assert f"其他{len(TOWNSHIPS) - 1}个同级单位均为0份" in found[TOWNSHIPS[0]]


def test_something_new_that_fills_a_row_is_no_wrong_cell() -> None:
    nothing: list[float | None] = [0.0 for _ in TOWNSHIPS]
    measures = {"training_count": 1.0, "trainee_count": 85.0}
    prior = pl.concat([numbers(YEAR - 1, nothing, name) for name in measures])
    now = pl.concat([numbers(YEAR, [value, *nothing[1:]], name) for name, value in measures.items()])
    assert rules_asked(now, prior) == []


def test_a_unit_that_begins_like_those_that_began_before_is_not_asked_about() -> None:
    mostly: list[float | None] = [0.0, 150.0, *(0.0 for _ in TOWNSHIPS[2:])]
    prior = pl.concat([numbers(YEAR - n, mostly) for n in (1, 2, 3)])
    assert asked([120.0, *mostly[1:]], prior) == {}
    assert asked([12_000.0, *mostly[1:]], prior).keys() == {TOWNSHIPS[0]}


def test_a_number_that_comes_and_goes_is_not_asked_about_when_it_comes_again() -> None:
    years = [0.0, 120.0, 0.0, 150.0]
    prior = pl.concat([numbers(YEAR - n, bent(value)) for n, value in enumerate(years, start=1)])
    assert asked(bent(140), prior) == {}
    assert asked(bent(1400), prior).keys() == {TOWNSHIPS[0]}


def test_nothing_where_there_was_always_something_is_asked_about_and_said_once() -> None:
    [sentence] = asked(bent(0), history()).values()
    assert sentence.startswith("城东街道：发放彩页份数为0份，上年200份；")


def test_money_words_are_kept_for_money() -> None:
    leaflets = asked(bent(2_000_000), history())[TOWNSHIPS[0]]
    paid = questions(
        numbers(YEAR, bent(2_000_000), "claim_paid_cny"),
        pl.concat([numbers(YEAR - n, steady(), "claim_paid_cny") for n in (1, 2, 3)]),
    )["message"].item()
    assert leaflets.endswith("；疑多写四位")
    assert paid.endswith("；疑以元填作万元")


def test_a_share_of_last_year_has_one_decimal() -> None:
    assert "上年200份，仅为上年的9.5%；" in asked(bent(19), history())[TOWNSHIPS[0]]
    [sentence] = asked(bent(1), numbers(YEAR - 1, bent(20_000))).values()
    assert "上年20000份，不到上年的0.1%；" in sentence


def test_what_is_asked_does_not_depend_on_how_many_numbers_are_scored_at_a_time() -> None:
    """Three counties, in each another township's number jumped; once all together, once each by itself."""

    def of_county(frame: pl.DataFrame, county: str) -> pl.DataFrame:
        codes = CATALOGUE.registry.units(YEAR).filter(level="township", county_code=county)["org_code"].sort()
        renamed = dict(zip(TOWNSHIPS, codes, strict=False))
        return frame.filter(pl.col("org_code").is_in(list(renamed))).with_columns(
            pl.col("org_code").replace_strict(renamed),
            submission=pl.concat_str(pl.lit(county), "submission"),
            unit_code=pl.lit(county),
        )

    counties = [COUNTY, "371622", "371623"]
    now = [
        of_county(
            numbers(YEAR, [value * (10 if at == place else 1) for at, value in enumerate(steady())]), county
        )
        for place, county in enumerate(counties)
    ]
    prior = pl.concat([of_county(history(), county) for county in counties])
    rulebook = load_rules(None, CATALOGUE)
    totals = list_published_totals(prior, CATALOGUE)
    found = []
    for most in (1_000_000, 1):
        suite, questions_asked, _ = examine_numbers(rulebook, pl.concat(now), prior, totals, CATALOGUE, most)
        found.append(
            (suite.count_failures(), suite.concerned_counts, questions_asked.sort("org_code", "rule"))
        )
    together, apart = found
    assert together[:2] == apart[:2]
    assert together[2]["unit_code"].unique().sort().to_list() == sorted(counties)
    assert_frame_equal(together[2], apart[2])
