"""The dated registry of org units: which units exist in a year, who is above whom, what became of whom.

``org_units.csv``: org_code, name, level, parent_code, valid_from, valid_to (years, both inclusive, blank = open).
``succession.csv``: old_code, new_code, year, share: from ``year`` on ``share`` of the old unit's history belongs to
the new one. Codes have 6 digits for city and county, 9 for township, 12 for village.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from warehouse.catalogue.models import LEVELS
from warehouse.catalogue.yaml_source import CatalogueError

_UNITS = {
    "org_code": pl.String,
    "name": pl.String,
    "level": pl.String,
    "parent_code": pl.String,
    "valid_from": pl.Int32,
    "valid_to": pl.Int32,
}
_SUCCESSION = {"old_code": pl.String, "new_code": pl.String, "year": pl.Int32, "share": pl.Float64}


class Registry:
    """All dated org units and their succession; every question is asked for one year."""

    def __init__(self, units: pl.DataFrame, succession: pl.DataFrame) -> None:
        self.all_units = units
        self.succession = succession
        self.units = lru_cache(maxsize=None)(self._units)
        self.roster = lru_cache(maxsize=None)(self._roster)

    def _units(self, year: int) -> pl.DataFrame:
        """Units valid in ``year``: org_code (key), name, level, parent_code, county_code, township_code.

        ``county_code`` and ``township_code`` are the unit's own code or its ancestor's; null above that level.
        """
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

    def _roster(self, year: int) -> pl.DataFrame:
        """Who reports in ``year``: unit_code, unit_name, unit_level, one row per county and one for the city itself."""
        return (
            self.units(year)
            .filter(pl.col("level").is_in(["county", "city"]))
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


def read_registry(folder: Path) -> Registry:
    """Read ``org_units.csv`` and, where there is one, ``succession.csv``; CatalogueError names file and line."""
    path = folder / "org_units.csv"
    if not path.exists():
        raise CatalogueError(f"{path}: the file is missing")
    units = _read_csv(path, _UNITS)
    succession_path = folder / "succession.csv"
    succession = (
        _read_csv(succession_path, _SUCCESSION)
        if succession_path.exists()
        else pl.DataFrame(schema=_SUCCESSION)
    )
    _check(units, succession, path, succession_path)
    return Registry(units, succession)


def _read_csv(path: Path, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, schema_overrides=schema, encoding="utf8")
    except pl.exceptions.PolarsError as error:
        raise CatalogueError(f"{path}: {error}") from error
    if list(frame.columns) != list(schema):
        raise CatalogueError(
            f"{path}:1: columns must be {', '.join(schema)}, found {', '.join(frame.columns)}"
        )
    return frame


def _check(units: pl.DataFrame, succession: pl.DataFrame, path: Path, succession_path: Path) -> None:
    def refuse(bad: pl.DataFrame, file: Path, sentence: str) -> None:
        if bad.height:
            line = bad.item(0, "line")
            raise CatalogueError(f"{file}:{line}: {sentence}: {bad.item(0, 0)}")

    numbered = units.with_columns(line=pl.int_range(pl.len()) + 2)
    digits = {"city": 6, "county": 6, "township": 9, "village": 12}
    refuse(numbered.filter(~pl.col("level").is_in(LEVELS)), path, "unknown level of unit")
    refuse(
        numbered.filter(
            pl.col("org_code").str.len_chars()
            != pl.col("level").replace_strict(digits, default=None, return_dtype=pl.Int64)
        ),
        path,
        "a code has 6 digits for city and county, 9 for township, 12 for village",
    )
    overlap = numbered.join(numbered, on="org_code", suffix="_other").filter(
        pl.col("line") > pl.col("line_other"),
        pl.col("valid_from").fill_null(0) <= pl.col("valid_to_other").fill_null(9999),
        pl.col("valid_from_other").fill_null(0) <= pl.col("valid_to").fill_null(9999),
    )
    refuse(overlap, path, "the code stands twice in overlapping years")
    refuse(
        numbered.filter(pl.col("level") != "city").filter(
            ~pl.col("parent_code").is_in(units["org_code"].implode())
        ),
        path,
        "the unit above is not in the registry",
    )
    known = units["org_code"].implode()
    refuse(
        succession.with_columns(line=pl.int_range(pl.len()) + 2).filter(
            ~pl.col("old_code").is_in(known) | ~pl.col("new_code").is_in(known)
        ),
        succession_path,
        "a unit of the succession is not in the registry",
    )
