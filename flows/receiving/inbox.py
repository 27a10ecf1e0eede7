"""The inbox as it lies: which files may be received, found by a walk that is bounded in depth and number.

Nothing here is moved or opened; links, pipes and what lies too deep are named in one Chinese sentence each.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from warehouse.words.personal_numbers import mask_numbers

MAX_DEPTH = 8
"""Folders below one another in the inbox; whoever delivers needs two."""
MAX_ENTRIES = 20_000
"""Files and folders looked at in one walk."""

OnLeft = Callable[[str], None]
"""Called with one sentence for each thing that stays in the inbox (or is gone) without having been received."""

_UNFINISHED = (
    ".part", ".partial", ".crdownload", ".tmp", ".filepart", ".download", ".downloading", ".opdownload", ".xltd",
    ".td",
)  # fmt: skip
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}
_NOT_TO_BE_SHOWN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class Mark(NamedTuple):
    """What tells whether a file is still the one that was seen; times in nanoseconds, size in bytes."""

    device: int
    inode: int
    modified: int
    changed: int
    size: int

    @property
    def last_change(self) -> int:
        """When it was last written, renamed or moved here; a time that a copy brought along from elsewhere is no such."""
        return self.changed


def read_mark(file: Path) -> Mark:
    """The file's mark at this moment. OSError."""
    return _make_mark(file.lstat())


def list_files(inbox: Path, left: OnLeft, without: str | None = None) -> Iterator[tuple[Path, Mark]]:
    """Every regular file of the inbox that may be received, nearest folders first.

    Hidden files, lock files (~$), files of the system and names of unfinished copies are left alone, in silence, and so is
    what lies below the folder ``without``.
    """
    waiting = deque([(inbox, 0)])
    room = MAX_ENTRIES
    too_deep: set[str] = set()
    while waiting:
        folder, depth = waiting.popleft()
        names, is_all = _list_names(folder, room, left)
        room -= len(names)
        for path in (folder / name for name in names if not is_ignored(name)):
            if depth == 0 and path.name == without:
                continue
            try:
                found = path.lstat()
            except OSError as error:
                left(f"{show_name(path.name)}：{explain_unread(error)}")
                continue
            if stat.S_ISREG(found.st_mode):
                yield path, _make_mark(found)
            elif stat.S_ISLNK(found.st_mode):
                left(f"{show_name(path.name)}：是链接（快捷方式），未收取。请放入文件本身。")
            elif not stat.S_ISDIR(found.st_mode):
                left(f"{show_name(path.name)}：不是普通文件，未收取。请放入文件本身。")
            elif depth < MAX_DEPTH:
                waiting.append((path, depth + 1))
            else:
                too_deep.add(path.relative_to(inbox).parts[0])
        if not is_all:
            left(f"收件箱内超过 {MAX_ENTRIES} 个文件，其余留待下次收取。请移走无关的文件。")
            break
    for top in sorted(too_deep):
        left(
            f"文件夹 {show_name(top)}：超过 {MAX_DEPTH} 层，更深处的文件未收取。请移到收件箱下的单位文件夹。"
        )


def _list_names(folder: Path, room: int, left: OnLeft) -> tuple[list[str], bool]:
    """At most ``room`` names of a folder in order, and whether these are all."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, room + 1)]
    except FileNotFoundError:
        return [], True
    except OSError:
        left(f"文件夹 {show_name(folder.name)}：无法打开，请检查文件夹权限。")
        return [], True
    return sorted(names[:room]), len(names) <= room


def decode_name(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are taken for GB 18030, as Windows in China writes them."""
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    return _NOT_TO_BE_SHOWN.sub(" ", text)


def show_name(name: str) -> str:
    """A file's name as it may be stored and told: with the numbers of persons in it masked."""
    return mask_numbers(decode_name(name))


def find_folder(path: Path, inbox: Path) -> str | None:
    """The inbox subfolder in which a file lies, however deep; none for what lies in the inbox itself."""
    parts = path.relative_to(inbox).parts
    return show_name(parts[0]) if len(parts) > 1 else None


def explain_unread(error: OSError) -> str:
    """Why a file of the inbox could not be read, and what to do."""
    match error:
        case FileNotFoundError():
            return "收取时文件已不在收件箱，可能已被移走；如需报送，请重新放入。"
        case PermissionError():
            return "没有读取权限，未能收取，文件仍在收件箱。请修改文件权限后等待下次收取。"
        case _:
            return f"读取出错（错误号 {error.errno}），未能收取，文件仍在收件箱。请检查存储设备。"


def is_ignored(name: str) -> bool:
    """Whether what has this name is left alone in silence: hidden, a lock, the system's, an unfinished copy."""
    return (
        name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED) or name.lower() in _OF_THE_SYSTEM
    )


def _make_mark(found: os.stat_result) -> Mark:
    return Mark(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
