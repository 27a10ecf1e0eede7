"""A single cell of a workbook as it was seen: its value, and what was told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tests.workbook_edits import save_with
from tests.workbooks import (
    FIRST,
    column,
    conformed,
    sheet,
    workbook,
)
from transforms.conforming.conform import Conformed

COUNT = column("population", "household_count")
MONEY = column("warm_action", "claim_paid_cny")
DAY = column("organisation", "term_renewed_date")


def counted(path: Path, value: Any, form: str = "population", at: int = COUNT) -> Conformed:
    """A workbook with ``value`` in the first row of a column, the household count if no other."""
    rows = sheet(form)
    rows[FIRST][at] = value
    return conformed(save_with(path / "a.xlsx", workbook(**{form: rows})))


def told(result: Conformed) -> list[tuple[str, str]]:
    """Rule and cell of the problems, without missing sheets and columns."""
    problems = result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))
    return problems.select("rule", "cell").rows()


def value(result: Conformed, form: str = "population", field: str = "household_count") -> Any:
    return result.forms[form][field][0]
