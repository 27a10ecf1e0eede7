"""The journal as a file of its own, and back: the way from the file in the home into a table of a database, and from it.

Lines travel as they are, so that the chain, its hashes and every head that was ever shown stay what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.backup.snapshot import take_snapshot
from flows.home_check import hold_for_writing, require_fit, verify_shown_heads
from flows.settings import Home
from warehouse.ledger.durability import write_durably
from warehouse.ledger.journal import NO_HASH, Head, Journal
from warehouse.ledger.journal_entry import hash_line
from warehouse.ledger.journal_file import JOURNAL_MODE, JournalFile
from warehouse.ledger.journal_lines import JournalLines


class CopyRefused(Exception):
    """A copy that would lose something, or has nothing to copy; one Chinese sentence. Nothing was changed."""


@dataclass(frozen=True)
class Imported:
    """What came of an import: the journal's head now, how many lines were new, and where it rests."""

    head: Head
    added_count: int
    where: str


def export_journal(home: Home, file: Path) -> Head:
    """Write the journal to ``file``, byte for byte; its head. JournalBroken, CopyRefused for a file of something else."""
    snapshot = take_snapshot(home.find_journal())
    if not snapshot.entries:
        raise CopyRefused("登记簿中还没有记录，没有可导出的内容。")
    if file.exists() and not (file.is_file() and snapshot.raw.startswith(file.read_bytes())):
        raise CopyRefused(f"{file} 已经存在，且不是本登记簿较早的内容，没有覆盖；请另取文件名。")
    if not file.parent.is_dir():
        raise CopyRefused(f"文件夹 {file.parent} 不存在，请核对文件名。")
    write_durably(file, snapshot.raw, JOURNAL_MODE)
    return snapshot.head


def import_journal(home: Home, file: Path) -> Imported:
    """Bring the journal in ``file`` into that of the home, which must be empty or an earlier part of it.

    JournalBroken where the file is no whole chain or ends before a head that was shown; CopyRefused, AlreadyRunning.
    """
    source = JournalFile(file)
    if not source.exists():
        raise CopyRefused(f"找不到文件 {file}。")
    stored = source.read()
    if stored.torn is not None:
        raise CopyRefused(f"{file} 的末行不完整，未作改动。请先在原处运行一次 nianbao nightly，再导入。")
    if not stored.whole:
        raise CopyRefused(f"{file} 中没有记录，未作改动。")
    journal = Journal(source, read_only=True)
    verify_shown_heads(journal, home)
    require_fit(home)
    with hold_for_writing(home) as target:
        if (kept := target.read_head()) is not None:
            journal.verify_head(kept)
        added = append_missing(target, stored.whole)
        if added is None:
            raise CopyRefused(
                f"{target.where} 中已有登记簿，且不是 {file} 较早的内容，未作改动。"
                "请核对是否取错文件；确为另一套数据的，请换用空的位置。"
            )
        target.keep_head(journal.head)
    return Imported(journal.head, added, target.where)


def append_missing(target: JournalLines, lines: Sequence[bytes]) -> int | None:
    """Append to a held journal what it lacks of ``lines``, a verified chain; how many. None where it is no beginning of them."""
    there = target.read()
    count = len(there.whole)
    if there.torn is not None or there.whole != list(lines[:count]):
        return None
    if rest := lines[count:]:
        target.append(rest, Head(count, hash_line(lines[count - 1]) if count else NO_HASH))
    return len(rest)
