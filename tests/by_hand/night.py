"""A night beside its numbers computed by hand: what is published, what should be, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from pathlib import Path

import duckdb

from tests.by_hand.cells import Cells
from tests.by_hand.compared import Beside, Compared
from tests.by_hand.recomputed import Recomputed
from tests.by_hand.scenario import CATALOGUE, YEARS, Scenario, make_scenario
from tests.by_hand.sheets import read_forms, read_indicators, read_submission
from tests.by_hand.sums import Figure
from tests.by_hand.units import CITY, COUNTY, Units

LATEST = YEARS[-1]
SAYS = read_indicators(CATALOGUE)
Key = tuple[str, str]
"""Indicator and org code."""

_FIGURES = """
    SELECT year, indicator, org_code, value, reported_count, expected_count, coverage_pct, state, peer_count
    FROM mart.indicator
"""
_BESIDE = (
    "SELECT indicator, org_code, comparable_value, previous_value FROM mart.indicator_change WHERE year = ?"
)


@dataclass(frozen=True)
class Night:
    """What is published after the night, and what should be."""

    scenario: Scenario
    units: Units
    published: Mapping[int, Mapping[Key, Figure]]
    by_hand: Mapping[int, Mapping[Key, Figure]]
    beside: Mapping[Key, Beside]
    """Of the latest year: what stands beside the year before."""
    compared: Compared
    decisions: Mapping[str, str]

    def of(self, indicator: str, code: str, year: int = LATEST) -> Figure:
        """A published figure."""
        return self.published[year][indicator, code]

    def differences(self, year: int, digits: int) -> list[str]:
        """Figures that are not published as they were computed by hand, of one length of org codes."""
        published, by_hand = self.published[year], self.by_hand[year]
        names = {name for name, _ in by_hand}
        keys = {key for key in published if key[0] in names} | by_hand.keys()
        keys = {key for key in keys if len(key[1]) == digits}
        assert keys
        return [
            f"{name} of {code} in {year}: published {published.get((name, code))}, by hand {by_hand.get((name, code))}"
            for name, code in sorted(keys)
            if not _is_same(published.get((name, code)), by_hand.get((name, code)))
        ]

    def comparisons(self) -> Iterator[tuple[Key, Beside, Beside]]:
        """Key, what is published and what was computed by hand, of the latest year; villages and streaks left out."""
        for (name, code), published in self.beside.items():
            if (name, code) in self.by_hand[LATEST] and len(code) < 12 and SAYS[name]["kind"] != "streak":
                yield (name, code), published, self.compared.of(name, code, LATEST)


def take_night(folder: Path) -> Night:
    """Let the night take in the scenario's workbooks, and compute its numbers by hand."""
    scenario = make_scenario(folder)
    units = Units(scenario.catalogue / "registry")
    reporting = [unit.code for level in (CITY, COUNTY) for unit in units.at_level(level, LATEST)]
    read = {key: read_submission(path, scenario.catalogue) for key, path in scenario.standing.items()}
    stands = {(code, year): read.get((code, year)) for code in reporting for year in YEARS}
    cells = Cells(read_forms(scenario.catalogue), units, stands)
    recomputed = Recomputed(cells, units, SAYS)
    by_hand = {
        year: {(name, code): f for name, code, f in (*recomputed.figures(year), *recomputed.villages(year))}
        for year in YEARS
    }
    published: dict[int, dict[Key, Figure]] = {year: {} for year in YEARS}
    with duckdb.connect(str(scenario.home / "warehouse.duckdb"), read_only=True) as connection:
        for year, name, code, *figure in connection.execute(_FIGURES).fetchall():
            published[year][name, code] = Figure(*figure)
        beside = {
            (name, code): Beside(now, before)
            for name, code, now, before in connection.execute(_BESIDE, [LATEST]).fetchall()
        }
        decisions = connection.execute("SELECT file_name, decision FROM quality.submission").fetchall()
    return Night(scenario, units, published, by_hand, beside, Compared(cells, units), dict(decisions))


def are_equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers are the same but for the last digits; nothing is not zero."""
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _is_same(published: Figure | None, by_hand: Figure | None) -> bool:
    """Whether two figures are the same in all they say; held is a way of not being reported."""
    if published is None or by_hand is None:
        return False
    state = "not_reported" if published.state == "held" else published.state
    return (
        are_equal(published.value, by_hand.value)
        and are_equal(published.coverage_pct, by_hand.coverage_pct)
        and (published.reported, published.expected) == (by_hand.reported, by_hand.expected)
        and (published.peers, state) == (by_hand.peers, by_hand.state)
    )
