"""Puts what was fetched into the inbox: written aside, made durable, and only then given its name there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from warehouse.ledger.durability import PAPER_MODE, sync_file, sync_folder

_ASIDE = ".fetching"
"""The hidden folder of the inbox in which files are written; what a night that was cut off left in it is removed."""


@contextmanager
def open_landing(inbox: Path) -> Iterator[Path]:
    """An empty folder on the inbox's disk that ends with the block."""
    aside = inbox / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_folders(target: Path, inbox: Path) -> None:
    """FileExistsError when a file or a link lies on the way from the inbox to ``target``."""
    for folder in takewhile(lambda folder: folder != inbox, target.parents):
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            raise FileExistsError(folder)


def land(written: Path, target: Path, inbox: Path) -> None:
    """Rename a file, or a folder of files, to ``target`` in the inbox; it survives a power cut.

    FileExistsError when something lies there, or a file or a link lies on the way: links are not followed.
    """
    require_folders(target, inbox)
    if os.path.lexists(target):
        raise FileExistsError(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in [written] if written.is_file() else written.iterdir():
        file.chmod(PAPER_MODE)
        sync_file(file)
    if written.is_dir():
        sync_folder(written)
    written.rename(target)
    for folder in takewhile(lambda folder: folder != inbox.parent, target.parents):
        sync_folder(folder)
