"""Decides on each submission: a critical finding holds it, everything else lets it pass."""

from __future__ import annotations

import polars as pl

from expectations.rulebook.rulebook import SEVERITIES
from warehouse.catalogue.frames import Schema

DECISION: Schema = {
    "submission": pl.String,
    "decision": pl.String,  # accepted | held | refused
    "critical_count": pl.Int64,
    "warning_count": pl.Int64,
    "info_count": pl.Int64,
}


def decide(
    submissions: pl.DataFrame, findings: pl.DataFrame, refusals: frozenset[str] = frozenset()
) -> pl.DataFrame:
    """One DECISION row for every submission, in their order. ``refusals`` are rule ids that refuse a whole file."""
    counts = findings.group_by("submission").agg(
        *(
            (pl.col("severity") == severity).sum().cast(pl.Int64).alias(f"{severity}_count")
            for severity in SEVERITIES
        ),
        is_refused=pl.col("rule").is_in(list(refusals)).any(),
    )
    return (
        submissions.select("submission")
        .join(counts, on="submission", how="left", maintain_order="left")
        .with_columns(pl.col(f"{severity}_count").fill_null(0) for severity in SEVERITIES)
        .with_columns(
            decision=pl.when(pl.col("is_refused").fill_null(False))
            .then(pl.lit("refused"))
            .when(pl.col("critical_count") > 0)
            .then(pl.lit("held"))
            .otherwise(pl.lit("accepted"))
        )
        .select(*DECISION)
    )
