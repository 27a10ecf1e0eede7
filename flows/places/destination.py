"""A folder of this machine, or one that fsspec reaches (sftp://, s3://), with every failure told in Chinese.

Files are written beside their name and renamed, so that a name always stands for a whole file (S3 writes whole or not at
all). The key of an SFTP server must stand in NIANBAO_SFTP_KNOWN_HOSTS (default ~/.ssh/known_hosts): sshfs would take any. Our own
comes from ~/.ssh or NIANBAO_SFTP_KEY, the password from the address or NIANBAO_SFTP_PASSWORD; S3 has the variables AWS_….
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import fsspec

from flows.system_words import explain_error
from warehouse.ledger.durability import PAPER_MODE, UNFINISHED_PREFIX, sync_folder
from warehouse.ledger.regular_files import CHUNK_BYTES

_CONNECT_SECONDS = 15
_SERVER_ERRORS = 500
_OPTIONS: dict[str, dict[str, Any]] = {
    "sftp": {
        "known_hosts": (),  # asyncssh: the user's own; None, the default of sshfs, would be nobody's
        "connect_timeout": _CONNECT_SECONDS,
        "login_timeout": _CONNECT_SECONDS,
        "keepalive_interval": 15,  # a server that hangs is given up after three of these
    },
    "s3": {
        "use_listings_cache": False,
        "config_kwargs": {
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": 60,
            "retries": {
                "mode": "standard",
                "max_attempts": 8,
            },  # waits half a minute in all, 20 s at most at a time
        },
    },
}
_WHOLE = {"s3", "s3a"}
"""Protocols that write a file whole or not at all."""
REASONS = {
    "HostKeyNotVerifiable": "服务器的主机密钥不在 ~/.ssh/known_hosts 中，或与其中的不同，请核对后登记。",
    "PermissionDenied": "服务器不接受该账号、密钥或密码。",
    "PermissionError": "没有读写权限，或账号、密钥不对。",
    "ConnectionRefusedError": "服务器拒绝连接，请检查地址和端口。",
    "gaierror": "找不到该服务器，请检查地址和网络。",
    "TimeoutError": "服务器没有回应，请检查网络。",
    "FSTimeoutError": "服务器没有回应，请检查网络。",
    "ConnectionLost": "连接中断，请检查网络。",
    "NoCredentialsError": "没有访问密钥，请设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY。",
    "EndpointConnectionError": "连接不上服务器，请检查地址和网络。",
    "HTTPClientError": "连接中断，请检查网络。",
    "ConnectTimeoutError": "服务器没有回应，请检查网络。",
    "ReadTimeoutError": "服务器没有回应，请检查网络。",
    "FileNotFoundError": "找不到该文件、文件夹或存储桶。",
    "ServiceUnavailable": "服务器暂时无法提供服务，请稍后重新运行。",
}
"""Names of errors, whichever library they are of."""


class DestinationFailed(Exception):
    """A place cannot be reached, read or written; one Chinese sentence."""


class _Missing(Exception):
    """The file is not there."""


class Destination:
    """A place by its address. Names are relative, with ``/``; every method raises DestinationFailed.

    ``called``: what the place is to whoever reads of a failure.
    """

    def __init__(self, address: str, called: str = "备份位置") -> None:
        self.where = describe_address(address)
        self._called = called
        scheme = urlsplit(address).scheme if "://" in address else "file"
        self._is_local = scheme in {"file", "local"}
        self._is_whole = scheme in _WHOLE
        self._errors = _list_errors(scheme)
        with self._telling():
            options = {**_OPTIONS.get({"ssh": "sftp", "s3a": "s3"}.get(scheme, scheme), {})}
            if scheme in {"sftp", "ssh"}:
                options |= _read_own_key(address)
            self._files, root = fsspec.core.url_to_fs(address, skip_instance_cache=True, **options)
            self._root = str(root).rstrip("/")

    @property
    def folder(self) -> Path | None:
        """The folder, where the place is one of this machine."""
        return Path(self._root or "/") if self._is_local else None

    def list_sizes(self, folder: str) -> dict[str, int]:
        """Name (relative to ``folder``) -> bytes of all whole files below it; empty where it does not exist."""
        with self._telling():
            top = self._path(folder)
            try:
                found = self._files.find(top, detail=True)
            except FileNotFoundError:
                return {}
            names = {str(path)[len(top) + 1 :]: int(about["size"]) for path, about in found.items()}
            return {n: size for n, size in names.items() if UNFINISHED_PREFIX not in n}

    def read(self, name: str) -> bytes | None:
        """The bytes of a small file; None where it is missing."""
        with self._telling():
            try:
                return bytes(self._files.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def hash(self, name: str) -> str | None:
        """The SHA-256 of a file, read back; None where it is missing."""
        return self.fetch(name, None)

    def fetch(self, name: str, out: IO[bytes] | None) -> str | None:
        """Write a file's bytes to ``out``; their SHA-256, None where it is missing. OSError of ``out`` alone."""
        digest = hashlib.sha256()
        try:
            for chunk in self._list_chunks(name):
                digest.update(chunk)
                if out is not None:
                    out.write(chunk)
        except _Missing:
            return None
        return digest.hexdigest()

    def write(self, name: str, content: bytes | IO[bytes], *, is_durable: bool = True) -> None:
        """Write bytes, or what a file still has, as ``name``: whole or not at all, durably where the place can do that.

        Without ``is_durable`` a power cut may lose it, as what can be made again.
        """
        target = self._path(name)
        parent, _, last = target.rpartition("/")
        beside = target if self._is_whole else f"{parent}/{UNFINISHED_PREFIX}{uuid.uuid4().hex[:8]}-{last}"
        with self._telling():
            if not self._is_whole:  # S3 has no folders: a bucket that does not exist would be made
                self._files.makedirs(parent, exist_ok=True)
            with self._files.open(beside, "wb") as out:
                if isinstance(content, bytes):
                    out.write(content)
                else:
                    shutil.copyfileobj(content, out, CHUNK_BYTES)
                if is_durable:
                    self._sync(out)
            if beside != target:
                self._files.mv(beside, target)
            if self._is_local and is_durable:
                sync_folder(Path(parent))

    def write_checked(self, name: str, content: bytes | IO[bytes], sha256: str) -> bool:
        """Write as ``write`` does, and read back; whether the place has what has this SHA-256."""
        self.write(name, content)
        return self.hash(name) == sha256

    def require_writable(self) -> None:
        """Write a small file and remove it again."""
        name = f"{UNFINISHED_PREFIX}{uuid.uuid4().hex[:8]}"
        self.write(name, b"nianbao")
        self.remove(name)

    def move(self, name: str, to: str) -> None:
        """Give a file another name, over whatever had it; nothing where it is not there."""
        target = self._path(to)
        with self._telling(), suppress(FileNotFoundError):
            if not self._is_whole:
                self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.mv(self._path(name), target)

    def remove(self, name: str) -> None:
        """Remove a file; nothing where it is not there."""
        with self._telling(), suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def _sync(self, out: Any) -> None:
        """Ask for the bytes to survive a power cut there; a server that does not know how is taken at its word."""
        if self._is_local:
            out.flush()
            os.fchmod(out.fileno(), PAPER_MODE)
            os.fsync(out.fileno())
        elif hasattr(out, "fsync"):
            try:
                out.fsync()
            except self._errors:
                return

    def _list_chunks(self, name: str) -> Iterator[bytes]:
        with self._telling():
            try:
                with self._files.open(self._path(name), "rb") as source:
                    while chunk := source.read(CHUNK_BYTES):
                        yield chunk
            except FileNotFoundError as error:
                raise _Missing from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise DestinationFailed(f"{self._called} {self.where}：{_explain(error)}") from error


