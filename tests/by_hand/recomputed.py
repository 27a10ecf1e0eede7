"""Every indicator of every unit, out of sums: its value, its coverage, and why there is no value where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from tests.by_hand.cells import Cells
from tests.by_hand.figures import GROWTH, RANKS, RATES, SHARES, STREAKS, SUMS, Number, growth
from tests.by_hand.sheets import NOT_APPLICABLE as NOT_CONCERNED
from tests.by_hand.sums import Figure, Sum, Sums, Term, figure
from tests.by_hand.units import CITY, COUNTY, TOWNSHIP, VILLAGE, Units

UPPER_LEVELS = (CITY, COUNTY, TOWNSHIP)
NOT_APPLICABLE, NOT_REPORTED = "not_applicable", "not_reported"

FUNCTIONS = {**RATES, **{name: growth(number) for name, number in GROWTH.items()}}
"""Indicators that are computed where all they read is complete."""


class Missing(Exception):
    """Nothing was reported of what is read."""


class Worked(NamedTuple):
    """A number before it is compared with those of others: its cells, and the state it has without a value."""

    value: float | None
    covered: Sum
    lacking: str


def terms_of(function: Callable[[Number], float]) -> list[Term]:
    """What an indicator reads, in the order in which it is written."""
    read: list[Term] = []

    def note(number: str, when: str = "now") -> float:
        read.append(Term(number, when))
        return 1.0

    function(note)
    return list(dict.fromkeys(read))


class Recomputed:
    """The indicators of a year; ``said`` is what the catalogue says of each, of which only the levels are read."""

    def __init__(self, cells: Cells, units: Units, said: Mapping[str, Mapping[str, Any]]) -> None:
        self._cells, self._units, self._said = cells, units, said
        self._sums = Sums(cells, units)

    def figures(self, year: int) -> Iterator[tuple[str, str, Figure]]:
        """Indicator, unit and figure of everything that should be published for a year, without villages."""
        for name in (*SUMS, *FUNCTIONS):
            for node in self._nodes(name, self._terms(name), year):
                yield name, node, figure(*self._work(name, node, year))
        for name, inner in SHARES.items():
            for node in self._nodes(name, self._terms(inner), year):
                yield name, node, self._share(inner, node, year)
        for name, inner in RANKS.items():
            for node in self._nodes(name, self._terms(inner), year):
                yield name, node, self._rank(inner, node, year)
        for name, number in STREAKS.items():
            for node in self._nodes(name, [Term(number)], year):
                yield name, node, self._streak(number, node, year)

    def villages(self, year: int) -> Iterator[tuple[str, str, Figure]]:
        """The same of villages, which have their own cells alone."""
        for name, said in self._said.items():
            if VILLAGE in said.get("levels", ()):
                for unit in self._units.at_level(VILLAGE, year):
                    cell = self._cells.of(name, year)[unit.code]
                    if cell == NOT_CONCERNED:
                        yield name, unit.code, figure(None, Sum(), NOT_APPLICABLE)
                    else:
                        covered = Sum(reported=Fraction(cell is not None), expected=Fraction(1))
                        yield name, unit.code, figure(cell, covered, NOT_REPORTED)

    def _nodes(self, name: str, terms: Sequence[Term], year: int) -> list[str]:
        """The units above the villages that have an indicator: of its levels, and asked for all it reads."""
        levels = set(self._said[name].get("levels", UPPER_LEVELS)) & set(UPPER_LEVELS)
        nodes = [
            unit.code
            for level in UPPER_LEVELS
            if level in levels
            for unit in self._units.at_level(level, year)
        ]
        return [node for node in nodes if self._sums.covers(node, year, terms)]

    def _terms(self, name: str) -> Sequence[Term]:
        return SUMS[name] if name in SUMS else terms_of(FUNCTIONS[name])

    def _work(self, name: str, node: str, year: int) -> Worked:
        if name in SUMS:
            return self._add_up(SUMS[name], node, year)
        return self._relate(FUNCTIONS[name], node, year)

    def _add_up(self, terms: Sequence[Term], node: str, year: int) -> Worked:
        total = Sum()
        for term in terms:
            total.add(self._sums.plain(term, node, year))
        lacking = NOT_REPORTED if total.expected else NOT_APPLICABLE
        return Worked(total.value if total.reported else None, total, lacking)

    def _relate(self, function: Callable[[Number], float], node: str, year: int) -> Worked:
        terms = terms_of(function)
        sums = dict(zip(terms, self._sums.aligned(terms, node, year), strict=True))

        def give(number: str, when: str = "now") -> float:
            found = sums[Term(number, when)]
            if not found.reported:
                raise Missing
            return found.value

        lacking = NOT_APPLICABLE
        value: float | None = None
        try:
            value = function(give)
        except ZeroDivisionError:
            pass
        except Missing:
            lacking = NOT_REPORTED if all(s.expected for s in sums.values()) else NOT_APPLICABLE
        return Worked(value, min(sums.values(), key=lambda s: s.part), lacking)

    def _share(self, inner: str, node: str, year: int) -> Figure:
        own, peers = self._work(inner, node, year), self._peers(inner, self._level(node, year), year)
        [city] = self._units.at_level(CITY, year)
        whole = self._work(inner, city.code, year)
        value = 100 * own.value / whole.value if own.value is not None and whole.value else None
        least = min(own.covered, whole.covered, key=lambda s: s.part)
        return figure(value, least, own.lacking, sum(peer.value is not None for peer in peers))

    def _rank(self, inner: str, node: str, year: int) -> Figure:
        own, peers = self._work(inner, node, year), self._peers(inner, self._level(node, year), year)
        together = Sum()
        for peer in peers:
            together.add(peer.covered)
        values = [peer.value for peer in peers if peer.value is not None]
        place = None if own.value is None else 1 + sum(value > own.value for value in values)
        least = min(own.covered, together, key=lambda s: s.part)
        return figure(place, least, own.lacking, len(values))

    @cache  # noqa: B019  # as long as the test
    def _peers(self, inner: str, level: str, year: int) -> Sequence[Worked]:
        """The same number of all units of a level."""
        units, terms = self._units.at_level(level, year), self._terms(inner)
        return [self._work(inner, u.code, year) for u in units if self._sums.covers(u.code, year, terms)]

    def _level(self, node: str, year: int) -> str:
        return self._units.of_year(year)[node].level

    def _streak(self, number: str, node: str, year: int) -> Figure:
        of_year = self._sums.plain(Term(number), node, year)
        length = 0
        for earlier in range(year, self._cells.years[0] - 1, -1):
            then = self._sums.plain(Term(number, "in", earlier), node, year)
            if not then.reported or then.value <= 0:
                break
            length += 1
        lacking = NOT_REPORTED if of_year.expected else NOT_APPLICABLE
        return figure(length if of_year.reported else None, of_year, lacking)
