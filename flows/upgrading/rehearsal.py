"""The warehouse as this version of program and catalogue makes it, built beside the published one, and what differs.

A rehearsal is a night that replays the archive with the journal read-only: nothing is received, decided, answered or
published. The file that it leaves may be put in the place of the published one as long as nothing else has happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.clock import TIME_ZONE
from flows.health.doctor import Health, examine_archive, examine_journal
from flows.home_check import remove_leftovers, require_fit
from flows.intake import OnDone
from flows.keeping.kept_objects import list_received
from flows.keeping.marks import keep_revised
from flows.night import Night, Record
from flows.nightly import fill_build
from flows.publication import finish_build, open_build
from flows.settings import Home, Installation
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Journal
from warehouse.ledger.journal_head import Head
from warehouse.standing.moved_numbers import compare_counts, count_rows, find_moved_numbers, read_numbers
from warehouse.store.publish import publish, writer_lock
from warehouse.store.query import QueryError
from warehouse.store.soundness import checksum

_BESIDE = "upgrade.duckdb"


class UpgradeRefused(Exception):
    """An upgrade that cannot be carried out; one Chinese sentence with what to do. Nothing was changed."""


@dataclass(frozen=True)
class Rehearsal:
    """A warehouse built beside the published one: ``numbers`` (MOVED_NUMBER) and ``counts`` (COUNT) that differ.

    ``head`` and ``published`` say what it was compared with: the journal's head, the published file's checksum.
    ``number_count``: how many numbers were compared; ``revised``: submissions whose findings are others.
    """

    file: Path
    head: Head
    published: str
    numbers: pl.DataFrame
    counts: pl.DataFrame
    number_count: int
    revised: list[str]

    @property
    def has_moved(self) -> bool:
        """Whether anything differs."""
        counted = self.counts.filter(pl.col("old") != pl.col("new"))
        return bool(self.numbers.height or counted.height or self.revised)


def examine_truth(installation: Installation) -> Health:
    """Whether journal and archive are whole, from which all is built. UpgradeRefused when they are not."""
    health = Health()
    journal = examine_journal(installation, health)
    if journal is None or not examine_archive(installation, list_received(journal), health):
        why = " ".join(health.problems) or f"登记簿 {installation.home.journal} 不存在。"
        raise UpgradeRefused(f"登记簿或档案有问题，没有升级，数据仓库未改动：{why}")
    return health


def rehearse(installation: Installation, on_done: OnDone | None = None) -> Rehearsal:
    """Build and compare. UpgradeRefused, WarehouseMissing, and whatever a night raises; nothing is left behind then."""
    home = installation.home
    with _open_rehearsal(installation) as night:
        before = _read_published(home.database)
        published = checksum(home.database)
        with open_build(night) as build:
            fill_build(night, build, on_done)
            finish_build(night, build)
        beside = home.root / _BESIDE
        home.building.replace(beside)
    try:
        numbers, counts = before
        now = read_numbers(beside)
        return Rehearsal(
            file=beside,
            head=night.journal.head,
            published=published,
            numbers=find_moved_numbers(numbers, now),
            counts=compare_counts(counts, count_rows(beside)),
            number_count=now.height,
            revised=night.record.revised,
        )
    except BaseException:
        discard(home)
        raise


@contextmanager
def _open_rehearsal(installation: Installation) -> Iterator[Night]:
    home = installation.home
    require_fit(home)
    with writer_lock(home.root):
        remove_leftovers(home)
        at = datetime.now(TIME_ZONE)
        yield Night(
            installation,
            Journal(home.journal, read_only=True),
            Archive(home.archive),
            at,
            at.strftime("%Y%m%dT%H%M%S%f"),
            is_from_scratch=True,
            is_anew=True,
            record=Record(),
        )


def _read_published(database: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    try:
        return read_numbers(database), count_rows(database)
    except QueryError as error:
        raise UpgradeRefused(
            "已发布的数据仓库读不出指标数值，无法比较，没有升级。请运行 nianbao doctor 检查；"
            "不需要比较的，请运行 nianbao rebuild 直接重建。"
        ) from error


def switch(installation: Installation, rehearsal: Rehearsal) -> None:
    """Put the built file in the place of the published one. UpgradeRefused when something has happened meanwhile."""
    home = installation.home
    with writer_lock(home.root):
        head = Journal(home.journal, read_only=True).head
        if head != rehearsal.head or checksum(home.database) != rehearsal.published:
            raise UpgradeRefused(
                "比较之后又有作业运行或登记簿有新的记录，比较结果已不是现在的情况，没有替换。请重新运行 nianbao upgrade。"
            )
        keep_revised(home.root, rehearsal.revised)  # before: nobody may be left without an answer
        publish(rehearsal.file, home.database)


def discard(home: Home) -> None:
    """Remove what a rehearsal built."""
    (home.root / _BESIDE).unlink(missing_ok=True)
