"""Numbers and changes as a communiqué prints them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.words.chinese_numerals import chinese_numeral
from warehouse.words.number_words import group_thousands, round_half_up, show_number
from warehouse.words.printed_numbers import check_picture, print_difference, print_growth, print_number


@pytest.mark.parametrize(
    ("value", "unit", "picture", "printed"),
    [
        (24_000, "户", "0.0万", "2.4万户"),
        (24_499, "户", "0.0万", "2.4万户"),
        (23_500, "户", "0.0万", "2.4万户"),  # half goes up
        (20_000, "户", "0.0万", "2.0万户"),
        (11_298_640, "元", "0万", "1130万元"),
        (7_450, "人次", "百余", "7400余人次"),
        (7_400, "人次", "百余", "7400人次"),  # exactly so: nothing more
        (145_000, "份", "万余", "14万余份"),
        (7_450, "人次", "近百", "近7500人次"),
        (7_450, "人次", "超百", "超7400人次"),
        (7_450, "人次", "约百", "约7500人次"),
        (7_500, "人次", "近百", "7500人次"),
        (123_456_789, "元", "0.00亿", "1.23亿元"),
        (123_456_789, "元", "千万余", "12000万余元"),
        (6_823, "人次", "0.0万", "6823人次"),  # less than one 万
        (45, "人次", "百余", "45人次"),
        (0, "户", "0.0万", "0户"),
        (261_061, "人", "", "261061人"),
        (4, "位", "", "第4位"),
    ],
)
def test_a_number_is_rounded_and_written_as_its_picture_says(
    value: float, unit: str, picture: str, printed: str
) -> None:
    assert check_picture(picture) == "" or picture == ""
    assert print_number(value, unit, picture) == printed


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "printed"),
    [
        (668.65, "人/万人", 1, "668.7人"),
        (99.04, "%", 1, "99.0%"),
        (100, "%", 1, "100%"),
        (2.05, "人/个", 2, "2.05人"),
        (99.97, "%", 1, "99.9%"),  # less than all
    ],
)
def test_without_a_picture_it_has_the_decimals_of_its_indicator(
    value: float, unit: str, decimals: int, printed: str
) -> None:
    assert print_number(value, unit, decimals=decimals) == printed


@pytest.mark.parametrize("picture", ["万万", "约万余", "约", "0.0百", "0.", "2.4万", "余", "个"])
def test_what_is_no_picture_is_answered_with_a_sentence(picture: str) -> None:
    assert picture in check_picture(picture)


@given(st.integers(0, 10**9), st.sampled_from(["百", "千", "万", "十万", "百万"]))
def test_a_number_and_more_is_never_more_than_the_number(value: int, scale: str) -> None:
    below, above = (print_number(value, "", picture) for picture in (f"{scale}余", f"近{scale}"))
    assert _read(below) <= value <= _read(above)
    assert ("余" in below) == (_read(below) < value)
    assert ("近" in above) == (_read(above) > value)


def _read(printed: str) -> float:
    bare = printed.strip("余近")
    return float(bare.removesuffix("万")) * (10_000 if bare.endswith("万") else 1)


@pytest.mark.parametrize(
    ("change", "change_pct", "unit", "said"),
    [
        (5, 3.24, "人", "比上年增长3.2%"),
        (-5, -1.5, "人", "比上年下降1.5%"),
        (-5, -99.97, "人", "比上年下降99.9%"),
        (0, 0.0, "人", "与上年持平"),
        (1, 0.004, "人", "与上年基本持平"),
        (4, 120.0, "个", "比上年增长1.2倍"),
        (4, 100.0, "个", "比上年增长1倍"),
        (4, None, "个", None),  # last year there was none
        (2.2, None, "%", "比上年提高2.2个百分点"),
        (-0.4, None, "%", "比上年下降0.4个百分点"),
        (-3, None, "位", "比上年上升3位"),
        (2, None, "位", "比上年下降2位"),
        (0, None, "位", "与上年位次相同"),
    ],
)
def test_a_change_is_told_in_the_words_of_its_unit(
    change: float, change_pct: float | None, unit: str, said: str | None
) -> None:
    assert print_growth(change, change_pct, unit) == said


def test_a_difference_is_told_in_units() -> None:
    assert print_difference(8, "个") == "比上年增加8个"
    assert print_difference(-8, "个") == "比上年减少8个"
    assert print_difference(0, "个") == "与上年持平"
    assert print_difference(1.25, "人/个", 1) == "比上年增加1.3人"


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_rounding_is_to_the_nearest_and_half_away_from_zero(value: float, decimals: int) -> None:
    rounded = float(round_half_up(value, decimals))
    assert math.isclose(rounded, value, abs_tol=0.5 * 10**-decimals * (1 + 1e-9) + 1e-6)
    assert rounded == -float(round_half_up(-value, decimals))


def test_a_half_is_rounded_up_wherever_numbers_are_shown() -> None:
    assert group_thousands(0.25, 1) == "0.3"
    assert group_thousands(1_234.5, 0) == "1,235"
    assert show_number(None, "suppressed") == "*"
    assert show_number(0.0, "zero", 0) == "0"


def test_headings_are_numbered_in_chinese() -> None:
    assert [chinese_numeral(n) for n in (1, 10, 12, 20, 23)] == ["一", "十", "十二", "二十", "二十三"]
    with pytest.raises(ValueError, match="100"):
        chinese_numeral(100)
