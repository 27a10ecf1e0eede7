"""Puts what was fetched into the inbox: written aside, made durable, and only then given its name there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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


def land(written: Path, target: Path, inbox: Path) -> None:
    """Rename a file, or a folder of files, to ``target`` in the inbox, where nothing is; it survives a power cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in [written] if written.is_file() else written.iterdir():
        file.chmod(PAPER_MODE)
        sync_file(file)
    if written.is_dir():
        sync_folder(written)
    if os.path.lexists(target):
        raise FileExistsError(target)
    written.rename(target)
    folder = target.parent
    while folder.is_relative_to(inbox):
        sync_folder(folder)
        folder = folder.parent
