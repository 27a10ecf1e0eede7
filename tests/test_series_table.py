"""A series on the terminal: numbers as declared, bars in proportion, and below what may not be overlooked."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flows.cli.series_table import BAR, tabulate_series, write_title
from tests.series_of_units import COUNTY, EAST, MEMBERS, WEST, rates, rows, series
from warehouse.catalogue.models import Break
from warehouse.published.series import Series


def shown(of: Series, width: int = 160) -> tuple[dict[str, list[str]], list[str]]:
    """The cells of each line by its first, and the sentences below."""
    table, notes = tabulate_series(of, width)
    text = io.StringIO()
    Console(file=text, width=width).print(table)
    lines = [line for line in text.getvalue().splitlines() if line[0] in "┃│"]
    cells = [[cell.strip() for cell in line.strip("┃│").replace("┃", "│").split("│")] for line in lines]
    assert all(len(line) <= width for line in text.getvalue().splitlines())
    return {line[0]: line[1:] for line in cells}, notes


def bar_lengths(lines: dict[str, list[str]]) -> dict[str, int]:
    return {name: cells[-1].count("█") for name, cells in lines.items() if name != "单位"}


def test_the_title_has_the_unit() -> None:
    assert write_title(series()) == "个人会员（单位：人）  滨城区2022—2024年"


def test_each_unit_has_a_line_and_each_year_a_column_the_unit_itself_first() -> None:
    lines, notes = shown(series())
    assert list(lines) == ["单位", "滨城区", "东街道", "西街道"]
    assert lines["单位"][:3] == ["2022", "2023", "2024"]
    assert lines["东街道"][:3] == ["100", "110", "120"]
    assert notes == []


def test_a_bar_is_as_long_as_the_number_and_the_total_has_none() -> None:
    assert bar_lengths(shown(series())[0]) == {"滨城区": 0, "东街道": BAR // 2, "西街道": BAR}


def test_a_rate_stands_beside_those_it_is_compared_with_in_its_decimals() -> None:
    lines, _ = shown(rates())
    assert lines["滨城区"][:2] == ["2.0", "2.3"]  # rounded as people round
    assert bar_lengths(lines)["滨城区"] == pytest.approx(BAR * 2.25 / 4, abs=1)


def test_a_negative_number_has_its_bar_to_the_left_of_zero() -> None:
    numbers = {COUNTY: {2024: 1.0}, EAST: {2024: -2.0}, WEST: {2024: 2.0}}
    of = series(rows(numbers), id="member_yoy_pct", kind="change", unit="%", decimals=1)
    table, _ = tabulate_series(of, 160)
    text = io.StringIO()
    Console(file=text, width=160).print(table)
    lines = [line.split("│") for line in text.getvalue().splitlines() if line[0] == "│"]
    bars = {cells[1].strip(): cells[3] for cells in lines}
    assert bars["东街道"].strip() == bars["西街道"].strip() == "█" * (BAR // 2)
    assert bars["东街道"].index("█") < bars["西街道"].index("█")


@pytest.mark.parametrize(
    ("state", "mark", "meaning"),
    [
        ("not_applicable", "—", "不适用"),
        ("not_reported", "…", "未报送"),
        ("held", "…", "未报送"),
        ("suppressed", "*", "不公布"),
    ],
)
def test_a_missing_number_is_a_mark_of_the_legend_and_never_0(state: str, mark: str, meaning: str) -> None:
    lines, notes = shown(series(rows(value={(EAST, 2024): None}, state={(EAST, 2024): state})))
    assert lines["东街道"][2] == mark
    assert lines["东街道"][3][-1] == mark  # in the trend too
    assert lines["东街道"][4] == ""
    assert notes == [f"图例：{mark} {meaning}。"]


def test_a_zero_is_a_zero() -> None:
    lines, notes = shown(series(rows(value={(EAST, 2024): 0.0}, state={(EAST, 2024): "zero"})))
    assert lines["东街道"][2] == "0"
    assert notes == []


def test_a_unit_that_was_not_there_has_a_blank() -> None:
    numbers = {**MEMBERS, EAST: {2024: 120.0}}
    assert shown(series(rows(numbers)))[0]["东街道"][:3] == ["", "", "120"]


def test_a_number_of_part_of_the_units_is_marked_and_its_coverage_told() -> None:
    bent = {
        "coverage_pct": {(WEST, 2023): 87.5},
        "reported_count": {(WEST, 2023): 7},
    }
    lines, notes = shown(series(rows(**bent)))
    assert lines["西街道"][:3] == ["200", "220†", "240"]
    assert notes == ["† 2023年覆盖率不足100%：西街道 87.5%（应报8个，已报7个）。"]


def test_a_change_of_meaning_is_told_below_the_table() -> None:
    _, notes = shown(series(breaks=(Break(year=2024, text="会员含团体会员。"),)))
    assert notes == ["口径变更：2024年度起，会员含团体会员。前后年份不可直接比较。"]


def test_a_provisional_year_is_named() -> None:
    _, notes = shown(series(rows(maturity={(COUNTY, 2023): "provisional", (COUNTY, 2024): "provisional"})))
    assert notes == ["初报（未审定）：2023、2024年。"]


def test_on_a_narrow_terminal_the_oldest_years_are_left_out_and_a_sentence_says_so() -> None:
    lines, notes = shown(series(), width=56)
    assert lines["单位"] == ["2023", "2024", "走势", "2024年各单位比较"]
    assert notes == ["终端较窄，未列2022年；加宽窗口，或用 --years、--json 查看。"]
    assert shown(series(), width=48)[0]["单位"] == ["2024", "各单位比较"]


def test_a_unit_alone_has_a_line_for_each_year() -> None:
    lines, _ = shown(series([r for r in rows() if r["org_code"] == EAST]))
    assert lines["年度"] == ["东街道", "历年比较"]
    assert [lines[year][0] for year in ("2022", "2023", "2024")] == ["100", "110", "120"]
    assert lines["2024"][1] == "█" * BAR


def test_ranks_have_no_bars() -> None:
    of = series([r for r in rows() if r["org_code"] == EAST], id="wechat_rank", unit="位")
    assert shown(of)[0]["2024"] == ["120"]


def test_square_brackets_in_a_name_are_no_markup() -> None:
    assert "[red]东" in shown(series(rows(org_name={(EAST, y): "[red]东" for y in (2022, 2023, 2024)})))[0]
