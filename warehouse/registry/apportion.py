"""Divides a unit's numbers among its heirs in whole people, households and cents."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

NOTHING_LEFT = 1e-9
"""Shares below this are rounding."""

_DIGITS = 6  # of a part; beyond that it is rounding


def apportion(parts: pl.DataFrame, keys: list[str], heir: str, quanta: Mapping[str, float]) -> pl.DataFrame:
    """Each heir's part of a unit's numbers in whole people, households and cents, by the largest remainder.

    ``parts``: one row per unit (``keys``) and ``heir`` with its ``share``, on each row the unit's whole number in the
    columns of ``quanta`` (column -> its smallest part). The heirs' parts add up to that number; among equal
    remainders the first heir gets more. A number that is no multiple of the smallest part is divided exactly.
    """
    is_split = pl.col("share").fill_null(1.0) < 1.0 - NOTHING_LEFT
    split = parts.filter(is_split)
    if split.is_empty() or not quanta:
        return parts
    ordered = split.sort(*keys, heir)
    exact = {c: pl.col(c) * pl.col("share") / quantum for c, quantum in quanta.items()}
    floor = {c: (part + NOTHING_LEFT).floor() for c, part in exact.items()}
    remainder = ordered.with_columns(
        (exact[c] - floor[c]).round(_DIGITS).alias(f"{c}__remainder") for c in quanta
    )
    for column, quantum in quanta.items():
        left = (exact[column].sum() - floor[column].sum()).over(keys).round(_DIGITS)
        rank = pl.col(f"{column}__remainder").rank("ordinal", descending=True).over(keys)
        is_whole = (left - left.round()).abs() < NOTHING_LEFT
        whole = ((floor[column] + (rank <= left.round()).cast(pl.Float64)) * quantum).round(2)
        remainder = remainder.with_columns(
            pl.when(is_whole).then(whole).otherwise(exact[column] * quantum).alias(f"{column}__part")
        )
    done = remainder.with_columns(pl.col(f"{c}__part").alias(c) for c in quanta).select(parts.columns)
    return pl.concat([parts.filter(~is_split), done])
