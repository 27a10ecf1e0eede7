"""The journal: every event, in order, append-only and hash-chained (journal_entry says what a line holds).

A chain does not show that its end was cut off. Therefore its head (count, hash) is kept beside it and printed in every
receipt and digest (journal_head), and `verify_head` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.ledger.journal_entry import (
    NO_HASH,
    Draft,
    Entry,
    Event,
    JournalBroken,
    canonical_json,
    entry_line,
    hash_line,
    read_chain,
)
from warehouse.ledger.journal_file import JournalFile
from warehouse.ledger.journal_head import Head, PrintedHead
from warehouse.ledger.journal_lines import JournalLines
from warehouse.words.personal_numbers import mask_numbers

__all__ = [
    "JOURNAL_FRAME",
    "NO_HASH",
    "Draft",
    "Entry",
    "Event",
    "Head",
    "Journal",
    "JournalBroken",
    "TornLine",
]

DECISIONS = frozenset({Event.ACCEPTED, Event.HELD, Event.REFUSED})
JOURNAL_FRAME = {
    "seq": pl.Int64,  # key: position in the journal, from 1
    "at": pl.String,  # ISO time with offset, as written
    "actor": pl.String,
    "run": pl.String,
    "event": pl.String,
    "submission": pl.String,  # this and the next two: null where the event names none
    "unit_code": pl.String,
    "year": pl.Int32,
    "payload": pl.String,  # JSON
}
"""Columns of `Journal.frame()`: one row per entry."""


@dataclass(frozen=True, slots=True)
class TornLine:
    """A last line whose writing was cut off: its number, its length, and the file it was moved to.

    `kept_in` is None when the journal was opened read-only: then nothing was cut.
    """

    line: int
    bytes: int
    kept_in: Path | None


class Journal:
    """The journal whose lines rest in `lines`, verified on opening; a path is that of a file (`JournalFile`).

    A torn last line of a file (no newline at its end, or not JSON) is moved to a side file and noted in `torn`: its
    writer never heard that it was kept. Any other break raises JournalBroken, and so does a journal that is shorter or
    other than the head kept beside it says; `has_kept_head` is False when there are entries and no such head.
    One writer at a time (see `flows.home_check.hold_for_writing`); whoever only reads opens it `read_only`,
    since to a reader the line being written at that moment looks torn.
    """

    def __init__(self, lines: JournalLines | Path | str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.torn: TornLine | None = None
        self.has_kept_head = True
        self._lines = JournalFile(Path(lines)) if isinstance(lines, str | Path) else lines
        self._entries: list[Entry] = []
        self._failed = False
        self._open()

    @property
    def head(self) -> Head:
        return Head(len(self._entries), self._entries[-1].hash if self._entries else NO_HASH)

    def entries(self) -> list[Entry]:
        """All entries in order of writing."""
        return list(self._entries)

    def decisions(self) -> dict[int, Entry]:
        """The decision on each receipt: seq of its received entry -> the entry accepted, held or refused.

        A refused submission may be received again (put into the right folder, say): a decision is about the latest
        receipt of its submission before it.
        """
        latest: dict[str | None, int] = {}
        found: dict[int, Entry] = {}
        for entry in self._entries:
            if entry.event == Event.RECEIVED:
                latest[entry.submission] = entry.seq
            elif entry.event in DECISIONS and entry.submission in latest:
                found[latest[entry.submission]] = entry
        return found

    def last_run(self) -> Entry | None:
        """The entry of the last run that finished, with ``answered`` (the last receipt it knew) and ``left``."""
        return next((e for e in reversed(self._entries) if e.event == Event.RUN_FINISHED), None)

    def append(
        self, event: Event | str, actor: str, at: datetime, run: str | None = None, **payload: Any
    ) -> Entry:
        """Write one entry; when this returns, it survives a power cut."""
        return self.append_many([Draft(event, actor, at, run, payload)])[0]

    def append_many(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Write several entries at once.

        A power cut in between may keep a first part of them (never a middle part): each entry has to stand by
        itself. Nothing is written when a draft is faulty (ValueError, TypeError).
        """
        lines: list[bytes] = []
        head = self.head
        for draft in drafts:
            lines.append(entry_line(draft, seq=head.count + 1, prev=head.hash))
            head = Head(head.count + 1, hash_line(lines[-1]))
        return self.append_lines(lines)

    def append_lines(self, lines: Sequence[bytes]) -> list[Entry]:
        """Append whole lines of a journal as they are; JournalBroken, and nothing written, unless they go on from this one."""
        if self.read_only or self._failed:
            raise RuntimeError("the journal was opened read-only or an earlier write failed: open it anew")
        entries = list(read_chain(lines, self.head.count, self.head.hash))
        if entries:
            try:
                self._lines.append(lines, self.head)
            except BaseException:
                self._failed = True  # what rests there is uncertain now
                raise
            self._entries += entries
            self._lines.keep_head(self.head)
        return entries

    def verify_head(self, shown: PrintedHead) -> None:
        """Raise JournalBroken unless this journal contains the chain with the head ``shown``."""
        count, here = shown.head.count, len(self._entries)
        if count > here:
            lost = f"第 {here + 1} 至 {count} 条" if count > here + 1 else f"第 {count} 条"
            raise JournalBroken(
                f"登记簿缺少末尾：{shown.where} 记有 {count} 条，现存 {here} 条，{lost}已丢失。{self._restore}",
                here + 1,
            )
        found = self._entries[count - 1].hash if count else NO_HASH
        if not found.startswith(shown.head.hash):
            raise JournalBroken(
                f"登记簿第 {count} 条与 {shown.where} 中的校验值不符（应为 {shown.head.hash[:12]}…，"
                f"实为 {found[:12]}…），登记簿曾被改写。{self._restore}",
                count,
            )

    @property
    def _restore(self) -> str:
        return f"已停止运行，未作任何改动。{self._lines.explain_restoring()}"

    def frame(self, after: int = 0) -> pl.DataFrame:
        """The entries behind ``after`` (seq) as a frame with the schema JOURNAL_FRAME.

        `payload` is the payload as JSON, numbers of persons masked.
        """
        rows = [
            (
                e.seq,
                e.at.isoformat(),
                e.actor,
                e.run,
                e.event.value,
                e.submission,
                e.unit_code,
                e.year,
                mask_numbers(canonical_json(e.payload)),
            )
            for e in self._entries[after:]
        ]
        return pl.DataFrame(rows, schema=pl.Schema(JOURNAL_FRAME), orient="row")

    def _open(self) -> None:
        kept = self._lines.read_head()  # first: a writer may be at work meanwhile
        stored = self._lines.read()
        self._entries += read_chain(stored.whole)
        if kept is not None:
            self.verify_head(kept)  # a line that was kept once is lost, not torn
        self.has_kept_head = kept is not None or not self._entries or self._lines.is_shared
        if stored.torn is not None:
            line = self.head.count + 1
            kept_in = None if self.read_only else self._lines.cut_off(stored.torn, line)
            self.torn = TornLine(line, len(stored.torn), kept_in)
        if not self.read_only and self._entries and (kept is None or kept.head != self.head):
            self._lines.keep_head(self.head)
