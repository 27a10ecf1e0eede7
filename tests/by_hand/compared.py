"""Every indicator beside the year before: over the units that reported in both years, as they stand today."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tests.by_hand.cells import Cells
from tests.by_hand.figures import RANKS, RATES, SHARES, SUMS, Number
from tests.by_hand.recomputed import Missing, terms_of
from tests.by_hand.sums import Sum, Sums, Term
from tests.by_hand.units import CITY, Units


class Beside(NamedTuple):
    """An indicator of the units of both years, this year and the year before; null where there is nothing to compare."""

    now: float | None
    before: float | None


NOTHING = Beside(None, None)


class Compared:
    """The comparisons over the cells of some years."""

    def __init__(self, cells: Cells, units: Units) -> None:
        self._sums, self._units = Sums(cells, units), units

    def of(self, indicator: str, node: str, year: int) -> Beside:
        """An indicator of a unit; a place or a share is one among those that are compared."""
        if indicator in SHARES:
            return self._share(SHARES[indicator], node, year)
        if indicator in RANKS:
            return self._rank(RANKS[indicator], node, year)
        return self._of_itself(indicator, node, year)

    @cache  # noqa: B019  # as long as the test
    def _of_itself(self, indicator: str, node: str, year: int) -> Beside:
        if indicator in RATES:
            return self._relate(RATES[indicator], terms_of(RATES[indicator]), node, year)
        terms = SUMS[indicator]
        if all(term.when == "ever" for term in terms):
            return self._add_up(terms, node, year)
        return self._relate(lambda n: sum(n(term.number) for term in terms), terms, node, year)

    def _add_up(self, terms: Sequence[Term], node: str, year: int) -> Beside:
        """A cumulative number, and the same without what this year added; nothing where it added nothing."""
        running, added = Sum(), Sum()
        for term in terms:
            running.add(self._sums.plain(term, node, year))
            if term.since <= year:
                added.add(self._sums.plain(Term(term.number), node, year))
        if not added.reported or running.reported == added.reported:
            return NOTHING
        return Beside(running.value, running.value - added.value)

    def _relate(
        self, function: Callable[[Number], float], terms: Sequence[Term], node: str, year: int
    ) -> Beside:
        """A formula over what is complete in both years, once with this year's numbers and once with those before."""
        earlier = [Term(t.number) if t.when == "ever" else Term(t.number, "before") for t in terms]
        read = list(dict.fromkeys([*terms, *earlier]))
        sums = dict(zip(read, self._sums.aligned(read, node, year), strict=True))
        now = {term: sums[term] for term in terms}
        before = {
            term: _without(sums[term], sums[then]) if term.when == "ever" else sums[then]
            for term, then in zip(terms, earlier, strict=True)
        }
        values = (_evaluate(function, now), _evaluate(function, before))
        return NOTHING if None in values else Beside(*values)

    def _share(self, inner: str, node: str, year: int) -> Beside:
        [city] = self._units.at_level(CITY, year)
        own, whole = self._of_itself(inner, node, year), self._of_itself(inner, city.code, year)
        return Beside(
            *(100 * o / w if o is not None and w else None for o, w in zip(own, whole, strict=True))
        )

    def _rank(self, inner: str, node: str, year: int) -> Beside:
        own = self._of_itself(inner, node, year)
        level = self._units.of_year(year)[node].level
        peers = [self._of_itself(inner, unit.code, year) for unit in self._units.at_level(level, year)]
        places = (
            None if mine is None else 1 + sum(other is not None and other > mine for other in others)
            for mine, others in zip(own, zip(*peers, strict=True), strict=True)
        )
        return Beside(*places)


def _without(running: Sum, added: Sum) -> Sum:
    return Sum(
        running.value - added.value, running.reported - added.reported, running.expected - added.expected
    )


def _evaluate(function: Callable[[Number], float], sums: Mapping[Term, Sum]) -> float | None:
    by_name = {term.number: found for term, found in sums.items()}

    def give(number: str, when: str = "now") -> float:
        del when  # a formula reads a number of one kind of years only
        if not by_name[number].reported:
            raise Missing
        return by_name[number].value

    try:
        return function(give)
    except (Missing, ZeroDivisionError):
        return None
