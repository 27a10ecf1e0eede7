"""Last year's whole workbook sent again: its columns are what they were last year, all of them."""

from __future__ import annotations

import polars as pl

MIN_COMPARED, MIN_DISTINCT, MOST_USUAL_SAME = 5, 3, 50.0
"""A column tells something when so many of its numbers are compared, so many of them differ, and it usually changes."""


def with_workbook_scores(numbers: pl.DataFrame) -> pl.DataFrame:
    """``workbook_same_count``: columns that are last year's throughout, of those that usually change; ``_pct``: of all these.

    They stand with the first number of the submission; ``workbook_start`` with all numbers of such columns.
    """
    is_telling = (
        (pl.col("column_compared_count") >= MIN_COMPARED)
        & (pl.col("column_distinct_count") >= MIN_DISTINCT)
        & (pl.col("column_usual_same_pct").fill_null(0.0) <= MOST_USUAL_SAME)
    )
    telling = numbers.filter(is_telling).select("submission", "column", same=pl.col("column_same_pct") >= 100)
    counted = telling.group_by("submission").agg(
        workbook_same_count=pl.col("same").sum().cast(pl.Float64),
        workbook_same_pct=100 * pl.col("same").mean(),
    )
    same = numbers.join(telling.filter("same"), on="column", how="semi").sort("form_number", "key")
    members = same.select("row", workbook_start=pl.col("row").first().over("submission"))
    starts = (
        same.unique("submission", keep="first", maintain_order=True)
        .select("row", "submission")
        .join(counted, on="submission")
        .drop("submission")
    )
    return (
        numbers.join(members, on="row", how="left", maintain_order="left")
        .join(starts, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("workbook_same_count").fill_null(0.0))
    )
