"""Where a journal's lines rest: what every such place can do, whatever it is (a file, a table of a database)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from warehouse.ledger.journal_entry import JournalBroken
from warehouse.ledger.journal_head import Head, PrintedHead


class JournalUnreachable(JournalBroken):
    """The place of the journal does not answer or does not let us in: what it holds is not known. One Chinese sentence."""


@dataclass(frozen=True, slots=True)
class StoredLines:
    """The lines of a journal in order, each with its newline, and the rest of one whose writing was cut off."""

    whole: list[bytes]
    torn: bytes | None = None


class JournalLines(Protocol):
    """The place of one journal. It knows lines and heads, and nothing of what they say.

    Whatever cannot be reached raises JournalUnreachable or OSError.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other machines write here too, so that a home may see it for the first time."""

    @property
    def where(self) -> str:
        """The place, as it may be shown to people."""

    def exists(self) -> bool:
        """Whether a journal was ever begun here, as far as that can be told without reading it."""

    def read(self) -> StoredLines:
        """All lines as they are now; a writer may be at work meanwhile."""

    def append(self, lines: Sequence[bytes], seen: Head) -> None:
        """Append lines after the last one that was read or appended, whose head is ``seen``; durable on return.

        JournalBroken when something else was written meanwhile. After an error the caller writes no more.
        """

    def cut_off(self, torn: bytes, line: int) -> Path:
        """Move the torn line out of the journal; the file in which it is kept."""

    def read_head(self) -> PrintedHead | None:
        """The head that was kept apart from the lines; None where there is none."""

    def keep_head(self, head: Head) -> None:
        """Keep the head apart from the lines. A failure is ignored, since it may lag behind."""

    def explain_restoring(self) -> str:
        """One Chinese sentence: what to do when lines are lost or were changed."""

    def find_problems(self) -> Iterable[str]:
        """What is wrong with the place though the lines can be read: Chinese sentences."""

    def explain_putting_aside(self) -> str:
        """The beginning of a Chinese sentence: what to do so that another journal can take the place of this one."""

    def held(self) -> AbstractContextManager[None]:
        """Within, nobody else writes here, on whatever machine. AlreadyRunning.

        A place in a home is held by the lock of that home (`warehouse.store.publish.writer_lock`), and this does nothing.
        """
