"""An office that writes receipts of invented submissions and findings."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl

import flows.answer.receipts
from flows.settings import Installation, Settings
from warehouse.catalogue.frames import NOTE, SUBMISSION
from warehouse.ledger.journal import Head
from warehouse.standing.changes import CHANGE
from warehouse.standing.outcomes import ASKED, SHEET, Outcome

AT = datetime(2025, 1, 11, 2, 0, tzinfo=timezone(timedelta(hours=8)))
HEAD = Head(42, "ab" * 32)
HUIMIN = "371621惠民县"


def submission(name: str = "惠民县年报.xlsx", **bent: Any) -> dict[str, Any]:
    return {
        "submission": hashlib.sha256(repr((name, bent)).encode()).hexdigest(),
        "unit_code": "371621",
        "year": 2024,
        "received_seq": 1,
        "received_at": "2025-01-10T22:30:05+08:00",
        "file_name": name,
        "run": "r1",
        "decision": "accepted",
        "file_state": bent.get("decision", "accepted"),
        "rule": None,
        "reason": None,
        "critical_count": 0,
        "warning_count": 0,
        "info_count": 0,
        "has_earlier": False,
        "is_superseded": False,
        "is_latest": True,
        "previous": None,
        "fixed_count": 0,
        "blanked_count": 0,
        "due_date": date(2025, 1, 20),
    } | bent


def finding(of: dict[str, Any], **bent: Any) -> dict[str, Any]:
    return {
        "submission": of["submission"],
        "unit_code": "371621",
        "year": 2024,
        "form": "organisation",
        "rule": "conform.unreadable_number",
        "severity": "critical",
        "sheet": "年1表",
        "cell": "F17",
        "org_name": "椒园社区",
        "field": "member_count",
        "message": "个人会员填的是“约三百”，不是数字",
        "fix": "请只填数字，不带文字和单位。",
        "finding_status": "open",
        "is_new": True,
    } | bent


class Office:
    """Writes receipts into a temporary outbox and reads them back."""

    def __init__(self, home: Path) -> None:
        place = Installation(Settings(home=home))
        self.outbox = place.home.outbox
        self.tonight = flows.answer.receipts.Office(place, HEAD, AT)

    def write(
        self,
        submissions: list[dict[str, Any]],
        findings: list[dict[str, Any]] | None = None,
        notes: list[dict[str, Any]] | None = None,
        sheets: list[dict[str, Any]] | None = None,
        changes: list[dict[str, Any]] | None = None,
    ) -> list[str]:
        counts = dict.fromkeys(("critical_count", "warning_count", "info_count"), pl.Int64)
        schema = {
            **SUBMISSION,
            **dict.fromkeys(("decision", "file_state", "rule", "reason"), pl.String),
            **counts,
        }
        schema |= {"has_earlier": pl.Boolean, "is_superseded": pl.Boolean, "is_latest": pl.Boolean}
        schema |= {
            "due_date": pl.Date,
            "previous": pl.String,
            "fixed_count": pl.Int64,
            "blanked_count": pl.Int64,
        }
        self.known = pl.DataFrame(submissions, schema=schema)
        self.paths = self.tonight.answer(
            Outcome(
                self.known,
                pl.DataFrame(findings or [], schema=ASKED),
                pl.DataFrame(notes or [], schema=NOTE),
                sheets=pl.DataFrame(sheets or [], schema=SHEET),
                changes=pl.DataFrame(changes or [], schema=CHANGE),
            )
        )
        return [path.read_text(encoding="utf-8") for path in self.paths]


def cells(text: str, line_with: str) -> list[str]:
    """The cells of the table row that contains ``line_with``."""
    [line] = [line for line in text.splitlines() if line_with in line and line.startswith("|")]
    return [cell.strip() for cell in line.strip("|").split("|")]
