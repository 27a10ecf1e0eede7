"""Usual slips: the number without the slip, and whether that number fits last year's.

Of one number: one digit too many or too few (×10, ÷10), four of them (×10,000, ÷10,000: in a money field yuan for
万元), two neighbouring digits the wrong way round. Of a column: two units' numbers swapped, numbers entered a row too
low or too high, one number copied down. A slip is named where the number without it is near last year's and
the number with it is not. A copy is named where the rows differed last year.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

NEAR = 0.35
"""The largest log ratio between two numbers that are near each other: 70 % to 140 %."""

MIN_RUN = 3
"""How many consecutive numbers must each be one row off to be called a shift."""

COLUMN = ("submission", "measure", "org_level")
"""The key of a column of numbers: one measure of one submission at one level."""

MIN_COPIES, MIN_DIFFERENT = 5, 3
"""How many equal numbers in consecutive rows are called a copy, and how many different ones they had last year."""

MONEY = ("元", "万元")
"""Units of measurement in which ×10,000 is a confusion of the two."""

_FACTORS = (
    (10.0, "疑多写一位", "疑多写一位"),
    (0.1, "疑少写一位", "疑少写一位"),
    (10_000.0, "疑多写四位", "疑以元填作万元"),
    (0.0001, "疑少写四位", "疑以万元为单位填写"),
)
"""Factor, its words for counts, its words for money."""

LOST = ("疑少写一位", "疑少写四位")
"""Slips that lost digits, which the number does not show."""

TURNED = "疑相邻两位数字写颠倒"
"""The slip of two neighbouring digits."""

_MOST_DIGITS = 8


def undo_factors(value: pl.Expr, *, is_money: bool) -> list[tuple[pl.Expr, str]]:
    """For every slip by a factor: ``value`` without it, and its words."""
    return [(value / factor, of_money if is_money else of_count) for factor, of_count, of_money in _FACTORS]


def undo_slips(value: pl.Expr, *, is_money: bool) -> list[tuple[pl.Expr, str]]:
    """For every slip of a single number: ``value`` without it (null: it cannot have that slip), and its words."""
    digits = value.round().cast(pl.Int64, strict=False).cast(pl.String)
    is_whole = (value >= 10) & (value == value.round())
    turned = [
        pl.concat_str(
            digits.str.slice(0, index),
            digits.str.slice(index + 1, 1),
            digits.str.slice(index, 1),
            digits.str.slice(index + 2),
        ).cast(pl.Float64, strict=False)
        for index in range(_MOST_DIGITS - 1)
    ]
    return [
        *undo_factors(value, is_money=is_money),
        *((pl.when(is_whole & (other != value)).then(other), TURNED) for other in turned),
    ]


def is_near(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether two numbers are alike; never null."""
    return ((value > 0) & (other > 0) & ((value / other).log().abs() <= NEAR)).fill_null(value=False)


def find_slip(value: pl.Expr, before: pl.Expr, unit: pl.Expr, *, factors_only: bool = False) -> pl.Expr:
    """The words of the slip that makes ``value`` out of a number near ``before``; null: none. ``unit``: of measurement."""
    ways = undo_factors if factors_only else undo_slips
    of_count, of_money = (
        pl.coalesce(
            pl.when(is_near(other, before)).then(pl.lit(text)) for other, text in ways(value, is_money=money)
        )
        for money in (False, True)
    )
    words = pl.when(unit.is_in(MONEY)).then(of_money).otherwise(of_count)
    return pl.when(~is_near(value, before)).then(words)


