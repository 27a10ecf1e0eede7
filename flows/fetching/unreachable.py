"""What a source's library says went wrong, in Chinese for the operator, with what to do and without a secret."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence

import asyncssh
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from fsspec.exceptions import FSTimeoutError
from imap_tools import MailboxFolderSelectError, MailboxLoginError

from flows.fetching.sources import FileMissing
from flows.system_words import explain_error

UNEXPECTED = "收取时出错，下次夜间作业会再试，详情见数据目录下的 nianbao-error.log。"
"""Of an error that nobody thought of."""
_WRONG_PASSWORD = "用户名、密码或密钥不对，请核对。"
_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (
        asyncssh.HostKeyNotVerifiable,
        "服务器的密钥未登记或与登记的不符。请向对方核对密钥，再写入 known_hosts 文件（NIANBAO_SFTP_KNOWN_HOSTS）。",
    ),
    ((asyncssh.KeyImportError, asyncssh.KeyEncryptionError), "密钥文件无法读取，请核对 NIANBAO_SFTP_KEY。"),
    ((asyncssh.PermissionDenied, MailboxLoginError), _WRONG_PASSWORD),
    (MailboxFolderSelectError, "邮箱中没有这个文件夹，请核对地址末尾的文件夹名。"),
    (
        (NoCredentialsError, PartialCredentialsError),
        "没有密钥，请设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY。",
    ),
    (
        ssl.SSLCertVerificationError,
        "服务器的证书无法核实，未登录。请核对主机名；自建证书的，请用 NIANBAO_IMAP_CA 指明签发机构的证书文件。",
    ),
    (EndpointConnectionError, "无法连接，请核对 AWS_ENDPOINT_URL 和网络。"),
    (ssl.SSLError, "无法建立加密连接，请核对端口。"),
    (socket.gaierror, "找不到主机，请核对主机名和网络。"),
    (ConnectionRefusedError, "主机拒绝连接，请核对端口，并确认对方服务已启动。"),
    ((FSTimeoutError, TimeoutError), "没有响应，请检查网络和对方服务，下次夜间作业会再试。"),
    (
        (ConnectionError, asyncssh.ConnectionLost, asyncssh.DisconnectError, EOFError),
        "连接中断，请检查网络和对方服务，下次夜间作业会再试。",
    ),
)  # the special before the general
_NO_ANSWER = "服务器未能答复，请检查对方服务，下次夜间作业会再试。"
_CODES = {
    "NoSuchBucket": "没有这个存储桶，请核对。",
    "InvalidAccessKeyId": _WRONG_PASSWORD,
    "SignatureDoesNotMatch": _WRONG_PASSWORD,
    "AccessDenied": "没有权限，请核对密钥及其权限。",
    "403": "没有权限，请核对密钥及其权限。",
}


def explain_unreachable(error: BaseException) -> str:
    """One sentence, or several short ones, that follow the name of a source."""
    if isinstance(error, FileMissing):
        return str(error)
    causes = list(_list_causes(error))
    return _explain_reply(causes) or _explain_kind(causes) or _explain_file(causes) or UNEXPECTED


def _explain_reply(causes: Sequence[BaseException]) -> str | None:
    """What an S3 server replied."""
    reply = next((cause.response for cause in causes if isinstance(cause, ClientError)), None)
    return None if reply is None else _CODES.get(str(reply.get("Error", {}).get("Code", "")), _NO_ANSWER)


def _explain_kind(causes: Sequence[BaseException]) -> str | None:
    """What the error's class says, or that of one of its causes."""
    return next((words for kinds, words in _WORDS if any(isinstance(cause, kinds) for cause in causes)), None)


def _explain_file(causes: Sequence[BaseException]) -> str | None:
    """What is wrong with a file or folder, there or here; after that, what only the library's own class tells."""
    for cause in causes:
        if isinstance(cause, FileNotFoundError):
            return (
                f"{cause.filename}：找不到该文件或文件夹。"
                if cause.filename
                else "找不到该文件夹，请核对地址。"
            )
        if isinstance(cause, PermissionError):
            return "没有读取权限，请核对。"
        if isinstance(cause, OSError) and cause.errno:
            return explain_error(cause)
    is_of_library = any(isinstance(cause, BotoCoreError | asyncssh.Error) for cause in causes)
    return _NO_ANSWER if is_of_library else None


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
