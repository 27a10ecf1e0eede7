"""Secrets: of the environment, else of a secret block on the Prefect server; never of a file of the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

PREFIX = "NIANBAO_"
_CHANNEL = "channel_"
_OTHERS = ("smtp_password", "imap_password", "sftp_password")
_BLOCK = "nianbao-"


def find_secret(name: str) -> str:
    """The value of a secret such as ``channel_wecom``: NIANBAO_CHANNEL_WECOM, or the block nianbao-channel-wecom; '' for none."""
    return os.environ.get(PREFIX + name.upper()) or _load_block(name_block(name))


def list_secrets(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and value of each secret that stands in the environment."""
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and value and (name.startswith(_CHANNEL) or name in _OTHERS):
            yield name, value


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
