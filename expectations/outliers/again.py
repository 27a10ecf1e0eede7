"""Last year's sheet or whole workbook sent again: its columns are what they were last year, all of them."""

from __future__ import annotations

import polars as pl

MIN_COMPARED, MIN_DISTINCT, MOST_USUAL_SAME = 5, 3, 50.0
"""A column tells something when so many of its numbers are compared, so many of them differ, and it usually changes."""

MANY_DISTINCT = 8
"""So many different numbers do not all stay the same by themselves, even where no earlier years tell what is usual."""


def with_again_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``workbook_`` and ``sheet_`` scores, each with the first number of what it speaks of.

    ``_same_count``: columns that are last year's throughout; ``_same_pct``: of all that are compared. Of the workbook only
    the columns count that usually change; of a sheet all do, ``sheet_telling_count`` of which usually change.
    ``_start``: the first number, with all numbers of such columns.
    """
    usual, distinct = pl.col("column_usual_same_pct"), pl.col("column_distinct_count")
    changes_usually = usual.fill_null(0.0) <= MOST_USUAL_SAME
    compared = numbers.filter(pl.col("column_compared_count") >= MIN_COMPARED).select(
        "submission",
        "form",
        "column",
        is_same=pl.col("column_same_pct") >= 100,
        is_telling=(distinct >= MIN_DISTINCT) & changes_usually,
        is_sure=(distinct >= pl.when(usual.is_null()).then(MANY_DISTINCT).otherwise(MIN_DISTINCT))
        & changes_usually,
    )
    same, telling = pl.col("is_same"), pl.col("is_telling")
    of_workbook = compared.filter(telling).group_by("submission").agg(**_list_counts("workbook", same))
    of_sheet = compared.group_by("submission", "form").agg(
        **_list_counts("sheet", same), sheet_telling_count=(same & pl.col("is_sure")).sum().cast(pl.Float64)
    )
    of_last_year = compared.filter(same)
    with_workbook = _with_starts(numbers, "workbook", of_last_year, of_workbook, ["submission"])
    return _with_starts(with_workbook, "sheet", of_last_year, of_sheet, ["submission", "form"])


def _list_counts(kind: str, is_same: pl.Expr) -> dict[str, pl.Expr]:
    return {
        f"{kind}_same_count": is_same.sum().cast(pl.Float64),
        f"{kind}_same_pct": 100 * is_same.mean(),
    }


def _with_starts(
    numbers: pl.DataFrame, kind: str, columns: pl.DataFrame, counted: pl.DataFrame, within: list[str]
) -> pl.DataFrame:
    """``numbers`` with the start of the numbers of ``columns``, and there the scores of ``counted``."""
    same = numbers.join(columns.select("column"), on="column", how="semi").sort("form_number", "key")
    members = same.select("row", pl.col("row").first().over(within).alias(f"{kind}_start"))
    starts = same.unique(within, keep="first", maintain_order=True).select("row", *within)
    scores = starts.join(counted, on=within).drop(within)
    return (
        numbers.join(members, on="row", how="left", maintain_order="left")
        .join(scores, on="row", how="left", maintain_order="left")
        .with_columns(pl.col(f"{kind}_same_count").fill_null(0.0))
    )
