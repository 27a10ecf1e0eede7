"""NIANBAO_INBOX: where files are fetched from before a night receives what lies in the inbox.

Sources are separated by blanks or commas; a blank, comma, # or @ within one is written %20, %2C, %23, %40:

- ``/srv/share`` or ``file:///srv/share``: a local folder, for instance a mounted share;
- ``sftp://user@host:22/path`` (``/~/path`` is below the user's own folder): the server's key must stand in
  NIANBAO_SFTP_KNOWN_HOSTS (default ~/.ssh/known_hosts); the user's is NIANBAO_SFTP_KEY or one of ~/.ssh, or a password;
- ``s3://bucket/prefix``: endpoint and keys are those of the usual AWS_… variables;
- ``imaps://user@host:993/Folder`` (default INBOX): the server's certificate is checked, against NIANBAO_IMAP_CA where
  that names a file. ``imap://``, without encryption, leads to this machine alone.

Below the folder, path or prefix lie folders of units, as in the inbox itself. Passwords are NIANBAO_SFTP_PASSWORD and
NIANBAO_IMAP_PASSWORD. Where two sources of one kind need different ones, a source ends with ``#NAME`` and its password is
NIANBAO_SECRET_NAME (of an S3 source: ``key:secret``). One may also stand in the URL, ``sftp://user:password@host/path``.
A source's ``label`` is what people, Prefect and logs see of it; it never holds a secret.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from flows.dispatch.secrets import find_secret
from flows.settings import Settings
from flows.system_words import explain_error

_BETWEEN = re.compile(r"[\s,，]+")
_NAME = re.compile(r"[A-Z0-9_]+")
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f]")


class SourceRefused(Exception):
    """What an entry of NIANBAO_INBOX is not: one Chinese sentence without its secrets."""


class FileMissing(Exception):
    """A file that a source needs is not there, or cannot be read: one Chinese sentence."""


def require_file(path: Path | None, what: str) -> None:
    """FileMissing, which says what to do, unless a file that is named can be read."""
    try:
        if path is not None:
            path.open("rb").close()
    except OSError as error:
        raise FileMissing(f"{what} {path} 无法读取：{explain_error(error)}") from error


@dataclass(frozen=True)
class Source:
    """Where files come from; ``password`` is empty where none is given."""

    label: str
    password: SecretStr

    @property
    def id(self) -> str:
        """A name for files about this source."""
        return hashlib.sha256(self.label.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class FolderSource(Source):
    """A folder of this machine."""

    path: Path


@dataclass(frozen=True)
class SftpSource(Source):
    """A folder of an SFTP server; ``path`` may be relative to the user's own folder."""

    host: str
    port: int
    user: str
    path: str
    key: Path | None
    known_hosts: Path


@dataclass(frozen=True)
class S3Source(Source):
    """What lies below a prefix of a bucket; a password is ``key:secret``."""

    bucket: str
    prefix: str


@dataclass(frozen=True)
class MailSource(Source):
    """A folder of a mailbox; ``ca`` is the file of the authority that vouches for the server."""

    host: str
    port: int
    user: str
    folder: str
    is_encrypted: bool
    ca: Path | None


def read_sources(settings: Settings) -> tuple[list[Source], list[str]]:
    """The sources of NIANBAO_INBOX, and a Chinese sentence for each entry that is none; an entry written twice counts once."""
    sources: dict[str, Source] = {}
    refused: list[str] = []
    for number, entry in enumerate(filter(None, _BETWEEN.split(settings.inbox)), 1):
        try:
            source = _read_source(entry, settings)
        except SourceRefused as error:
            refused.append(f"NIANBAO_INBOX 第 {number} 项：{error}")
        else:
            sources.setdefault(source.label, source)
    return list(sources.values()), refused


def _read_source(entry: str, settings: Settings) -> Source:
    if "://" not in entry:
        return _read_folder(unquote(entry), settings)
    try:
        url = urlsplit(entry)
        port = url.port
    except ValueError:
        raise SourceRefused("地址写法不对，请核对端口；密码中的特殊字符应写成 %40 这样的形式。") from None
    if url.query or (url.fragment and not _NAME.fullmatch(url.fragment)) or _has_stray_password(url):
        raise SourceRefused(
            "地址写法不对：密码中的 @ # / ? 应写成 %40 %23 %2F %3F，末尾的 #名称 只用大写字母、数字和下划线。"
        )
    match url.scheme:
        case "file":
            return _read_folder(unquote(url.path), settings)
        case "sftp":
            return _read_sftp(url, port or 22, settings)
        case "s3":
            return _read_s3(url)
        case "imaps" | "imap":
            return _read_mailbox(url, port, settings)
    raise SourceRefused(
        "不是可以收取的来源；可以是文件夹、file://、sftp://、s3://、imaps:// 地址，多项之间用空格或逗号分开。"
    )