def with_slips(doubtful: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """``doubtful`` with ``slip_text``, one Chinese phrase or null.

    Both frames: COLUMN, org_code (key with COLUMN), org_name, unit (of measurement), value, previous_value;
    ``numbers`` are whole columns.
    """
    joined = doubtful.join(
        find_column_slips(doubtful, numbers), on=[*COLUMN, "org_code"], how="left", maintain_order="left"
    )
    assert joined.height == doubtful.height, "a number occurs once in its column"
    own = find_slip(pl.col("value"), pl.col("previous_value"), pl.col("unit"))
    return joined.with_columns(slip_text=pl.coalesce("column_text", own)).drop("column_text", "column_value")


def find_column_slips(doubtful: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Slips that only the column shows: COLUMN, org_code, ``column_text`` and ``column_value`` (the right number).

    One row for each doubtful number with such a slip; frames as in :func:`with_slips`.
    """
    moved = ~is_near(pl.col("value"), pl.col("previous_value"))
    asked = doubtful.select(*COLUMN, "org_code").unique()
    whole = numbers.join(asked, on=COLUMN, how="semi", nulls_equal=True).unique([*COLUMN, "org_code"])
    runs = pl.concat([_find_copied_runs(whole), _find_shifted_runs(whole)]).unique(
        [*COLUMN, "org_code"], keep="first", maintain_order=True
    )
    in_runs = runs.join(asked, on=[*COLUMN, "org_code"], how="semi", nulls_equal=True)
    rest = whole.filter(moved).join(in_runs, on=[*COLUMN, "org_code"], how="anti", nulls_equal=True)
    swapped = (
        rest.join(asked, on=[*COLUMN, "org_code"], how="semi", nulls_equal=True)
        .join(rest, on=COLUMN, suffix="_other", nulls_equal=True)
        .filter(
            pl.col("org_code") != pl.col("org_code_other"),
            is_near(pl.col("value"), pl.col("previous_value_other")),
            is_near(pl.col("value_other"), pl.col("previous_value")),
        )
        .sort("org_code_other")
        .unique([*COLUMN, "org_code"], keep="first", maintain_order=True)
        .select(
            *COLUMN,
            "org_code",
            column_text=pl.format("疑与{}填串", "org_name_other"),
            column_value="value_other",
        )
    )
    return pl.concat([in_runs, swapped])


def with_copies(ordered: pl.DataFrame, column: Sequence[str]) -> pl.DataFrame:
    """``ordered`` (whole columns in the order of their rows) with ``run``, the id of the row's run of equal numbers, and
    ``run_count``, the rows of that run."""
    run = pl.struct(*column, "value").rle_id()
    return ordered.with_columns(run=run).with_columns(run_count=pl.len().over("run"))


def _find_copied_runs(whole: pl.DataFrame) -> pl.DataFrame:
    """Numbers equal to the one above, in runs that had different numbers last year; column_value is null."""
    runs = with_copies(whole.sort(*COLUMN, "org_code"), COLUMN).filter(
        pl.col("run_count") >= MIN_COPIES, pl.col("value") > 0
    )
    named = runs.with_columns(
        different=pl.col("previous_value").drop_nulls().n_unique().over("run"),
        start=pl.col("org_name").first().over("run"),
        index=pl.int_range(pl.len()).over("run"),
    )
    return named.filter(pl.col("different") >= MIN_DIFFERENT, pl.col("index") > 0).select(
        *COLUMN,
        "org_code",
        column_text=pl.format("疑自{}起向下复制", "start"),
        column_value=pl.lit(None, pl.Float64),
    )


def _find_shifted_runs(whole: pl.DataFrame) -> pl.DataFrame:
    """Numbers of runs in which each is near last year's number of the unit one row above, or one row below."""
    ordered = whole.sort(*COLUMN, "org_code")
    parts = []
    for step, words in ((1, "下"), (-1, "上")):
        neighbour = pl.col("previous_value").shift(step).over(COLUMN)
        is_off = is_near(pl.col("value"), neighbour) & ~is_near(pl.col("value"), pl.col("previous_value"))
        runs = ordered.with_columns(is_off=is_off, column_value=pl.col("value").shift(-step).over(COLUMN))
        runs = runs.with_columns(run=pl.struct(*COLUMN, "is_off").rle_id()).with_columns(
            length=pl.len().over("run"), start=pl.col("org_name").first().over("run")
        )
        parts.append(
            runs.filter(pl.col("is_off"), pl.col("length") >= MIN_RUN).select(
                *COLUMN,
                "org_code",
                column_text=pl.format(f"疑自{{}}起向{words}错了一行", "start"),
                column_value="column_value",
            )
        )
    return pl.concat(parts).unique([*COLUMN, "org_code"], keep="first", maintain_order=True)
