"""Scores of numbers entered for each other: two columns of a form, two cells of a row, two units.

Each function pairs what fits badly within a submission and keeps the pairs that fit much better when exchanged; see
:mod:`expectations.outliers.misfit`.
"""

from __future__ import annotations

import polars as pl

from expectations.outliers.misfit import cost

BAD_COLUMN, BAD_CELL, BAD_LINE = 1.0, 3.0, 6.0
"""The cost from which on a column (mean), a cell, a row (sum) is a candidate."""

MOST_LINES = 40
"""At most so many badly fitting rows of a level are paired; more of them have another cause."""

MIN_CELLS = 4
"""The fewest numbers (of both columns) that make an exchange of columns rather than two single mistakes."""

ROW_GAIN = 8.0
"""The gain that a row needs to join a block of rows that exchange the same two columns."""

_CELL = ("row", "submission", "form", "measure", "label", "unit", "org_code", "org_name", "org_level", "line")
_NUMBER = ("key", "log", "wanted", "noise", "cost", "value", "previous_value")


def with_swap_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``swap_`` scores: two columns of a form filled in for each other, at all levels of the form together.

    ``swap_gain``: the gain; ``swap_fit``: the mean cost after the exchange; ``swap_count``: rows.
    """
    bad = _select_ill_fitting(numbers, ["submission", "form", "measure"], pl.col("cost").mean() >= BAD_COLUMN)
    pairs = _pair_numbers(bad, bad, on=["line"]).filter(pl.col("key") < pl.col("key_other"))
    scored = pairs.group_by("submission", "form", "measure", "measure_other", maintain_order=True).agg(
        gain=_gain().sum(),
        fit=_cost_after_swap().mean() / 2,
        count=pl.len().cast(pl.Float64),
        moved=(_distance() > 0).sum(),
        other=pl.col("label_other").first(),
        rows=pl.concat([pl.col("row"), pl.col("row_other")]),
    )
    best = _keep_best_pairs(
        scored.filter(pl.col("moved") * 2 >= MIN_CELLS), "measure", "measure_other", ["submission", "form"]
    )
    return with_block(numbers, "swap", best.select("gain", "fit", "count", "other", "rows"))


def with_cross_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``cross_`` scores: two cells of a row filled in for each other, in one row or in several of a form.

    As :func:`with_swap_scores`; ``cross_ratio``: the smallest ratio of the two numbers in a row; ``cross_count``: rows.
    """
    bad = numbers.filter(pl.col("cost") >= BAD_CELL)
    pairs = _pair_numbers(bad, bad, on=["line"]).filter(pl.col("key") < pl.col("key_other"))
    scored = pairs.select(
        "submission",
        "form",
        "org_level",
        "org_name",
        "line",
        "key",
        "measure",
        "measure_other",
        gain=_gain(),
        fit=_cost_after_swap() / 2,
        ratio=_distance().exp(),
        other=pl.col("label_other"),
        other_unit=pl.col("unit_other"),
        other_value=pl.col("value_other"),
        other_previous=pl.col("previous_value_other"),
        rows=pl.concat_list("row", "row_other"),
    )
    best = _keep_best_pairs(scored, "measure", "measure_other", ["line"]).sort("key", maintain_order=True)
    alike = ["submission", "form", "org_level", "measure", "measure_other"]
    # A row with a small gain is a block of its own.
    own = pl.when(pl.col("gain") >= ROW_GAIN).then(pl.lit(0)).otherwise(pl.col("line") + 1)
    blocks = best.group_by(*alike, own.alias("own"), maintain_order=True).agg(
        pl.col("gain").sum(),
        pl.col("fit").mean(),
        pl.col("ratio").min(),
        pl.len().cast(pl.Float64).alias("count"),
        pl.col("org_name").slice(1).alias("names"),
        pl.col("other", "other_unit", "other_value", "other_previous").first(),
        pl.col("rows").explode(),
    )
    return with_block(numbers, "cross", blocks.drop(*alike, "own"))


