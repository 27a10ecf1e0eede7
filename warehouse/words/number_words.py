"""Numbers as people read them, and the legend for missing ones."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl

NOT_REPORTED = "…"
NOT_APPLICABLE = "—"
NOT_PUBLISHED = "*"
NO_NUMBER = {
    "not_applicable": NOT_APPLICABLE,
    "not_reported": NOT_REPORTED,
    "held": NOT_REPORTED,
    "suppressed": NOT_PUBLISHED,
}
"""The legend for missing numbers."""
MARKS = {"0": "零", NOT_APPLICABLE: "不适用", NOT_REPORTED: "未报送", NOT_PUBLISHED: "不公布"}
"""The marks of a table and what they mean, shortly."""
LEGEND = "图例：0 为零；“—”为不适用或无此项；“…”为未报送；“*”为不公布（涉及个别家庭的较小计数）。"
"""The same in a sentence under printed tables."""

_EXACT = 1e15  # larger numbers do not fit an integer text exactly, and do not occur in forms


def group_thousands(value: float | None, decimals: int | None = None) -> str:
    """A number with thousands separators; without ``decimals`` as many as it needs, six at most; … for none."""
    if value is None:
        return NOT_REPORTED
    if decimals is None:
        text = f"{value:,.6f}"
        return text.rstrip("0").rstrip(".")
    return f"{round_half_up(value, decimals):,.{decimals}f}"


def round_half_up(value: float, decimals: int = 0) -> Decimal:
    """Rounded as people round 四舍五入, and as spreadsheets show: 0.25 with one decimal is 0.3."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def show_number(value: float | None, state: str | None, decimals: int | None = None) -> str:
    """A number of the warehouse for people: with thousands set apart, or the mark of the state that it has instead."""
    if value is None:
        return NO_NUMBER.get(state or "", NOT_REPORTED)
    return group_thousands(value, decimals)


def show_if_any(value: float | None, state: str | None, decimals: int | None = None) -> str:
    """The same of a number before or after a change: （无） where there was no such number at all."""
    return "（无）" if state is None else show_number(value, state, decimals)


def number_text(value: pl.Expr) -> pl.Expr:
    """A number in a sentence: no trailing .0, at most two decimals; null stays null."""
    rounded = value.cast(pl.Float64).round(2)
    is_whole = (rounded == rounded.round(0)) & (rounded.abs() < _EXACT)
    return (
        pl.when(is_whole)
        .then(rounded.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(rounded.cast(pl.String))
    )


def short_number_text(value: pl.Expr) -> pl.Expr:
    """A ratio or percentage in a sentence: one decimal; two below 0.1, none above 100."""
    tidy = pl.when(value > 100).then(value.round()).when(value >= 0.1).then(value.round(1)).otherwise(value)
    return number_text(tidy)
