"""Finds the org unit of every row of a batch: by code, else by exact name, never by likeness.

A near match is suggested and never applied. One frame holds the rows of all forms and files.
"""

from __future__ import annotations

import polars as pl

from transforms.conforming.unit_names import UnitBook, build_unit_book, may_list, stem, suggest_units
from warehouse.catalogue.frames import ERROR_MARK
from warehouse.catalogue.load import Catalogue
from warehouse.words.folding import fold_column

KEYS = {
    "form": pl.String,
    "index": pl.UInt32,  # position in the form's frame
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "sheet": pl.String,
    "row": pl.UInt32,
    "org_code": pl.String,  # as written
    "org_name": pl.String,
    "parent_name": pl.String,
}
"""The columns of each row that :func:`match_units` reads."""

_NUMBER_TAIL = r"\.0$"


def match_units(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Give each row (columns of KEYS) its unit.

    Returns the rows in their order with: found_code, found_name, found_level, township_code (null: no unit found),
    ``padded`` (the code was shortened), and for the row's problem rule, column (org_code or org_name), value,
    detail, suggestion (null: none).
    """
    book = build_unit_book(rows["year"].unique().drop_nulls().to_list(), catalogue)
    keyed = _with_keys(rows)
    coded = _match_by_code(keyed, book)
    is_open = pl.col("found_code").is_null() & ~pl.col("is_lost")
    named = _match_by_name(coded.filter(is_open & pl.col("name_key").is_not_null()), book)
    joined = coded.join(named, on=["form", "index"], how="left", maintain_order="left")
    assert joined.height == rows.height, "a row has at most one unit"
    by_name = pl.col("found_code").is_null() & pl.col("by_name_code").is_not_null()
    joined = joined.with_columns(
        pl.when(by_name).then(f"by_name_{c}").otherwise(f"found_{c}").alias(f"found_{c}")
        for c in ("code", "name", "level", "key", "unit", "township")
    )
    return _with_problems(_match_blank_rosters(joined, catalogue), book, catalogue)


def _with_keys(rows: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("org_code").cast(pl.Float64, strict=False)
    code = fold_column(pl.col("org_code")).str.replace("^=", "").str.replace(_NUMBER_TAIL, "")
    name = pl.when(pl.col("org_name") != ERROR_MARK).then("org_name")
    return rows.with_columns(
        code_key=pl.when(pl.col("org_code") != ERROR_MARK).then(code),
        # Excel keeps 15 digits of a number: a longer code has lost its last ones, as has one like 3.7E+11.
        is_lost=((number.abs() >= 1e15) | (code.str.contains("e") & number.is_not_null())).fill_null(
            value=False
        ),
        name_key=fold_column(name).replace("", None),
        parent_key=fold_column(pl.col("parent_name")).replace("", None),
    ).with_columns(code_key=pl.when(~pl.col("is_lost")).then(pl.col("code_key").replace("", None)))


def _rename_match_columns(units: pl.DataFrame) -> pl.DataFrame:
    return units.select(
        "year",
        code_key="org_code",
        found_code="org_code",
        found_name="name",
        found_level="level",
        found_key="name_key",
        found_unit="unit_code",
        found_township="township_code",
    )


def _match_by_code(keyed: pl.DataFrame, book: UnitBook) -> pl.DataFrame:
    units = _rename_match_columns(book.units)
    joined = keyed.join(units, on=["year", "code_key"], how="left", maintain_order="left").with_columns(
        padded=pl.lit(value=False)
    )
    code = pl.col("code_key")
    shorter = (
        pl.when(code.str.contains(r"^\d{6}0{6}$|^\d{6}0{3}$"))
        .then(code.str.head(6))
        .when(code.str.contains(r"^\d{9}0{3}$"))
        .then(code.str.head(9))
    )
    odd = (
        joined.filter(pl.col("found_code").is_null())
        .select("form", "index", "year", code_key=shorter)
        .drop_nulls()
    )
    if odd.is_empty():
        return joined
    again = odd.join(units, on=["year", "code_key"]).drop("code_key", "year")
    merged = joined.join(again, on=["form", "index"], how="left", suffix="_again", maintain_order="left")
    names = [c for c in units.columns if c.startswith("found_")]
    return merged.with_columns(
        *(pl.coalesce(c, f"{c}_again") for c in names), padded=pl.col("found_code_again").is_not_null()
    ).drop(f"{c}_again" for c in names)


def _match_by_name(open_rows: pl.DataFrame, book: UnitBook) -> pl.DataFrame:
    """form, index, by_name_* of rows whose exact name means one unit; ``same_names`` where it means several."""
    candidates = (
        open_rows.select("form", "index", "year", "unit_code", "name_key", "parent_key")
        .join(book.names, on=["year", "unit_code", "name_key"])
        .join(book.levels, on="form")
        .filter(may_list(book))
    )
    row = ["form", "index"]
    is_parent = (pl.col("parent_key") == pl.col("parent_name_key")).fill_null(value=False)
    alone = pl.len().over(row) == 1
    kept = candidates.filter(alone | is_parent | ~is_parent.any().over(row))
    return kept.group_by(row, maintain_order=True).agg(
        *(
            pl.when(pl.len() == 1).then(pl.col(source).first()).alias(f"by_name_{name}")
            for name, source in (
                ("code", "org_code"),
                ("name", "name"),
                ("level", "level"),
                ("key", "name_key_of_unit"),
                ("unit", "unit_code_of_unit"),
                ("township", "township_code"),
            )
        ),
        same_names=pl.when(pl.len() > 1).then(
            pl.concat_str(pl.col("parent_name").fill_null(""), pl.col("name"))
            .unique(maintain_order=True)
            .str.join("、")
        ),
        is_other_parent=(pl.len() == 1)
        & (pl.col("parent_key").first() != pl.col("parent_name_key").first()).fill_null(value=False),
    )


def _match_blank_rosters(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Give rosters' rows without a unit to the reporting unit, where the roster's levels allow it."""
    rosters = [form.id for form in catalogue.forms.values() if form.is_roster]
    is_bare = (
        pl.col("form").is_in(rosters)
        & pl.col("found_code").is_null()
        & pl.col("org_code").is_null()
        & pl.col("org_name").is_null()
    )
    return rows.with_columns(
        found_code=pl.when(is_bare).then("unit_code").otherwise("found_code"),
        found_unit=pl.when(is_bare).then("unit_code").otherwise("found_unit"),
        is_bare=is_bare,
    )


def _with_problems(rows: pl.DataFrame, book: UnitBook, catalogue: Catalogue) -> pl.DataFrame:
    own = book.units.select(
        "year", found_code="org_code", own_name="name", own_level="level", own_key="name_key"
    )
    joined = rows.join(own, on=["year", "found_code"], how="left", maintain_order="left").with_columns(
        found_name=pl.coalesce("found_name", "own_name"),
        found_level=pl.coalesce("found_level", "own_level"),
        found_key=pl.coalesce("found_key", "own_key"),
    )
    joined = joined.join(book.levels, on="form", how="left", maintain_order="left")
    is_found = pl.col("found_code").is_not_null()
    is_error = (pl.col("org_code") == ERROR_MARK).fill_null(value=False) | (
        pl.col("org_name") == ERROR_MARK
    ).fill_null(value=False)
    is_other = is_found & (pl.col("found_unit") != pl.col("unit_code"))
    is_level = pl.col("levels").list.contains(pl.col("found_level")).fill_null(value=False)
    # A unit above the form's lowest level has a total: the county's row in a form of townships.
    is_above = is_found & ~is_level & (pl.col("found_rank") < pl.col("lowest_rank")) & ~pl.col("is_roster")
    is_same = (
        (pl.col("name_key") == pl.col("found_key"))
        | (stem(pl.col("name_key")) == stem(pl.col("found_key")))
        | ((pl.col("found_level") == "city") & (pl.col("name_key") == book.own_level_key))
    ).fill_null(value=True)
    is_rightly_found = is_found & (is_level | is_above)
    has_code = pl.col("code_key").is_not_null()
    wrong_code = is_found & has_code & ~pl.col("padded") & (pl.col("code_key") != pl.col("found_code"))
    ranked = joined.with_columns(
        found_rank=pl.col("found_level").replace_strict(book.ranks, default=None, return_dtype=pl.Int8)
    )
    ruled = ranked.with_columns(
        rule=pl.when(pl.col("is_lost"))
        .then(pl.lit("conform.lost_digits"))
        .when(is_error & ~is_found)
        .then(None)  # reading has reported it
        .when(is_other)
        .then(pl.lit("conform.unit_of_other_reporting_unit"))
        .when(pl.col("org_code").is_null() & pl.col("org_name").is_null() & ~is_rightly_found)
        .then(pl.lit("conform.blank_unit"))
        .when(~is_rightly_found)
        .then(pl.lit("conform.unknown_unit"))
        .when(wrong_code | ~is_same | pl.col("is_other_parent").fill_null(value=False))
        .then(pl.lit("conform.code_name_mismatch")),
        is_total=is_above,
    )
    is_kept = (pl.col("rule").is_null() & is_found) | (pl.col("rule") == "conform.code_name_mismatch")
    detail = (
        pl.when(pl.col("rule") == "conform.unit_of_other_reporting_unit")
        .then(pl.format("该代码是{}", "found_name"))
        .when((pl.col("rule") == "conform.unknown_unit") & pl.col("same_names").is_not_null())
        .then(pl.format("有同名单位：{}，请填写单位代码", "same_names"))
        .when((pl.col("rule") == "conform.unknown_unit") & is_found)
        .then(pl.format("本表只填{}", "levels_text"))
        .when(pl.col("rule") == "conform.unknown_unit")
        .then("parent_name")
        .when((pl.col("rule") == "conform.code_name_mismatch") & wrong_code)
        .then(pl.format("名录中{}的代码是{}", "found_name", "found_code"))
        .when(
            (pl.col("rule") == "conform.code_name_mismatch")
            & pl.col("is_other_parent").fill_null(value=False)
        )
        .then(pl.format("{}不在{}", "found_name", "parent_name"))
        .when(pl.col("rule") == "conform.code_name_mismatch")
        .then(pl.format("名录中代码{}是{}", "found_code", "found_name"))
    )
    by_code = (pl.col("org_name").is_null() | (pl.col("rule") == "conform.lost_digits")) & pl.col(
        "org_code"
    ).is_not_null()
    answered = ruled.with_columns(
        detail=detail,
        column=pl.when(by_code | (is_other & has_code))
        .then(pl.lit("org_code"))
        .otherwise(pl.lit("org_name")),
        value=pl.when(by_code)
        .then("org_code")
        .otherwise(
            pl.concat_str(
                pl.col("org_code").str.replace(_NUMBER_TAIL, ""),
                pl.col("org_name"),
                separator=" ",
                ignore_nulls=True,
            )
        ),
        found_code=pl.when(is_kept).then("found_code"),
        found_name=pl.when(is_kept).then("found_name"),
        found_level=pl.when(is_kept).then("found_level"),
        is_total=pl.col("is_total") & is_kept,
    )
    return suggest_units(answered, book)
