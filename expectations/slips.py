"""Usual slips: what a doubtful number becomes when one is undone, and whether that fits last year's number.

Of one number: one digit too many or too few (×10, ÷10), yuan for 万元 (×10,000, ÷10,000), two neighbouring digits the
wrong way round. Of a column: two units' numbers swapped, numbers entered a row too low or too high. A slip is
named when the number without it lies near last year's, and the number as it stands does not.
"""

from __future__ import annotations

import polars as pl

NEAR = 0.35
"""How far, as log ratio, a number may lie from last year's to be called near it: between 70 % and 140 %."""

MIN_RUN = 3
"""How many numbers in a row must each stand a row off before that is called a shift."""

COLUMN = ("submission", "measure", "org_level")
"""What a column of numbers is: one measure of one submission, at one level."""

_FACTORS = (
    (10.0, "疑多写一位"),
    (0.1, "疑少写一位"),
    (10_000.0, "疑以元填作万元"),
    (0.0001, "疑以万元填作元"),
)
_TURNED = "疑相邻两位数字写颠倒"
_MOST_DIGITS = 8


def undone(value: pl.Expr) -> list[tuple[pl.Expr, str]]:
    """What ``value`` is without a slip of its own, and the slip in words; one pair for every slip."""
    digits = value.round().cast(pl.Int64, strict=False).cast(pl.String)
    is_whole = (value >= 10) & (value == value.round())
    turned = [
        pl.concat_str(
            digits.str.slice(0, place),
            digits.str.slice(place + 1, 1),
            digits.str.slice(place, 1),
            digits.str.slice(place + 2),
        ).cast(pl.Float64, strict=False)
        for place in range(_MOST_DIGITS - 1)
    ]
    return [
        *((value / factor, text) for factor, text in _FACTORS),
        *((pl.when(is_whole & (other != value)).then(other), _TURNED) for other in turned),
    ]


def near(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether two numbers are alike; never null."""
    return ((value > 0) & (other > 0) & ((value / other).log().abs() <= NEAR)).fill_null(value=False)


def with_slips(doubtful: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """``doubtful`` with ``slip_text``, one Chinese phrase or null.

    Both frames: COLUMN, org_code (key with COLUMN), org_name, value, previous_value; ``numbers`` are whole columns.
    """
    value, before = pl.col("value"), pl.col("previous_value")
    of_number = pl.coalesce(pl.when(near(other, before)).then(pl.lit(text)) for other, text in undone(value))
    placed = doubtful.join(
        column_slips(doubtful, numbers), on=[*COLUMN, "org_code"], how="left", maintain_order="left"
    )
    assert placed.height == doubtful.height, "a number has one place in its column"
    return placed.with_columns(
        slip_text=pl.coalesce("column_text", pl.when(~near(value, before)).then(of_number))
    ).drop("column_text", "column_value")


def column_slips(doubtful: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Slips that only the column shows: COLUMN, org_code, ``column_text`` and ``column_value``, what belongs there.

    One row for every doubtful number that has such a slip; frames as in :func:`with_slips`.
    """
    moved = ~near(pl.col("value"), pl.col("previous_value"))
    asked = doubtful.select(*COLUMN, "org_code").unique()
    whole = numbers.join(asked, on=COLUMN, how="semi", nulls_equal=True).unique([*COLUMN, "org_code"])
    shifted = _shifted(whole).join(asked, on=[*COLUMN, "org_code"], how="semi", nulls_equal=True)
    rest = whole.filter(moved).join(shifted, on=[*COLUMN, "org_code"], how="anti", nulls_equal=True)
    swapped = (
        rest.join(asked, on=[*COLUMN, "org_code"], how="semi", nulls_equal=True)
        .join(rest, on=COLUMN, suffix="_other", nulls_equal=True)
        .filter(
            pl.col("org_code") != pl.col("org_code_other"),
            near(pl.col("value"), pl.col("previous_value_other")),
            near(pl.col("value_other"), pl.col("previous_value")),
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
    return pl.concat([shifted, swapped])


def _shifted(whole: pl.DataFrame) -> pl.DataFrame:
    """The numbers of runs in which each is near last year's number of the unit before it, or after it."""
    ordered = whole.sort(*COLUMN, "org_code")
    parts = []
    for step, words in ((1, "下"), (-1, "上")):
        neighbour = pl.col("previous_value").shift(step).over(COLUMN)
        is_off = near(pl.col("value"), neighbour) & ~near(pl.col("value"), pl.col("previous_value"))
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
