"""Mistakes planted into the night, each of which the fault tests must notice: ``plain_night`` makes the one it is told."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flows.nightly
from flows.night import mark_end
from flows.settings import Home
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import DECISIONS, Journal


def skip_fsync() -> None:
    """Nothing is made durable."""
    os.fsync = lambda _handle: None  # type: ignore[assignment]


def write_journal_first() -> None:
    """The journal names objects that are not in the archive yet."""
    put, append = Archive.put, Journal.append_many
    late: list[tuple[Archive, Any]] = []

    def put_later(self: Archive, content: Any) -> str:
        late.append((self, content))
        found = content if isinstance(content, (bytes, bytearray, memoryview)) else Path(content).read_bytes()
        return hashlib.sha256(found).hexdigest()

    def append_first(self: Journal, drafts: Any) -> Any:
        entries = append(self, drafts)
        for archive, content in late:
            put(archive, content)
        late.clear()
        return entries

    Archive.put = put_later  # type: ignore[method-assign]
    Journal.append_many = append_first  # type: ignore[method-assign]


def build_in_place() -> None:
    """The night writes into the published file instead of one beside it."""
    begin = Home.__init__

    def begin_in_place(self: Home, root: Path, journal_address: str = "") -> None:
        begin(self, root, journal_address)
        self.building = self.database

    Home.__init__ = begin_in_place  # type: ignore[method-assign]


def skip_fsync_of_folders() -> None:
    """Contents are made durable, names are not."""
    sync = os.fsync

    def sync_files(handle: int) -> None:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            sync(handle)

    os.fsync = sync_files  # type: ignore[assignment]


def answer_before_journal() -> None:
    """Decisions reach the journal with the line that ends the night, when receipts have told them."""
    write, late = Journal._write, bytearray()

    def write_late(self: Journal, data: bytes) -> None:
        late.extend(data)
        if not any(b'"event":"%s"' % event.encode() in data for event in DECISIONS):
            write(self, bytes(late))
            late.clear()

    Journal._write = write_late  # type: ignore[method-assign]


def mark_before_publishing() -> None:
    """The night is called good before its warehouse is published."""
    publish = flows.nightly.publish.fn

    def mark_and_publish(night: Any, build: Any) -> Any:
        mark_end(night)
        return publish(night, build)

    flows.nightly.publish.fn = mark_and_publish


MUTANTS: dict[str, Callable[[], None]] = {
    "no fsync": skip_fsync,
    "journal before object": write_journal_first,
    "build in place": build_in_place,
    "no fsync of folders": skip_fsync_of_folders,
    "receipt before the journal": answer_before_journal,
    "mark before the warehouse": mark_before_publishing,
}
