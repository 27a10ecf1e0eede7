"""A series as a table for the terminal: numbers with small bars, and below it what may not be overlooked."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from rich.bar import Bar
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from warehouse.published.series import Series
from warehouse.words import labels
from warehouse.words.coverage_words import WHOLE
from warehouse.words.number_words import MARKS, NO_NUMBER, show_number
from warehouse.words.printed_numbers import PLACE

BAR = 20
_BLOCKS = "▁▂▃▄▅▆▇█"
_BAR_COLOUR = "cyan"
_PARTLY = "†"  # behind a number whose units have not all reported
_NAMED = 5
_EDGE = 3  # what a column takes besides its text


def write_title(series: Series) -> str:
    """What the table shows, with the unit: a line above it, which a narrow table would break."""
    return f"{series.indicator.name_zh}（单位：{series.indicator.unit}）  {series.org_name}{series.span}"


def tabulate_series(series: Series, width: int) -> tuple[Table, list[str]]:
    """The table, at most ``width`` columns wide, and the sentences below it.

    A row for each unit, a column for each year; of a single unit a row for each year. Where the width does not suffice,
    the oldest years are left out, and a sentence says so.
    """
    table = Table()
    if series.parts.is_empty():
        _fill_by_year(table, series)
        return table, list(_write_notes(series, series.years))
    years = _choose_years(series, width)
    _fill_by_unit(table, series, years)
    notes = list(_write_notes(series, years))
    if left_out := [year for year in series.years if year not in years]:
        notes.append(f"终端较窄，未列{_join_years(left_out)}；加宽窗口，或用 --years、--json 查看。")
    return table, notes


def _fill_by_unit(table: Table, series: Series, years: list[int]) -> None:
    """The unit itself first; its bar only where its number is not the total of the others'."""
    table.add_column("单位", no_wrap=True)
    for year in years:
        table.add_column(str(year), justify="right", no_wrap=True)
    has_trend, has_bar = len(years) > 1, series.indicator.unit != PLACE
    if has_trend and has_bar:
        table.add_column("走势", no_wrap=True)
    if has_bar:
        table.add_column(f"{years[-1]}年各单位比较" if has_trend else "各单位比较", no_wrap=True)
    last = (series.parts if series.is_total else series.rows).filter(year=years[-1])
    ends = _find_ends(last["value"])
    for of_unit in series.rows.partition_by("org_code", maintain_order=True):
        cells = {row["year"]: row for row in of_unit.iter_rows(named=True)}
        is_own = of_unit["org_code"][0] == series.org_code
        line: list[RenderableType] = [Text(of_unit["org_name"][0])]
        line += [_write_number(cells.get(year), series.indicator.decimals) for year in years]
        if has_trend and has_bar:
            line.append(_write_trend([cells.get(year) for year in years]))
        if has_bar:
            has_own_bar = not (is_own and series.is_total)
            line.append(_draw_bar(cells.get(years[-1]), ends) if has_own_bar else "")
        table.add_row(*line, style="bold" if is_own else None, end_section=is_own)


def _fill_by_year(table: Table, series: Series) -> None:
    table.add_column("年度", no_wrap=True)
    table.add_column(series.org_name, justify="right", no_wrap=True)
    has_bar = series.indicator.unit != PLACE
    if has_bar:
        table.add_column("历年比较", no_wrap=True)
    ends = _find_ends(series.own["value"])
    for row in series.own.sort("year").iter_rows(named=True):
        line: list[RenderableType] = [str(row["year"]), _write_number(row, series.indicator.decimals)]
        table.add_row(*line, *([_draw_bar(row, ends)] if has_bar else []))


def _write_number(row: dict[str, object] | None, decimals: int) -> str:
    """A number with its mark; nothing where the unit is not there in that year. A blank keeps the digits in line."""
    if row is None:
        return " "
    mark = _PARTLY if _is_partly_reported(row) else " "
    return show_number(row["value"], row["state"], decimals) + mark  # type: ignore[arg-type]


def _is_partly_reported(row: dict[str, object]) -> bool:
    """Whether it is a number, and of fewer units than were expected."""
    coverage = row["coverage_pct"]
    return row["value"] is not None and isinstance(coverage, float) and coverage < WHOLE


