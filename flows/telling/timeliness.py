"""A circular 通报 on how timely the units reported: a page the administrator may send to everybody."""

from __future__ import annotations

from datetime import date

import polars as pl

from warehouse.words.day_words import day_words
from warehouse.words.templates import render_text


def write_timeliness(year: int, status: pl.DataFrame, association: str, today: date) -> str:
    """The circular as Markdown. ``status``: warehouse.standing.status.list_status of ``year``."""
    rows = [
        {
            "unit_name": row["unit_name"],
            "due": day_words(row["due_date"]),
            "timeliness": _describe_timeliness(row, today),
            "status": row["status"],
        }
        for row in status.iter_rows(named=True)
    ]
    reported = status.filter("is_reported")
    on_time = int(reported["is_on_time"].fill_null(value=False).sum())
    return render_text(
        "flows.telling",
        "timeliness.md",
        association=association,
        year=year,
        day=day_words(today),
        expected_count=status.height,
        on_time_count=on_time,
        late_count=reported.height - on_time,
        missing=status.remove("is_reported")["unit_name"].to_list(),
        rows=rows,
    )


def _describe_timeliness(row: dict[str, object], today: date) -> str:
    if row["is_reported"]:
        return "按时报送" if row["is_on_time"] else "逾期报送"
    due = row["due_date"]
    assert isinstance(due, date), "whoever is expected to report is due on a day"
    days = (today - due).days
    return f"未报送，已逾期{days}天" if days > 0 else "未报送，未到期"
