"""Attaches a lake to a connection, with its secrets kept out of every statement that an error could quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from warehouse.lake.extensions import load_extensions
from warehouse.lake.place import LakeEmpty, LakeFailed, LakePlace, PostgresCatalogue, StorageKeys
from warehouse.store.connection import first_line, open_in_memory
from warehouse.store.schema.tables import quote

LAKE = "lake"
"""The name under which a lake is attached."""
_NOBODY = r"does not exist - and creating a new DuckLake"
_REASONS = (
    (r"does not match existing data path", "已有的数据湖的数据文件在别处，请核对地址中的 data=。"),
    (r"password authentication failed|no password supplied", "账号或密码不对。"),
    (r"Connection refused", "服务器拒绝连接，请检查地址和端口。"),
    (r"could not translate host name|Could not resolve", "找不到该服务器，请检查地址和网络。"),
    (r"Could not set lock on file", "目录文件正被其他程序打开。几台机器共用的，请把目录放在 PostgreSQL 上。"),
    (r"HTTP (code )?403|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch", "没有读写权限，或访问密钥不对。"),
    (r"HTTP (code )?404|NoSuchBucket", "找不到该存储桶或其中的文件。"),
    (r"Could not (establish )?connect|HTTP HEAD|HTTP PUT|HTTP GET|timed out|Timeout", "连接不上存储服务，请检查地址和网络。"),
    (r"No space left on device", "磁盘空间已满。"),
    (r"Permission denied|permission denied", "没有读写权限。"),
)  # fmt: skip


def list_secrets(place: LakePlace) -> list[str]:
    """CREATE SECRET statements for what a lake is reached with; they hold passwords and keys."""
    found = []
    if isinstance(catalogue := place.catalogue, PostgresCatalogue):
        found.append(_create_secret("lake_catalogue", "postgres", {
            "HOST": catalogue.host, "PORT": str(catalogue.port or ""), "DATABASE": catalogue.database,
            "USER": catalogue.user, "PASSWORD": catalogue.password,
        }))  # fmt: skip
    if place.keys is not None:
        found.append(_create_storage_secret(place.keys))
    return found


def attach_statement(place: LakePlace, options: str = "") -> str:
    """ATTACH, for a connection that has the secrets."""
    where = ", ".join([f"DATA_PATH {quote(place.data)}", *filter(None, [options])])
    if isinstance(place.catalogue, PostgresCatalogue):
        return f"ATTACH 'ducklake:postgres:' AS {LAKE} (META_SECRET lake_catalogue, {where})"
    return f"ATTACH {quote(f'ducklake:{place.catalogue}')} AS {LAKE} ({where})"


@contextmanager
def attached(place: LakePlace, options: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the lake. LakeFailed for what goes wrong with it in the block, too."""
    with open_in_memory() as connection, telling(place):
        load_extensions(connection, place)
        for statement in list_secrets(place):
            connection.execute(statement)
        connection.execute(attach_statement(place, options))
        yield connection


@contextmanager
def telling(place: LakePlace) -> Iterator[None]:
    """Turn DuckDB's errors into LakeFailed."""
    try:
        yield
    except duckdb.Error as error:
        if re.search(_NOBODY, str(error)):
            raise LakeEmpty(f"数据湖 {place.label}：还没有机构发布过。") from error
        for pattern, reason in _REASONS:
            if re.search(pattern, str(error)):
                raise LakeFailed(f"数据湖 {place.label}：{reason}") from error
        raise LakeFailed(f"数据湖 {place.label}：DuckDB 报错：{_hide(first_line(error), place)}") from error


def _hide(text: str, place: LakePlace) -> str:
    """``text`` without the secrets of the lake, should DuckDB quote one."""
    secrets = [place.catalogue.password] if isinstance(place.catalogue, PostgresCatalogue) else []
    secrets += [place.keys.secret, place.keys.token] if place.keys is not None else []
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text


def _create_storage_secret(keys: StorageKeys) -> str:
    return _create_secret("lake_storage", "s3", {
        "KEY_ID": keys.key, "SECRET": keys.secret, "SESSION_TOKEN": keys.token, "REGION": keys.region,
        "ENDPOINT": keys.endpoint, "URL_STYLE": "path" if keys.endpoint else "",
        "USE_SSL": "" if keys.is_encrypted else "false",
    })  # fmt: skip


def _create_secret(name: str, kind: str, given: dict[str, str]) -> str:
    options = "".join(f", {option} {quote(value)}" for option, value in given.items() if value)
    return f"CREATE SECRET {name} (TYPE {kind}{options})"
