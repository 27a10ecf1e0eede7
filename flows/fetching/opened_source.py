"""Opens a source of files: a folder of this machine, an SFTP server or an S3 bucket, the latter two through fsspec."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncssh
from fsspec.asyn import sync
from s3fs import S3FileSystem
from sshfs import SSHFileSystem

from flows.fetching.remote_folder import (
    SET_ASIDE,
    CannotSetAside,
    ChangedMeanwhile,
    RemoteEntry,
    RemoteFile,
    RemoteFolder,
    walk,
)
from flows.fetching.sources import FolderSource, S3Source, SftpSource, Source, require_file
from flows.receiving.finished import hold_off_writers
from flows.receiving.inbox import OnLeft, list_files, read_mark

CONNECT_SECONDS = 15
ANSWER_SECONDS = 30
"""How long a server may take for anything but a file's content."""
_SLOWEST_BYTES = 64 << 10
"""Bytes a second below which a transfer is given up."""
_READ_ONLY = (
    PermissionError,
    asyncssh.SFTPPermissionDenied,
    asyncssh.SFTPWriteProtect,
    asyncssh.SFTPOpUnsupported,
    asyncssh.SFTPFailure,
)


@contextmanager
def open_source(source: Source) -> Iterator[RemoteFolder]:
    """The source's files; raises what its library raises when it cannot be reached."""
    match source:
        case FolderSource():
            yield LocalFolder(source.path)
        case SftpSource():
            folder = SftpFolder(source)
            try:
                yield folder
            finally:
                folder.close()
        case S3Source():
            yield S3Folder(source)
        case _:
            raise TypeError(f"no source of files: {type(source).__name__}")


