"""The page of a programme: its main figures, charts, each figure by county over the years, and all its indicators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.charts.plotted import name_partial, plot
from flows.site.edition import Edition, county_file, figures_of, programme_file, render_page
from flows.site.parts.charts import Point, as_script_text, fill_design
from warehouse.catalogue.bulletin import ChartOf
from warehouse.catalogue.models import Indicator
from warehouse.words.number_words import show_number
from warehouse.words.printed_numbers import PLACE

_DRAWABLE = 2
_FROM_ZERO = {"stock", "flow", "cumulative", "streak"}
"""Kinds whose axis begins at 0; rates differ by so little that their lines would lie on each other."""


def render_programme(edition: Edition, programme: str) -> bytes:
    """The page."""
    catalogue, told = edition.catalogue, edition.catalogue.bulletin.programmes[programme]
    name = catalogue.programmes[programme].name_zh
    figures = figures_of(edition, programme)
    own = [i for i in catalogue.indicators.values() if i.programme == programme]
    return render_page(
        edition,
        "programme",
        programme_file(programme),
        name,
        year=edition.year,
        cards=[make_card(edition, figure, edition.city) for figure in figures],
        charts=[chart for declared in told.charts if (chart := _draw_declared(edition, declared))],
        figures=[_tell_figure(edition, figure) for figure in figures],
        all_years=list_years(edition, [i.id for i in own], [edition.city]),
        everything=[
            make_row(edition, indicator, edition.city)
            for indicator in own
            if edition.numbers.has_row(indicator.id, edition.city)
        ],
    )


def list_years(edition: Edition, indicators: Sequence[str], codes: Sequence[str]) -> list[dict[str, Any]]:
    """The columns of a table over the years: each with whether its numbers are provisional or final."""
    numbers = edition.numbers
    return [
        {"year": year, "maturity": numbers.maturity_of(indicators, codes, year)} for year in numbers.years
    ]


def make_card(edition: Edition, indicator: Indicator, org_code: str, address: str = "") -> dict[str, Any]:
    """A main figure: name, number, unit, change and the line of its years."""
    numbers = edition.numbers
    return {
        "name": indicator.name_zh,
        "shown": numbers.shown(indicator.id, org_code),
        "line": numbers.sparkline(indicator.id, org_code),
        "history": [
            (y, s.text) for y, s in zip(numbers.years, numbers.series(indicator.id, org_code), strict=True)
        ],
        "address": address,
    }


def make_row(edition: Edition, indicator: Indicator, org_code: str) -> dict[str, Any]:
    """A row of a table of indicators: name, address in the dictionary, unit, the numbers of the years."""
    return {
        "name": indicator.name_zh,
        "address": f"dictionary.html#indicator-{indicator.id}",
        "unit": indicator.unit,
        "cells": edition.numbers.series(indicator.id, org_code),
    }


def _tell_figure(edition: Edition, indicator: Indicator) -> dict[str, Any]:
    """A main figure by county over the years, as chart and table."""
    codes = [c for c in (*edition.counties, edition.city) if edition.numbers.has_row(indicator.id, c)]
    counties = [code for code in codes if code != edition.city]
    return {
        "id": indicator.id,
        "name": indicator.name_zh,
        "unit": indicator.unit,
        "meaning": indicator.meaning,
        "whose": "分县" if counties else "全市",
        "years": list_years(edition, [indicator.id], codes),
        "breaks": edition.catalogue.breaks_of(indicator),
        "chart": _draw_lines(edition, f"{indicator.name_zh}：历年走势", indicator, counties or codes),
        "rows": [
            {
                "name": edition.name_of(code),
                "address": "" if code == edition.city else county_file(code),
                "is_total": code == edition.city,
                "cells": edition.numbers.series(indicator.id, code),
                "growth": edition.numbers.shown(indicator.id, code).short_growth,
            }
            for code in codes
        ],
    }


def _draw_declared(edition: Edition, declared: ChartOf) -> dict[str, Any] | None:
    """A chart of bulletin.yaml, of the same content as in the bulletin."""
    plotted = plot(declared, edition.numbers.figures, edition.numbers.years)
    points = [
        Point(
            row["category"],
            row["series"],
            row["value"],
            show_number(row["value"], row["state"], plotted.decimals),
        )
        for row in plotted.rows.iter_rows(named=True)
    ]
    said = [plotted.remark]
    if declared.over == "counties":
        points = sorted(
            (p for p in points if p.value is not None), key=lambda p: p.value or 0.0, reverse=True
        )
        said.insert(0, f"{edition.year}年")
    kinds = {edition.catalogue.indicators[name].kind for name in declared.indicators}
    return draw_points(
        edition,
        _entitle(declared.title, *said),
        "years" if declared.over == "years" else "units",
        points,
        plotted.unit,
        is_from_zero=kinds <= _FROM_ZERO,
    )


def _draw_lines(
    edition: Edition, title: str, indicator: Indicator, codes: Sequence[str]
) -> dict[str, Any] | None:
    """A line for each unit with a number; a year without one is a gap in it."""
    points, partial = [], set[int]()
    for code in codes:
        series = edition.numbers.series(indicator.id, code)
        if all(number.value is None for number in series):
            continue
        for year, number in zip(edition.numbers.years, series, strict=True):
            points.append(Point(str(year), edition.name_of(code), number.value, number.text))
            partial |= {year} if number.coverage else set()
    remark = name_partial([str(year) for year in sorted(partial)], "years")
    return draw_points(
        edition,
        _entitle(title, remark),
        "years",
        points,
        indicator.unit,
        is_from_zero=indicator.kind in _FROM_ZERO,
    )


def _entitle(title: str, *said: str) -> str:
    """A chart's title with what limits it: 暖心家园项目点（2024年，无棣县未报全）."""
    limits = "，".join(filter(None, said))
    return f"{title}（{limits}）" if limits else title


def draw_points(
    edition: Edition, title: str, design: str, points: list[Point], unit: str, *, is_from_zero: bool = True
) -> dict[str, Any] | None:
    """A chart of a design, as the template shows it; None where there is too little to draw."""
    known = [point for point in points if point.value is not None]
    if len({point.name for point in known}) < _DRAWABLE or (design == "units" and unit == PLACE):
        return None  # one point, or places, of which the first would be the shortest bar
    drawn = fill_design(edition.designs[design], points, unit, is_from_zero=is_from_zero)
    return {"title": title, "unit": unit, "specification": as_script_text(drawn)}
