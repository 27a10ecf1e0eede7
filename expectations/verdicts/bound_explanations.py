"""What clerks wrote into the boxes of correction workbooks, bound to the findings it speaks of.

An answer belongs to a finding of its own submission at the same place with the same values. When the values were
changed after all, or the finding is gone, it is bound to nothing and said so: it never explains another number.
"""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import ANSWER, FINDING_KEY, PROBLEM, Answers, Findings, finding_key, shaped

UNBOUND_RULE = "explanation.unbound"
"""The rule that a finding about an answer without its finding cites."""

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
