"""Fetches the finished files of a source into the inbox, and moves them there into 已收取 once they are durable here.

Loose .csv files of one folder are one submission, so they come together or not at all.
"""

from __future__ import annotations

import filecmp
import os
import posixpath
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from flows.fetching.landing import land, open_landing, require_folders
from flows.fetching.remote_folder import (
    SET_ASIDE,
    CannotSetAside,
    ChangedMeanwhile,
    RemoteFile,
    RemoteFolder,
)
from flows.fetching.seen import Seen
from flows.receiving.inbox import OnLeft, show_name
from flows.receiving.receive import UNFINISHED, explain_too_large
from transforms.reading.formats.book import MAX_BYTES

OCCUPIED = "收件箱中已有同名的文件或链接，留待下次收取。"


@dataclass(frozen=True)
class Errand:
    """What fetching is asked: into which inbox, how long a file must have been quiet, when, and who hears of the rest.

    ``left`` hears of what stays until somebody acts, ``note`` of what happened once.
    """

    inbox: Path
    quiet_seconds: float
    at: datetime
    left: OnLeft
    note: OnLeft


def fetch_files(folder: RemoteFolder, seen: Seen, errand: Errand) -> int:
    """Fetch what is new and finished; how many files came."""
    listed = folder.list_files(errand.left)
    seen.keep_only(listed)
    new = [file for file in listed if file not in seen]
    if not new:
        return 0
    finished = _find_finished(new, folder, errand.quiet_seconds)
    count = 0
    with open_landing(errand.inbox) as aside:
        for files in _group(new):
            if why := _explain_wait(files, finished):
                errand.left(f"{_name(files)}：{why}")
            elif _fetch(files, folder, aside, errand):
                count += len(files)
                _set_aside(files, folder, seen, errand)
    return count


def _find_finished(new: Sequence[RemoteFile], folder: RemoteFolder, quiet_seconds: float) -> set[RemoteFile]:
    """The files that are the same after ``quiet_seconds`` and were written at least so long ago.

    Where the server's clock is ahead of ours, that they are the same must do.
    """
    if quiet_seconds <= 0:
        return set(new)
    time.sleep(quiet_seconds)
    now = time.time()
    again = set(folder.list_files(lambda _: None))
    return {file for file in new if file in again and not 0 <= now - file.modified < quiet_seconds}


def _group(files: Sequence[RemoteFile]) -> Iterator[list[RemoteFile]]:
    """Files that come together."""

    def key(file: RemoteFile) -> tuple[str, str]:
        folder, name = posixpath.split(file.path)
        return folder, "" if name.lower().endswith(".csv") else name

    for _, group in groupby(sorted(files, key=key), key=key):
        yield list(group)


def _explain_wait(files: Sequence[RemoteFile], finished: set[RemoteFile]) -> str | None:
    """Why files stay where they are for now."""
    if not finished.issuperset(files):
        return UNFINISHED
    if (size := sum(file.size for file in files)) > MAX_BYTES:
        return explain_too_large(size, "原处")
    return None


def _fetch(files: Sequence[RemoteFile], folder: RemoteFolder, aside: Path, errand: Errand) -> bool:
    """Whether all of ``files`` lie in the inbox now; none of them does otherwise."""
    written = [aside / str(number) for number in range(len(files))]
    try:
        for file, target in zip(files, written, strict=True):
            target.unlink(missing_ok=True)
            folder.download(file, target)
            if target.stat().st_size != file.size:
                raise ChangedMeanwhile
    except ChangedMeanwhile:
        errand.left(f"{_name(files)}：{UNFINISHED}")
        return False
    except (FileNotFoundError, PermissionError):
        errand.left(f"{_name(files)}：无法读取，可能已被移走或没有读取权限，仍在原处的留待下次收取。")
        return False
    pairs = [(path, errand.inbox / file.path) for path, file in zip(written, files, strict=True)]
    try:
        require_folders(pairs[0][1], errand.inbox)
        # What lies there already, a night that was cut off has put there, if it is the same.
        missing = [(path, target) for path, target in pairs if not _is_same(path, target)]
        if any(os.path.lexists(target) for _, target in missing):
            raise FileExistsError
        for path, target in missing:
            land(path, target, errand.inbox)
    except FileExistsError:
        errand.left(f"{_name(files)}：{OCCUPIED}")
        return False
    return True


def _is_same(written: Path, target: Path) -> bool:
    """Whether what lies in the inbox is a file of the same bytes."""
    return target.is_file() and not target.is_symlink() and filecmp.cmp(written, target, shallow=False)


def _set_aside(files: Sequence[RemoteFile], folder: RemoteFolder, seen: Seen, errand: Errand) -> None:
    """Move what was fetched out of the way, or note that it cannot be moved."""
    for file in files:
        try:
            folder.set_aside(file, posixpath.join(SET_ASIDE, f"{errand.at:%Y%m%dT%H%M%S%f}", file.path))
        except (ChangedMeanwhile, FileNotFoundError):
            errand.left(f"{_name([file])}：收取之后又有改动，改动后的文件留待下次收取。")
        except CannotSetAside:
            if not seen:
                errand.left(
                    f"只能读取，收取过的文件无法移入“{SET_ASIDE}”，已记下，不再重复收取。如需移走，请开放写入权限。"
                )
            seen.add([file])


def _name(files: Sequence[RemoteFile]) -> str:
    """What files are called in a sentence."""
    path = files[0].path
    return show_name(path if len(files) == 1 else posixpath.join(posixpath.dirname(path), "*.csv"))
