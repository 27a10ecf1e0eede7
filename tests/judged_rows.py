"""Rows bent in one thing, and what judging finds in them."""

from __future__ import annotations

from typing import Any

import polars as pl

import expectations.judge as judging
from expectations.judge import Evidence, examine, judge, judge_apart
from expectations.rulebook.rulebook import RuleBook
from tests.judged_batches import (
    COUNTY,
    YEAR,
    Rows,
    batch_of,
    catalogue,
    first,
    rulebook,
    valid_rows,
)

ME = f"{COUNTY}-{YEAR}"


def found(batch: Evidence) -> pl.DataFrame:
    return examine(batch, catalogue(), rulebook())[1]


def judged(batch: Evidence, book: RuleBook | None = None, *, is_gated: bool = True) -> judging.Judgement:
    step = judge if is_gated else lambda *given: judge_apart(*given)[1]
    return step(batch, catalogue(), book or rulebook())


def bent(form: str, level: str | None = None, **values: Any) -> Rows:
    rows = valid_rows(form)
    first(rows, form, level).update(values)
    return rows


def rules_of(rows: Rows, **more: Any) -> list[str]:
    return sorted(found(batch_of(rows, **more))["rule"])


def the_finding(rows: Rows, rule: str, **more: Any) -> dict[str, Any]:
    findings = found(batch_of(rows, **more)).filter(pl.col("rule") == rule)
    assert findings.height == 1, findings["message"].to_list()
    return findings.row(0, named=True)
