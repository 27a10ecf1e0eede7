"""One writer at a time: whoever publishes into a lake waits for its turn, and the dead do not keep theirs.

DuckLake's commits are optimistic and it looks at whole tables: of two offices that replace rows of their own in one table,
the later would have to begin anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from filelock import FileLock, Timeout

from warehouse.lake.place import LakeFailed, LakePlace, PostgresCatalogue

WAIT_SECONDS = 900
"""How long a writer waits; a night of another office writes for seconds, the first one for minutes."""
_CONNECT_SECONDS = 15
_LOCK = "SELECT pg_advisory_lock(hashtext('nianbao'), hashtext('lake'))"
_KEEP_ALIVE = "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=15"
"""The server notices within two minutes that a writer's machine is gone."""


@contextmanager
def taking_turn(place: LakePlace, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Be the only one who writes into a lake; waits at most ``wait`` seconds for others. LakeFailed."""
    taken = _lock_server if isinstance(place.catalogue, PostgresCatalogue) else _lock_file
    with taken(place, wait):
        yield


@contextmanager
def _lock_file(place: LakePlace, wait: float) -> Iterator[None]:
    lock = FileLock(f"{place.catalogue}.lock", thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise _make_busy(place) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _lock_server(place: LakePlace, wait: float) -> Iterator[None]:
    try:
        import psycopg

        from flows.places.postgres import explain
    except ImportError:
        raise LakeFailed(
            "没有 PostgreSQL 的驱动程序。请按 requirements-shared.lock 安装多台主机所需的程序库。"
        ) from None
    known = place.catalogue
    assert isinstance(known, PostgresCatalogue), "files are locked as files"
    given: dict[str, Any] = {
        "host": known.host,
        "port": known.port,
        "dbname": known.database,
        "user": known.user,
        "password": known.password,
    }
    try:
        connection = psycopg.connect(
            **{name: value for name, value in given.items() if value},
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            options=f"{_KEEP_ALIVE} -c lock_timeout={round(wait * 1000)}",
        )
    except psycopg.Error as error:
        raise LakeFailed(f"数据湖 {place.label}：{explain(error)}") from error
    with closing(connection):  # not its own block, which would commit: the lock goes with the connection
        try:
            connection.execute(_LOCK)
        except psycopg.errors.LockNotAvailable:
            raise _make_busy(place) from None
        except psycopg.Error as error:
            raise LakeFailed(f"数据湖 {place.label}：{explain(error)}") from error
        yield


def _make_busy(place: LakePlace) -> LakeFailed:
    return LakeFailed(f"数据湖 {place.label}：其他机构一直在写入，没有等到。")
