"""Whether the published warehouse is the file that was published, and what a night does when it is not.

The warehouse is a function of archive, journal and catalogue: a damaged one is put aside and built anew, whoever holds
it open for writing keeps the old file. Its checksum shows whether it is whole. DuckDB's checksums
of blocks do not suffice: a night reads only some of the blocks and would copy the damage of others.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Literal

import duckdb

from warehouse.ledger.durability import sync_file, sync_folder, write_durably
from warehouse.store.connection import WarehouseOccupied, attach_read_only, open_in_memory

CHECKSUM_SUFFIX = ".sha256"
State = Literal["missing", "whole", "unrecorded", "changed", "no_file", "unreadable", "occupied"]

STATE_WORDS: dict[State, str] = {
    "unrecorded": "没有校验记录（由旧版本的程序建立）",
    "changed": "文件已损坏，或被其他程序改动过",
    "no_file": "应是文件，却是文件夹或其他东西",
    "unreadable": "文件无法打开",
    "occupied": "正被其他程序以可写方式打开，或旁有未合并的 .wal 文件",
}
"""State -> what is wrong with the warehouse, except missing and whole."""

_KEPT_ASIDE = 3
_HASH = re.compile(r"^([0-9a-f]{64})  ", re.MULTILINE)


def checksum(file: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def record_checksum(published: Path, coming: str) -> None:
    """Write ``coming``, the checksum of the file about to be published, beside that of the published one."""
    known = _read_checksums(published) or ([checksum(published)] if published.is_file() else [])
    _write_checksums(published, [coming, *known])


def settle_checksum(published: Path) -> None:
    """The file whose checksum was recorded last is published: forget those before it."""
    _write_checksums(published, _read_checksums(published)[:1])


def forget_checksum(published: Path) -> None:
    """Remove the checksum of a file that is published no more."""
    _checksum_file(published).unlink(missing_ok=True)


def examine(published: Path) -> State:
    """The state of the published file."""
    if not published.exists():
        return "missing"
    if not published.is_file():
        return "no_file"
    recorded = _read_checksums(published)
    if recorded and checksum(published) not in recorded:
        return "changed"
    if wal_path(published).exists():
        return "occupied"
    try:
        with open_in_memory() as connection:
            attach_read_only(connection, published, "examined")
            connection.execute("SELECT count(*) FROM duckdb_columns()").fetchone()
    except WarehouseOccupied:
        return "occupied"
    except duckdb.Error:
        return "unreadable"
    return "whole" if recorded else "unrecorded"


def make_sound(published: Path) -> tuple[State, str | None]:
    """Put aside a file that cannot be built upon; returns the state found, and one Chinese sentence if anything was done.

    Afterwards the file is missing, whole, or (of an older version) unrecorded.
    """
    state = examine(published)
    match state:
        case "changed" | "no_file" | "unreadable":
            aside = put_aside(published, "damaged")
            put_wal_aside(published)
            said = f"数据仓库{STATE_WORDS[state]}，已移为 {aside.name}，并由档案和登记簿重新建立。"
            return state, said
        case "occupied":
            _replace_by_copy(published)
            return state, f"数据仓库{STATE_WORDS[state]}，已换为内容相同的新文件；该程序所作的改动不予保留。"
        case _:
            return state, None


def put_aside(file: Path, why: str) -> Path:
    """Rename a file (or whatever has its name); only the latest ones are kept."""
    aside = file.with_name(f"{file.name}.{why}-{file.stat().st_ino}")
    if aside.is_dir():
        shutil.rmtree(aside)
    file.replace(aside)
    sync_folder(file.parent)
    former = [p for p in file.parent.glob(f"{file.name}.{why}-*") if p.is_file() and p != aside]
    for old in sorted(former, key=lambda p: p.stat().st_ctime_ns)[: -(_KEPT_ASIDE - 1)]:
        old.unlink()
    return aside


def put_wal_aside(database: Path) -> None:
    """Rename the .wal that another program left beside a database, since nobody can open it with that."""
    if wal_path(database).exists():
        put_aside(wal_path(database), "aside")


def wal_path(database: Path) -> Path:
    """The path of DuckDB's changes that are not yet in the database file."""
    return database.with_name(database.name + ".wal")


def _replace_by_copy(published: Path) -> None:
    """Replace the published file by a copy of itself, so that a program with the old file open does not write into it."""
    copy = published.with_name(published.name + ".copy")
    copy.unlink(missing_ok=True)
    copy.touch(0o600)
    shutil.copyfile(published, copy)
    found = published.stat()
    try:
        os.chown(copy, -1, found.st_gid)
        copy.chmod(found.st_mode & 0o777)
    except (
        PermissionError
    ):  # a group that is not the owner's to give: then its members wait for the next night
        copy.chmod(0o400)
    sync_file(copy)
    put_wal_aside(published)
    copy.replace(published)
    sync_folder(published.parent)


def _read_checksums(published: Path) -> list[str]:
    """The checksums that the published file may have: of the one recorded last, and of those before it until one is published."""
    try:
        return _HASH.findall(_checksum_file(published).read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []


def _write_checksums(published: Path, sums: list[str]) -> None:
    lines = "".join(f"{found}  {published.name}\n" for found in sums)
    write_durably(_checksum_file(published), lines.encode())


def _checksum_file(published: Path) -> Path:
    return published.with_name(published.name + CHECKSUM_SUFFIX)
