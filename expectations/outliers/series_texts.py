"""The texts of the placeholders in the messages of series rules, one column each (null: left out).

Numbers carry the measure's unit of measurement.
"""

from __future__ import annotations

import polars as pl

from expectations.error_localisation.slips import MONEY, find_slip
from warehouse.words import labels
from warehouse.words.number_words import number_text, short_number_text

_NAMED = 3  # how many of several units are named

_ROWS = {level: labels.LEVEL[level] for level in ("township", "village")}
"""The levels that have peers within a reporting unit -> their Chinese names."""


def describe_series() -> dict[str, pl.Expr]:
    """``<placeholder>_text`` -> expression, for every one of SERIES_PLACEHOLDERS except label and slip."""
    value, before = pl.col("value"), pl.col("previous_value")
    had = pl.when(before.is_not_null()).then(
        pl.format(
            "上年{}{}",
            _write_amount(before),
            pl.when("is_moved").then(pl.lit("（按区划变动折算）")).otherwise(pl.lit("")),
        )
    )
    times = (
        pl.when((before > 0) & (value > before))
        .then(pl.format("为上年的{}倍", short_number_text(value / before)))
        .when((before > 0) & (value > 0) & (value / before < 0.001))
        .then(pl.lit("不到上年的0.1%"))
        .when((before > 0) & (value > 0))
        .then(pl.format("仅为上年的{}%", short_number_text(100 * value / before)))
    )
    return {
        "value_text": _write_amount(value),
        "previous_text": had.fill_null("上年未报"),
        "factor_text": times,
        "usual_text": _write_usual(),
        "past_text": _write_past(),
        "peers_text": _write_peers(),
        **_describe_column(),
        **_describe_row_and_run(),
        **_describe_blocks(),
    }


def _write_amount(value: pl.Expr, unit: pl.Expr | None = None) -> pl.Expr:
    """A number with its ``unit`` (default: the measure's): 210份. Counts are rounded: a split unit's have fractions."""
    unit = pl.col("unit") if unit is None else unit
    is_counted = ~unit.is_in(MONEY)
    return pl.concat_str(
        number_text(pl.when(is_counted & (value >= 1)).then(value.round()).otherwise(value)), unit
    )


def _name_others(names: pl.Expr) -> pl.Expr:
    """Which other units it also holds for, the first few by name; null for none."""
    listed, count = names.list.head(_NAMED).list.join("、"), names.list.len()
    return (
        pl.when(count > _NAMED)
        .then(pl.format("{}等{}个单位的这两个数也是如此", listed, count))
        .when(count > 0)
        .then(pl.format("{}的这两个数也是如此", listed))
    )


