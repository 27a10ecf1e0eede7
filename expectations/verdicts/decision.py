"""Decides on each submission: its circumstances decide first; then a critical finding holds it.

:func:`flows.steps.steps.decide_batch` collects the circumstances.
"""

from __future__ import annotations

import polars as pl

from expectations.rulebook.rulebook import SEVERITIES
from warehouse.catalogue.frames import Findings, Schema, Submissions

CIRCUMSTANCE: Schema = {
    "submission": pl.String,
    "decision": pl.String,  # accepted | held | refused
    "rule": pl.String,  # the reason's rule; null where findings decided
    "reason": pl.String,  # one Chinese sentence; null where findings decided
}
"""What decides on a submission regardless of its findings: recorded before, year locked, empty, year in doubt."""

DECISION: Schema = {
    **CIRCUMSTANCE,
    **{f"{severity}_count": pl.Int64 for severity in SEVERITIES},
}


def decide(
    submissions: Submissions, findings: Findings, circumstances: pl.DataFrame | None = None
) -> pl.DataFrame:
    """DECISION of every submission, in their order; the first of a submission's ``circumstances`` counts."""
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
