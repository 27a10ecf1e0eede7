"""The numbers of a page, looked up by indicator, unit and year, each with what may be said beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from flows.site.parts.sparkline import Sparkline, draw_sparkline
from warehouse.published.figures import NO_ROW
from warehouse.words import labels
from warehouse.words.coverage_words import WHOLE
from warehouse.words.number_words import show_number
from warehouse.words.printed_numbers import LEVEL, PLACE, print_growth, print_pct

SOME_FINAL = "部分终报"
"""Some numbers of a year are final, others are not."""


@dataclass(frozen=True)
class Shown:
    """A number as a page shows it; ``value`` is None where a mark of the legend stands in its place."""

    text: str
    value: float | None
    coverage: str = ""  # how far its units have reported, where not all have: 87.5%
    maturity: str = ""
    growth: str = ""  # over last year, in words
    unit: str = ""
    is_rise: bool | None = None  # None: neither

    @property
    def short_growth(self) -> str:
        """The growth where a heading says over what: 增长3.2%, 持平."""
        return self.growth.removeprefix("比上年").removeprefix("与上年")

    @property
    def full(self) -> str:
        """The number with its unit: 62,519人, 第4位; a mark stands alone."""
        if self.value is None:
            return self.text
        return f"第{self.text}{self.unit}" if self.unit == PLACE else f"{self.text}{self.unit}"


MISSING = Shown(show_number(None, NO_ROW), None)


class Numbers:
    """FIGURES by indicator, unit and year; ``years`` are those that tables show, the oldest first."""

    def __init__(self, figures: pl.DataFrame, years: Sequence[int]) -> None:
        self.years = list(years)
        self.figures = figures
        self._rows: dict[tuple[str, str, int], dict[str, Any]] = {
            (row["indicator"], row["org_code"], row["year"]): row for row in figures.iter_rows(named=True)
        }
        self._standing = {code for _, code, year in self._rows if year == self.latest}
        self._shown: dict[tuple[str, str, int], Shown] = {}  # a number stands on several pages
        units = figures.select("org_code", "org_name", "org_level", "parent_code", "year")
        latest = units.sort("year").unique("org_code", keep="last", maintain_order=True)
        self.units: dict[str, dict[str, Any]] = {
            row["org_code"]: row for row in latest.sort("org_code").to_dicts()
        }

    @property
    def latest(self) -> int | None:
        """The newest year with a number; None where there is none yet."""
        return self.years[-1] if self.years else None

    def shown(self, indicator: str, org_code: str, year: int | None = None) -> Shown:
        """A number of a year (default: the newest) with its change over the year before."""
        key = (indicator, org_code, year if year is not None else self.latest or 0)
        if (known := self._shown.get(key)) is None:
            row = self._rows.get(key)
            known = self._shown[key] = MISSING if row is None else _show(row)
        return known

    def has_row(self, indicator: str, org_code: str) -> bool:
        """Whether the indicator is computed for the unit in any of the years."""
        return any((indicator, org_code, year) in self._rows for year in self.years)

    def stands(self, org_code: str) -> bool:
        """Whether the unit has a number, or a reason for none, in the newest year: one that is merged away has not."""
        return org_code in self._standing

    def list_below(self, org_code: str) -> list[str]:
        """The units right below a unit, in order."""
        return self._below.get(org_code, [])

    @cached_property
    def _below(self) -> dict[str | None, list[str]]:
        below: dict[str | None, list[str]] = {}
        for code, unit in self.units.items():
            below.setdefault(unit["parent_code"], []).append(code)
        return below

    def series(self, indicator: str, org_code: str) -> list[Shown]:
        """The numbers of all years."""
        return [self.shown(indicator, org_code, year) for year in self.years]

    def sparkline(self, indicator: str, org_code: str) -> Sparkline | None:
        """The numbers of all years as a small line; None where there are fewer than two."""
        shown = self.series(indicator, org_code)
        return draw_sparkline(
            [each.value for each in shown], is_first_above=any(s.unit == PLACE for s in shown)
        )

    def maturity_of(self, indicators: Sequence[str], codes: Sequence[str], year: int) -> str:
        """What the numbers of a year have in common: 初报, 终报, or that some are final; '' where there are none."""
        said: set[str] = set()
        for indicator in indicators:
            possible = self._maturities.get((indicator, year), frozenset())
            for code in codes:
                if possible <= said:
                    break  # a country's townships are many, and their numbers mostly say the same
                if (shown := self.shown(indicator, code, year)).value is not None:
                    said.add(shown.maturity)
        return said.pop() if len(said) == 1 else SOME_FINAL if said else ""

    @cached_property
    def _maturities(self) -> dict[tuple[str, int], frozenset[str]]:
        """Indicator and year -> what its numbers say of their maturity, of all units together."""
        numbers = self.figures.filter(pl.col("value").is_not_null())
        groups = numbers.group_by("indicator", "year").agg(pl.col("maturity").unique())
        return {(name, year): frozenset(map(_name_maturity, said)) for name, year, said in groups.iter_rows()}


def _name_maturity(maturity: str | None) -> str:
    return labels.MATURITY.get(maturity or "", "")


def _show(row: dict[str, Any]) -> Shown:
    value, unit = row["value"], row["unit"]
    coverage = row["coverage_pct"]
    change = row["change"] if value is not None else None
    growth = "" if change is None else print_growth(change, row["change_pct"], unit) or ""
    return Shown(
        text=show_number(value, row["state"], row["decimals"]),
        value=value,
        coverage=f"{print_pct(coverage)}%"
        if value is not None and coverage is not None and coverage < WHOLE
        else "",
        maturity=_name_maturity(row["maturity"]),
        unit=unit or "",
        growth=growth,
        is_rise=None if not change or growth.endswith(LEVEL) else (change > 0) != (unit == PLACE),
    )
