"""The org units of the years of a batch, prepared for lookup by code and by name, and near names for suggestions."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from warehouse.catalogue import labels
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import LEVELS
from warehouse.catalogue.texts import fold, folded

_NEAR = 50.0  # of 100: 彭李 and 彭李街道 have 67
_SUGGESTED = ("conform.unknown_unit", "conform.code_name_mismatch")


@dataclass(frozen=True)
class UnitBook:
    """Lookups over dated units. ``unit_code`` is the reporting unit a unit belongs to."""

    units: (
        pl.DataFrame
    )  # year, org_code (key), name, level, unit_code, township_code, name_key, parent_name(_key)
    named: pl.DataFrame  # the same under every name they may be called by: year, unit_code, name_key
    levels: pl.DataFrame  # form -> levels, lowest_rank, levels_text, is_roster
    own_level_key: str
    ranks: dict[str, int]


def unit_years(years: list[int], catalogue: Catalogue) -> pl.DataFrame:
    """The units of each year with their reporting unit ``unit_code`` and folded name ``name_key``."""
    frames = [catalogue.registry.units(year).with_columns(year=pl.lit(year, pl.Int32)) for year in years]
    if not frames:
        last = catalogue.registry.units(catalogue.settings.last_year)
        frames = [last.clear().with_columns(year=pl.lit(None, pl.Int32))]
    return pl.concat(frames).with_columns(
        unit_code=pl.coalesce("county_code", "org_code"), name_key=folded(pl.col("name"))
    )


def unit_book(years: list[int], catalogue: Catalogue) -> UnitBook:
    """The lookups for ``years``."""
    city = catalogue.settings.city
    units = unit_years(years, catalogue)
    above = units.select("year", parent_code="org_code", parent_name="name", parent_name_key="name_key")
    units = units.join(above, on=["year", "parent_code"], how="left", maintain_order="left")
    ranks: dict[str, int] = {level: rank for rank, level in enumerate(LEVELS)}
    forms = list(catalogue.forms.values())
    levels = pl.DataFrame(
        {
            "form": [form.id for form in forms],
            "levels": [list(form.levels) for form in forms],
            "lowest_rank": [max(ranks[level] for level in form.levels) for form in forms],
            "levels_text": ["、".join(labels.LEVEL[level] for level in form.levels) for form in forms],
            "is_roster": [form.is_roster for form in forms],
        },
        schema_overrides={"lowest_rank": pl.Int8},
    )
    own_level_key = fold(city.own_level_name)
    own_level = units.filter(pl.col("org_code") == city.code).with_columns(name_key=pl.lit(own_level_key))
    listed = pl.concat([units, own_level]).with_columns(
        name_key_of_unit=pl.col("name_key"), unit_code_of_unit=pl.col("unit_code")
    )
    return UnitBook(units, listed, levels, own_level_key, ranks)


def may_list(book: UnitBook) -> pl.Expr:
    """Whether a form (columns of ``book.levels``) may have a row of a unit of ``level``.

    A unit above a form's units may stand there too: its row is a total.
    """
    rank = pl.col("level").replace_strict(book.ranks, return_dtype=pl.Int8)
    return pl.col("levels").list.contains(pl.col("level")) | (
        ~pl.col("is_roster") & (rank < pl.col("lowest_rank"))
    )


def suggested(rows: pl.DataFrame, book: UnitBook) -> pl.DataFrame:
    """Add ``suggestion``: the nearest name of the reporting unit, with its code, for names that nobody has."""
    from rapidfuzz import fuzz, process

    is_asked = (
        pl.col("rule").is_in(_SUGGESTED) & pl.col("name_key").is_not_null() & pl.col("same_names").is_null()
    )
    key = ["form", "year", "unit_code", "name_key"]
    asked = rows.filter(is_asked).select(key).unique(maintain_order=True)
    if asked.is_empty():
        return rows.with_columns(suggestion=pl.lit(None, pl.String))
    found: list[str | None] = []
    for (form, year, unit_code), names in asked.group_by(key[:3], maintain_order=True):
        choices = (
            book.named.filter(pl.col("year") == year, pl.col("unit_code") == unit_code)
            .join(book.levels.filter(pl.col("form") == form), how="cross")
            .filter(may_list(book))
        )
        keys = choices["name_key"].to_list()
        texts = choices.select(pl.format("{}（{}）", "name", "org_code")).to_series().to_list()
        for name in names["name_key"].to_list():  # distinct unmatched names only
            best = process.extractOne(name, keys, scorer=fuzz.ratio, score_cutoff=_NEAR)
            found.append(texts[best[2]] if best else None)
    order = pl.concat([group for _, group in asked.group_by(key[:3], maintain_order=True)])
    suggestions = order.with_columns(suggestion=pl.Series(found, dtype=pl.String))
    return rows.join(suggestions, on=key, how="left", maintain_order="left").with_columns(
        suggestion=pl.when(is_asked).then("suggestion")
    )