def _has_stray_password(url: SplitResult) -> bool:
    """Whether the path holds what belongs before the host: a password with a slash that was not written %2F."""
    return "@" in url.path and "@" not in url.netloc and url.scheme in {"sftp", "imap", "imaps"}


def _read_folder(text: str, settings: Settings) -> FolderSource:
    path = Path(text).expanduser()
    if "\0" in text or not path.is_absolute():
        raise SourceRefused("文件夹应写绝对路径，如 /srv/nianbao。")
    path = Path(os.path.normpath(path))
    home = settings.home.absolute()
    if path.is_relative_to(home) or home.is_relative_to(path):
        raise SourceRefused(f"{path} 与数据目录 {home} 相互包含，收件箱无须写入，请删去这一项。")
    return FolderSource(_label(str(path)), SecretStr(""), path)


def _read_sftp(url: SplitResult, port: int, settings: Settings) -> SftpSource:
    host, user = _require_host(url), unquote(url.username or "")
    if not user:
        raise SourceRefused("SFTP 地址应写用户名，如 sftp://用户名@主机/文件夹。")
    path = unquote(url.path)
    own = path.removeprefix("/~").lstrip("/") if path in {"", "/~"} or path.startswith("/~/") else path
    return SftpSource(
        _label(f"sftp://{user}@{host}:{port}{path}"),
        _find_secret(url, settings.sftp_password, "sftp_password"),
        host,
        port,
        user,
        own.rstrip("/") or ("/" if own else "."),
        settings.sftp_key.expanduser() if settings.sftp_key else None,
        (settings.sftp_known_hosts or Path("~/.ssh/known_hosts")).expanduser(),
    )


def _read_s3(url: SplitResult) -> S3Source:
    bucket = url.hostname or ""
    if not bucket or url.username or url.port:
        raise SourceRefused("S3 地址应写成 s3://存储桶/前缀，密钥放在 AWS_ACCESS_KEY_ID 等环境变量中。")
    prefix = unquote(url.path).strip("/")
    secret = _find_secret(url, SecretStr(""))
    if secret.get_secret_value() and ":" not in secret.get_secret_value():
        raise SourceRefused(f"环境变量 NIANBAO_SECRET_{url.fragment} 应写成“密钥编号:密钥”。")
    return S3Source(_label(f"s3://{bucket}/{prefix}".rstrip("/")), secret, bucket, prefix)


def _read_mailbox(url: SplitResult, port: int | None, settings: Settings) -> MailSource:
    host, user = _require_host(url), unquote(url.username or "")
    is_encrypted = url.scheme == "imaps"
    if not is_encrypted and host not in _THIS_MACHINE:
        raise SourceRefused(f"imap:// 不加密，只能用于本机，请改用 imaps://{host}。")
    if not user:
        raise SourceRefused("邮箱地址应写用户名，如 imaps://用户名@主机/INBOX。")
    password = _find_secret(url, settings.imap_password, "imap_password")
    if not password.get_secret_value():
        raise SourceRefused("没有邮箱密码，请写入环境变量 NIANBAO_IMAP_PASSWORD。")
    port = port or (993 if is_encrypted else 143)
    folder = unquote(url.path).strip("/") or "INBOX"
    label = _label(f"{url.scheme}://{user}@{host}:{port}/{folder}")
    ca = settings.imap_ca.expanduser() if settings.imap_ca else None
    return MailSource(label, password, host, port, user, folder, is_encrypted, ca)


def _require_host(url: SplitResult) -> str:
    if not url.hostname:
        raise SourceRefused(f"{url.scheme}:// 之后应写主机名。")
    return url.hostname


def _find_secret(url: SplitResult, usual: SecretStr, name_of_usual: str = "") -> SecretStr:
    """The password of a source: in its URL, under the name it ends with, or the one usual for its kind.

    The usual one may also be kept on the Prefect server, if it has a name there.
    """
    if url.password:
        return SecretStr(unquote(url.password))
    if not url.fragment:
        is_kept = bool(name_of_usual) and not usual.get_secret_value()
        return SecretStr(find_secret(name_of_usual)) if is_kept else usual
    name = f"NIANBAO_SECRET_{url.fragment}"
    if name not in os.environ:
        raise SourceRefused(f"没有环境变量 {name}，请写入该来源的密码。")
    return SecretStr(os.environ[name])


def _label(text: str) -> str:
    return _NOT_SHOWN.sub(" ", text)
