"""What a yearbook is made of: the published numbers of its years, and the units in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.exchange.exported import Vintage, read_vintage
from warehouse.published.definitions import read_dictionary
from warehouse.published.figures import NO_ROW, list_years_shown, read_figures
from warehouse.registry.levels import Level
from warehouse.store.query import read_only
from warehouse.words.number_formats import number_format
from warehouse.words.number_words import NO_NUMBER, NOT_APPLICABLE, NOT_REPORTED

_NARROWEST = 10.5


class Figure(NamedTuple):
    """A number of the published file; ``number_format`` as in workbooks, counts None where coverage has no meaning."""

    value: float | None
    state: str
    number_format: str
    reported_count: int | None
    expected_count: int | None
    change_pct: float | None

    @property
    def mark(self) -> str:
        """What stands in the place of a missing number, as the legend has it."""
        return NO_NUMBER.get(self.state, NOT_REPORTED)


class Unit(NamedTuple):
    """An org unit with numbers in the yearbook."""

    code: str
    name: str
    parent: str


NOTHING = Figure(None, NO_ROW, "General", None, None, None)
"""What stands where the file has no row: the indicator is not asked there, or not in that year."""
assert NOTHING.mark == NOT_APPLICABLE


@dataclass(frozen=True)
class Numbers:
    """The numbers of a yearbook.

    ``years``: those with data, the yearbook's own last. ``figures``: by year, org_code and indicator; townships of the last
    year only. ``provisional``: years with a number that is not final 终报. ``vintage``: the night that published them.
    ``explained``: what the indicators mean. ``asked``: the indicators with a number, or a reason for none, at each level.
    """

    catalogue: Catalogue
    years: tuple[int, ...]
    figures: dict[tuple[int, str, str], Figure]
    units: dict[Level, tuple[Unit, ...]]
    provisional: tuple[int, ...]
    vintage: Vintage
    explained: pl.DataFrame
    asked: dict[Level, frozenset[str]]

    @property
    def year(self) -> int:
        """The year of the yearbook."""
        return self.years[-1]

    @property
    def city(self) -> Unit:
        """The whole city."""
        return Unit(self.catalogue.settings.city.code, "全市", "")

    @cached_property
    def number_width(self) -> float:
        """A width, in characters, in which each of the numbers is shown."""
        widest: dict[str, float] = {}
        for figure in self.figures.values():
            if figure.value is not None:
                widest[figure.number_format] = max(widest.get(figure.number_format, 0), abs(figure.value))
        texts = (f"{value:,.0f}{code.partition('0.')[2]}" for code, value in widest.items())
        return max(_NARROWEST, max(map(len, texts), default=0) + 2.5)

    def list_standing(self, level: Level) -> list[Unit]:
        """The units of a level that there were in the yearbook's own year."""
        return [unit for unit in self.units[level] if unit.code in self._standing]

    @cached_property
    def _standing(self) -> frozenset[str]:
        return frozenset(code for year, code, _ in self.figures if year == self.year)

    def find(self, year: int, unit: Unit, indicator: str) -> Figure:
        """The number of a year, unit and indicator."""
        return self.figures.get((year, unit.code, indicator), NOTHING)

    def list_indicators(self, names: Iterable[str], level: Level) -> list[Indicator]:
        """Those of the indicators called ``names`` that have a number, or a reason for none, at ``level``."""
        return [self.catalogue.indicators[name] for name in names if name in self.asked[level]]

    def programme_indicators(self, programme: str) -> list[str]:
        """The indicators of a programme in the catalogue's order, in which 其中 follows its whole."""
        return [i.id for i in self.catalogue.indicators.values() if i.programme == programme]


def read_numbers(database: Path, catalogue: Catalogue, year: int) -> Numbers:
    """The numbers of the yearbook of ``year``. YearNotPublished, WarehouseMissing, QueryError."""
    years = tuple(list_years_shown(database, year))
    above = read_figures(database, catalogue, years)
    below = read_figures(database, catalogue, [year], ["township"])
    found = pl.concat([above, below]).filter(pl.col("indicator").is_in(list(catalogue.indicators)))
    with read_only(database) as connection:
        vintage = read_vintage(connection)
    return Numbers(
        catalogue=catalogue,
        years=years,
        figures=_index(found),
        units={level: _list_units(found, level) for level in ("county", "township")},
        provisional=tuple(sorted(found.filter(pl.col("maturity") != "final")["year"].unique())),
        vintage=vintage,
        explained=read_dictionary(database).filter(pl.col("kind") == "indicator"),
        asked={
            level: frozenset(found.filter(pl.col("org_level") == level)["indicator"])
            for level in ("city", "county", "township")
        },
    )


def _index(found: pl.DataFrame) -> dict[tuple[int, str, str], Figure]:
    shown = found.select(
        "year",
        "org_code",
        "indicator",
        "value",
        "state",
        number_format(pl.col("unit"), pl.col("decimals")).alias("number_format"),
        "reported_count",
        "expected_count",
        "change_pct",
    )
    return {(year, code, name): Figure(*rest) for year, code, name, *rest in shown.iter_rows()}


def _list_units(found: pl.DataFrame, level: Level) -> tuple[Unit, ...]:
    """The units of a level under the names that they had last, in the order of their codes."""
    of_level = found.filter(pl.col("org_level") == level).sort("year")
    rows = of_level.group_by("org_code").agg(pl.col("org_name", "parent_code").last()).sort("org_code")
    return tuple(Unit(code, name, parent or "") for code, name, parent in rows.iter_rows())
