"""Charts of invented series: what is drawn where, in which words; the pictures themselves as SVG."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from flows.charts.bars import draw_bars
from flows.charts.drawing import Drawn, finish, write_png, write_svg
from flows.charts.series import MOST_LINES, draw_series
from flows.charts.units import draw_units
from tests.series_of_units import COUNTY, EAST, MEMBERS, WEST, rates, rows, series
from tests.svg_lines import line_paths
from warehouse.catalogue.models import Break
from warehouse.published.series import Series


def texts(chart: Drawn) -> list[str]:
    root = ET.fromstring(write_svg(chart))
    return [node.text for node in root.iter("{http://www.w3.org/2000/svg}text") if node.text]


def at_year(found: list[dict[str, Any]], year: int) -> Series:
    return series([r for r in found if r["year"] == year])


def test_the_picture_names_indicator_unit_years_and_every_unit_in_chinese() -> None:
    written = texts(draw_units(series()))
    assert written.count("滨城区2022—2024年个人会员") == 1
    assert written.count("单位：人") == 2  # at both axes: the county's, and that of its townships
    assert {"2022", "2023", "2024", "东街道", "西街道", "360"} <= set(written)


def test_fonts_are_named_with_what_windows_has_instead() -> None:
    svg = write_svg(draw_units(series()))
    families = set(re.findall(r'font-family="([^"]*)"', svg))
    assert {re.sub("&quot;", "", f) for f in families} == {
        "Noto Sans CJK SC, Microsoft YaHei, SimSun, sans-serif"
    }


def test_a_picture_asks_for_nothing_from_elsewhere() -> None:
    svg = write_svg(draw_units(series()))
    assert set(re.findall(r"https?://[^\"' >]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_year_without_a_number_is_a_gap_with_its_mark() -> None:
    found = rows(value={(EAST, 2023): None}, state={(EAST, 2023): "suppressed"})
    of_east = series([r for r in found if r["org_code"] == EAST])
    assert "*" in texts(draw_units(of_east))
    lines = [d for d in line_paths(write_svg(draw_units(of_east))) if d]
    assert lines
    assert not any("L" in d for d in lines), "bridged the gap"


def test_a_line_whose_years_are_all_there_is_one_stroke() -> None:
    [path] = line_paths(write_svg(draw_units(series([r for r in rows() if r["org_code"] == EAST]))))
    assert (path.count("M"), path.count("L")) == (1, 2)


def test_a_year_in_which_a_unit_has_no_row_is_a_gap_too() -> None:
    numbers = {**MEMBERS, EAST: {2022: 100.0, 2024: 120.0}}
    chart = draw_series(series(rows(numbers)).parts, "人")
    paths = line_paths(write_svg(chart))
    assert sorted(path.count("L") for path in paths) == [0, 2]


def test_units_are_told_apart_by_one_legend_of_colour_and_shape() -> None:
    written = texts(finish(draw_series(series().parts, "人"), "会员"))
    assert (written.count("东街道"), written.count("西街道")) == (1, 1)


def test_more_units_than_colours_have_a_field_each_and_all_one_scale() -> None:
    many = {f"3716021{n:02}": {2023: 10.0 * n, 2024: 11.0 * n} for n in range(1, MOST_LINES + 2)}
    frame = series(rows(many)).rows
    chart = draw_series(frame, "人")
    assert len(line_paths(write_svg(chart))) == MOST_LINES + 1
    written = texts(chart)
    assert all(code in written for code in many)
    assert written.count("100") == 3  # the scale's numbers stand once a row


def test_of_ranks_the_first_is_above() -> None:
    of_east = rows({EAST: {2023: 9.0, 2024: 2.0}})
    [path] = line_paths(write_svg(draw_units(series(of_east, unit="位"))))
    points = [float(y) for y in re.findall(r"[ML][-\d.]+,([-\d.]+)", path)]
    assert points[0] > points[1]  # downwards on paper


def test_no_number_stands_twice_along_an_axis() -> None:
    few = series(rows({EAST: {2023: 1.0, 2024: 2.0}}))
    assert texts(draw_units(few)).count("1") == 2  # once along the axis, once at the point
    bar = texts(draw_units(at_year(rows({EAST: {2024: 1.0}}), 2024)))
    assert bar.count("1") == 3  # along the axis, behind the bar, and the white below that
    assert bar.count("0") == 1


def test_a_rate_is_drawn_with_those_below_it_and_a_total_above_them() -> None:
    assert len(draw_units(rates()).to_dict().get("vconcat", [])) == 0
    assert len(draw_units(series()).to_dict()["vconcat"]) == 2


def test_one_year_is_bars_the_largest_first_with_the_numbers_behind_them() -> None:
    written = texts(draw_units(at_year(rows(), 2024)))
    assert written.index("西街道") < written.index("东街道")
    assert {"240", "120", "单位：人", "滨城区2024年个人会员"} <= set(written)
    assert "360" not in written  # the total would dwarf them


def test_a_rate_of_one_year_has_the_units_own_as_a_line_beside_the_bars() -> None:
    frame = rates().rows.filter(year=2024)
    of_2024 = Series(rates().indicator, COUNTY, "滨城区", frame, [])
    assert "滨城区 2.3" in texts(draw_units(of_2024))


@pytest.mark.parametrize(
    ("state", "mark"), [("not_reported", "…"), ("not_applicable", "—"), ("suppressed", "*")]
)
def test_a_bar_that_is_missing_has_its_mark(state: str, mark: str) -> None:
    frame = pl.DataFrame({"org_name": ["东街道", "西街道"], "value": [3.0, None], "state": ["value", state]})
    written = texts(draw_bars(frame, "个"))
    assert mark in written
    assert written.index("东街道") < written.index("西街道")


def test_a_change_of_meaning_stands_below_the_title() -> None:
    chart = draw_units(series(breaks=(Break(year=2024, text="会员含团体会员。"),)))
    assert "2024年度口径变更：会员含团体会员" in texts(chart)


def test_a_unit_without_any_number_stands_in_the_legend_with_its_mark() -> None:
    years = (2022, 2023, 2024)
    found = rows(
        value={(EAST, year): None for year in years}, state={(EAST, year): "not_reported" for year in years}
    )
    written = texts(draw_units(series(found)))
    assert {"东街道 …", "西街道"} <= set(written)


def test_years_in_which_not_all_have_reported_stand_below_the_title() -> None:
    chart = draw_units(series(rows(coverage_pct={(COUNTY, 2024): 87.5})))
    assert "滨城区覆盖率不足100%：2024年87.5%" in texts(chart)


def test_where_the_unit_has_no_number_of_its_own_those_below_it_are_drawn() -> None:
    of_parts = series([r for r in rows() if r["org_code"] != COUNTY], id="member_share_pct", kind="share")
    of = Series(of_parts.indicator, COUNTY, "滨城区", of_parts.rows, [])
    assert {"东街道", "西街道", "滨城区2022—2024年个人会员"} <= set(texts(draw_units(of)))


def test_one_function_draws_several_indicators_of_one_unit_too() -> None:
    frame = pl.DataFrame(
        {
            "year": [2023, 2024] * 2,
            "name_zh": ["春节走访"] * 2 + ["重阳走访"] * 2,
            "value": [1.0, 2.0, 3.0, 4.0],
            "state": ["value"] * 4,
        }
    )
    assert {"春节走访", "重阳走访"} <= set(texts(finish(draw_series(frame, "户次", by="name_zh"), "走访")))


def test_a_png_is_as_sharp_as_print_asks() -> None:
    picture = write_png(draw_units(at_year(rows(), 2024)))
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") > 900  # pixels across


def test_missing_units_do_not_take_a_whole_picture_down() -> None:
    found = rows(
        value={(code, year): None for code in (COUNTY, EAST, WEST) for year in (2022, 2023, 2024)},
        state={(code, year): "not_reported" for code in (COUNTY, EAST, WEST) for year in (2022, 2023, 2024)},
    )
    assert "…" in texts(draw_units(series(found)))


def test_a_rank_that_is_missing_is_no_point_at_0() -> None:
    frame = pl.DataFrame(
        {"org_name": ["东街道", "西街道"], "value": [1.0, None], "state": ["value", "not_reported"]}
    )
    svg = write_svg(draw_bars(frame, "位"))
    assert svg.count('aria-roledescription="circle"') == 1


def test_ranks_of_one_year_are_points_the_first_above() -> None:
    frame = pl.DataFrame({"org_name": ["东街道", "西街道"], "value": [2.0, 1.0], "state": ["value"] * 2})
    written = texts(draw_bars(frame, "位"))
    assert written.index("西街道") < written.index("东街道")
    assert 'aria-roledescription="bar"' not in write_svg(draw_bars(frame, "位"))
    assert 'aria-roledescription="bar"' in write_svg(draw_bars(frame, "个"))
