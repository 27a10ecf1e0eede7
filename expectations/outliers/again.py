"""Scores for last year's sheet or workbook sent again: all its columns equal last year's."""

from __future__ import annotations

import polars as pl

MIN_COMPARED, MIN_DISTINCT, MOST_USUAL_SAME = 5, 3, 50.0
"""A column is telling with at least so many compared numbers, so many distinct ones, and at most so many (per cent) that
usually stay the same."""

MANY_DISTINCT = 8
"""So many distinct numbers do not all stay the same by chance, even where no earlier years show what is usual."""


def with_again_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``numbers`` with the ``workbook_`` and ``sheet_`` scores, at the first number of each workbook or sheet.

    ``_same_count``: columns equal to last year's; ``_same_pct``: their share of the compared columns. For a workbook only
    telling columns are counted; for a sheet all are, and ``sheet_telling_count`` of the equal ones are telling.
    ``_start``: the row of that first number, at every number of such columns.
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
    """``numbers`` with ``<kind>_start`` at the numbers of ``columns``, and the scores ``counted`` at that first number."""
    same = numbers.join(columns.select("column"), on="column", how="semi").sort("form_number", "key")
    members = same.select("row", pl.col("row").first().over(within).alias(f"{kind}_start"))
    starts = same.unique(within, keep="first", maintain_order=True).select("row", *within)
    scores = starts.join(counted, on=within).drop(within)
    return (
        numbers.join(members, on="row", how="left", maintain_order="left")
        .join(scores, on="row", how="left", maintain_order="left")
        .with_columns(pl.col(f"{kind}_same_count").fill_null(0.0))
    )
