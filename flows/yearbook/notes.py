"""The notes under the tables of the yearbook: whose numbers are not in them, and where a meaning changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flows.yearbook.numbers import Numbers, Unit
from warehouse.catalogue.models import Indicator
from warehouse.words.coverage_words import Gap, describe_gaps


def describe_coverage(
    numbers: Numbers, years: Iterable[int], units: Sequence[Unit], indicators: Sequence[Indicator]
) -> Iterator[str]:
    """Which numbers of a table of these years, units and indicators do not cover all units that had to report."""
    shown = (
        (year, unit, indicator, numbers.find(year, unit, indicator.id))
        for year in years
        for unit in units
        for indicator in dict.fromkeys(indicators)
    )
    return describe_gaps(
        Gap(f"{year}年", unit.name, figure.reported_count, figure.expected_count, indicator.name_zh)
        for year, unit, indicator, figure in shown
        if figure.value is not None
    )


def describe_breaks(numbers: Numbers, indicators: Iterable[Indicator]) -> Iterator[str]:
    """The changes of meaning between the years of a table."""
    first, last = numbers.years[0], numbers.year
    for indicator in dict.fromkeys(indicators):
        for change in numbers.catalogue.breaks_of(indicator):
            if first < change.year <= last:
                yield f"“{indicator.name_zh}”自{change.year}年起口径变更：{change.text.rstrip('。')}。"