def with_exchange_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``exchange_`` scores: two units of a level whose numbers stand in each other's rows, in one form or in several.

    ``exchange_share``: the share of the two units' cost that the exchange removes.
    """
    lines = (
        numbers.drop_nulls("cost")
        .group_by("submission", "form", "org_level", "line")
        .agg(pl.col("cost").sum())
        .filter(pl.col("cost") >= BAD_LINE)
        .sort("cost", "line", descending=[True, False])
        .group_by("submission", "form", "org_level", maintain_order=True)
        .head(MOST_LINES)
    )
    bad = numbers.join(lines.select("line"), on="line", how="semi")
    pairs = _pair_numbers(bad, bad, on=["submission", "form", "org_level", "measure"]).filter(
        pl.col("org_code") < pl.col("org_code_other")
    )
    of_form = pairs.group_by(
        "submission", "form", "org_code", "org_code_other", "org_name", "org_name_other", maintain_order=True
    ).agg(
        gain=_gain().sum(),
        left=_cost_after_swap().sum(),
        count=pl.len(),
        moved=(_distance() > 0).sum(),
        rows=pl.concat([pl.col("row"), pl.col("row_other")]),
    )
    # Only the forms of a pair that the exchange improves; the others are right or have another mistake.
    together = (
        of_form.filter(pl.col("gain") > pl.col("left"))
        .group_by("submission", "org_code", "org_code_other", maintain_order=True)
        .agg(
            gain=pl.col("gain").sum(),
            fit=pl.col("left").sum() / pl.col("count").sum() / 2,
            share=pl.col("gain").sum() / (pl.col("gain") + pl.col("left")).sum(),
            count=(pl.col("moved").sum()).cast(pl.Float64),
            other=pl.col("org_name_other").first(),
            rows=pl.col("rows").explode(),
        )
    )
    best = _keep_best_pairs(together, "org_code", "org_code_other", ["submission"])
    return with_block(numbers, "exchange", best.select("gain", "fit", "share", "count", "other", "rows"))


def with_block(numbers: pl.DataFrame, kind: str, blocks: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with ``<kind>_start`` at every number of a block and the block's scores at its first number.

    ``blocks``: ``gain``, other scores, and ``rows`` (of the numbers). Elsewhere ``<kind>_gain`` is 0.
    """
    members = (
        blocks.select("gain", "rows")
        .with_row_index("block")
        .explode("rows")
        .rename({"rows": "row"})
        .sort("gain", "block", "row", descending=[True, False, False])
        .unique("row", keep="first", maintain_order=True)
        .join(numbers.select("row", "form_number", "key"), on="row")
        .sort("block", "form_number", "key")
        .with_columns(start=pl.col("row").first().over("block"))
    )
    scores = (
        blocks.drop("rows")
        .with_row_index("block")
        .join(members.select("block", row="start").unique(), on="block")
        .drop("block")
    )
    named = scores.rename({name: f"{kind}_{name}" for name in scores.columns if name != "row"})
    return (
        numbers.join(
            members.select("row", pl.col("start").alias(f"{kind}_start")),
            on="row",
            how="left",
            maintain_order="left",
        )
        .join(named, on="row", how="left", maintain_order="left")
        .with_columns(pl.col(f"{kind}_gain").fill_null(0.0))
    )


def _select_ill_fitting(numbers: pl.DataFrame, alike: list[str], is_bad: pl.Expr) -> pl.DataFrame:
    columns = numbers.drop_nulls("cost").group_by(alike).agg(is_bad=is_bad).filter("is_bad")
    return numbers.join(columns, on=alike, how="semi")


def _pair_numbers(one: pl.DataFrame, other: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Every pair of a number of ``one`` and a number of ``other`` with the same ``on``, both with a cost."""
    names = [name for name in (*_CELL, *_NUMBER) if name not in on]
    left, right = (frame.drop_nulls("cost").select(*on, *names) for frame in (one, other))
    return left.join(right, on=on, suffix="_other")


def _cost_after_swap() -> pl.Expr:
    """The cost of two numbers after they are exchanged."""
    return cost(pl.col("log"), pl.col("wanted_other"), pl.col("noise_other")) + cost(
        pl.col("log_other"), pl.col("wanted"), pl.col("noise")
    )


def _gain() -> pl.Expr:
    return pl.col("cost") + pl.col("cost_other") - _cost_after_swap()


def _distance() -> pl.Expr:
    return (pl.col("log") - pl.col("log_other")).abs()


def _keep_best_pairs(pairs: pl.DataFrame, one: str, other: str, within: list[str]) -> pl.DataFrame:
    """The pairs that are the best pair of both their sides."""
    pairs = pairs.filter(pl.col("gain") > 0)
    sides = pl.concat([pairs.select(*within, "gain", side=one), pairs.select(*within, "gain", side=other)])
    best = sides.group_by(*within, "side").agg(best=pl.col("gain").max())
    return (
        pairs.join(best, left_on=[*within, one], right_on=[*within, "side"])
        .join(best, left_on=[*within, other], right_on=[*within, "side"], suffix="_other")
        .filter(pl.col("gain") >= pl.col("best"), pl.col("gain") >= pl.col("best_other"))
        .drop("best", "best_other")
    )