def describe_address(address: str) -> str:
    """The address as it may be shown: without password, and without what only programs read."""
    if "://" not in address:
        return str(Path(address).absolute())
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return f"{parts.scheme}://{f'{name}@' if name else ''}{host}{parts.path}"


def _read_own_key(address: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if known := os.environ.get("NIANBAO_SFTP_KNOWN_HOSTS"):
        found["known_hosts"] = known
    if key := os.environ.get("NIANBAO_SFTP_KEY"):
        found["client_keys"] = [key]
    if (password := os.environ.get("NIANBAO_SFTP_PASSWORD")) and urlsplit(address).password is None:
        found["password"] = password
    return found


def _list_errors(scheme: str) -> tuple[type[Exception], ...]:
    """What goes wrong in a place of this kind; its library is imported only where it is needed."""
    common = (OSError, ValueError, ImportError)
    if scheme in {"sftp", "ssh"}:
        import asyncssh

        return (*common, asyncssh.Error)
    if scheme in _WHOLE:
        from botocore.exceptions import BotoCoreError, ClientError

        return (*common, BotoCoreError, ClientError)
    return common


def _explain(error: Exception) -> str:
    if _is_unavailable(error):
        return REASONS["ServiceUnavailable"]
    for kind in type(error).__mro__:
        if kind is OSError:
            break
        if kind.__name__ in REASONS:
            return REASONS[kind.__name__]
    if isinstance(error, OSError) and error.errno:
        return explain_error(error)
    if isinstance(error, (ValueError, ImportError)):
        return "地址无法识别，请写文件夹，或以 sftp://、s3:// 开头的地址。"
    return f"出错（{type(error).__name__}），请检查地址、账号和网络。"


def _is_unavailable(error: BaseException | None) -> bool:
    """Whether a server of S3 has answered that it cannot serve anybody now (5xx); s3fs makes an OSError of that."""
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict):
            return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= _SERVER_ERRORS
        error = error.__cause__
    return False
