"""A column, a row or a run of rows that is wrong as a whole is one question, and its numbers are not asked one by one."""

from __future__ import annotations

import polars as pl
import pytest

from tests.series_rows import (
    MEASURE_ID,
    TOWNSHIPS,
    YEAR,
    Numbers,
    moving,
    moving_history,
    numbers,
    questions,
    rules_asked,
    steady,
)

COUNT = len(TOWNSHIPS)


def times(factor: float, values: Numbers) -> Numbers:
    return [None if value is None else value * factor for value in values]


@pytest.mark.parametrize("years", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.0001, "疑整栏以万元为单位填写"), (10_000, "疑整栏以元填作万元"), (10, "疑整栏多写一位"), (4, None)],
)
def test_a_column_that_changed_as_a_whole_is_asked_about_once(
    factor: float, words: str | None, years: int
) -> None:
    prior = moving_history(years, "claim_paid_cny", 20_000)
    found = questions(numbers(YEAR, times(factor, moving(YEAR, 20_000)), "claim_paid_cny"), prior)
    assert found["rule"].to_list() == ["series.whole_column_changed"]
    assert found["org_code"].to_list() == TOWNSHIPS[:1]
    [message] = found["message"]
    assert message.startswith(f"赔付金额整栏变动：{COUNT}个乡镇(街道)的数一般变为上年的")
    assert (words is None) == ("疑" not in message)
    assert words is None or message.endswith(words)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 2.5])
def test_a_column_that_grew_as_columns_do_is_not_asked_about(factor: float) -> None:
    assert rules_asked(numbers(YEAR, times(factor, moving(YEAR))), moving_history()) == []


def test_some_wrong_numbers_of_a_column_are_asked_about_one_by_one() -> None:
    values = [*times(10, moving(YEAR)[:4]), *moving(YEAR)[4:]]
    assert rules_asked(numbers(YEAR, values), moving_history()) == ["series.unusual_change"] * 4


def test_last_years_column_sent_again_is_asked_about_once() -> None:
    found = questions(numbers(YEAR, moving(YEAR - 1)), moving_history())
    assert found["rule"].to_list() == ["series.last_year_again"]
    [message] = found["message"]
    assert message == (
        f"发放彩页份数整栏未变：{COUNT}个乡镇(街道)的数与上年完全相同，以往每年一般有92%的数会变；疑误报了上年的表"
    )


def test_a_column_in_which_one_number_is_new_is_not_last_years() -> None:
    assert rules_asked(numbers(YEAR, [999.0 / 4, *moving(YEAR - 1)[1:]]), moving_history()) == []


def test_a_column_that_hardly_ever_changes_may_stay_what_it_was() -> None:
    def stock(year: int) -> Numbers:
        return [3.0 + place % 5 + (place == year % COUNT) for place, _ in enumerate(TOWNSHIPS)]

    prior = pl.concat([numbers(YEAR - n, stock(YEAR - n), "volunteer_count") for n in (1, 2, 3, 4)])
    assert rules_asked(numbers(YEAR, stock(YEAR - 1), "volunteer_count"), prior) == []


def test_without_an_earlier_change_to_compare_with_nothing_is_said_of_a_column_that_stayed() -> None:
    assert rules_asked(numbers(YEAR, moving(YEAR - 1)), moving_history(years=1)) == []


def test_a_number_copied_down_is_one_question_for_the_run() -> None:
    values = moving(YEAR)
    copied = [*values[:3], *[values[3]] * 6, *values[9:]]
    found = questions(numbers(YEAR, copied), moving_history())
    assert found.select("rule", "org_code").rows() == [("series.copied_down", TOWNSHIPS[3])]
    assert "自本行起连续6行（至" in found["message"].item()


def test_equal_numbers_in_a_column_that_often_has_them_are_no_copy() -> None:
    def alike(year: int) -> Numbers:
        return [20.0 + (place + year) % 3 // 2 * 10 for place, _ in enumerate(TOWNSHIPS)]

    now: Numbers = [20.0 for _ in TOWNSHIPS]
    prior = pl.concat([numbers(YEAR - n, alike(YEAR - n)) for n in (1, 2, 3)])
    assert "series.copied_down" not in rules_asked(numbers(YEAR, now), prior)


def test_two_neighbours_with_each_others_numbers_are_one_question() -> None:
    def sized(year: int) -> Numbers:
        return [
            (100.0 if place % 2 else 240.0) + (place * year * 7) % 13 for place, _ in enumerate(TOWNSHIPS)
        ]

    values = sized(YEAR)
    swapped = [values[1], values[0], *values[2:]]
    prior = pl.concat([numbers(YEAR - n, sized(YEAR - n)) for n in (1, 2, 3, 4)])
    found = questions(numbers(YEAR, swapped), prior)
    assert found.select("rule", "org_code").rows() == [("series.swapped_rows", TOWNSHIPS[0])]
    assert "下一行锦秋街道为" in found["message"].item()


def test_a_number_far_too_large_is_not_called_its_neighbours() -> None:
    values = moving(YEAR)
    wrong = [values[0], 2_170_000.0, *values[2:]]
    assert rules_asked(numbers(YEAR, wrong), moving_history()) == ["series.moves_published_figure"]


def test_a_row_that_changed_as_a_whole_is_one_question() -> None:
    names = ["birthday_party_count", "health_lecture_count", "fellowship_count", "attendance_count"]
    prior = pl.concat([moving_history(3, name, 100.0 * n) for n, name in enumerate(names, start=1)])
    now = pl.concat(
        [
            numbers(YEAR, [4 * values[0], *values[1:]], name)  # type: ignore[operator]  # the first is a number
            for n, name in enumerate(names, start=1)
            for values in [moving(YEAR, 100.0 * n)]
        ]
    )
    found = questions(now, prior)
    assert found.select("rule", "org_code").rows() == [("series.whole_row_changed", TOWNSHIPS[0])]


def test_a_second_site_that_doubles_a_row_is_not_asked_about() -> None:
    names = ["birthday_party_count", "health_lecture_count", "fellowship_count", "attendance_count"]
    prior = pl.concat([moving_history(3, name, 100.0 * n) for n, name in enumerate(names, start=1)])
    now = pl.concat(
        [
            numbers(YEAR, [2 * values[0], *values[1:]], name)  # type: ignore[operator]  # the first is a number
            for n, name in enumerate(names, start=1)
            for values in [moving(YEAR, 100.0 * n)]
        ]
    )
    assert rules_asked(now, prior) == []
    alone = now.filter((pl.col("org_code") != TOWNSHIPS[0]) | (pl.col("measure") == names[0]))
    assert rules_asked(alone, prior) == ["series.unusual_change"]


def test_what_an_explanation_of_a_column_is_bound_to_changes_with_any_of_its_numbers() -> None:
    first = questions(numbers(YEAR, times(10, steady())), moving_history())
    second = questions(numbers(YEAR, times(10, [205.0, *steady()[1:]])), moving_history())
    assert first["operands"].item().startswith(f"{MEASURE_ID}=")
    assert first["operands"].item() != second["operands"].item()
