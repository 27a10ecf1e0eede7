"""Decides on each submission: what is known of it beside its numbers comes first, then a critical finding holds it.

The circumstances (year locked, empty, in doubt, recorded) are gathered in :func:`flows.steps.decide_batch`.
"""

from __future__ import annotations

import polars as pl

from expectations.rulebook.rulebook import SEVERITIES
from warehouse.catalogue.frames import Findings, Schema, Submissions

CIRCUMSTANCE: Schema = {
    "submission": pl.String,
    "decision": pl.String,  # accepted | held | refused
    "rule": pl.String,  # why; null where findings were why
    "reason": pl.String,  # one Chinese sentence; null where findings were why
}
"""What decides on a submission whatever its findings are: recorded already, year locked, empty, year in doubt."""

DECISION: Schema = {
    **CIRCUMSTANCE,
    **{f"{severity}_count": pl.Int64 for severity in SEVERITIES},
}


def decide(
    submissions: Submissions, findings: Findings, circumstances: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One DECISION row for every submission, in their order. Of several ``circumstances`` of a submission the first counts."""
    counts = findings.group_by("submission").agg(
        (pl.col("severity") == severity).sum().cast(pl.Int64).alias(f"{severity}_count")
        for severity in SEVERITIES
    )
    known = pl.DataFrame(schema=CIRCUMSTANCE) if circumstances is None else circumstances
    critical = pl.col("critical_count")
    by_rules = pl.when(critical > 0).then(pl.lit("held")).otherwise(pl.lit("accepted"))
    mend = pl.format("有 {} 处强制性问题，须改正后重新报送", critical)
    return (
        submissions.select("submission")
        .join(counts, on="submission", how="left", maintain_order="left")
        .with_columns(pl.col(f"{severity}_count").fill_null(0) for severity in SEVERITIES)
        .join(
            known.unique("submission", keep="first", maintain_order=True),
            on="submission",
            how="left",
            maintain_order="left",
        )
        .with_columns(decision=pl.coalesce("decision", by_rules))
        .with_columns(reason=pl.when(pl.col("decision") == "held").then(pl.coalesce("reason", mend)))
        .select(*DECISION)
    )
