"""The tables of the yearbook: the city over the years, counties side by side, counties over the years, townships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from flows.yearbook.notes import describe_breaks, describe_coverage
from flows.yearbook.numbers import Numbers, Unit
from flows.yearbook.table import Cell, Head, Line, Look, Table, cell_of
from warehouse.catalogue.models import Indicator
from warehouse.words.labels import LEVEL
from warehouse.words.number_words import NOT_APPLICABLE

NAMED = ("指标", "计量单位")
PLACED = ("地区",)
_GROWTH = "0.0"
_NOT_COMPARED = "“比上年增长”一栏：百分比、位次，上年为零以及两年数据不可比的，不计算增长速度，以“—”表示。"
_ODD_BELOW = ("change",)
"""Kinds of indicators that say little of a township: its numbers are small."""


def list_headline_tables(numbers: Numbers) -> Iterator[Table]:
    """表1-1 and 表1-2: the city's headline figures over the years, and what stands first in public of every programme."""
    bulletin = numbers.catalogue.bulletin
    headlines = numbers.list_indicators(bulletin.opening.figures, "city")
    if headlines:
        lines = list(_list_years(numbers, headlines))
        yield _over_years(numbers, "1-1", "全市计划生育协会工作综合情况", lines, headlines)
    lines, shown = [], list[Indicator]()
    for programme in numbers.catalogue.programmes.values():
        indicators = numbers.list_indicators(bulletin.programmes[programme.id].figures, "city")
        if indicators:
            lines.append(Line(programme.id, (programme.name_zh, ""), look="group"))
            lines += _list_years(numbers, indicators)
            shown += indicators
    yield _over_years(numbers, "1-2", "全市各项目主要指标", lines, shown)


def list_programme_tables(numbers: Numbers, chapter: int, programme: str) -> Iterator[Table]:
    """The tables of a programme that stand on one sheet: the city, the counties, each main indicator by county."""
    name = numbers.catalogue.programmes[programme].name_zh
    names = numbers.programme_indicators(programme)
    number = (f"{chapter}-{n}" for n in count(1))
    of_city = numbers.list_indicators(names, "city")
    if of_city:
        lines = list(_list_years(numbers, of_city))
        yield _over_years(numbers, next(number), f"全市{name}情况", lines, of_city)
    of_counties = numbers.list_indicators(names, "county")
    if of_counties:
        yield _over_counties(numbers, next(number), f"分{LEVEL['county']}{name}情况", of_counties)
    main = numbers.catalogue.bulletin.programmes[programme].figures
    for indicator in numbers.list_indicators(main, "county"):
        yield _counties_over_years(numbers, next(number), indicator)


def list_township_table(numbers: Numbers, number: str, programme: str) -> Table | None:
    """The townships of every county, the county's own line above them; None where none is asked."""
    names = numbers.programme_indicators(programme)
    found = numbers.list_indicators(names, "township")
    indicators = [i for i in found if i.kind not in _ODD_BELOW]
    if not indicators:
        return None
    townships: dict[str, list[Unit]] = {}
    for township in numbers.list_standing("township"):
        townships.setdefault(township.parent, []).append(township)
    units: list[Unit] = [numbers.city]
    lines = [_line_of_unit(numbers, numbers.city, indicators, "strong")]
    for county in numbers.list_standing("county"):
        below = townships.get(county.code, [])
        lines.append(_line_of_unit(numbers, county, indicators, "strong"))
        lines += [_line_of_unit(numbers, township, indicators, "plain") for township in below]
        units += [county, *below]
    gaps = describe_coverage(numbers, [numbers.year], units, indicators)
    name = numbers.catalogue.programmes[programme].name_zh
    return Table(
        number,
        f"分{LEVEL['township']}{name}情况（{numbers.year}年）",
        PLACED,
        tuple(Head(i.name_zh, i.unit) for i in indicators),
        tuple(lines),
        notes=tuple(gaps),
    )


def _list_years(numbers: Numbers, indicators: Sequence[Indicator]) -> Iterator[Line]:
    """A line for each indicator: the city's number of every year, and by how much the last one grew."""
    for indicator in indicators:
        figures = [numbers.find(year, numbers.city, indicator.id) for year in numbers.years]
        last = figures[-1]
        growth = Cell(last.change_pct, last.mark if last.value is None else NOT_APPLICABLE, _GROWTH)
        yield Line(indicator.id, (indicator.name_zh, indicator.unit), (*map(cell_of, figures), growth))


def _over_years(
    numbers: Numbers, number: str, title: str, lines: Sequence[Line], indicators: Sequence[Indicator]
) -> Table:
    gaps = describe_coverage(numbers, numbers.years, [numbers.city], indicators)
    heads = (*_year_heads(numbers), Head(f"{numbers.year}年比上年增长", "%"))
    notes = (_NOT_COMPARED, *describe_breaks(numbers, indicators), *gaps)
    whole = f"{title}（{_span(numbers)}）"
    return Table(number, whole, NAMED, heads, tuple(lines), notes=notes, is_over_years=True)


def _over_counties(numbers: Numbers, number: str, title: str, indicators: Sequence[Indicator]) -> Table:
    """An indicator a line, a county a column: counties are few, indicators many."""
    units = [numbers.city, *numbers.list_standing("county")]
    lines = tuple(
        Line(i.id, (i.name_zh, i.unit), tuple(cell_of(numbers.find(numbers.year, u, i.id)) for u in units))
        for i in indicators
    )
    gaps = describe_coverage(numbers, [numbers.year], units, indicators)
    return Table(
        number,
        f"{title}（{numbers.year}年）",
        NAMED,
        tuple(Head(unit.name) for unit in units),
        lines,
        notes=tuple(gaps),
        is_over_counties=True,
    )


def _counties_over_years(numbers: Numbers, number: str, indicator: Indicator) -> Table:
    units = [numbers.city, *numbers.units["county"]]
    lines = tuple(
        Line(
            unit.code,
            (unit.name,),
            tuple(cell_of(numbers.find(year, unit, indicator.id)) for year in numbers.years),
            "strong" if unit == numbers.city else "plain",
        )
        for unit in units
    )
    gaps = describe_coverage(numbers, numbers.years, units, [indicator])
    return Table(
        number,
        f"分{LEVEL['county']}{indicator.name_zh}（{_span(numbers)}）",
        PLACED,
        _year_heads(numbers),
        lines,
        unit=indicator.unit,
        notes=(*describe_breaks(numbers, [indicator]), *gaps),
    )


def _line_of_unit(numbers: Numbers, unit: Unit, indicators: Iterable[Indicator], look: Look) -> Line:
    cells = tuple(cell_of(numbers.find(numbers.year, unit, i.id)) for i in indicators)
    return Line(unit.code, (unit.name,), cells, look)


def _year_heads(numbers: Numbers) -> tuple[Head, ...]:
    return tuple(Head(f"{year}年") for year in numbers.years)


def _span(numbers: Numbers) -> str:
    first, last = numbers.years[0], numbers.year
    return f"{last}年" if first == last else f"{first}—{last}年"
