"""The counties as tiles that lie as on the map, with a choice of indicator and year; colours and numbers on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.site.edition import Edition, county_file, figures_of, programme_file, render_page
from flows.site.parts.charts import as_script_text
from flows.site.parts.numbers import Shown
from warehouse.catalogue.models import Indicator
from warehouse.words.number_words import round_half_up

_CLASSES = 5
_ACROSS = 3
"""So many tiles in a row where the city does not say where they lie."""


def render_tiles(edition: Edition) -> bytes:
    """The page."""
    numbers, counties = edition.numbers, edition.counties
    of_programmes = [
        (edition.catalogue.programmes[programme].name_zh, programme, shown)
        for programme in edition.programmes
        if (shown := [f for f in figures_of(edition, programme) if _is_of_counties(edition, f)])
    ]
    first = next((f for _, _, figures in of_programmes for f in figures), None)
    return render_page(
        edition,
        "tiles",
        "tiles.html",
        "分县比较",
        year=edition.year if first else None,
        years=list(reversed(numbers.years)),
        first=first,
        programmes=[
            (name, [(f.id, f"{f.name_zh}（{f.unit}）") for f in figures])
            for name, _, figures in of_programmes
        ],
        address="" if first is None else _address(first),
        tiles=[] if first is None else _lay_tiles(edition, first),
        bounds=[] if first is None else _find_bounds([numbers.shown(first.id, code) for code in counties]),
        maturity=""
        if not (first and edition.year)
        else numbers.maturity_of([first.id], counties, edition.year),
        numbers=as_script_text(
            {
                "counties": counties,
                "years": numbers.years,
                "indicators": {
                    f.id: _tell_indicator(edition, f) for _, _, figures in of_programmes for f in figures
                },
            }
        ),
    )


def _is_of_counties(edition: Edition, indicator: Indicator) -> bool:
    return any(edition.numbers.has_row(indicator.id, code) for code in edition.counties)


def _address(indicator: Indicator) -> str:
    return f"{programme_file(indicator.programme)}#figure-{indicator.id}"


def _tell_indicator(edition: Edition, indicator: Indicator) -> dict[str, Any]:
    """An indicator as the script chooses it: for each year the classes and texts of the counties, and the bounds."""
    of_years = []
    for year in edition.numbers.years:
        shown = [edition.numbers.shown(indicator.id, code, year) for code in edition.counties]
        classes = classify([number.value for number in shown], indicator.decimals)
        of_years.append(
            {
                "tiles": [
                    [level, number.text, f"覆盖{number.coverage}" if number.coverage else ""]
                    for level, number in zip(classes, shown, strict=True)
                ],
                "bounds": _find_bounds(shown),
                "maturity": edition.numbers.maturity_of([indicator.id], edition.counties, year),
            }
        )
    return {
        "name": indicator.name_zh,
        "unit": indicator.unit,
        "address": _address(indicator),
        "years": of_years,
    }


def classify(values: Sequence[float | None], decimals: int) -> list[int]:
    """1 (lowest) to 5 (highest) in steps of equal width between the lowest and the highest; 0 where there is no value.

    Of the numbers as they are read, with so many ``decimals``: those that read the same have one class.
    """
    read = [None if value is None else float(round_half_up(value, decimals)) for value in values]
    known = [value for value in read if value is not None]
    if not known:
        return [0] * len(read)
    low, high = min(known), max(known)
    if low == high:
        return [0 if value is None else _CLASSES // 2 + 1 for value in read]
    width = (high - low) / _CLASSES
    return [0 if value is None else min(_CLASSES, 1 + int((value - low) / width)) for value in read]


def _find_bounds(shown: Sequence[Shown]) -> list[str]:
    """The lowest and the highest number as texts; none where there is none."""
    known = sorted(
        (number for number in shown if number.value is not None), key=lambda each: each.value or 0.0
    )
    return [known[0].text, known[-1].text] if known else []


def _lay_tiles(edition: Edition, indicator: Indicator) -> list[dict[str, Any]]:
    """The tiles with the numbers of an indicator, each in its column and row (from 1)."""
    declared = edition.catalogue.bulletin.tiles
    shown = [edition.numbers.shown(indicator.id, code) for code in edition.counties]
    return [
        {
            "code": code,
            "name": edition.name_of(code),
            "address": county_file(code),
            "column": at[0] + 1,
            "row": at[1] + 1,
            "level": level,
            "shown": number,
        }
        for place, (code, number, level) in enumerate(
            zip(edition.counties, shown, classify([n.value for n in shown], indicator.decimals), strict=True)
        )
        for at in [declared.get(code) or _next_place(declared, place)]
    ]


def _next_place(declared: dict[str, tuple[int, int]], place: int) -> tuple[int, int]:
    """Where a tile lies that is not declared: below all that are, in rows."""
    below = 1 + max((row for _, row in declared.values()), default=-1)
    return place % _ACROSS, below + place // _ACROSS
