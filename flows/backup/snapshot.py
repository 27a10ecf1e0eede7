"""The journal as it was at one moment: its bytes up to the last whole line, and the entries in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from warehouse.ledger.journal import Entry, Event, Head, Journal
from warehouse.ledger.journal_entry import NO_HASH, hash_line, read_chain
from warehouse.ledger.journal_lines import JournalLines


@dataclass(frozen=True)
class Snapshot:
    """Whole lines of a journal, and the entries they hold."""

    raw: bytes
    entries: Sequence[Entry]

    @property
    def head(self) -> Head:
        """The number of entries, and the hash of the last."""
        return Head(len(self.entries), self.entries[-1].hash if self.entries else NO_HASH)

    @cached_property
    def received(self) -> dict[str, Entry]:
        """SHA-256 -> its last receipt, of all objects of the archive that the journal names."""
        return {str(e.submission): e for e in self.entries if e.event == Event.RECEIVED}

    @cached_property
    def lost(self) -> list[Head]:
        """Heads of entries that were given up when an older backup was restored (``restored``)."""
        return [
            Head(int(count), str(hash_))
            for entry in self.entries
            if entry.event == Event.RESTORED
            for count, hash_ in entry.payload["lost"]
        ]

    def contains(self, head: Head) -> bool:
        """Whether the journal once had this head; its hash may be shortened."""
        if head.count > len(self.entries):
            return False
        found = self.entries[head.count - 1].hash if head.count else NO_HASH
        return found.startswith(head.hash)

    def has_given_up(self, head: Head) -> bool:
        """Whether a person restored an older backup, knowing that this head is lost."""
        return any(is_same_head(lost, head) for lost in self.lost)


def is_same_head(one: Head, other: Head) -> bool:
    """Whether two heads, whose hashes may be shortened, are the same."""
    length = min(len(one.hash), len(other.hash))
    return one.count == other.count and one.hash[:length] == other.hash[:length]


def take_snapshot(journal: JournalLines) -> Snapshot:
    """The journal as it is, while others may append to it. JournalBroken, also where its end is missing."""
    entries = Journal(journal, read_only=True).entries()
    lines = journal.read().whole[: len(entries)] if entries else []
    assert not entries or hash_line(lines[-1]) == entries[-1].hash, "a journal is only appended to"
    return Snapshot(b"".join(lines), entries)


def read_snapshot(raw: bytes) -> Snapshot:
    """The entries in whole lines that were kept. JournalBroken."""
    return Snapshot(raw, list(read_chain(io.BytesIO(raw))))
