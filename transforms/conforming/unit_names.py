"""The org units of the years of a batch, prepared for lookup by code and by name, and near names for suggestions."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.registry.levels import LEVELS
from warehouse.words import labels
from warehouse.words.folding import fold, fold_column
from warehouse.words.near import NEAR, find_nearest

_FEW, _NEARER = 40, 60.0  # among many names two share a character by chance
_SUGGESTED = ("conform.unknown_unit", "conform.code_name_mismatch")


@dataclass(frozen=True)
class UnitBook:
    """Lookups over dated units; ``unit_code`` is a unit's reporting unit."""

    units: (
        pl.DataFrame
    )  # year, org_code (key), name, level, unit_code, township_code, name_key, parent_name(_key)
    names: pl.DataFrame  # the units under each of their names: year, unit_code, name_key
    levels: pl.DataFrame  # form -> levels, lowest_rank, levels_text, is_roster
    own_level_key: str
    ranks: dict[str, int]


def list_unit_years(years: list[int], catalogue: Catalogue) -> pl.DataFrame:
    """The units of each year with their reporting unit ``unit_code`` and folded name ``name_key``."""
    frames = [catalogue.registry.units(year).with_columns(year=pl.lit(year, pl.Int32)) for year in years]
    if not frames:
        last = catalogue.registry.units(catalogue.settings.last_year)
        frames = [last.clear().with_columns(year=pl.lit(None, pl.Int32))]
    return pl.concat(frames).with_columns(
        unit_code=pl.coalesce("county_code", "org_code"), name_key=fold_column(pl.col("name"))
    )


def build_unit_book(years: list[int], catalogue: Catalogue) -> UnitBook:
    """The lookups for ``years``."""
    city = catalogue.settings.city
    units = list_unit_years(years, catalogue)
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

    A unit above the form's levels may have one too: a total.
    """
    rank = pl.col("level").replace_strict(book.ranks, return_dtype=pl.Int8)
    return pl.col("levels").list.contains(pl.col("level")) | (
        ~pl.col("is_roster") & (rank < pl.col("lowest_rank"))
    )


def suggest_units(rows: pl.DataFrame, book: UnitBook) -> pl.DataFrame:
    """Add ``suggestion``: the reporting unit's name nearest to an unknown one, with its code."""
    is_asked = (
        pl.col("rule").is_in(_SUGGESTED) & pl.col("name_key").is_not_null() & pl.col("same_names").is_null()
    )
    key = ["form", "year", "unit_code", "parent_key", "name_key"]
    asked = (
        rows.filter(is_asked)
        .select(*key, stem=_strip_for_comparison(pl.col("name_key")))
        .unique(maintain_order=True)
    )
    if asked.is_empty():
        return rows.with_columns(suggestion=pl.lit(None, pl.String))
    named = book.names.with_columns(stem=_strip_for_comparison(pl.col("name_key")))
    parts = []
    for (form, year, unit_code, parent), names in asked.group_by(key[:4], maintain_order=True):
        choices = (
            named.filter(pl.col("year") == year, pl.col("unit_code") == unit_code)
            .join(book.levels.filter(pl.col("form") == form), how="cross")
            .filter(may_list(book))
        )
        # A row that names its township means a village of it.
        in_township = choices.filter(pl.col("parent_name_key") == parent) if parent else choices.clear()
        choices = in_township if in_township.height else choices
        stems = choices["stem"].to_list()
        cutoff = NEAR if len(stems) <= _FEW else _NEARER
        texts = choices.select(pl.format("{}（{}）", "name", "org_code")).to_series().to_list()
        near = [
            find_nearest(name, stems, cutoff) for name in names["stem"].to_list()
        ]  # distinct unmatched ones
        found = pl.Series([None if index is None else texts[index] for index in near], dtype=pl.String)
        parts.append(names.select(key).with_columns(suggestion=found))
    return rows.join(
        pl.concat(parts), on=key, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(suggestion=pl.when(is_asked).then("suggestion"))


def _strip_for_comparison(key: pl.Expr) -> pl.Expr:
    """A name without the kind of unit, which hundreds of names share."""
    return pl.coalesce(stem(key), key)


def stem(key: pl.Expr) -> pl.Expr:
    """A unit's name without the kind of unit; for comparing names, never for finding a unit."""
    found = key.str.replace(
        r"(?:社区居民委员会|社区居委会|村民委员会|居民委员会|村委会|居委会|街道办事处|办事处|街道|社区|村|镇|乡|本级)$",
        "",
    ).str.replace(r"(?:村|社区|镇|街道)$", "")
    return found.replace("", None)
