"""The journal: every event, in order, append-only and hash-chained (journal_entry says what a line holds).

A chain does not show that its end was cut off. Therefore its head (count, hash) is kept beside it and printed in every
receipt and digest (journal_head), and `verify_head` compares them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.ledger.durability import sync_folder
from warehouse.ledger.journal_entry import (
    NO_HASH,
    Draft,
    Entry,
    Event,
    JournalBroken,
    canonical_json,
    entry_line,
    is_torn,
    read_entry,
)
from warehouse.ledger.journal_head import Head, PrintedHead, keep_head, read_kept_head
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

JOURNAL_MODE = 0o640
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
    """The journal at `path`, verified on opening (a file that is not there is an empty journal).

    A torn last line (no newline at its end, or not JSON) is moved to a side file and noted in `torn`: its
    writer never heard that it was kept. Any other break raises JournalBroken, and so does a journal that is shorter or
    other than the head kept beside it says; `has_kept_head` is False when there are entries and no such head.
    One writer at a time (see `warehouse.store.publish.writer_lock`); whoever only reads opens it `read_only`,
    since to a reader the line being written at that moment looks torn.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.torn: TornLine | None = None
        self.has_kept_head = True
        self._entries: list[Entry] = []
        self._size = 0
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
        """Write several entries with one write and one fsync.

        A power cut in between may keep a first part of them (never a middle part): each entry has to stand by
        itself. Nothing is written when a draft is faulty (ValueError, TypeError).
        """
        if self.read_only or self._failed:
            raise RuntimeError("the journal was opened read-only or an earlier write failed: open it anew")
        entries: list[Entry] = []
        lines: list[bytes] = []
        head = self.head
        count, prev = head.count, head.hash
        for draft in drafts:
            line = entry_line(draft, seq=count + len(lines) + 1, prev=prev)
            entry = read_entry(line, seq=count + len(lines) + 1, prev=prev)
            entries.append(entry)
            lines.append(line)
            prev = entry.hash
        if lines:
            self._write(b"".join(lines))
            self._entries += entries
            keep_head(self.path, self.head)
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
        return (
            f"已停止运行，未作任何改动。请从备份中恢复最新的 {self.path.name}，放回 {self.path.parent}，"
            "再运行 nianbao doctor 核对。"
        )

    def frame(self) -> pl.DataFrame:
        """The entries as a frame with the schema JOURNAL_FRAME; `payload` is the payload as JSON, numbers of persons masked."""
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
            for e in self._entries
        ]
        return pl.DataFrame(rows, schema=pl.Schema(JOURNAL_FRAME), orient="row")

    def _open(self) -> None:
        kept = read_kept_head(self.path)  # first: a writer may be at work meanwhile
        torn = self._read()
        if kept is not None:
            self.verify_head(kept)  # a line that was kept once is lost, not torn
        self.has_kept_head = kept is not None or not self._entries
        if torn is not None:
            self._cut_off(torn, line=self.head.count + 1)
        if not self.read_only and self._entries and (kept is None or kept.head != self.head):
            keep_head(self.path, self.head)

    def _read(self) -> bytes | None:
        """Read and verify the entries; the last line when it is torn."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return None
        with file:
            size = os.fstat(file.fileno()).st_size
            # Never past the size seen: a writer may be at work meanwhile.
            while raw := file.readline(size - self._size):
                head = self.head
                is_last = self._size + len(raw) == size
                if is_last and is_torn(raw):
                    return raw
                self._entries.append(read_entry(raw, seq=head.count + 1, prev=head.hash))
                self._size += len(raw)
        return None

    def _cut_off(self, raw: bytes, line: int) -> None:
        kept_in = None
        if not self.read_only:
            # The torn bytes rest beside the journal before they leave it. The name holds their hash: the same
            # line number may be torn again.
            name = f"{self.path.name}.torn-{line}-{hashlib.sha256(raw).hexdigest()[:12]}"
            kept_in = self.path.with_name(name)
            with kept_in.open("wb") as side:
                side.write(raw)
                side.flush()
                os.fsync(side.fileno())
            sync_folder(self.path.parent)
            _shorten(self.path, self._size)
        self.torn = TornLine(line, len(raw), kept_in)

    def _write(self, data: bytes) -> None:
        # Only an empty journal may be created: one that vanished since it was opened must not begin anew.
        create = 0 if self._size else os.O_CREAT
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | create, JOURNAL_MODE)
        try:
            if os.fstat(handle).st_size != self._size:
                raise JournalBroken(
                    f"登记簿 {self.path.name} 在打开之后被其他程序改动，本次不再写入。请重新运行。"
                )
            try:
                written = os.write(handle, data)
                if written != len(data):
                    raise OSError(f"only {written} of {len(data)} bytes could be written to {self.path}")
                os.fsync(handle)
            except BaseException:
                # Half a batch must not stay: the caller hears that nothing was written. What is on the disk
                # is uncertain now, so this object writes no more.
                self._failed = True
                os.ftruncate(handle, self._size)
                os.fsync(handle)
                raise
        finally:
            os.close(handle)
        if create:
            sync_folder(self.path.parent)
        self._size += len(data)


def _shorten(path: Path, size: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(handle, size)
        os.fsync(handle)
    finally:
        os.close(handle)
