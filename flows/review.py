"""The administrator's decisions: each is checked against what stands, then written into the journal.

They take effect with the next night. All of them hold the writer's lock while they write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import polars as pl

from flows.night import TIME_ZONE
from flows.settings import Installation
from warehouse.journal import Draft, Event, Journal
from warehouse.publish import writer_lock
from warehouse.query import query
from warehouse.review import ReviewRefused, approvals, is_locked, returns


def approve(place: Installation, year: int, unit_code: str | None, actor: str) -> list[str]:
    """Approve the standing submissions of ``year``, of one unit or of all; the names of the units newly approved."""
    with _writing(place, year) as journal:
        standing = _standing(place, year)
        if unit_code is not None:
            standing = standing.filter(pl.col("unit_code") == unit_code)
        if standing.is_empty():
            raise ReviewRefused(f"{_whose(place, unit_code)}{year}年度没有已接收的报送，不能审定。")
        new = standing.join(approvals(journal.entries()), on=["unit_code", "submission"], how="anti")
        about = ("submission", "unit_code", "year")
        journal.append_many(
            [
                Draft(Event.APPROVED, actor, _now(), None, {k: row[k] for k in about})
                for row in new.iter_rows(named=True)
            ]
        )
        return new["unit_name"].to_list()


def send_back(place: Installation, year: int, unit_code: str, reason: str, actor: str) -> str:
    """Return the latest submission of a unit's year to the unit; the name of its file."""
    if not reason.strip():
        raise ReviewRefused("退回须写明原因，填报单位要据此改正。")
    with _writing(place, year) as journal:
        latest = query(
            place.home.database,
            "FROM quality.submission WHERE year = ? AND unit_code = ? AND is_latest AND decision <> 'refused'",
            [year, unit_code],
        )
        if latest.is_empty():
            raise ReviewRefused(f"{_whose(place, unit_code)}{year}年度没有可退回的报送。")
        row = latest.row(0, named=True)
        if row["submission"] in set(returns(journal.entries())["submission"]):
            raise ReviewRefused(f"“{row['file_name']}”已经退回，不必重复退回。")
        about = {k: row[k] for k in ("submission", "unit_code", "year")}
        journal.append(Event.RETURNED, actor, _now(), **about, reason=reason.strip())
        return str(row["file_name"])


def lock(place: Installation, year: int, actor: str, *, unlock: bool = False) -> None:
    """Lock ``year`` against further submissions, or unlock it."""
    settings = place.catalogue.settings
    if not settings.first_year <= year <= settings.last_year:
        raise ReviewRefused(f"报告年度应在{settings.first_year}至{settings.last_year}之间，填的是{year}。")
    with writer_lock(place.home.make().root):
        journal = Journal(place.home.journal)
        if is_locked(journal.entries(), year) is not unlock:
            raise ReviewRefused(f"{year}年度{'没有' if unlock else '已经'}锁定，无须再操作。")
        journal.append(Event.UNLOCKED if unlock else Event.LOCKED, actor, _now(), year=year)


@contextmanager
def _writing(place: Installation, year: int) -> Iterator[Journal]:
    """The journal, held for writing, of an installation whose ``year`` is not locked."""
    with writer_lock(place.home.make().root):
        journal = Journal(place.home.journal)
        if is_locked(journal.entries(), year):
            raise ReviewRefused(f"{year}年度已锁定。请先运行 nianbao review unlock --year {year}。")
        yield journal


def _standing(place: Installation, year: int) -> pl.DataFrame:
    return query(
        place.home.database,
        "FROM quality.submission WHERE year = ? AND is_standing ORDER BY unit_code",
        [year],
    )


def _whose(place: Installation, unit_code: str | None) -> str:
    units = place.catalogue.registry.all_units.filter(pl.col("org_code") == unit_code)
    return str(units["name"][0]) if units.height else unit_code or ""


def _now() -> datetime:
    return datetime.now(TIME_ZONE)
