"""A connection to PostgreSQL by its address, and every failure of it told in Chinese.

The password stands in the address, in ~/.pgpass (PGPASSFILE) or in PGPASSWORD, as libpq reads it; it is never shown.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from flows.places.destination import REASONS, describe_address
from warehouse.ledger.journal_lines import JournalUnreachable

_OFFICE = "office="
_DEFAULTS = {
    "connect_timeout": "15",
    "keepalives_idle": "30",  # a connection that is idle for hours must outlive firewalls, and its loss be noticed
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_LONGEST_NAME = 63
_BY_STATE = {
    "25006": "数据库只读（可能连到了备用机），请改用主库的地址。",
    "28000": REASONS["PermissionDenied"],
    "28P01": REASONS["PermissionDenied"],
    "3D000": "服务器上没有这个数据库，请核对地址。",
    "3F000": "账号没有可用的模式（schema），请数据库管理员检查 search_path。",
    "42501": "账号没有所需的权限，请数据库管理员授予 SELECT、INSERT（首次使用还须能够建表）。",
    "53100": "数据库服务器磁盘空间已满。",
    "53300": "数据库连接数已满，请稍后重试。",
    "55P03": "登记簿的表被其他会话锁住，请稍后重试。",
    "57P03": "数据库正在启动或关闭，请稍后重试。",
}
_SAID = (
    ("Connection refused", REASONS["ConnectionRefusedError"]),
    ("could not translate host name", REASONS["gaierror"]),
    ("failed to resolve host", REASONS["gaierror"]),
    ("no pg_hba.conf entry", "服务器不允许本机用该账号连接，请数据库管理员登记（pg_hba.conf）。"),
    ("certificate", "服务器的证书不受信任，请核对 sslmode 和 sslrootcert。"),
    ("not support SSL", "服务器没有启用 SSL，请核对 sslmode。"),
    ("password", REASONS["PermissionDenied"]),
    ("authentication failed", REASONS["PermissionDenied"]),
    ("does not exist", "服务器上没有这个数据库或账号，请核对地址。"),
    ("starting up", _BY_STATE["57P03"]),
    ("shutting down", _BY_STATE["57P03"]),
    ("too many", _BY_STATE["53300"]),
    ("remaining connection slots", _BY_STATE["53300"]),
    ("timeout", REASONS["TimeoutError"]),
    ("timed out", REASONS["TimeoutError"]),
    ("No such file or directory", REASONS["ConnectionRefusedError"]),
)
"""What libpq says where it gives no code: before it is let in."""


class PostgresAddress:
    """An address with the parameter that is ours: ``office``, which of the journals in the database is meant.

    JournalUnreachable for one that libpq does not understand.
    """

    def __init__(self, address: str) -> None:
        parts = _split(address)
        self.where = describe_address(address)
        ours = [each for each in parts.query.split("&") if each.startswith(_OFFICE)]
        rest = [each for each in parts.query.split("&") if not each.startswith(_OFFICE)]
        self.office = unquote(ours[-1].removeprefix(_OFFICE)) if ours else ""
        try:
            named = conninfo_to_dict(urlunsplit(parts._replace(query="&".join(rest))))
        except psycopg.Error:
            raise JournalUnreachable(f"登记簿的数据库地址无法识别，请核对 {self.where}。") from None
        self._parameters: dict[str, Any] = {**_DEFAULTS, **named, "application_name": name_this_process()}

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection, in which each statement is a transaction of its own. JournalUnreachable."""
        with telling(self.where):
            return psycopg.connect(**self._parameters, autocommit=True)


def _split(address: str) -> SplitResult:
    """The parts of an address. Where the password has a / or # as it is, they are wrong ones, and not to be shown."""
    try:
        parts = urlsplit(address)
        if "@" not in parts.path + parts.query + parts.fragment:
            return parts
    except ValueError:  # brackets without their other half
        pass
    raise JournalUnreachable(
        "NIANBAO_JOURNAL 中的数据库地址无法识别，请核对写法；密码中的特殊字符须写成 %2F、%23 等，或改写在 .pgpass 中。"
    )


def name_this_process() -> str:
    """How this process is called in pg_stat_activity, for whoever finds the journal held."""
    host = platform.node().encode("ascii", errors="replace").decode()
    end = f" {os.getpid()}"
    return f"nianbao {host}"[: _LONGEST_NAME - len(end)] + end


@contextmanager
def telling(where: str) -> Iterator[None]:
    """Turn what the database says into JournalUnreachable; the password stands in none of its messages."""
    try:
        yield
    except psycopg.Error as error:
        raise JournalUnreachable(f"登记簿所在的数据库 {where}：{explain(error)}") from error


def explain(error: psycopg.Error) -> str:
    """One Chinese sentence for an error of the database."""
    if error.sqlstate in _BY_STATE:
        return _BY_STATE[error.sqlstate]
    said = str(error)
    found = next((sentence for words, sentence in _SAID if words in said), "")
    if found and not error.sqlstate:
        return found
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return REASONS["ConnectionLost"]
    return f"出错（{error.sqlstate or type(error).__name__}），请数据库管理员查看服务器的日志。"
