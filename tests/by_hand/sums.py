"""Cells added up for a unit and all below it: how much of what was expected is in the sum, and what is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil
from typing import NamedTuple

from tests.by_hand.cells import Cells
from tests.by_hand.sheets import NOT_APPLICABLE
from tests.by_hand.units import CITY, COUNTY, TOWNSHIP, VILLAGE, Units, divided


class Term(NamedTuple):
    """A number of this year (now), of the year before (before), of all years from ``since`` on (ever), of that year (in)."""

    number: str
    when: str = "now"
    since: int = 0


@dataclass
class Sum:
    """What was reported, how many cells that is, and of how many."""

    value: float = 0.0
    reported: Fraction = Fraction(0)
    expected: Fraction = Fraction(0)

    def add(self, other: Sum) -> None:
        """Add another sum to this one."""
        self.value += other.value
        self.reported += other.reported
        self.expected += other.expected

    @property
    def part(self) -> Fraction:
        """The part that was reported; nothing expected is worse than nothing reported."""
        return self.reported / self.expected if self.expected else Fraction(-1)


@dataclass(frozen=True)
class Figure:
    """A number as it should be published."""

    value: float | None
    reported: int
    expected: int
    coverage_pct: float | None
    state: str
    peers: int | None = None


def figure(value: float | None, covered: Sum, lacking: str, peers: int | None = None) -> Figure:
    """A number with its coverage; ``lacking`` is the state of a number that is not there.

    ``peers``: how many units of the level have a number, where it is compared with theirs.
    """
    coverage = float(covered.part * 100) if covered.expected else None
    state = lacking if value is None else "zero" if value == 0 else "value"
    return Figure(value, ceil(covered.reported), ceil(covered.expected), coverage, state, peers)


class Sums:
    """The sums of all units of a registry, over the cells of some years."""

    def __init__(self, cells: Cells, units: Units) -> None:
        self._cells, self._units = cells, units
        self._known: dict[tuple[Term, int], Mapping[str, Sum]] = {}

    def covers(self, node: str, year: int, terms: Sequence[Term]) -> bool:
        """Whether each term is asked of the node or of a unit below it."""
        covered = self._units.covered_levels(node, year)
        return all(covered & set(self._cells.levels(term.number)) for term in terms)

    def plain(self, term: Term, node: str, year: int) -> Sum:
        """All that was reported for a node."""
        return self._together(term, self._units.bases_below(node, year), (), year)

    def aligned(self, terms: Sequence[Term], node: str, year: int) -> list[Sum]:
        """What was reported for a node where all terms are complete; the rest is expected and lacks."""
        bases = self._units.bases_below(node, year)
        dropped = self._incomplete(tuple(terms), year)
        return [self._together(term, bases, dropped, year) for term in terms]

    @cache  # noqa: B019  # as long as the test
    def _incomplete(self, terms: tuple[Term, ...], year: int) -> frozenset[str]:
        """The bases that are left out: something is missing there, or in the county or city where terms come together."""
        lacking = {
            base
            for term in terms
            for base, own in self._at_bases(term, year).items()
            if own.reported < own.expected
        }
        meeting, units = self._meeting_level(terms), self._units.of_year(year)
        if meeting is None:
            return frozenset(lacking)
        places = {
            place
            for base in lacking
            for place in self._units.above(base, year)
            if units[place].level == meeting
        }
        return frozenset(base for place in places for base in self._units.bases_below(place, year))

    def _meeting_level(self, terms: Sequence[Term]) -> str | None:
        """Null where the terms are asked within townships or of the same units, else where they come together."""
        asked = [set(self._cells.levels(term.number)) for term in terms]
        if all(levels & {TOWNSHIP, VILLAGE} for levels in asked) or all(
            levels == asked[0] for levels in asked
        ):
            return None
        return CITY if {CITY} in asked else COUNTY

    def _together(self, term: Term, bases: Sequence[str], dropped: Collection[str], year: int) -> Sum:
        total, at = Sum(), self._at_bases(term, year)
        for base in bases:
            if base in at:
                own = at[base]
                total.add(Sum(expected=own.expected) if base in dropped else own)
        return total

    def _at_bases(self, term: Term, year: int) -> Mapping[str, Sum]:
        """The sum of each township with its villages, each county's and the city's own row, seen from ``year``."""
        if (term, year) not in self._known:
            found: dict[str, Sum] = {}
            for source_year in self._source_years(term, year):
                for code, said in self._cells.of(term.number, source_year).items():
                    if said != NOT_APPLICABLE:
                        self._hand_on(found, term.number, code, said, source_year, year)
            self._known[term, year] = found
        return self._known[term, year]

    def _hand_on(
        self, found: dict[str, Sum], number: str, code: str, said: float | None, then: int, now: int
    ) -> None:
        shares = self._units.heirs(code, then, now)
        parts = {} if said is None else divided(said, shares, self._cells.smallest(number))
        for heir, share in shares.items():
            cell = Sum(parts.get(heir, 0.0), share if parts else Fraction(0), share)
            found.setdefault(self._units.base(heir, now), Sum()).add(cell)

    def _source_years(self, term: Term, year: int) -> list[int]:
        match term.when:
            case "now":
                return [year]
            case "before":
                return [year - 1] if year - 1 in self._cells.years else []
            case "in":
                return [term.since]
        return [y for y in self._cells.years if term.since <= y <= year]
