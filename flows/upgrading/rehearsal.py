"""The warehouse as this version of program and catalogue makes it, built beside the published one, and what differs.

A rehearsal is a night that replays the archive with the journal read-only: nothing is received, decided, answered or
published. The file that it leaves may be put in the place of the published one as long as nothing else has happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, remove_leftovers, require_fit
from flows.night import Night, Record
from flows.nightly import fill_build
from flows.partitions.part_runner import OnDone, open_parts
from flows.publication import finish_build, open_build
from flows.settings import Installation
from flows.upgrading.switching import BESIDE, Rehearsal, UpgradeRefused, discard
from warehouse.ledger.journal import Journal
from warehouse.standing.moved_numbers import compare_counts, count_rows, find_moved_numbers, read_numbers
from warehouse.store.publish import build_path
from warehouse.store.query import QueryError
from warehouse.store.redaction.published_copy import write_published_copy
from warehouse.store.soundness import checksum


def rehearse(installation: Installation, on_done: OnDone | None = None) -> Rehearsal:
    """Build and compare. UpgradeRefused, WarehouseMissing, and whatever a night raises; nothing is left behind then."""
    home = installation.home
    with _open_rehearsal(installation) as night:
        before = _read_published(home.database)
        published = checksum(home.whole_database)
        with open_build(night) as build, open_parts(installation.settings) as parts:
            fill_build(night, build, parts, on_done)
            finish_build(night, build)
        beside = home.root / BESIDE
        home.building.replace(beside)
    try:
        numbers, counts = before
        now = _read_as_published(beside, installation)
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
    with hold_for_writing(home) as lines:
        remove_leftovers(home)
        at = datetime.now(TIME_ZONE)
        yield Night(
            installation,
            Journal(lines, read_only=True),
            home.find_archive(),
            at,
            at.strftime("%Y%m%dT%H%M%S%f"),
            is_from_scratch=True,
            is_anew=True,
            record=Record(),
        )


def _read_as_published(whole: Path, installation: Installation) -> pl.DataFrame:
    """NUMBER of a built warehouse, as everybody would read it."""
    copy = build_path(whole)
    try:
        write_published_copy(whole, copy, installation.catalogue)
        return read_numbers(copy)
    finally:
        copy.unlink(missing_ok=True)


def _read_published(database: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    try:
        return read_numbers(database), count_rows(database)
    except QueryError as error:
        raise UpgradeRefused(
            "已发布的数据仓库读不出指标数值，无法比较，没有升级。请运行 nianbao doctor 检查；"
            "不需要比较的，请运行 nianbao rebuild 直接重建。"
        ) from error
