"""Reading files that somebody else has put there: regular ones alone, a piece at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

CHUNK_BYTES = 1 << 20


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, and nothing else: ValueError."""
    # O_NONBLOCK: opening a pipe must not wait for somebody to write into it. O_NOFOLLOW: a link may point anywhere.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ValueError(f"{path} 不是普通文件，无法归档")
    return os.fdopen(handle, "rb")


def read_chunks(source: BufferedReader, name: str) -> Iterator[bytes]:
    """The content, piece by piece. OSError about the file called ``name``."""
    try:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        error.filename = name
        raise