def _write_span(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """均为200份, or 在180—220份之间."""
    return (
        pl.when(low == high)
        .then(pl.format("均为{}", _write_amount(high)))
        .otherwise(pl.format("在{}—{}之间", number_text(low.round(2)), _write_amount(high)))
    )


def _name_group() -> pl.Expr:
    """The name of the group: the peers of a township or village, or the county or city itself."""
    return (
        pl.when(pl.col("org_level").is_in(list(_ROWS)))
        .then(pl.lit("本县(市、区)同级单位一般"))
        .otherwise(pl.lit("本单位往年一般"))
    )


def _write_usual() -> pl.Expr:
    low, high = (100 * pl.col(end).exp() for end in ("low", "high"))
    is_still = (low.round() == 100) & (high.round() == 100)
    return pl.concat_str(
        _name_group(),
        pl.when(is_still)
        .then(pl.lit("与上年持平"))
        .when(low.round() == high.round())
        .then(pl.format("为上年的{}%", number_text(high.round())))
        .otherwise(pl.format("为上年的{}%—{}%", number_text(low.round()), number_text(high.round()))),
    )


def _write_past() -> pl.Expr:
    """The range of all earlier years; null where only last year has a number, which has a placeholder of its own."""
    is_more = (pl.col("past_count") > 1) | (pl.col("previous_value").is_null() & (pl.col("past_count") > 0))
    return pl.when(is_more).then(
        pl.concat_str(pl.lit("该单位历年"), _write_span(pl.col("past_low"), pl.col("past_high")))
    )


def _write_peers() -> pl.Expr:
    return pl.when(pl.col("peer_count") > 0).then(
        pl.format(
            "本县(市、区)其他{}个同级单位{}",
            "peer_count",
            _write_span(pl.col("peer_low"), pl.col("peer_high")),
        )
    )


def _describe_column() -> dict[str, pl.Expr]:
    level = pl.col("org_level").replace_strict(_ROWS, default="单位", return_dtype=pl.String)
    times = pl.col("column_times")
    slip = find_slip(times, pl.lit(1.0), pl.col("unit"), factors_only=True)
    return {
        "level_text": level,
        "column_count_text": number_text(pl.col("column_count")),
        "column_compared_text": number_text(pl.col("column_compared_count")),
        "column_times_text": _write_times(times),
        "column_usual_text": pl.when(pl.col("low").is_not_null()).then(_write_percentages()),
        "column_slip_text": slip.str.replace("疑", "疑整栏", literal=True),
        "column_changed_text": pl.when(pl.col("usual_same_pct").is_not_null()).then(
            pl.format("{}%", number_text((100 - pl.col("usual_same_pct")).round()))
        ),
    }


def _write_times(share: pl.Expr) -> pl.Expr:
    """10倍, or 9.5%."""
    return (
        pl.when(share >= 1)
        .then(pl.format("{}倍", short_number_text(share)))
        .otherwise(pl.format("{}%", short_number_text(100 * share)))
    )


def _write_percentages() -> pl.Expr:
    low, high = (number_text((100 * pl.col(end).exp()).round()) for end in ("low", "high"))
    return pl.when(low == high).then(pl.format("{}%", high)).otherwise(pl.format("{}%—{}%", low, high))


def _describe_row_and_run() -> dict[str, pl.Expr]:
    return {
        "row_count_text": number_text(pl.col("row_count")),
        "row_times_text": _write_times(pl.col("row_times")),
        "pair_text": pl.col("pair_name"),
        "pair_value_text": _write_amount(pl.col("pair_value")),
        "pair_previous_text": pl.format("上年{}", _write_amount(pl.col("pair_previous"))),
        "run_count_text": number_text(pl.col("run_count")),
        "run_end_text": pl.col("run_end_name"),
        "run_before_text": _write_span(pl.col("run_low"), pl.col("run_high")),
    }


def _describe_blocks() -> dict[str, pl.Expr]:
    step = pl.col("shift_step")
    return {
        "workbook_same_count_text": number_text(pl.col("workbook_same_count")),
        "sheet_same_count_text": number_text(pl.col("sheet_same_count")),
        "last_year_text": (pl.col("year") - 1).cast(pl.String),
        "shift_count_text": number_text(pl.col("shift_count")),
        "shift_start_text": pl.col("org_name"),
        "previous_value_text": _write_amount(pl.col("previous_value")),
        "shift_end_text": pl.col("shift_end"),
        "shift_step_text": pl.format(
            "{}{}行",
            pl.when(step > 0).then(pl.lit("下")).otherwise(pl.lit("上")),
            step.abs().replace_strict(
                {1.0: "一", 2.0: "两", 3.0: "三"}, default="几", return_dtype=pl.String
            ),
        ),
        "shift_columns_text": pl.when(pl.col("shift_column").is_null())
        .then(pl.lit("各栏"))
        .otherwise(pl.format("“{}”一栏", "shift_column")),
        "swap_other_text": pl.col("swap_other"),
        "swap_count_text": number_text(pl.col("swap_count")),
        "exchange_other_text": pl.col("exchange_other"),
        "exchange_count_text": number_text(pl.col("exchange_count")),
        "upper_name_text": pl.col("upper_name"),
        "upper_count_text": number_text(pl.col("upper_count")),
        "cross_other_text": pl.col("cross_other"),
        "cross_other_value_text": _write_amount(pl.col("cross_other_value"), pl.col("cross_other_unit")),
        "cross_other_previous_text": _write_amount(
            pl.col("cross_other_previous"), pl.col("cross_other_unit")
        ),
        "cross_rows_text": _name_others(pl.col("cross_names")),
        "effect_text": pl.format("{}%", short_number_text(pl.col("published_effect_pct"))),
    }


__all__ = ["describe_series"]
