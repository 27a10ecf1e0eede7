"""The notes under the tables of the yearbook: whose numbers are not in them, and where a meaning changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flows.yearbook.numbers import Figure, Numbers, Unit
from warehouse.catalogue.models import Indicator

_MOST_NAMES = 3


class Shown(NamedTuple):
    """A number that a table shows."""

    year: int
    unit: Unit
    indicator: Indicator
    figure: Figure


def list_shown(
    numbers: Numbers, years: Iterable[int], units: Sequence[Unit], indicators: Sequence[Indicator]
) -> list[Shown]:
    """The numbers of a table of these years, units and indicators."""
    return [
        Shown(year, unit, indicator, numbers.find(year, unit, indicator.id))
        for year in years
        for unit in units
        for indicator in dict.fromkeys(indicators)
    ]


def describe_coverage(shown: Iterable[Shown]) -> Iterator[str]:
    """Which numbers do not cover all units that had to report; units with the same gaps in one sentence."""
    gaps: dict[tuple[int, Unit, int, int], list[str]] = {}
    for year, unit, indicator, figure in shown:
        reported, expected = figure.reported_count, figure.expected_count
        if figure.value is not None and reported is not None and expected and reported < expected:
            gaps.setdefault((year, unit, reported, expected), []).append(indicator.name_zh)
    told: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for (year, unit, reported, expected), names in gaps.items():
        text = f"{unit.name}应报{expected}个单位、实报{reported}个"
        told.setdefault((year, tuple(names)), []).append(text)
    for (year, all_names), texts in told.items():
        yield f"{year}年{_join(all_names)}：{'；'.join(texts)}。数中不含未报单位。"


def describe_breaks(numbers: Numbers, indicators: Iterable[Indicator]) -> Iterator[str]:
    """The changes of meaning between the years of a table."""
    first, last = numbers.years[0], numbers.year
    for indicator in dict.fromkeys(indicators):
        for change in numbers.catalogue.breaks_of(indicator):
            if first < change.year <= last:
                yield f"“{indicator.name_zh}”自{change.year}年起口径变更：{change.text.rstrip('。')}。"


def _join(names: Sequence[str]) -> str:
    said = "".join(f"“{name}”" for name in names[:_MOST_NAMES])
    return f"{said}等{len(names)}项指标" if len(names) > _MOST_NAMES else said
