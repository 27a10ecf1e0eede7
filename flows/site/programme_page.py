"""The page of a programme: its main figures, charts, each figure by county over the years, and all its indicators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.site.edition import Edition, county_file, figures_of, programme_file, render_page
from flows.site.parts.charts import Point, as_script_text, fill_design
from warehouse.catalogue.bulletin import ChartOf
from warehouse.catalogue.models import Indicator

_DRAWABLE = 2


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
        everything=[make_row(edition, indicator, edition.city) for indicator in own],
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
        "chart": _draw_lines(
            edition, f"{indicator.name_zh}：历年走势", [(indicator, code) for code in counties or codes]
        ),
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
    """A chart of bulletin.yaml."""
    indicators = [edition.catalogue.indicators[name] for name in declared.indicators]
    if declared.over == "years":
        return _draw_lines(
            edition, declared.title, [(i, edition.city) for i in indicators], is_of_indicators=True
        )
    [indicator] = indicators
    shown = [(code, edition.numbers.shown(indicator.id, code)) for code in edition.counties]
    points = [
        Point(edition.name_of(code), indicator.name_zh, number.value, number.text)
        for code, number in shown
        if number.value is not None
    ]
    points.sort(key=lambda point: point.value, reverse=True)
    return draw_points(edition, f"{declared.title}（{edition.year}年）", "units", points, indicator.unit)


def _draw_lines(
    edition: Edition, title: str, asked: Sequence[tuple[Indicator, str]], *, is_of_indicators: bool = False
) -> dict[str, Any] | None:
    """A line for each indicator and unit."""
    points = [
        Point(
            str(year),
            indicator.name_zh if is_of_indicators else edition.name_of(code),
            number.value,
            number.text,
        )
        for indicator, code in asked
        for year, number in zip(
            edition.numbers.years, edition.numbers.series(indicator.id, code), strict=True
        )
        if number.value is not None
    ]
    return draw_points(edition, title, "years", points, asked[0][0].unit if asked else "")


def draw_points(
    edition: Edition, title: str, design: str, points: list[Point], unit: str
) -> dict[str, Any] | None:
    """A chart of a design, as the template shows it; None where there is too little to draw."""
    if len(points) < _DRAWABLE:
        return None
    drawn = fill_design(edition.designs[design], points, unit)
    return {"title": title, "unit": unit, "specification": as_script_text(drawn)}
