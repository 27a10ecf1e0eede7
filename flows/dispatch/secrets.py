"""Secrets: of the environment, else of a secret block on the Prefect server; never of a file of the catalogue."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

PREFIX = "NIANBAO_"
_CHANNEL = "channel_"
_OTHERS = ("smtp_password", "imap_password", "sftp_password")
_BLOCK = "nianbao-"
HIDDEN = "***"
_IS_SECRET = re.compile(
    r"NIANBAO_(CHANNEL_.*|SECRET_.*|.*_PASSWORD)|PGPASSWORD|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN"
)
_HOLDS_ADDRESSES = re.compile(r"NIANBAO_(ALERTS|DEADMAN|SMTP|INBOX|BACKUP|JOURNAL|PUBLISH)")
_IS_SECRET_WHOLE = re.compile(r"NIANBAO_(ALERTS|DEADMAN)")
_LEAST_LETTERS = 4  # of less, every text would be full


def find_secret(name: str) -> str:
    """The value of a secret such as ``channel_wecom``: NIANBAO_CHANNEL_WECOM, or the block nianbao-channel-wecom; '' for none."""
    return os.environ.get(PREFIX + name.upper()) or _load_block(name_block(name))


def list_secrets(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and value of each secret that stands in the environment."""
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and value and (name.startswith(_CHANNEL) or name in _OTHERS):
            yield name, value


def hide_secrets(text: str, environment: Mapping[str, str]) -> str:
    """``text`` with *** for whatever in it is a secret of the environment, should a library quote one."""
    found = {part for name, value in environment.items() for part in _list_secret_parts(name, value)}
    for secret in sorted(found, key=len, reverse=True):  # the longer first: one may be part of another
        text = text.replace(secret, HIDDEN)
    return text


def _list_secret_parts(name: str, value: str) -> Iterator[str]:
    """What of a variable's value is secret, as it is written and as libraries read it."""
    parts: list[str] = []
    if _IS_SECRET.fullmatch(name):
        parts = [value, *value.split(":")[1:]]
    elif _HOLDS_ADDRESSES.fullmatch(name):
        for address in value.replace(",", " ").split():
            after = address.partition("://")[2] or address
            user, at, _ = after.rpartition("@")
            parts += [user.partition(":")[2]] if at else []
            parts += re.findall(r"[?&]password=([^&#]*)", after)
            parts += [address, after] if _IS_SECRET_WHOLE.fullmatch(name) else []
    for part in parts:
        if len(part) >= _LEAST_LETTERS:
            yield from {part, unquote(part)}


def name_block(name: str) -> str:
    """The name of a secret's block: Prefect takes small letters, digits and dashes."""
    return _BLOCK + name.replace("_", "-")


def _load_block(name: str) -> str:
    """The value of a block on the server that PREFECT_API_URL names; '' where there is no such block or server."""
    if "PREFECT_API_URL" not in os.environ:
        return ""
    from prefect.blocks.system import Secret

    try:
        return str(Secret.load(name, _sync=True).get())  # type: ignore[call-arg,union-attr]
    except (ValueError, OSError, RuntimeError):
        return ""
