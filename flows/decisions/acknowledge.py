"""The administrator wants to hear no more of an open matter, or not before a day: written into the journal."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing
from flows.settings import Installation
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.review_entries import ReviewRefused


def acknowledge(
    installation: Installation,
    matters: pl.DataFrame,
    actor: str,
    *,
    matter: str | None,
    unit: str | None,
    rule: str | None,
    until: date | None,
    is_taken_back: bool = False,
) -> int:
    """Acknowledge the open ``matters`` (MATTER) of an id, a unit, a rule; how many there are now. ReviewRefused.

    What is selected by unit or rule also holds for what comes later. ``is_taken_back``: they are told again from the next
    day on, as is what was acknowledged until then.
    """
    if matter is None and unit is None and rule is None:
        raise ReviewRefused("请写明事项编号，或用 --unit、--rule 写明哪些事项。")
    now = datetime.now(TIME_ZONE)
    if is_taken_back:
        until = now.date() + timedelta(days=1)
    if until is not None and until <= now.date():
        raise ReviewRefused(f"截止日 {until} 应晚于今天。")
    found = matters
    for name, value in (("unit_code", unit), ("rule", rule)):
        found = found.filter(pl.col(name) == value) if value else found
    found = found.filter(pl.col("matter").str.starts_with(matter)) if matter else found
    if found.is_empty():
        raise ReviewRefused("没有这样的待处理事项，请运行 nianbao matters 查看。")
    says = {
        "matter": matter,
        "unit_code": unit,
        "rule": rule,
        "until": until.isoformat() if until else None,
    }
    with hold_for_writing(installation.home) as lines:
        Journal(lines).append(
            Event.ACKNOWLEDGED, actor, now, **{name: value for name, value in says.items() if value}
        )
    return found.height
