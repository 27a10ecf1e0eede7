"""The journal's head, which shows whether the chain's end was cut off.

It is written beside the journal after every entry, and printed at the foot of every receipt and digest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.ledger.durability import write_durably

HEAD_SUFFIX = ".head"
_FOOT_BYTES = 2048
_IN_TEXT = re.compile(r"第\s*(\d+)\s*条\D{0,20}?([0-9a-f]{12,64})\b")
_ALONE = re.compile(r"(\d+) ([0-9a-f]{64})\n?")


@dataclass(frozen=True, slots=True)
class Head:
    """The number of entries and the hash of the last one (64 zeros for an empty journal)."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class PrintedHead:
    """A head (its hash may be shortened) and where it was kept or printed."""

    head: Head
    where: str


def head_words(head: Head) -> str:
    """A head in words, as :func:`read_printed_heads` recognises it."""
    return f"登记簿第 {head.count} 条，校验值 {head.hash}"


def read_kept_head(journal: Path) -> PrintedHead | None:
    """The head kept beside a journal; None where the file is missing or holds no head."""
    file = journal.with_name(journal.name + HEAD_SUFFIX)
    try:
        found = _ALONE.fullmatch(file.read_text(encoding="ascii"))
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return PrintedHead(Head(int(found[1]), found[2]), file.name) if found else None


def keep_head(journal: Path, head: Head) -> None:
    """Write the head beside the journal, durably. A failure is ignored, since the head may lag behind."""
    try:
        write_durably(
            journal.with_name(journal.name + HEAD_SUFFIX), f"{head.count} {head.hash}\n".encode("ascii")
        )
    except OSError:
        return


def read_printed_heads(papers: Iterable[Path]) -> Iterator[PrintedHead]:
    """The head that each receipt and digest shows at its end; papers that cannot be read show none.

    Only the last one counts: what stands before it may be the name of a file, and anybody may have named it like a head.
    """
    for paper in papers:
        try:
            with paper.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _FOOT_BYTES))
                foot = file.read().decode(errors="replace")
        except OSError:
            continue
        for count, shortened in _IN_TEXT.findall(foot)[-1:]:
            yield PrintedHead(Head(int(count), shortened), paper.name)
