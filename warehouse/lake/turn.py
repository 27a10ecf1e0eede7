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
_REASONS = {
    "28P01": "账号或密码不对。",
    "28000": "服务器不接受该账号。",
    "3D000": "服务器上没有该数据库。",
}


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
    psycopg = _import_driver()
    known = place.catalogue
    assert isinstance(known, PostgresCatalogue), "files are locked as files"
    given = {
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
        raise LakeFailed(f"数据湖 {place.label}：{_explain(error)}") from error
    with closing(connection):  # not its own block, which would commit: the lock goes with the connection
        try:
            connection.execute(_LOCK)
        except psycopg.errors.LockNotAvailable:
            raise _make_busy(place) from None
        except psycopg.Error as error:
            raise LakeFailed(f"数据湖 {place.label}：{_explain(error)}") from error
        yield


def _make_busy(place: LakePlace) -> LakeFailed:
    return LakeFailed(f"数据湖 {place.label}：其他机构一直在写入，没有等到。")


def _explain(error: Exception) -> str:
    """Why a server lets nobody in; its own words stay in the log."""
    said = str(error)
    for state, reason in _REASONS.items():
        if getattr(error, "sqlstate", None) == state:
            return reason
    if "password authentication failed" in said or "no password supplied" in said:
        return _REASONS["28P01"]
    if "does not exist" in said:
        return "服务器上没有该数据库或账号。"
    if "Connection refused" in said:
        return "服务器拒绝连接，请检查地址和端口。"
    if "could not translate host name" in said or "resolve" in said:
        return "找不到该服务器，请检查地址和网络。"
    return "连接不上服务器，请检查地址、账号和网络。"


def _import_driver() -> Any:
    try:
        import psycopg
    except ImportError:
        raise LakeFailed(
            "没有 PostgreSQL 的驱动程序。请安装共享运行所需的程序包：pip install 'nianbao[shared]'。"
        ) from None
    return psycopg
