"""Writes that survive a power cut (POSIX)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED_PREFIX = ".unfinished-"
"""The prefix of a file that is being written; a leftover of a power cut may be deleted."""
PAPER_MODE = 0o640
"""The mode of files for people: the owner writes, the group reads, nobody else."""


def write_durably(path: Path, content: bytes, mode: int = PAPER_MODE) -> None:
    """Replace ``path`` by a new file, whole or not at all; when this returns, it survives a power cut."""
    with writing_durably(path, mode) as unfinished:
        unfinished.write_bytes(content)


@contextmanager
def writing_durably(path: Path, mode: int = PAPER_MODE) -> Iterator[Path]:
    """A file beside ``path`` for whoever writes it by its name; after the block it replaces ``path``, as in `write_durably`."""
    handle, name = tempfile.mkstemp(prefix=UNFINISHED_PREFIX, dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(mode)
        sync_file(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, so that their names survive a power cut."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


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
    except OSError as error:
        error.filename = str(path)  # a handle has no name
        raise
    finally:
        os.close(handle)
