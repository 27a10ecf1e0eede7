"""Outboxes elsewhere: a folder, SFTP or S3 into which a unit's receipts and correction workbooks are copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.dispatch.channels import ChannelDown
from flows.places.destination import Destination, DestinationFailed


def put_into_outbox(url: str, paths: Sequence[Path]) -> None:
    """Copy files into the folder ``url``, each whole or not at all. ChannelDown."""
    try:
        outbox = Destination(url, "发件目录")
        for path in paths:
            with path.open("rb") as content:
                outbox.write(path.name, content)
    except DestinationFailed as error:
        raise ChannelDown(str(error)) from error
    except OSError as error:
        raise ChannelDown("回执或更正表读不出来，未能放入发件目录。", may_heal=False) from error