class LocalFolder:
    """A folder of this machine, or a share mounted on it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        os.scandir(root).close()  # a share that is not mounted is not an empty one

    def list_files(self, left: OnLeft) -> list[RemoteFile]:
        """See RemoteFolder."""
        return [
            RemoteFile(path.relative_to(self._root).as_posix(), mark.size, mark.last_change / 1e9)
            for path, mark in list_files(self._root, left, without=SET_ASIDE)
        ]

    def download(self, file: RemoteFile, target: Path) -> None:
        """See RemoteFolder."""
        path = self._root / file.path
        with hold_off_writers(path) as is_nobody_writing:
            if not is_nobody_writing:
                raise ChangedMeanwhile
            shutil.copyfile(path, target, follow_symlinks=False)
        self._require_same(file)

    def set_aside(self, file: RemoteFile, path: str) -> None:
        """See RemoteFolder."""
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._require_same(file)
            (self._root / file.path).rename(target)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CannotSetAside from error

    def _require_same(self, file: RemoteFile) -> None:
        mark = read_mark(self._root / file.path)
        if (mark.size, mark.last_change / 1e9) != (file.size, file.modified):
            raise ChangedMeanwhile


class _FsspecFolder:
    """What SFTP and S3 have in common."""

    def __init__(self, files: Any, root: str) -> None:
        self._files = files
        self._root = root

    def list_files(self, left: OnLeft) -> list[RemoteFile]:
        """See RemoteFolder."""
        return list(walk(self._list_folder, left))

    def download(self, file: RemoteFile, target: Path) -> None:
        """See RemoteFolder."""
        allowed = ANSWER_SECONDS + file.size / _SLOWEST_BYTES
        self._files.get_file(self._at(file.path), str(target), timeout=allowed)
        self._require_same(file, file.path)

    def _list_folder(self, path: str) -> Iterable[RemoteEntry]:
        at = self._at(path)
        for found in self._list(at):
            name = found["name"].rstrip("/")
            if name != at.rstrip("/"):  # S3 keeps folders as objects, which name themselves
                yield RemoteEntry(
                    posixpath.basename(name), found["type"], found["size"] or 0, _read_time(found)
                )

    def _list(self, at: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._files.ls(at, detail=True, timeout=ANSWER_SECONDS)
        return found

    def _require_same(self, file: RemoteFile, path: str) -> None:
        """ChangedMeanwhile unless what lies at ``path`` is the file that was listed."""
        found = self._files.info(self._at(path), timeout=ANSWER_SECONDS)
        if (found["size"], _read_time(found)) != (file.size, file.modified):
            raise ChangedMeanwhile

    def _at(self, path: str) -> str:
        return posixpath.join(self._root, path) if path else self._root


class SftpFolder(_FsspecFolder):
    """A folder of an SFTP server. Its key is checked; a server that falls silent is given up after half a minute."""

    def __init__(self, source: SftpSource) -> None:
        require_file(
            source.known_hosts,
            "服务器的密钥尚未登记（请向对方核对，用 ssh-keyscan 取得，写入 NIANBAO_SFTP_KNOWN_HOSTS 指明的文件）：",
        )
        require_file(source.key, "SFTP 密钥文件（NIANBAO_SFTP_KEY）")
        password = source.password.get_secret_value()
        files = SSHFileSystem(
            source.host,
            port=source.port,
            username=source.user,
            known_hosts=str(source.known_hosts),
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=10,
            keepalive_count_max=3,
            timeout=ANSWER_SECONDS,
            skip_instance_cache=True,  # else a second night would get a connection that has ended
            sftp_client_kwargs={"path_errors": "surrogateescape"},  # names in GBK
            **({"client_keys": [str(source.key)]} if source.key else {}),
            **({"password": password} if password else {"password": None}),
        )
        super().__init__(files, source.path)

    def set_aside(self, file: RemoteFile, path: str) -> None:
        """See RemoteFolder."""
        old, new = self._at(file.path), self._at(path)
        try:
            self._files.makedirs(posixpath.dirname(new), exist_ok=True, timeout=ANSWER_SECONDS)
            self._rename(old, new)
        except _READ_ONLY as error:
            raise CannotSetAside from error
        try:
            self._require_same(file, path)
        except ChangedMeanwhile:
            self._rename(new, old)
            raise

    def close(self) -> None:
        """End the connection."""
        sync(self._files.loop, self._disconnect, timeout=ANSWER_SECONDS)

    async def _disconnect(self) -> None:
        self._files.client.abort()

    def _rename(self, old: str, new: str) -> None:
        """SFTP's own renaming, which replaces nothing; that of sshfs would, and copies where the server does not know it."""
        sync(self._files.loop, self._rename_there, old, new, timeout=ANSWER_SECONDS)

    async def _rename_there(self, old: str, new: str) -> None:
        client = self._files.client
        async with await client.start_sftp_client(path_errors="surrogateescape") as channel:
            await channel.rename(old, new)


class S3Folder(_FsspecFolder):
    """What lies below a prefix of a bucket. An object is whole or not there at all."""

    def __init__(self, source: S3Source) -> None:
        key, _, secret = source.password.get_secret_value().partition(":")
        files = S3FileSystem(
            key=key or None,
            secret=secret or None,
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": CONNECT_SECONDS,
                "retries": {"max_attempts": 1},
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        files.retries = 1
        super().__init__(files, posixpath.join(source.bucket, source.prefix).rstrip("/"))

    def set_aside(self, file: RemoteFile, path: str) -> None:
        """See RemoteFolder."""
        old, new = self._at(file.path), self._at(path)
        try:
            self._files.cp_file(old, new, timeout=ANSWER_SECONDS + file.size / _SLOWEST_BYTES)
            self._require_same(file, file.path)
            self._files.rm_file(old, timeout=ANSWER_SECONDS)
        except PermissionError as error:
            raise CannotSetAside from error


def _read_time(found: dict[str, Any]) -> float:
    moment: datetime | None = found.get("mtime") or found.get("LastModified")
    return moment.timestamp() if moment is not None else 0.0
