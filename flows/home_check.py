"""Whether an installation has what a night needs: asked by the night before it begins, and by ``doctor``."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from flows.keeping.marks import read_good_night
from flows.settings import Home
from flows.system_words import explain_error
from warehouse.ledger.durability import UNFINISHED_PREFIX
from warehouse.ledger.journal import Journal
from warehouse.ledger.journal_head import Head, PrintedHead, read_printed_heads
from warehouse.ledger.journal_lines import JournalLines
from warehouse.store.connection import WarehouseOccupied
from warehouse.store.publish import writer_lock
from warehouse.store.query import QueryError, WarehouseMissing, read_shown_heads

_SPARE_BYTES = 16 << 20
"""What a night with little data writes besides the warehouse."""


class HomeUnfit(Exception):
    """A night cannot work in this home; one Chinese sentence for each thing that is in its way."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))


def require_fit(home: Home) -> None:
    """Make the folders that are missing; HomeUnfit when one of them cannot be used."""
    if problems := list(find_home_problems(home)):
        raise HomeUnfit(problems)
    try:
        home.make()
    except OSError as error:
        raise HomeUnfit([f"{error.filename or home.root}：{explain_error(error)}"]) from error


def find_home_problems(home: Home) -> Iterator[str]:
    """What is in the way of a night: folders that are none, that cannot be written to, a disk that is full."""
    folders = (
        ("数据目录", home.root),
        ("收件箱", home.inbox),
        ("发件箱", home.outbox),
        ("档案", home.archive),
        ("档案", home.archive / "objects"),
        ("网页目录", home.site),
        ("工作目录", home.work),
    )
    for name, folder in folders:
        if not os.path.lexists(folder):
            continue
        if not folder.is_dir():
            yield f"{name} {folder} 应是文件夹，却是文件或失效的链接，请移走后重新运行。"
        elif why := _explain_not_writable(folder):
            yield f"{name} {folder} 无法写入：{why}"
    if not home.journal_address and home.journal.exists() and not home.journal.is_file():
        yield f"登记簿 {home.journal} 应是文件，却是文件夹，请移走，并从备份恢复登记簿后重新运行。"
    if home.root.is_dir() and (short := _count_missing_bytes(home)) > 0:
        yield f"磁盘空间不足：{home.root} 所在磁盘还须腾出约 {(short >> 20) + 1} 兆字节，请清理后重新运行。"


def _explain_not_writable(folder: Path) -> str | None:
    try:
        handle, name = tempfile.mkstemp(prefix=UNFINISHED_PREFIX, dir=folder)
        try:
            os.write(handle, b"x" * 4096)
        finally:
            os.close(handle)
            Path(name).unlink()
    except OSError as error:
        return explain_error(error)
    return None


def _count_missing_bytes(home: Home) -> int:
    """How many bytes are missing for a second warehouse beside the first, and for what comes with it."""
    found = os.statvfs(home.root)
    size = sum(file.stat().st_size for file in home.warehouses if file.is_file())
    return _SPARE_BYTES + size - found.f_bavail * found.f_frsize


@contextmanager
def hold_for_writing(home: Home) -> Iterator[JournalLines]:
    """Be the only one who writes in this home, and into its journal wherever it rests; its lines. AlreadyRunning."""
    lines = home.find_journal()
    with writer_lock(home.root), lines.held():
        yield lines


def open_journal(lines: JournalLines, home: Home) -> Journal:
    """The held journal to write into, once it is sure that nothing of it is lost. JournalBroken, OSError."""
    verify_shown_heads(Journal(lines, read_only=True), home)  # before a torn line is cut, or a head written
    return Journal(lines)


def verify_shown_heads(journal: Journal, home: Home) -> None:
    """Compare the journal with every head that was shown: by the last good night, papers and warehouse. JournalBroken."""
    if (last := read_good_night(home.root)) is not None:
        journal.verify_head(last.shown_head)
    for shown in chain(*map(read_warehouse_heads, home.warehouses), read_printed_heads(list_papers(home))):
        journal.verify_head(shown)


def list_papers(home: Home) -> Iterator[Path]:
    """The receipts and digests, at whose end a head of the journal stands."""
    yield from _list_papers(home.outbox)
    yield from _list_papers(home.site, is_deep=False)
    yield from _list_papers(home.site / "digests")


def _list_papers(folder: Path, *, is_deep: bool = True) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        yield from (Path(at, name) for name in sorted(names) if name.endswith((".md", ".txt")))
        if not is_deep:
            folders.clear()


def read_warehouse_heads(database: Path) -> list[PrintedHead]:
    """The heads in quality.run; none where the warehouse is missing or damaged, which is another question."""
    try:
        rows = read_shown_heads(database)
    except (WarehouseMissing, WarehouseOccupied, QueryError):
        return []
    return [PrintedHead(Head(count, hash_), f"数据仓库（{run} 次作业）") for run, count, hash_ in rows]


def remove_leftovers(home: Home) -> None:
    """Remove what a night that was cut off left unfinished; nothing refers to it."""
    for folder in (home.root, home.archive, home.archive / "objects"):
        _remove_unfinished(folder.glob(f"{UNFINISHED_PREFIX}*"))
    for folder in (home.outbox, home.site, home.told, home.work):
        _remove_unfinished(folder.rglob(f"{UNFINISHED_PREFIX}*"))
    for file in home.warehouses:
        for suffix in (".copy", ".building", ".building.wal"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        shutil.rmtree(file.with_name(file.name + ".building.tmp"), ignore_errors=True)


def _remove_unfinished(files: Iterator[Path]) -> None:
    for file in list(files):
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)
