"""Writes one Chinese sentence on which cells are most likely wrong: all smallest sets, the likeliest first."""

from __future__ import annotations

import polars as pl

from expectations.verdicts.locate_findings import ONLY_ONE

CLEAR_LEAD = 0.3
"""How much more gain (log ratio) the first set needs than the second to be called the likeliest."""


def write_sentences(ones: pl.DataFrame, twos: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """suspect, group, likely (null: no sentence), only_cell of every row of ``groups`` (suspect, group, cell_count).

    ``only_cell``: the cell where it is the only one that mends the row and no slip explains it. ``ones``, ``twos``: suspect,
    group, cells, words, has_slip, gain of every set of one cell and of two.
    """
    one, two = (_summarise_sets(sets, name) for sets, name in ((ones, "one"), (twos, "two")))
    known = groups.join(one, on=["suspect", "group"], how="left").join(
        two, on=["suspect", "group"], how="left"
    )
    single = (
        pl.when(pl.col("one_count") == 1)
        .then(
            pl.when("one_has_slip")
            .then(pl.format("最可能有误：{}。", "one_first"))
            .when(pl.col("cell_count") > 1)
            .then(pl.format(ONLY_ONE + "{}。", "one_first"))
        )
        .when("one_is_clear")
        .then(pl.format("最可能有误：{}；也可能是{}。", "one_first", "one_others"))
        .otherwise(pl.format("可能有误的是下列某一项：{}、{}。", "one_first", "one_others"))
    )
    double = (
        pl.when(pl.col("two_count") == 1)
        .then(pl.format("只改一处不能相符，有误的应是{}。", "two_first"))
        .when("two_is_clear")
        .then(pl.format("只改一处不能相符，最可能有误的是{}；也可能是{}。", "two_first", "two_others"))
        .otherwise(pl.format("只改一处不能相符，有误的可能是{}，或{}。", "two_first", "two_others"))
    )
    neither = pl.when(pl.col("cell_count") > 2).then(pl.lit("改动任何一个或两个数都不能相符，请逐项核对。"))
    return known.select(
        "suspect",
        "group",
        only_cell=pl.when((pl.col("one_count") == 1) & ~pl.col("one_has_slip")).then("one_cell"),
        likely=pl.when(pl.col("one_count") > 0)
        .then(single)
        .when(pl.col("two_count") > 0)
        .then(double)
        .otherwise(neither),
    )


def _summarise_sets(sets: pl.DataFrame, name: str) -> pl.DataFrame:
    """suspect, group and, each prefixed with ``name``: count, first, cell, others (words), has_slip, is_clear."""
    ordered = sets.with_columns(pl.col("gain").fill_null(0.0)).sort(
        "suspect", "group", "has_slip", "gain", descending=[False, False, True, True], maintain_order=True
    )
    gain = pl.col("gain")
    lead = gain.first() - gain.slice(1, 1).first()
    return (
        ordered.group_by("suspect", "group", maintain_order=True)
        .agg(
            count=pl.len(),
            first=pl.col("words").first(),
            cell=pl.col("cells").first().list.first(),
            others=pl.col("words").slice(1).str.join("、" if name == "one" else "，或"),
            has_slip=pl.col("has_slip").first(),
            is_clear=pl.col("has_slip").first() | (lead >= CLEAR_LEAD).fill_null(value=False),
        )
        .rename(lambda column: column if column in ("suspect", "group") else f"{name}_{column}")
    )
