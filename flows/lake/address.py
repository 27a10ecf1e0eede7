"""NIANBAO_PUBLISH: where a night publishes besides the single file.

- ``ducklake:postgresql://user@host:5432/database?data=s3://bucket/folder``: for several offices. The catalogue is a
  database of its own on PostgreSQL; the password is libpq's to find (PGPASSWORD, ~/.pgpass) or stands in the address.
- ``ducklake:postgresql://user@host/database?data=/srv/lake``: the same with the files in a folder that all of them mount.
- ``ducklake:/srv/lake.ducklake?data=/srv/lake``: for one machine; whoever reads keeps writers waiting.

A blank or one of ``? # @ :`` within a part is written %20 %3F %23 %40 %3A. S3 has the usual variables AWS_…
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from flows.settings import Settings
from warehouse.lake.place import LakeFailed, LakePlace, PostgresCatalogue, StorageKeys

_PREFIX = "ducklake:"
_SERVERS = {"postgresql", "postgres"}
_FORM = "应为 ducklake:postgresql://用户@服务器/数据库?data=s3://桶/文件夹（或 data=/文件夹）"


def read_place(settings: Settings) -> LakePlace | None:
    """The lake of NIANBAO_PUBLISH; None where nothing is set. LakeFailed without its secrets."""
    if not settings.publish.strip():
        return None
    return parse_address(settings.publish.strip(), os.environ)


def require_place(settings: Settings) -> LakePlace:
    """The same for a command that cannot do without. LakeFailed."""
    place = read_place(settings)
    if place is None:
        raise LakeFailed(f"没有设置 NIANBAO_PUBLISH，{_FORM}。")
    return place


def parse_address(address: str, environment: Mapping[str, str]) -> LakePlace:
    """The lake that an address names. LakeFailed."""
    try:
        parts = urlsplit(address.removeprefix(_PREFIX))
        port = parts.port
    except ValueError:
        raise _refuse("地址写法不对，请核对端口；密码中的特殊字符应写成 %40 这样的形式") from None
    asked = parse_qs(parts.query, keep_blank_values=True)
    if not address.startswith(_PREFIX) or parts.fragment or asked.keys() != {"data"}:
        raise _refuse("地址写法不对")
    data = asked["data"][-1].rstrip("/")
    keys = None
    if data.startswith("s3://") and len(data) > len("s3://"):
        keys = _read_keys(environment)
    elif not data.startswith("/"):
        raise _refuse("data= 应为以 / 开头的文件夹或 s3://桶/文件夹")
    if parts.scheme in _SERVERS:
        return LakePlace(_describe(parts), _read_server(parts, port), f"{data}/", keys)
    if parts.scheme or not parts.path.startswith("/"):
        raise _refuse("目录应在 PostgreSQL 上，或为以 / 开头的文件")
    file = Path(unquote(parts.path))
    return LakePlace(f"{_PREFIX}{file}", file, f"{data}/", keys)


def _read_server(parts: SplitResult, port: int | None) -> PostgresCatalogue:
    database = unquote(parts.path.strip("/"))
    if not parts.hostname or not database or "/" in database:
        raise _refuse("没有写明服务器和数据库")
    return PostgresCatalogue(
        unquote(parts.hostname),
        port or 5432,
        database,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _describe(parts: SplitResult) -> str:
    """The address as it may be shown."""
    user, at, host = parts.netloc.rpartition("@")
    return f"{_PREFIX}{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


def _read_keys(environment: Mapping[str, str]) -> StorageKeys:
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
    server = urlsplit(endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}")
    return StorageKeys(
        key=environment.get("AWS_ACCESS_KEY_ID", ""),
        secret=environment.get("AWS_SECRET_ACCESS_KEY", ""),
        token=environment.get("AWS_SESSION_TOKEN", ""),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "",
        endpoint=f"{server.netloc}{server.path}".rstrip("/"),
        is_encrypted=server.scheme != "http",
    )


def _refuse(why: str) -> LakeFailed:
    return LakeFailed(f"NIANBAO_PUBLISH 的{why}，{_FORM}。")
