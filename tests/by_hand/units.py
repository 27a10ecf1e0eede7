"""The org units of a catalogue's two files: who is below whom in a year, and who carries on whose numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

CITY, COUNTY, TOWNSHIP, VILLAGE = "city", "county", "township", "village"


class Unit(NamedTuple):
    """An org unit as it is in some years."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True, eq=False)
class Units:
    """The units of the registry in ``folder``."""

    folder: Path

    @cached_property
    def _lines(self) -> list[dict[str, str]]:
        with (self.folder / "org_units.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    @cached_property
    def _succession(self) -> list[dict[str, str]]:
        with (self.folder / "succession.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    @cache  # noqa: B019  # as long as the test
    def of_year(self, year: int) -> Mapping[str, Unit]:
        """The units that exist in ``year``, by code."""
        return {
            line["org_code"]: Unit(line["org_code"], line["name"], line["level"], line["parent_code"])
            for line in self._lines
            if int(line["valid_from"] or 0) <= year <= int(line["valid_to"] or 9999)
        }

    @cache  # noqa: B019
    def at_level(self, level: str, year: int) -> list[Unit]:
        """The units of a level in ``year``."""
        return [unit for unit in self.of_year(year).values() if unit.level == level]

    def base(self, code: str, year: int) -> str:
        """Where a unit's numbers are put together: a village's in its township, all others' in their own row."""
        unit = self.of_year(year)[code]
        return unit.parent if unit.level == VILLAGE else code

    def above(self, code: str, year: int) -> Iterator[str]:
        """The unit itself and all above it, from below."""
        units = self.of_year(year)
        while code in units:
            yield code
            code = units[code].parent

    def bases_below(self, node: str, year: int) -> list[str]:
        """Townships and own rows that a node's numbers are made of."""
        return self._bases(year)[node]

    @cache  # noqa: B019
    def _bases(self, year: int) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for unit in self.of_year(year).values():
            if unit.level != VILLAGE:
                for node in self.above(unit.code, year):
                    found.setdefault(node, []).append(unit.code)
        return found

    @cache  # noqa: B019
    def covered_levels(self, node: str, year: int) -> frozenset[str]:
        """The levels of the units that a node's numbers are of."""
        return frozenset(self._covered(year)[node])

    @cache  # noqa: B019
    def _covered(self, year: int) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for unit in self.of_year(year).values():
            for node in self.above(unit.code, year):
                found.setdefault(node, set()).add(unit.level)
        return found

    @cache  # noqa: B019
    def heirs(self, code: str, then: int, now: int) -> Mapping[str, Fraction]:
        """Who carries on, in the year ``now``, what a unit reported for the year ``then``, and which share of it."""
        if now == then:
            return {code: Fraction(1)}
        shares: dict[str, Fraction] = {}
        for heir, share in self.heirs(code, then, now - 1).items():
            for next_heir, part in self._next(heir, now).items():
                shares[next_heir] = shares.get(next_heir, Fraction(0)) + share * part
        return shares

    def _next(self, code: str, year: int) -> Mapping[str, Fraction]:
        """Who carries on in ``year`` what stood with ``code`` the year before; without an heir, who was above it."""
        named = {
            line["new_code"]: Fraction(line["share"])
            for line in self._succession
            if line["old_code"] == code and int(line["year"]) == year
        }
        left = 1 - sum(named.values(), Fraction(0))
        if left == 0:
            return named
        if code in self.of_year(year):
            rest: Mapping[str, Fraction] = {code: Fraction(1)}
        else:
            rest = self._next(self.of_year(year - 1)[code].parent, year)
        together = dict(named)
        for heir, share in rest.items():
            together[heir] = together.get(heir, Fraction(0)) + left * share
        return together


def divided(number: float, shares: Mapping[str, Fraction], smallest: Fraction) -> dict[str, float]:
    """A number among heirs in whole parts of ``smallest``: the largest remainders get what is left over."""
    if len(shares) == 1:
        return dict.fromkeys(shares, number)
    parts = Fraction(str(number)) / smallest
    whole = {heir: int(parts * share) for heir, share in shares.items()}
    left = int(parts) - sum(whole.values())
    by_remainder = sorted(shares, key=lambda heir: (whole[heir] - parts * shares[heir], heir))
    for heir in by_remainder[:left]:
        whole[heir] += 1
    return {heir: float(count * smallest) for heir, count in whole.items()}
