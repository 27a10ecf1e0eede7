"""The administrator's decisions on submissions and years in the journal.

A submission is returned (退回), a unit's standing submission of a year approved (审定), a year locked or unlocked. Each
decision is one entry of the journal; the next night applies it to the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from warehouse.ledger.journal import Entry, Event
from warehouse.words.personal_numbers import mask_numbers

EXPLANATION_DECISIONS = frozenset({Event.EXPLANATION_ACCEPTED, Event.EXPLANATION_REFUSED})
REVIEWS = EXPLANATION_DECISIONS | {
    Event.RETURNED, Event.YEAR_CONFIRMED, Event.APPROVED, Event.LOCKED, Event.UNLOCKED, Event.RELEASED,
}  # fmt: skip

YEAR_LOCKED, EMPTY, RETURNED = "held.year_locked", "held.empty", "held.returned"
YEAR_DOUBTED = "held.year_doubted"
"""Reasons other than findings to hold a submission: ``rule`` of quality.submission_log (quality.turn reads them)."""

EMPTY_WORDS = "本工作簿没有填写任何数，请填写后报送。"
"""The sentence to a unit whose workbook nobody filled in."""


class ReviewRefused(Exception):
    """The decision is not possible; one Chinese sentence with what to do."""


def is_locked(entries: Iterable[Entry], year: int) -> bool:
    """Whether ``year`` is locked: submissions received from now on are held."""
    turns = [e.event for e in entries if e.event in (Event.LOCKED, Event.UNLOCKED) and e.year == year]
    return bool(turns) and turns[-1] == Event.LOCKED


def list_approvals(entries: Iterable[Entry]) -> pl.DataFrame:
    """Approved submissions: year, unit_code, submission (key). One holds as long as that submission stands."""
    return pl.DataFrame(
        [(e.year, e.unit_code, e.submission) for e in entries if e.event == Event.APPROVED],
        schema={"year": pl.Int32, "unit_code": pl.String, "submission": pl.String},
        orient="row",
    ).unique(maintain_order=True)


def list_returns(entries: Iterable[Entry]) -> pl.DataFrame:
    """Returned submissions as decisions: submission (key), decision (held), reason, rule (RETURNED)."""
    return pl.DataFrame(
        [
            (e.submission, "held", explain_return(mask_numbers(str(e.payload["reason"]))), RETURNED)
            for e in entries
            if e.event == Event.RETURNED
        ],
        schema=dict.fromkeys(("submission", "decision", "reason", "rule"), pl.String),
        orient="row",
    ).unique("submission", keep="last", maintain_order=True)


def list_confirmations(entries: Iterable[Entry]) -> pl.DataFrame:
    """Confirmed submissions of a past year as decisions: submission (key), decision (accepted), reason, rule (null)."""
    return pl.DataFrame(
        [(e.submission, "accepted", None, None) for e in entries if e.event == Event.YEAR_CONFIRMED],
        schema=dict.fromkeys(("submission", "decision", "reason", "rule"), pl.String),
        orient="row",
    ).unique("submission", keep="last", maintain_order=True)


def explain_doubted_year(year: int, current: int) -> str:
    """The sentence to a unit whose workbook has a past year on its cover for which a report is accepted."""
    return (
        f"封面写的是{year}年度，贵单位{year}年度报表已接收，现在报送的是{current}年度。"
        f"如为{current}年度报表，请把封面的报告年度改为{current}后重新报送；"
        f"确为更正{year}年度的，请与市级联系，由市级确认后入库，不必重新报送。"
    )


def explain_return(reason: str) -> str:
    """The sentence to a unit whose workbook is returned."""
    return f"市级退回原因：{reason.rstrip('。')}。请按该意见处理后重新报送。"


def explain_locked_year(year: int) -> str:
    """The sentence to a unit whose workbook came after the year was locked."""
    return f"{year}年度数据已锁定，本次报送未入库。确需更正的，请先联系市级管理员解锁，再另行保存并重新报送。"
