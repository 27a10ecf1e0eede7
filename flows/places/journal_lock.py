"""The lock of whoever writes into a journal in PostgreSQL: an advisory lock of the session, one for each office.

The server lets it go when the session ends, so that one of a process that died stops nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from flows.clock import TIME_ZONE
from warehouse.words.day_words import moment_words

_GRANTED = """
l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND ((l.classid::bigint << 32) | l.objid::bigint) = %(key)s AND l.objsubid = 1
"""
_SESSION = """
SELECT set_config(name, value, false)
FROM (VALUES ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
             ('idle_session_timeout', '0')) AS wanted (name, value)
WHERE current_setting(name, true) IS NOT NULL
"""
"""A host that lost its power gives the lock back within a minute; one that is busy between two lines is not sent away."""


class JournalLock:
    """The lock of the journal called ``name`` in whatever database a connection leads to."""

    def __init__(self, name: str) -> None:
        # positive, and the same on every host
        self._key = {"key": int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1}

    def take(self, connection: psycopg.Connection[Any]) -> bool:
        """Take the lock for this session, if nobody has it; whether it is ours now."""
        connection.execute(_SESSION)
        return fetch(connection, "SELECT pg_try_advisory_lock(%(key)s)", self._key) == (True,)

    def is_held(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether this very session has it: behind a pool, another one may answer."""
        held = f"SELECT 1 FROM pg_locks AS l WHERE l.pid = pg_backend_pid() AND {_GRANTED}"
        return fetch(connection, held, self._key) is not None

    def release(self, connection: psycopg.Connection[Any]) -> None:
        """Give it back at once: the server notices the end of a session a moment later."""
        connection.execute("SELECT pg_advisory_unlock(%(key)s)", self._key)

    def wait(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for it, and have it until the transaction ends."""
        connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", self._key)

    def describe_holder(self, connection: psycopg.Connection[Any]) -> str:
        """Who has it and since when, in Chinese words, as far as the server lets this account know."""
        found = fetch(
            connection,
            f"""SELECT a.application_name, a.backend_start, host(a.client_addr)
                FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE {_GRANTED}""",
            self._key,
        )
        name, since, address = found or (None, None, None)
        return _describe(name, since, address)


def fetch(
    connection: psycopg.Connection[Any], sql: str, given: Mapping[str, Any] | None = None
) -> tuple[Any, ...] | None:
    """The first row; ``given``: parameters by name."""
    return connection.execute(sql, given).fetchone()


def _describe(name: str | None, since: datetime | None, address: str | None) -> str:
    match (name or "").split():
        case ["nianbao", host, pid]:
            who = f"主机 {host}，进程号 {pid}"
        case _:
            who = f"主机 {address}" if address else "主机不详"
    return who + (f"，自 {moment_words(since.astimezone(TIME_ZONE))} 起" if since else "")
