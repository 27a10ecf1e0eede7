"""Builds a new warehouse file beside the published one and swaps it in.

Readers open the published file read-only and keep what they opened; the next one to open it sees the new
night. A second `duckdb.connect()` to one path within one process returns the old database until every earlier
connection is closed: a long-lived reader has to close and reopen.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from warehouse.ledger.durability import PAPER_MODE, sync_file, sync_folder
from warehouse.store.connection import open_in_memory
from warehouse.store.soundness import (
    checksum,
    forget_checksum,
    put_wal_aside,
    record_checksum,
    settle_checksum,
    wal_path,
)

STORAGE_VERSION = "v1.0.0"
PUBLISHED_MODE = 0o440
OWNER_ONLY = 0o400
"""Of a file with counts that are not published."""
_UNFINISHED_MODE = 0o600
UNFINISHED_SUFFIX = ".building"
LOCK_NAME = ".nianbao.lock"
_MAGIC = b"DUCK"  # at byte 8 of every DuckDB file


class AlreadyRunning(Exception):
    """Another run writes in this home; nothing was touched."""


class NotPublishable(Exception):
    """The built file must not be published; the published one was not touched."""


def build_path(published: Path) -> Path:
    """Where the file that is to replace `published` is built: same folder, hence an atomic rename."""
    return published.with_name(published.name + UNFINISHED_SUFFIX)


@contextmanager
def new_database(path: Path, copied_from: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new DuckDB file in the storage format that older clients open (v1.0.0): empty, or a copy of another.

    Names without a catalogue go to the file. On leaving, the file is checkpointed and closed, with no .wal
    beside it; on an exception it is removed. A leftover of a night that was cut off is replaced if its name
    says that it was unfinished (`beside`); any other existing file raises FileExistsError.
    """
    if path.exists() and not path.name.endswith(UNFINISHED_SUFFIX):
        raise FileExistsError(f"{path} 已存在，不能在其上新建数据库")
    _remove(path)
    if copied_from is not None:
        try:
            path.touch(mode=_UNFINISHED_MODE)  # before it holds counts that are not published
            shutil.copyfile(copied_from, path)
        except BaseException:
            _remove(path)
            raise
    connection = open_in_memory(spill=path.with_name(path.name + ".tmp"))
    # What an earlier checkpoint of the same file has written is not pointed to: DuckDB 1.1.3 could not follow some pointers.
    connection.execute("SET experimental_metadata_reuse = false")
    if copied_from is not None:
        # Each checkpoint writes what is known of all tables anew: for a few changes the one at the end is enough.
        connection.execute("SET checkpoint_threshold = '256MB'")
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
        path.chmod(_UNFINISHED_MODE)
        connection.execute("USE warehouse")
        yield connection
        connection.execute("CHECKPOINT warehouse")
        connection.execute("USE memory")
        connection.execute("DETACH warehouse")
        connection.close()
    except BaseException:
        connection.close()
        _remove(path)
        raise


def publish(built: Path, published: Path, *, group: str | None = None, known_sum: str | None = None) -> str:
    """Replace `published` by `built`, in one step and durably, readable by owner and group only.

    ``group``: of those who may read it; where the machine has no such group, or it is not the owner's to give, only the
    owner may. Its checksum (``known_sum``, where it is known) is noted first, and returned. Changes that another program
    left beside `published` are put aside: they belong to the file that goes. Raises NotPublishable when a .wal stands beside
    `built` or when it is no DuckDB file.
    """
    if wal_path(built).exists():
        raise NotPublishable(
            f"{built.name} 旁有未合并的日志文件 {wal_path(built).name}，不能发布；原数据库保持不变。"
        )
    with built.open("rb") as opened:
        if opened.read(12)[8:] != _MAGIC:
            raise NotPublishable(f"{built.name} 不是 DuckDB 数据库文件，不能发布；原数据库保持不变。")
    built.chmod(PUBLISHED_MODE if group is None or _give(built, group) else OWNER_ONLY)
    sync_file(built)
    recorded = known_sum or checksum(built)
    record_checksum(published, recorded)
    put_wal_aside(published)
    built.replace(published)
    sync_folder(published.parent)
    settle_checksum(published)
    return recorded


@contextmanager
def writer_lock(home: Path) -> Iterator[None]:
    """Be the only one who writes in this home, or raise AlreadyRunning at once.

    The operating system releases the lock when its holder dies, so the lock file itself may stay.
    """
    home.mkdir(parents=True, exist_ok=True)
    # Not per thread: a run may be taken up and ended by different threads. Never an existence lock: one left
    # by a dead run would stop every later night.
    lock = FileLock(home / LOCK_NAME, mode=PAPER_MODE, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(
            f"另一个年报任务正在 {home} 中运行，本次不再启动，未作任何改动。请待其结束后重试。"
        ) from None
    try:
        yield
    finally:
        lock.release()


def withdraw(published: Path) -> None:
    """Remove a published file that is to be read no more, with its checksum."""
    put_wal_aside(published)
    published.unlink(missing_ok=True)
    forget_checksum(published)
    sync_folder(published.parent)


def _give(file: Path, group: str) -> bool:
    """Let a file belong to a group; whether it could be done."""
    try:
        shutil.chown(file, group=group)
    except (LookupError, PermissionError):
        return False
    return True


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    wal_path(file).unlink(missing_ok=True)
