"""Outboxes elsewhere: a folder, SFTP or S3 into which a unit's receipts and correction workbooks are copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fsspec

from flows.telling.channels import ChannelDown


def put_into_outbox(url: str, paths: Sequence[Path]) -> None:
    """Copy files into the folder ``url``; a file is there whole or not at all where the other side can rename. ChannelDown."""
    try:
        system, folder = fsspec.core.url_to_fs(url)
        system.makedirs(folder, exist_ok=True)
        for path in paths:
            unfinished, finished = f"{folder}/.{path.name}.part", f"{folder}/{path.name}"
            system.put_file(str(path), unfinished)
            if system.exists(finished):
                system.rm_file(finished)
            system.mv(unfinished, finished)
    except FileNotFoundError as error:
        raise ChannelDown("未能放入发件目录：文件或目录不存在。") from error
    except Exception as error:
        raise ChannelDown(f"未能放入发件目录（{url.partition('://')[0]}）：连接不上或没有权限。") from error
