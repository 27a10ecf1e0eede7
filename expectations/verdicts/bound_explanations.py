"""Binds the answers in correction workbooks to the findings they explain.

An answer belongs to the finding of its submission with the same FINDING_KEY and the same operands. Where the values were
changed or the finding is gone, the answer becomes a problem: it never explains another number.
"""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import ANSWER, FINDING_KEY, PROBLEM, Answers, Findings, finding_key, shaped

UNBOUND_RULE = "explanation.unbound"
"""The rule of the problem that an answer has no finding."""

_KEY = ("submission", *FINDING_KEY, "operands")


def bind_answers(answers: Answers, findings: Findings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ANSWER rows whose finding (a warning or a hint) is in ``findings``, and PROBLEM rows for the others."""
    asked = findings.filter(pl.col("severity") != "critical").select(
        "submission", *finding_key(findings), pl.col("operands").fill_null("")
    )
    last = answers.unique(list(_KEY), keep="last", maintain_order=True)
    bound = last.join(asked, on=list(_KEY), how="semi", maintain_order="left")
    loose = last.join(asked, on=list(_KEY), how="anti", maintain_order="left")
    problems = loose.select("submission", "sheet", "cell", rule=pl.lit(UNBOUND_RULE), value="text")
    return shaped(bound, ANSWER), shaped(problems, PROBLEM)
