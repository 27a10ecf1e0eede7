"""Correction workbooks: a unit's own workbook again, its questions marked, in the unit's folder of the outbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from expectations.issued_workbook import write_workbook
from flows.settings import Installation
from warehouse.outcomes import Outcome
from warehouse.query import standing_entries
from warehouse.questions import given_entries, questions


def correction_name(row: dict[str, Any], printed_at: datetime) -> str:
    """``更正表_2024_20250112_1a2b3c4d.xlsx``: of which year, of which night, to which submission."""
    return f"更正表_{row['year']}_{printed_at:%Y%m%d}_{row['submission'][:8]}.xlsx"


def write_corrections(
    place: Installation, outcome: Outcome, folder: Callable[[str | None], Path], printed_at: datetime
) -> list[Path]:
    """A workbook for every latest submission of ``outcome`` with a critical or warning finding that is not settled.

    ``folder`` gives a unit's folder by its code; the paths written.
    """
    written = []
    for row in outcome.submissions.iter_rows(named=True):
        if not row["is_latest"] or row["decision"] == "refused":
            continue
        asked = questions(place.home.database, row["submission"])
        if asked.filter(pl.col("severity") != "info").is_empty():
            continue
        path = folder(row["unit_code"]) / correction_name(row, printed_at)
        write_correction(place, path, row, asked)
        written.append(path)
    return written


def write_correction(place: Installation, path: Path, row: dict[str, Any], asked: pl.DataFrame) -> None:
    """The workbook that asks ``asked`` (warehouse.questions.questions) about the submission ``row``."""
    scopes = {rule.id: rule.scope for rule in place.rulebook.rules.values()}
    received = datetime.fromisoformat(row["received_at"])
    database, catalogue = place.home.database, place.catalogue
    prior = standing_entries(database, row["unit_code"], row["year"] - 1)
    write_workbook(
        path,
        row["unit_code"],
        row["year"],
        catalogue,
        place.rulebook,
        given_entries(database, row["submission"]),
        prior or None,
        questions=asked.with_columns(
            scope=pl.col("rule").replace_strict(scopes, default=None, return_dtype=pl.String)
        ),
        answered=row["submission"],
        about=f"本表根据{received:%Y年%m月%d日 %H:%M}收到的“{row['file_name']}”（校验码 {row['submission'][:8]}）制作。",
    )
