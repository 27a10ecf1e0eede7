"""A journal's lines in a table of PostgreSQL, where hosts that share one journal keep out of each other's way.

Each line is a row, byte for byte as in the file form, so that the chain's hashes are the same. Lines are appended in one
transaction, all or none. A commit whose answer was lost may stand all the same, as after a power cut: the next night reads it.

Who writes holds an advisory lock of the session. With the connection the lock is gone, and it is not taken again, though
an unchanged head would show that nobody wrote: a night that breaks off costs minutes, since the next one takes up what was
left, while one that goes on would have to prove itself for what it sends out between two lines, too. The chain does not rest
on the lock: office and position are the key of the table, and each append compares the last line with the one it has seen.

The head is kept in the home, not in the database: whoever can cut off the table's end could cut that too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import psycopg

from flows.places.journal_lock import JournalLock, fetch
from flows.places.postgres import PostgresAddress, telling
from warehouse.ledger.journal_entry import NO_HASH, JournalBroken, hash_line
from warehouse.ledger.journal_head import Head, PrintedHead, keep_head, read_kept_head
from warehouse.ledger.journal_lines import JournalUnreachable, StoredLines
from warehouse.store.publish import AlreadyRunning

TABLE = "nianbao_journal"
TRIGGER = "nianbao_journal_append_only"
_SURVIVING = """
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'
"""
_GUARD = f"""
SELECT 1 FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE t.tgrelid = '{TABLE}'::regclass AND t.tgname = %(trigger)s
  AND t.tgenabled IN ('O', 'A') AND t.tgtype & 58 = 58 AND p.prosrc LIKE '%%RAISE EXCEPTION%%'
