"""A journal's lines in a file of JSON lines, with its head in a file beside it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from warehouse.ledger.durability import sync_folder
from warehouse.ledger.journal_entry import JournalBroken, is_torn
from warehouse.ledger.journal_head import Head, PrintedHead, keep_head, read_kept_head
from warehouse.ledger.journal_lines import StoredLines

JOURNAL_MODE = 0o640


class JournalFile:
    """The lines in the file at `path`; a file that is not there has none."""

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0  # of the whole lines that were read or appended

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()

    def read(self) -> StoredLines:
        """The lines; the last one is torn when it has no newline at its end, or is not JSON."""
        self._size = 0
        try:
            with self.path.open("rb") as file:
                # Never past the size seen: a writer may be at work meanwhile.
                lines = io.BytesIO(file.read(os.fstat(file.fileno()).st_size)).readlines()
        except FileNotFoundError:
            return StoredLines([])
        torn = lines.pop() if lines and is_torn(lines[-1]) else None
        self._size = sum(map(len, lines))
        return StoredLines(lines, torn)

    def append(self, lines: Sequence[bytes], seen: Head) -> None:
        """Append with one write and one fsync. A power cut in between may keep a first part of the lines."""
        assert (seen.count == 0) == (self._size == 0), "whoever appends has read what is there"
        data = b"".join(lines)
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
                # Half a batch must not stay: the caller hears that nothing was written.
                os.ftruncate(handle, self._size)
                os.fsync(handle)
                raise
        finally:
            os.close(handle)
        if create:
            sync_folder(self.path.parent)
        self._size += len(data)

    def cut_off(self, torn: bytes, line: int) -> Path:
        """Move the torn line to a file beside the journal, where it rests before it leaves the journal."""
        # The name holds the hash: the same line number may be torn again.
        kept_in = self.path.with_name(f"{self.path.name}.torn-{line}-{hashlib.sha256(torn).hexdigest()[:12]}")
        with kept_in.open("wb") as side:
            side.write(torn)
            side.flush()
            os.fsync(side.fileno())
        sync_folder(self.path.parent)
        handle = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(handle, self._size)
            os.fsync(handle)
        finally:
            os.close(handle)
        return kept_in

    def read_head(self) -> PrintedHead | None:
        """The head in the file beside the journal."""
        return read_kept_head(self.path)

    def keep_head(self, head: Head) -> None:
        """Write the head beside the journal, durably."""
        keep_head(self.path, head)

    def explain_restoring(self) -> str:
        """Where the file of the backup belongs."""
        return f"请从备份中恢复最新的 {self.path.name}，放回 {self.path.parent}，再运行 nianbao doctor 核对。"

    def find_problems(self) -> Sequence[str]:
        """None: what may be wrong with a file shows when it is read."""
        return ()

    def explain_putting_aside(self) -> str:
        """The file is moved."""
        return f"请先把 {self.path} 移到别处"

    @contextmanager
    def held(self) -> Iterator[None]:
        """The lock of the home holds this file too."""
        yield
