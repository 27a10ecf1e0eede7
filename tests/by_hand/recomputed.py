"""Every indicator of every unit, out of sums: its value, its coverage, and why there is no value where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.by_hand.cells import Cells
from tests.by_hand.figures import GROWTH, RANKS, RATES, SHARES, STREAKS, SUMS, Number, growth
from tests.by_hand.sums import Figure, Sum, Sums, Term, figure
from tests.by_hand.units import CITY, Units

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
            for node in self._nodes(name, name, year):
                yield name, node, figure(*self._work(name, node, year))
        for name, inner in SHARES.items():
            for node in self._nodes(name, inner, year):
                yield name, node, self._share(inner, node, year)
        for name, inner in RANKS.items():
            for node in self._nodes(name, inner, year):
                yield name, node, self._rank(inner, node, year)
        for name, number in STREAKS.items():
            for node in self._units.of_year(year):
                if self._has(name, [Term(number)], node, year):
                    yield name, node, self._streak(number, node, year)

    def villages(self, year: int) -> Iterator[tuple[str, str, Figure]]:
        """The same of villages, which have their own cells alone."""
        for name, said in self._said.items():
            if "village" in said.get("levels", ()):
                for unit in self._units.at_level("village", year):
                    cell = self._cells.of(name, year)[unit.code]
                    if cell == "不适用":
                        yield name, unit.code, figure(None, Sum(), NOT_APPLICABLE)
                    else:
                        told = Sum(cell or 0.0, *map(_whole, (cell is not None, True)))
                        yield name, unit.code, figure(cell, told, NOT_REPORTED)

    def _nodes(self, name: str, inner: str, year: int) -> list[str]:
        terms = self._terms(inner)
        return [node for node in self._units.of_year(year) if self._has(name, terms, node, year)]

    def _has(self, name: str, terms: Sequence[Term], node: str, year: int) -> bool:
        levels = self._said[name].get("levels", ("city", "county", "township"))
        level = self._units.of_year(year)[node].level
        return level != "village" and level in levels and self._sums.covers(node, year, terms)

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
        own = self._work(inner, node, year)
        [city] = self._units.at_level(CITY, year)
        whole = self._work(inner, city.code, year)
        value = 100 * own.value / whole.value if own.value is not None and whole.value else None
        return figure(value, min(own.covered, whole.covered, key=lambda s: s.part), own.lacking)

    def _rank(self, inner: str, node: str, year: int) -> Figure:
        level = self._units.of_year(year)[node].level
        terms = self._terms(inner)
        peers = [
            self._work(inner, unit.code, year)
            for unit in self._units.at_level(level, year)
            if self._sums.covers(unit.code, year, terms)
        ]
        together = Sum()
        for peer in peers:
            together.add(peer.covered)
        own = self._work(inner, node, year)
        place = None
        if own.value is not None:
            place = 1 + sum(peer.value is not None and peer.value > own.value for peer in peers)
        return figure(place, min(own.covered, together, key=lambda s: s.part), own.lacking)

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


def _whole(is_so: bool) -> Any:
    from fractions import Fraction

    return Fraction(int(is_so))
