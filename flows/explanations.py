"""The administrator's decisions about explanations: each is written into the journal and carried out by the next night."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from flows.night import TIME_ZONE
from flows.settings import Installation
from warehouse.explanations import explanations
from warehouse.journal import Draft, Event, Journal
from warehouse.publish import writer_lock
from warehouse.review import ReviewRefused, is_locked


def decide_explanation(
    place: Installation, number: int, *, is_accepted: bool, reason: str, actor: str
) -> dict[str, object]:
    """Accept or refuse the explanation ``number``; the explanation (EXPLANATION). Refusing needs a reason."""
    with writer_lock(place.home.make().root):
        journal = Journal(place.home.journal)
        row = decidable(explanations(journal.entries()), number, is_accepted=is_accepted, reason=reason)
        if is_locked(journal.entries(), int(row["year"])):  # type: ignore[call-overload]
            raise ReviewRefused(
                f"{row['year']}年度已锁定。请先运行 nianbao review unlock --year {row['year']}。"
            )
        event = Event.EXPLANATION_ACCEPTED if is_accepted else Event.EXPLANATION_REFUSED
        about = {"explanation": number, "unit_code": row["unit_code"], "year": row["year"]}
        given = {"reason": reason.strip()} if reason.strip() else {}
        journal.append_many([Draft(event, actor, datetime.now(TIME_ZONE), None, about | given)])
        return row


def decidable(known: pl.DataFrame, number: int, *, is_accepted: bool, reason: str) -> dict[str, object]:
    """The explanation ``number`` of ``known`` (EXPLANATION), if this may be decided of it; else ReviewRefused."""
    found = known.filter(pl.col("explanation") == number)
    if found.is_empty():
        raise ReviewRefused(f"没有编号为 {number} 的说明。编号见 nianbao review explanations。")
    row = found.row(0, named=True)
    if not row["is_current"]:
        raise ReviewRefused(f"第 {number} 号说明已被填报单位后来的说明代替，请审核后来的一条。")
    if row["decision"] == ("accepted" if is_accepted else "refused"):
        raise ReviewRefused(f"第 {number} 号说明此前已{'认可' if is_accepted else '退回'}，不必重复。")
    if not is_accepted and not reason.strip():
        raise ReviewRefused("不认可说明须写明原因，填报单位要据此改正或重新说明。")
    return row
