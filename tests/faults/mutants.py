"""Mistakes planted into the night, each of which the fault tests must notice: ``plain_night`` makes the one it is told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.settings import Home
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Journal


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

    def begin_in_place(self: Home, root: Path) -> None:
        begin(self, root)
        self.building = self.database

    Home.__init__ = begin_in_place  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "no fsync": skip_fsync,
    "journal before object": write_journal_first,
    "build in place": build_in_place,
}