def _find_ends(values: pl.Series) -> tuple[float, float]:
    """Where bars begin and end: always with 0 among them."""
    known = [0.0, *values.drop_nulls()]
    return min(known), max(known)


def _draw_bar(row: dict[str, object] | None, ends: tuple[float, float]) -> RenderableType:
    low, high = ends
    value = row["value"] if row else None
    if not isinstance(value, float) or high == low:
        return ""
    return Bar(high - low, min(value, 0.0) - low, max(value, 0.0) - low, width=BAR, color=_BAR_COLOUR)


def _write_trend(rows: list[dict[str, object] | None]) -> str:
    """A block for each year, between the smallest and the largest of the unit's numbers; a mark where there is none."""
    values = [row["value"] if row else None for row in rows]
    known = [value for value in values if isinstance(value, float)]
    low, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    text = ""
    for row, value in zip(rows, values, strict=True):
        if isinstance(value, float):
            text += _BLOCKS[round((value - low) / span * (len(_BLOCKS) - 1)) if span else len(_BLOCKS) // 2]
        else:
            text += show_number(None, str(row["state"])) if row else " "
    return text


def _choose_years(series: Series, width: int) -> list[int]:
    """As many of the newest years as the terminal has room for, at least one."""
    names = max(cell_len(name) for name in series.rows["org_name"])
    room = width - 1 - (names + _EDGE) - (BAR + _EDGE) - _EDGE
    years: list[int] = []
    for year in reversed(series.years):
        rows = series.rows.filter(year=year).iter_rows(named=True)
        room -= max(len(_write_number(row, series.indicator.decimals)) for row in rows) + _EDGE + 1
        if years and room < 0:
            break
        years.insert(0, year)
    return years


def _write_notes(series: Series, years: list[int]) -> Iterator[str]:
    rows = series.rows.filter(pl.col("year").is_in(years))
    for b in series.breaks:
        yield f"口径变更：{b.year}年度起，{b.text.rstrip('。')}。前后年份不可直接比较。"
    yield from _describe_coverage(rows)
    missing = rows.filter(pl.col("value").is_null())["state"].unique()
    marks = [mark for mark in MARKS if mark in {NO_NUMBER.get(state) for state in missing}]
    if marks:
        yield "图例：" + "，".join(f"{mark} {MARKS[mark]}" for mark in marks) + "。"
    provisional = rows.filter(maturity="provisional")["year"].unique().sort()
    if provisional.len():
        yield f"{labels.MATURITY['provisional']}（未审定）：{_join_years(provisional.to_list())}。"


def _describe_coverage(rows: pl.DataFrame) -> Iterator[str]:
    """Year by year, who has not reported in full, the lowest first; units with the same coverage (ranks) together."""
    partly = rows.filter(pl.col("value").is_not_null(), pl.col("coverage_pct") < WHOLE)
    alike = partly.group_by("year", "coverage_pct", "expected_count", "reported_count", maintain_order=True)
    grouped = alike.agg(name=pl.col("org_name").first(), unit_count=pl.len()).sort("year", "coverage_pct")
    for (year,), of_year in grouped.group_by("year", maintain_order=True):
        listed = [_write_coverage(**row) for row in of_year.drop("year").iter_rows(named=True)]
        left_out = int(of_year["unit_count"][_NAMED:].sum())
        more = f"，另有{left_out}个单位" if left_out else ""
        yield f"{_PARTLY} {year}年覆盖率不足100%：{'、'.join(listed[:_NAMED])}{more}。"


def _write_coverage(
    name: str, unit_count: int, coverage_pct: float, expected_count: int, reported_count: int
) -> str:
    """惠民县等2个单位 14.0%（应报3297个，已报461个）."""
    who = f"{name}等{unit_count}个单位" if unit_count > 1 else name
    return f"{who} {coverage_pct:.1f}%（应报{expected_count}个，已报{reported_count}个）"


def _join_years(years: list[int]) -> str:
    """2019—2024年, or 2019、2021年 where they do not follow each other."""
    if len(years) > 2 and years == list(range(years[0], years[-1] + 1)):
        return f"{years[0]}—{years[-1]}年"
    return "、".join(str(year) for year in years) + "年"
