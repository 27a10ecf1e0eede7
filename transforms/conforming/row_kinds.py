"""Classifies the rows of a batch: data of an org unit, a total, a note, a declared nothing, or blank."""

from __future__ import annotations

import re

import polars as pl

from transforms.conforming.matching import KEYS, match_units
from transforms.conforming.unit_names import list_unit_years
from warehouse.catalogue.load import Catalogue
from warehouse.words.folding import fold, row_word

ROWS = {
    **KEYS,
    "lead": pl.String,  # text of the first column where that is no column of the form
    "item": pl.String,  # rosters: what the row lists
    "filled": pl.UInt32,  # how many fields are filled in
    "is_roster": pl.Boolean,
}
"""The columns of each row that :func:`assign_rows` reads."""

_WORDS = ("lead", "org_code", "org_name", "item")
"""The columns in which a row may say that it is no data."""


def assign_rows(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Every row (columns of ROWS), in its order, with its ``kind`` and its unit.

    ``kind``: data, total, unknown (no unit found), duplicate (the unit has a row above), part (其中: of the row above),
    note, nothing (a roster that says 无) or blank. Adds found_code, found_name, found_level and the problem columns of
    :func:`transforms.conforming.matching.match_units`.
    """
    words = {f"{name}_word": row_word(pl.col(name)).fill_null("") for name in _WORDS}
    kinds = (
        rows.with_columns(**words, subtotal_of=_read_subtotal_name(catalogue))
        .with_columns(kind=_classify_row(catalogue))
        .drop(*words)
    )
    data = match_units(kinds.filter(pl.col("kind") == "data"), catalogue)
    added = [c for c in data.columns if c not in kinds.columns]
    joined = kinds.join(
        data.select("form", "index", *added), on=["form", "index"], how="left", maintain_order="left"
    )
    assert joined.height == rows.height, "every row stays one row"
    return _mark_duplicates(_with_totals(joined, catalogue))


def _classify_row(catalogue: Catalogue) -> pl.Expr:
    """The kind, but for what only the units tell; of rows with their words folded and ``subtotal_of``."""
    words = catalogue.settings.words
    totals = [fold(word) for word in words.total_row]
    nothing = [fold(word) for word in words.nothing_to_list]
    prefixes = "|".join(re.escape(fold(word)) for word in words.note_row_prefix)
    sample = re.escape(fold(words.sample_mark))
    lead, code, name, item = (pl.col(f"{name}_word") for name in _WORDS)
    first = (
        pl.when(lead != "").then(lead).when(code != "").then(code).when(name != "").then(name).otherwise(item)
    )
    is_roster = pl.col("is_roster")
    has_code = code.str.contains(r"^\d{6}")
    is_note = first.str.contains(rf"^(?:(?:{prefixes})\d*(?:$|[:、,.(])|{sample})") & ~has_code
    parts = "|".join(re.escape(fold(word)) for word in words.part_row_prefix) or "$^"
    is_part = first.str.contains(rf"^(?:{parts})") & ~has_code
    is_total = lead.is_in(totals) | code.is_in(totals) | name.is_in(totals) | (is_roster & item.is_in(totals))
    says_nothing = is_roster & (
        (item.is_in(nothing) & (pl.col("filled") <= 1))
        | ((lead.is_in(nothing) | name.is_in(nothing)) & (pl.col("filled") == 0))
    )
    names_nobody = pl.col("org_code").is_null() & pl.col("org_name").is_null()
    is_blank = (pl.col("filled") == 0) & (is_roster | names_nobody)
    return (
        pl.when(is_total)
        .then(pl.lit("total"))
        .when(is_part)
        .then(pl.lit("part"))
        .when(is_note)
        .then(pl.lit("note"))
        .when(says_nothing)
        .then(pl.lit("nothing"))
        .when(is_blank)
        .then(pl.lit("blank"))
        .when(pl.col("subtotal_of").is_not_null() & ~is_roster)
        .then(pl.lit("subtotal"))
        .otherwise(pl.lit("data"))
    )


def _read_subtotal_name(catalogue: Catalogue) -> pl.Expr:
    """The folded name before 小计 ('' for a bare 小计); null where the row is no subtotal."""
    suffixes = sorted((fold(s) for s in catalogue.settings.words.subtotal_suffix), key=len, reverse=True)
    key = row_word(pl.coalesce("org_name", "org_code", "lead"))
    return key.str.extract(rf"^(.*?)(?:{'|'.join(map(re.escape, suffixes))})$")


def _with_totals(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Give totals and subtotals their unit; a bare 小计 belongs to the township of the rows above it."""
    townships = (
        list_unit_years(rows["year"].unique().drop_nulls().to_list(), catalogue)
        .filter(pl.col("level") == "township")
        .unique(["year", "unit_code", "name_key"], keep="none")
        .select("year", "unit_code", subtotal_of="name_key", sub_code="org_code", sub_name="name")
    )
    above = pl.col("found_township").forward_fill().over("form", "submission")
    joined = rows.join(townships, on=["year", "unit_code", "subtotal_of"], how="left", maintain_order="left")
    kind = pl.col("kind")
    is_bare = (kind == "subtotal") & (pl.col("subtotal_of") == "")
    is_whole = (kind == "total") | ((kind == "data") & pl.col("is_total").fill_null(value=False))
    code = (
        pl.when((kind == "total") & pl.col("found_code").is_null())
        .then("unit_code")
        .when(is_bare)
        .then(above)
        .when(kind == "subtotal")
        .then("sub_code")
        .otherwise("found_code")
    )
    placed_rows = joined.with_columns(
        found_code=code,
        found_level=pl.when(kind == "total")
        .then(None)
        .when(kind == "subtotal")
        .then(pl.lit("township"))
        .otherwise("found_level"),
        found_name=pl.when(kind.is_in(["total", "subtotal"]))
        .then(pl.coalesce("org_name", "lead", "org_code"))
        .otherwise("found_name"),
    )
    is_lost = (kind == "subtotal") & pl.col("found_code").is_null()
    is_unknown = is_lost | ((kind == "data") & pl.col("found_code").is_null())
    return placed_rows.with_columns(
        kind=pl.when(is_unknown)
        .then(pl.lit("unknown"))
        .when(is_whole | (kind == "subtotal"))
        .then(pl.lit("total"))
        .otherwise(kind),
        rule=pl.when(is_lost).then(pl.lit("conform.unknown_unit")).otherwise("rule"),
        value=pl.when(is_lost).then(pl.coalesce("org_name", "lead")).otherwise("value"),
        column=pl.when(is_lost).then(pl.lit("org_name")).otherwise("column"),
    )


def _mark_duplicates(rows: pl.DataFrame) -> pl.DataFrame:
    """Set kind 'duplicate' in later rows of a unit in a form of units; ``first_row``: the row number of the first."""
    unit = ["submission", "form", "found_code"]
    is_data = (pl.col("kind") == "data") & ~pl.col("is_roster")
    first = pl.col("row").filter(is_data).first().over(unit)
    is_second = is_data & (pl.col("row") != first)
    return rows.with_columns(
        kind=pl.when(is_second).then(pl.lit("duplicate")).otherwise("kind"),
        first_row=pl.when(is_second).then(first),
    )
