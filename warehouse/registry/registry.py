"""The dated registry of org units: the units of a year, their hierarchy, their succession.

``org_units.csv``: org_code, name, level, parent_code, valid_from, valid_to (years, both inclusive, blank = open).
``succession.csv``: old_code, new_code, year, share: from ``year`` on ``share`` of the old unit's history belongs to
the new one. Codes have 6 digits for city and county, 9 for township, 12 for village.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache

import polars as pl

from warehouse.registry.levels import LEVELS


def _always(level: str, year: int) -> bool:
    del level, year
    return True


def _list_changes(units: pl.DataFrame) -> list[int]:
    """Years in which another set of units is valid than in the year before, and 0, from the oldest."""
    ends = units["valid_to"].cast(pl.Int64) + 1
    return sorted({0, *units["valid_from"].drop_nulls(), *ends.drop_nulls()})


class Registry:
    """All dated org units and their succession; every question is asked for one year.

    ``is_asked``: whether some form asks units of a level (county, city) in a year; by default all are asked.
    """

    def __init__(
        self,
        units: pl.DataFrame,
        succession: pl.DataFrame,
        is_asked: Callable[[str, int], bool] = _always,
    ) -> None:
        self.all_units = units
        self.succession = succession
        self.is_asked = is_asked
        self.roster = lru_cache(maxsize=None)(self._roster)
        self._units_from = lru_cache(maxsize=None)(self._list_units)
        self._changes = _list_changes(units)

    def __reduce__(self) -> tuple[type[Registry], tuple[object, ...]]:
        """Pickle without the caches."""
        return Registry, (self.all_units, self.succession, self.is_asked)

    def units(self, year: int) -> pl.DataFrame:
        """Units valid in ``year``: org_code (key), name, level, parent_code, county_code, township_code.

        ``county_code`` and ``township_code`` are the unit's own code or its ancestor's; null above that level.
        Years between which no unit begins or ends have the same frame: that of a country is large.
        """
        return self._units_from(self.find_last_change(year))

    def find_last_change(self, year: int) -> int:
        """The year, at or before ``year``, since which the same units are valid; 0 where none had begun or ended."""
        return self._changes[bisect_right(self._changes, year) - 1]

    def _list_units(self, year: int) -> pl.DataFrame:
        valid = self.all_units.filter(
            pl.col("valid_from").fill_null(0) <= year, pl.col("valid_to").fill_null(9999) >= year
        ).drop("valid_from", "valid_to")
        parent = valid.select(
            pl.col("org_code").alias("parent_code"),
            pl.col("parent_code").alias("grandparent_code"),
        )
        joined = valid.join(parent, on="parent_code", how="left", maintain_order="left")
        level = pl.col("level")
        return joined.with_columns(
            county_code=pl.when(level == "county")
            .then("org_code")
            .when(level == "township")
            .then("parent_code")
            .when(level == "village")
            .then("grandparent_code"),
            township_code=pl.when(level == "township")
            .then("org_code")
            .when(level == "village")
            .then("parent_code"),
        ).drop("grandparent_code")

    def parents(self, years: Iterable[int]) -> pl.DataFrame:
        """Every unit of each of ``years`` with the one above it: year, org_code (key), parent_code, null for the city."""
        of_years = [
            self.units(year).select("org_code", "parent_code", year=pl.lit(year, pl.Int32)) for year in years
        ]
        none = self.all_units.clear().select("org_code", "parent_code", year=pl.lit(None, pl.Int32))
        return pl.concat([none, *of_years])

    def _roster(self, year: int) -> pl.DataFrame:
        """Who reports in ``year``: unit_code, unit_name, unit_level, one row per county and one for the city itself.

        A level that no form asks in that year (a city that fills in none itself) has no reporting unit.
        """
        asked = [level for level in ("county", "city") if self.is_asked(level, year)]
        return (
            self.units(year)
            .filter(pl.col("level").is_in(asked))
            .select(unit_code="org_code", unit_name="name", unit_level="level")
            .sort(pl.col("unit_level") == "city", "unit_code")
        )

    def ancestors(self, year: int) -> pl.DataFrame:
        """Every unit with each unit above it and itself: org_code, ancestor_code, ancestor_level."""
        units = self.units(year)
        city = units.filter(pl.col("level") == "city").select(city_code="org_code")
        wide = units.join(city, how="cross").with_columns(
            village_code=pl.when(pl.col("level") == "village").then("org_code")
        )
        return pl.concat(
            wide.select("org_code", ancestor_code=f"{level}_code", ancestor_level=pl.lit(level)).drop_nulls()
            for level in LEVELS
        )