"""  # 58: before (2), delete (8), update (16), truncate (32)


class JournalTable:
    """The lines of one office in the table at ``address``; ``beside``: the file beside which the head is kept.

    A table that is not there has no lines; whoever holds it first makes it (journal_table.sql).
    """

    is_shared = True

    def __init__(self, address: str, beside: Path) -> None:
        self._address = PostgresAddress(address)
        self._beside = beside
        self._held: psycopg.Connection[Any] | None = None
        self._lock = JournalLock(f"{TABLE} {self._address.office}")

    @property
    def where(self) -> str:
        """Database, table and office, without a password."""
        office = f"（office={self._address.office}）" if self._address.office else ""
        return f"数据库 {self._address.where} 的表 {TABLE}{office}"

    def exists(self) -> bool:
        """A table that cannot be reached may hold a journal, and only reading tells."""
        return True

    def read(self) -> StoredLines:
        """The lines of the office, in the order of their positions. JournalBroken where one is missing or twice there."""
        with self._open() as connection:
            if not _is_there(connection):
                return StoredLines([])
            rows = connection.execute(
                f"SELECT seq, line FROM {TABLE} WHERE office = %s ORDER BY seq", [self._address.office]
            ).fetchall()
        for position, (seq, _) in enumerate(rows, 1):
            if seq != position:
                raise JournalBroken(
                    f"登记簿第 {position} 条缺失（{self.where}），已停止运行。{self.explain_restoring()}",
                    position,
                )
        return StoredLines([f"{line}\n".encode() for _, line in rows])

    def append(self, lines: Sequence[bytes], seen: Head) -> None:
        """Append in one transaction that survives a crash of the server, if lock and head are still as they were."""
        if self._held is None:
            raise RuntimeError("a table is written into by whoever holds it")
        rows = [
            (self._address.office, number, line.decode().removesuffix("\n"))
            for number, line in enumerate(lines, seen.count + 1)
        ]
        try:
            with telling(self._address.where), self._held.transaction():
                self._require_unchanged(self._held, seen)
                self._held.execute(_SURVIVING)
                with self._held.cursor() as cursor:
                    cursor.executemany(f"INSERT INTO {TABLE} (office, seq, line) VALUES (%s, %s, %s)", rows)
        except JournalUnreachable as error:
            if isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                self._refuse_changed()
            if self._held.closed:
                raise self._explain_loss() from error
            raise

    def cut_off(self, torn: bytes, line: int) -> Path:
        """Never called: a transaction is whole or not there."""
        raise AssertionError(f"no line of {self.where} is ever torn, nor was line {line}: {torn!r}")

    def read_head(self) -> PrintedHead | None:
        """The head in the home."""
        return read_kept_head(self._beside)

    def keep_head(self, head: Head) -> None:
        """Write the head into the home, durably."""
        keep_head(self._beside, head)

    def explain_restoring(self) -> str:
        """The lines may not have been brought into the table yet; lost ones come back from the backup."""
        return (
            f"尚未把登记簿导入{self.where}的，请运行 nianbao journal import；已经导入的，"
            f"{self.explain_putting_aside()}，再运行 nianbao restore，由备份恢复。"
        )

    def explain_putting_aside(self) -> str:
        """Rows stay where they are, as they are: what comes in their place has another name."""
        return "请先在 NIANBAO_JOURNAL 的地址中换一个新的 office，原有各行留作查证"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of this office on a connection of its own, on which lines are appended. AlreadyRunning."""
        with self._address.connect() as connection:
            with telling(self._address.where):
                if not self._lock.take(connection):
                    raise AlreadyRunning(
                        f"登记簿正由另一个年报任务写入（{self._lock.describe_holder(connection)}；{self.where}），"
                        "本次不再启动，未作任何改动。请待其结束后重试。"
                    )
                _make_table(connection)
            self._held = connection
            try:
                yield
            finally:
                self._held = None
                with suppress(psycopg.Error):
                    self._lock.release(connection)

    def find_problems(self) -> Iterator[str]:
        """What is wrong with the table and its server, though the lines can be read: one Chinese sentence each."""
        with self._open() as connection:
            if not _is_there(connection):
                return
            if fetch(connection, _GUARD, {"trigger": TRIGGER}) is None:
                yield (
                    f"登记簿：{self.where}上禁止修改和删除的触发器 {TRIGGER} 缺失或被停用，"
                    "请数据库管理员按 docs/operate.zh-CN.md 恢复。"
                )
            off = [
                name
                for name in ("fsync", "full_page_writes")
                if fetch(connection, "SELECT current_setting(%(name)s)", {"name": name}) == ("off",)
            ]
            if off:
                yield f"登记簿：数据库服务器的 {'、'.join(off)} 已关闭，断电时会丢失记录，请数据库管理员打开。"

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection that holds the lock, or one for this once."""
        if self._held is not None:
            try:
                with telling(self._address.where):
                    yield self._held
            except JournalUnreachable as error:
                raise (self._explain_loss() if self._held.closed else error) from error
            return
        with self._address.connect() as connection, telling(self._address.where):
            yield connection

    def _require_unchanged(self, connection: psycopg.Connection[Any], seen: Head) -> None:
        """JournalBroken unless this session still holds the lock, and the last line is the one that was seen last."""
        if not self._lock.is_held(connection):
            raise JournalUnreachable(
                f"登记簿（{self.where}）的写入锁不在本连接上，本次作业中止，不再写入。"
                "经由连接池的，须为会话模式，或改为直接连接数据库。"
            )
        last = fetch(
            connection,
            f"SELECT seq, line FROM {TABLE} WHERE office = %(office)s ORDER BY seq DESC LIMIT 1",
            {"office": self._address.office},
        )
        head = Head(0, NO_HASH) if last is None else Head(last[0], hash_line(f"{last[1]}\n".encode()))
        if head != seen:
            self._refuse_changed()

    def _refuse_changed(self) -> NoReturn:
        raise JournalBroken(f"登记簿（{self.where}）在打开之后被其他程序改动，本次不再写入。请重新运行。")

    def _explain_loss(self) -> JournalUnreachable:
        return JournalUnreachable(
            f"与登记簿所在数据库 {self._address.where} 的连接中断，写入锁随之失去，本次作业中止，不再写入登记簿。"
            "请在数据库恢复后重新运行，未完成的部分由下次作业接着处理。"
        )


def _is_there(connection: psycopg.Connection[Any]) -> bool:
    return fetch(connection, "SELECT to_regclass(%(table)s) IS NOT NULL", {"table": TABLE}) == (True,)


def _make_table(connection: psycopg.Connection[Any]) -> None:
    """Make the table where it is not there yet; two offices may begin in the same moment."""
    if _is_there(connection):
        return
    if fetch(connection, "SELECT current_setting('server_encoding')") != ("UTF8",):
        raise JournalUnreachable(
            "登记簿所在数据库的编码不是 UTF8，请数据库管理员另建一个编码为 UTF8 的数据库。"
        )
    with connection.transaction():
        JournalLock(TABLE).wait(connection)
        if not _is_there(connection):
            connection.execute(resources.files(__package__).joinpath("journal_table.sql").read_bytes())
