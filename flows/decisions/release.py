"""The administrator gives what is published now a name, by which it can be asked for later."""

from __future__ import annotations

import re
from datetime import datetime

from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, open_journal
from flows.settings import Installation
from warehouse.ledger.journal import Event
from warehouse.ledger.releases import list_releases
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.store.query import read_last_published

_A_MOMENT = re.compile(r"\d{4}-\d{2}(-\d{2}.*)?")
_LONGEST = 40


def release(installation: Installation, name: str, actor: str) -> datetime:
    """Name the published figures; when they were published (Beijing time). ReviewRefused, WarehouseMissing."""
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable() or "'" in name:
        raise ReviewRefused(f"版本名称应为 1—{_LONGEST} 个字，不含引号，如 2024-终报。")
    if _A_MOMENT.fullmatch(name):
        raise ReviewRefused(f"版本名称“{name}”与日期无法区分，请写如 2024-终报。")
    published = read_last_published(installation.home.database)
    with hold_for_writing(installation.home.make()) as lines:
        journal = open_journal(lines, installation.home)
        if name in list_releases(journal.entries())["release"]:
            raise ReviewRefused(f"版本名称“{name}”已经用过，请另取一个。")
        journal.append(Event.RELEASED, actor, datetime.now(TIME_ZONE), name=name)
    return published
