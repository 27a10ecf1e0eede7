"""What stands between a warehouse that was built beside the published one and its being put in that one's place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.clock import TIME_ZONE
from flows.health.doctor import examine_archive, examine_journal
from flows.health.health import Health
from flows.home_check import hold_for_writing
from flows.keeping.kept_objects import list_received
from flows.keeping.marks import keep_revised
from flows.publication import publish_file
from flows.settings import Home, Installation
from warehouse.ledger.journal import Journal
from warehouse.ledger.journal_head import Head
from warehouse.ledger.suppressions import note_suppressed
from warehouse.store.query import read_suppressed
from warehouse.store.soundness import checksum

BESIDE = "upgrade.duckdb"


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


def switch(installation: Installation, rehearsal: Rehearsal) -> None:
    """Put the built file in the place of the published one. UpgradeRefused when something has happened meanwhile."""
    home = installation.home
    with hold_for_writing(home) as lines:
        journal = Journal(lines)
        head = journal.head
        if head != rehearsal.head or checksum(home.whole_database) != rehearsal.published:
            raise UpgradeRefused(
                "比较之后又有作业运行或登记簿有新的记录，比较结果已不是现在的情况，没有替换。请重新运行 nianbao upgrade。"
            )
        keep_revised(home.root, rehearsal.revised)  # before: nobody may be left without an answer
        note_suppressed(
            journal,
            read_suppressed(rehearsal.file),
            installation.settings.actor,
            datetime.now(TIME_ZONE),
        )
        publish_file(rehearsal.file, home, installation.catalogue)


def discard(home: Home) -> None:
    """Remove what a rehearsal built."""
    (home.root / BESIDE).unlink(missing_ok=True)
