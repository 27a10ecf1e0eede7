"""What the bulletin says of numbers that are there, and what it leaves out of numbers that are not."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.bulletin.sentences import Numbers, say
from tests.figure_rows import figure, figures

TEXT = "{year}年末会员{members}[，{members.growth}]。志愿者{volunteers}[，{volunteers.growth}]。"


def said(*rows: dict[str, Any], text: str = TEXT) -> str:
    return say(text, Numbers(2024, figures(*rows))).text


MEMBERS, VOLUNTEERS = figure("members", 200), figure("volunteers", 30)


def test_numbers_and_their_growth_are_told() -> None:
    assert said(MEMBERS, VOLUNTEERS) == "2024年末会员200人，比上年增长1.5%。志愿者30人，比上年增长1.5%。"


@pytest.mark.parametrize("state", ["not_reported", "suppressed", "held", "not_applicable"])
def test_of_a_number_that_is_not_there_nothing_is_said(state: str) -> None:
    assert said(MEMBERS, figure("volunteers", None, state=state)) == "2024年末会员200人，比上年增长1.5%。"


def test_a_broken_series_or_a_missing_county_has_no_growth() -> None:
    broken = figure("members", 200, change=None, change_pct=None)
    assert said(broken, VOLUNTEERS) == "2024年末会员200人。志愿者30人，比上年增长1.5%。"


def test_numbers_that_do_not_cover_all_units_say_so() -> None:
    partial = figure("members", 200, coverage_pct=100 * 6 / 7, change=None, change_pct=None)
    assert said(partial, VOLUNTEERS).endswith("以上部分数据不含未填报的单位，覆盖率为85.7%。")
    other = figure("volunteers", 30, coverage_pct=99.99)
    assert said(partial, other).endswith("以上数据不含未填报的单位，覆盖率为85.7%—99.9%。")


def test_units_whose_report_is_missing_are_named_instead() -> None:
    partial = figure("members", 200, coverage_pct=100 * 6 / 7, change=None, change_pct=None)
    numbers = Numbers(2024, figures(partial, VOLUNTEERS), ("东岸县", "西岸县"))
    assert say(TEXT, numbers).text.endswith("以上部分数据未含东岸县、西岸县本年数。")
    whole = Numbers(2024, figures(MEMBERS, VOLUNTEERS), ("东岸县",))
    assert "未含" not in say(TEXT, whole).text


def test_a_zero_is_a_number() -> None:
    assert said(
        figure("members", 0.0, state="zero", change=0.0, change_pct=None),
        text="会员{members}[，{members.growth}]。",
    ) == ("会员0人，与上年持平。")


def county(name: str, value: float | None, **more: Any) -> dict[str, Any]:
    return figure("members", value, org_code=name, org_name=name, org_level="county", **more)


HIGHEST = "会员{members}[，居前三位的是{members.highest}]。"


def test_the_three_highest_counties_are_named_in_order() -> None:
    rows = [MEMBERS, county("东县", 10), county("西县", 40), county("南县", 30), county("北县", 20)]
    assert said(*rows, text=HIGHEST) == "会员200人，居前三位的是西县、南县、北县。"


@pytest.mark.parametrize(
    "last",
    [county("北县", None), county("北县", None, state="suppressed"), county("北县", 10)],
    ids=["not reported", "not published", "as many as the next"],
)
def test_the_highest_are_not_named_where_one_is_unknown_or_the_third_is_not_alone(
    last: dict[str, Any],
) -> None:
    rows = [MEMBERS, county("东县", 10), county("西县", 40), county("南县", 30), last]
    assert said(*rows, text=HIGHEST) == "会员200人。"


def test_blanks_by_which_the_text_is_set_in_lines_are_not_printed() -> None:
    assert said(MEMBERS, text="会员{members}。\n  {year}年。") == "会员200人。2024年。"


def test_a_text_without_any_number_says_nothing() -> None:
    told = say("会员{members}。", Numbers(2024, figures(figure("volunteers", 1)).filter(pl.lit(False))))
    assert (told.text, told.indicators) == ("", ())
