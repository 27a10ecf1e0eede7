"""What a declared chart shows of the numbers there are, and of those there are not."""

from __future__ import annotations

from typing import Any

import pytest

from flows.charts.declared import draw_plotted
from flows.charts.drawing import write_inline_svg, write_svg
from flows.charts.plotted import MOST_COUNTIES, Plotted, plot
from tests.figure_rows import figure, figures
from warehouse.catalogue.bulletin import ChartOf
from warehouse.words.enumerations import MOST_NAMED

YEARS = [2023, 2024]


def of_years(*indicators: str) -> ChartOf:
    return ChartOf(title="会员和志愿者", indicators=indicators)


BY_COUNTY = ChartOf(title="分县会员", indicators=("members",), over="counties")


def plotted(chart: ChartOf, *rows: dict[str, Any]) -> Plotted:
    return plot(chart, figures(*rows), YEARS)


def members(value: float | None, year: int, **more: Any) -> dict[str, Any]:
    return figure("members", value, year=year, name_zh="本年会员", **more)


def county(name: str, value: float | None, **more: Any) -> dict[str, Any]:
    return members(value, 2024, org_code=name, org_name=name, org_level="county", **more)


def test_years_stand_below_and_series_are_named_without_this_years() -> None:
    shown = plotted(of_years("members"), members(1, 2023), members(2, 2024))
    assert shown.categories == ["2023", "2024"]
    assert shown.series == {"会员": [1.0, 2.0]}


def test_a_number_that_is_not_there_is_a_gap() -> None:
    shown = plotted(of_years("members"), members(None, 2023, state="suppressed"), members(2, 2024))
    assert shown.series == {"会员": [None, 2.0]}
    assert not shown.is_drawable
    assert plotted(of_years("members"), members(1, 2023), members(2, 2024)).is_drawable


def test_a_series_that_began_later_has_gaps_before() -> None:
    volunteers = figure("volunteers", 5, year=2024, name_zh="志愿者")
    shown = plotted(of_years("members", "volunteers"), members(1, 2023), members(2, 2024), volunteers)
    assert shown.series == {"会员": [1.0, 2.0], "志愿者": [None, 5.0]}


def test_large_numbers_are_drawn_in_ten_thousands() -> None:
    shown = plotted(of_years("members"), members(99_999, 2023), members(261_061, 2024))
    assert (shown.unit, shown.decimals) == ("万人", 1)
    assert shown.series["会员"] == pytest.approx([9.9999, 26.1061])


def test_a_year_whose_units_have_not_all_reported_is_named() -> None:
    partial = members(2, 2024, coverage_pct=85.7)
    assert plotted(of_years("members"), members(3, 2023), partial).remark == "2024年未报全"
    assert plotted(BY_COUNTY, county("东县", 1), county("西县", 2, coverage_pct=50.0)).remark == "西县未报全"
    assert plotted(BY_COUNTY, county("东县", 1), county("西县", None)).remark == "西县未报全"
    assert plotted(BY_COUNTY, county("东县", 1), county("西县", None, state="suppressed")).remark == ""


def test_counties_have_the_last_year_alone() -> None:
    before = county("东县", 9) | {"year": 2023}
    shown = plotted(BY_COUNTY, before, county("东县", 1), county("西县", None))
    assert (shown.categories, list(shown.series.values())) == (["东县", "西县"], [[1.0, None]])


@pytest.mark.parametrize("chart", [of_years("members"), BY_COUNTY], ids=["years", "counties"])
def test_a_picture_has_title_unit_and_remark_and_names_no_address(chart: ChartOf) -> None:
    rows = [
        members(1, 2023),
        members(2, 2024, coverage_pct=50.0),
        county("东县", 1, coverage_pct=50.0),
        county("西县", 2),
    ]
    drawn = draw_plotted(plotted(chart, *rows))
    for text in (chart.title, "单位：人", "未报全"):
        assert text in write_svg(drawn)
    assert "http" not in write_inline_svg(drawn)


def test_of_more_counties_than_can_be_read_the_highest_are_shown_and_the_remark_says_so() -> None:
    many = [county(f"{code:02}县", float(code)) for code in range(1, MOST_COUNTIES + 2)]
    shown = plotted(BY_COUNTY, *many[:-1])
    assert (shown.categories, shown.remark) == ([f"{code:02}县" for code in range(1, MOST_COUNTIES + 1)], "")
    shown = plotted(BY_COUNTY, *many)
    assert shown.categories == [f"{code:02}县" for code in range(MOST_COUNTIES + 1, 1, -1)]
    assert shown.series["本年会员"][0] == MOST_COUNTIES + 1
    assert shown.remark == "只列前30个"


def test_of_many_places_the_first_are_shown() -> None:
    many = [county(f"{code:02}县", float(code), unit="位") for code in range(1, MOST_COUNTIES + 2)]
    assert plotted(BY_COUNTY, *many).categories[0] == "01县"


def test_of_many_counties_that_have_not_all_reported_the_first_are_named() -> None:
    partial = [county(f"{code:02}县", 1.0, coverage_pct=50.0) for code in range(1, MOST_NAMED + 2)]
    assert plotted(BY_COUNTY, *partial).remark.endswith("09县、10县等11个单位未报全")
