"""Writes that survive a power cut (POSIX)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

UNFINISHED_PREFIX = ".unfinished-"
"""The prefix of a file that is being written; a leftover of a power cut may be deleted."""
PAPER_MODE = 0o640
"""The mode of files for people: the owner writes, the group reads, nobody else."""


def write_durably(path: Path, content: bytes, mode: int = PAPER_MODE) -> None:
    """Replace ``path`` by a new file, whole or not at all; when this returns, it survives a power cut."""
    handle, name = tempfile.mkstemp(prefix=UNFINISHED_PREFIX, dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder (new files, renames, removals) survive a power cut."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def sync_file(file: Path) -> None:
    """Make a file's content and mode survive a power cut, whoever wrote them."""
    _sync(file, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
