"""The administrator's decisions: each is checked against what stands, then written into the journal.

They take effect with the next night. All of them hold the writer's lock while they write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, open_journal
from flows.settings import Installation
from warehouse.ledger.journal import Draft, Event, Journal
from warehouse.ledger.review_entries import (
    YEAR_DOUBTED,
    ReviewRefused,
    is_locked,
    list_approvals,
    list_confirmations,
    list_returns,
)
from warehouse.standing.status import list_status
from warehouse.store.query import query


@dataclass(frozen=True)
class Approved:
    """A unit whose submission was approved, and how many questions about it nobody has settled."""

    unit_name: str
    open_count: int


def approve(installation: Installation, year: int, unit_code: str | None, actor: str) -> list[Approved]:
    """Approve the standing submissions of ``year``, of one unit or of all but those returned; those newly approved."""
    _check(installation, year, unit_code)
    with _open_for_writing(installation, year) as journal:
        standing = _read_standing(installation, year)
        if unit_code is not None:
            standing = standing.filter(pl.col("unit_code") == unit_code)
        if standing.is_empty():
            raise ReviewRefused(
                f"{_name_unit(installation, unit_code)}{year}年度没有已接收的报送，不能审定。"
            )
        sent_back = list_returns(journal.entries())["submission"]
        standing = standing.remove(pl.col("submission").is_in(sent_back))
        if standing.is_empty():
            raise ReviewRefused(f"{_name_unit(installation, unit_code)}{year}年度的报送已退回，不能审定。")
        new = standing.join(list_approvals(journal.entries()), on=["unit_code", "submission"], how="anti")
        about = ("submission", "unit_code", "year")
        journal.append_many(
            [
                Draft(Event.APPROVED, actor, _now(), None, {k: row[k] for k in about})
                for row in new.iter_rows(named=True)
            ]
        )
        open_questions = query(
            installation.home.whole_database,
            "SELECT unit_code, count(*) AS open_count FROM quality.worklist WHERE year = ? GROUP BY unit_code",
            [year],
        )
        counted = new.join(open_questions, on="unit_code", how="left", maintain_order="left")
        return [Approved(row["unit_name"], row["open_count"] or 0) for row in counted.iter_rows(named=True)]


def send_back(installation: Installation, year: int, unit_code: str, reason: str, actor: str) -> str:
    """Return the latest submission of a unit's year to the unit; the name of its file."""
    _check(installation, year, unit_code)
    if not reason.strip():
        raise ReviewRefused("退回须写明原因，填报单位要据此改正。")
    with _open_for_writing(installation, year) as journal:
        latest = query(
            installation.home.whole_database,
            "FROM quality.submission WHERE year = ? AND unit_code = ? AND is_latest",
            [year, unit_code],
        )
        if latest.is_empty():
            raise ReviewRefused(f"{_name_unit(installation, unit_code)}{year}年度没有可退回的报送。")
        row = latest.row(0, named=True)
        if row["submission"] in set(list_returns(journal.entries())["submission"]):
            raise ReviewRefused(f"“{row['file_name']}”已经退回，不必重复退回。")
        about = {k: row[k] for k in ("submission", "unit_code", "year")}
        journal.append(Event.RETURNED, actor, _now(), **about, reason=reason.strip())
        return str(row["file_name"])


def confirm_year(installation: Installation, year: int, unit_code: str, actor: str) -> str:
    """Say that the last submission of a unit whose past year was doubted is meant for that year; the name of its file."""
    _check(installation, year, unit_code)
    with _open_for_writing(installation, year) as journal:
        doubted = query(
            installation.home.whole_database,
            """FROM quality.submission WHERE year = ? AND unit_code = ? AND rule = ?
               ORDER BY received_seq DESC LIMIT 1""",
            [year, unit_code, YEAR_DOUBTED],
        )
        if doubted.is_empty():
            raise ReviewRefused(f"{_name_unit(installation, unit_code)}{year}年度没有年度有疑的报送。")
        row = doubted.row(0, named=True)
        if row["submission"] in set(list_confirmations(journal.entries())["submission"]):
            raise ReviewRefused(f"“{row['file_name']}”的年度已经确认，不必重复确认。")
        if row["critical_count"]:
            raise ReviewRefused(
                f"“{row['file_name']}”还有{row['critical_count']}处强制性问题，不能入库，请退回填报单位改正后重新报送。"
            )
        about = {k: row[k] for k in ("submission", "unit_code", "year")}
        journal.append(Event.YEAR_CONFIRMED, actor, _now(), **about)
        return str(row["file_name"])


def list_outstanding_units(installation: Installation, year: int) -> list[str]:
    """The names of the units that owe ``year`` an accepted report."""
    _check(installation, year)
    frame = list_status(installation.home.whole_database, year, installation.catalogue)
    return frame.remove("has_standing")["unit_name"].to_list()


def lock(installation: Installation, year: int, actor: str, *, unlock: bool = False) -> None:
    """Lock ``year`` against further submissions, or unlock it."""
    _check(installation, year)
    with hold_for_writing(installation.home.make()) as lines:
        journal = open_journal(lines, installation.home)
        if is_locked(journal.entries(), year) is not unlock:
            raise ReviewRefused(f"{year}年度{'没有' if unlock else '已经'}锁定，无须再操作。")
        journal.append(Event.UNLOCKED if unlock else Event.LOCKED, actor, _now(), year=year)


def _check(installation: Installation, year: int, unit_code: str | None = None) -> None:
    """Refuse a year that is not reported and a unit that does not report in it."""
    if sentence := installation.catalogue.explain_not_reported(year, unit_code):
        raise ReviewRefused(sentence)


@contextmanager
def _open_for_writing(installation: Installation, year: int) -> Iterator[Journal]:
    """The journal, held for writing, of an installation whose ``year`` is not locked."""
    with hold_for_writing(installation.home.make()) as lines:
        journal = open_journal(lines, installation.home)
        if is_locked(journal.entries(), year):
            raise ReviewRefused(f"{year}年度已锁定。请先运行 nianbao review unlock --year {year}。")
        yield journal


def _read_standing(installation: Installation, year: int) -> pl.DataFrame:
    return query(
        installation.home.whole_database,
        "FROM quality.submission WHERE year = ? AND is_standing ORDER BY unit_code",
        [year],
    )


def _name_unit(installation: Installation, unit_code: str | None) -> str:
    units = installation.catalogue.registry.all_units.filter(pl.col("org_code") == unit_code)
    return str(units["name"][0]) if units.height else unit_code or ""


def _now() -> datetime:
    return datetime.now(TIME_ZONE)
