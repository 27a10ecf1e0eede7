"""A unit and those directly below it in one picture: over years, or beside each other in one year."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt
import polars as pl

from flows.charts.bars import draw_bars
from flows.charts.drawing import Drawn, finish
from flows.charts.series import draw_series
from warehouse.published.series import Series
from warehouse.words.coverage_words import WHOLE


def draw_units(series: Series) -> Drawn:
    """A finished picture of a series: of one year bars; of several lines, the unit above the others where it is their total."""
    title = f"{series.org_name}{series.span}{series.indicator.name_zh}"
    chart = _draw_bars(series) if len(series.years) == 1 else _draw_lines(series)
    return finish(chart, title, "\n".join(_write_remarks(series)))


def _write_remarks(series: Series) -> Iterator[str]:
    """Changes of meaning, and years in which not all have reported what the unit's number is made of."""
    for b in series.breaks:
        yield f"{b.year}年度口径变更：{b.text.rstrip('。')}"
    partly = series.own.filter(pl.col("value").is_not_null(), pl.col("coverage_pct") < WHOLE).sort("year")
    if partly.height:
        listed = "、".join(
            f"{year}年{pct:.1f}%" for year, pct in partly.select("year", "coverage_pct").iter_rows()
        )
        yield f"{series.org_name}覆盖率不足100%：{listed}"


def _draw_bars(series: Series) -> Drawn:
    decimals, unit = series.indicator.decimals, series.indicator.unit
    if series.parts.is_empty():
        return draw_bars(series.own, unit, decimals=decimals)
    value = None if series.own.is_empty() else series.own["value"][0]
    beside = None if series.is_total or value is None else (series.org_name, value)
    return draw_bars(series.parts, unit, decimals=decimals, beside=beside)


def _draw_lines(series: Series) -> Drawn:
    decimals, unit = series.indicator.decimals, series.indicator.unit
    if (
        series.own.is_empty() or not series.is_total
    ):  # rates differ by little: a scale from 0 would lay their lines on each other
        return draw_series(series.rows, unit, decimals=decimals, is_from_zero=False)
    own = draw_series(series.own, unit, decimals=decimals, height=160)
    if series.parts.is_empty():
        return own
    parts = draw_series(series.parts, unit, decimals=decimals)
    stacked: Drawn = alt.vconcat(own, parts, spacing=30).resolve_scale(
        color="independent", shape="independent"
    )
    return stacked
