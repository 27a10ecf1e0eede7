"""Usual slips: what a doubtful number becomes when one is undone, and whether that fits last year's number.

Known slips: one digit too many or too few (×10, ÷10), yuan for 万元 (×10,000, ÷10,000), the first two digits the wrong
way round, two units' numbers swapped. A slip is named when the number without it lies near last year's.
"""

from __future__ import annotations

import polars as pl

NEAR = 0.35
"""How far, as log ratio, a number may lie from last year's to be called near it: between 70 % and 140 %."""

_FACTORS = (
    (10.0, "疑多写一位"),
    (0.1, "疑少写一位"),
    (10_000.0, "疑以元填作万元"),
    (0.0001, "疑以万元填作元"),
)


def with_slips(doubtful: pl.DataFrame) -> pl.DataFrame:
    """``doubtful`` with ``slip_text``, one Chinese phrase or null. Reads submission, measure, org_name, value, previous_value.

    Two rows of one submission and measure are called swapped when each is near what the other had last year.
    """
    numbered = doubtful.with_row_index("slip_row")
    value, before = pl.col("value"), pl.col("previous_value")
    pair = numbered.select("slip_row", "submission", "measure", "org_name", "value", "previous_value")
    swapped = (
        pair.join(pair, on=["submission", "measure"], suffix="_other")
        .filter(
            pl.col("slip_row") != pl.col("slip_row_other"),
            _near(value, pl.col("previous_value_other")),
            _near(pl.col("value_other"), before),
        )
        .unique("slip_row", keep="first", maintain_order=True)
        .select("slip_row", swapped_text=pl.format("疑与{}填串", "org_name_other"))
    )
    digits = value.round().cast(pl.Int64, strict=False).cast(pl.String)
    turned = digits.str.slice(1, 1) + digits.str.slice(0, 1) + digits.str.slice(2)
    is_turned = (value >= 10) & _near(turned.cast(pl.Float64, strict=False), before)
    of_factor = pl.coalesce(
        pl.when(_near(value / factor, before)).then(pl.lit(text)) for factor, text in _FACTORS
    )
    return (
        numbered.join(swapped, on="slip_row", how="left", maintain_order="left")
        .with_columns(
            slip_text=pl.coalesce(
                "swapped_text", of_factor, pl.when(is_turned).then(pl.lit("疑前两位数字写颠倒"))
            )
        )
        .drop("slip_row", "swapped_text")
    )


def _near(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    return ((value > 0) & (other > 0) & ((value / other).log().abs() <= NEAR)).fill_null(value=False)
