"""A saved workbook, read, conformed and judged, without the wall: what a clerk would be told of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from expectations.judge import Evidence, judge_apart
from expectations.rulebook.rulebook import RuleBook, load_rules
from tests.workbooks import CATALOGUE, COUNTY, YEAR, conformed, submissions
from transforms.observing.observations import observe
from warehouse.catalogue.frames import SUBMISSION, shaped


@cache
def rulebook() -> RuleBook:
    """The rules that need no earlier year."""
    book = load_rules(None, CATALOGUE)
    return RuleBook({rule.id: rule for rule in book.rules.values() if rule.scope != "series"})


def findings(path: Path, unit_code: str = COUNTY, year: int = YEAR) -> pl.DataFrame:
    """The findings of a workbook, without those of sheets, columns and rows that small ones leave out."""
    result = conformed(path, unit_code, year)
    batch = Evidence(
        forms=result.forms,
        columns=result.columns,
        problems=result.problems,
        submissions=shaped(submissions("s", unit_code=unit_code, year=year), SUBMISSION),
        measures=observe(result, CATALOGUE).measures,
        declared_empty=result.declared_empty,
        notes=result.notes,
    )
    _, judgement = judge_apart(batch, CATALOGUE, rulebook())
    missing = ("read.missing_sheet", "read.missing_column", "form.unit_rows")
    return judgement.findings.filter(~pl.col("rule").is_in(missing))
