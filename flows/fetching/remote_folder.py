"""What every source of files can do, and the walk through one: bounded in depth and number, out of which no name leads."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from flows.receiving.inbox import MAX_DEPTH, MAX_ENTRIES, OnLeft, is_ignored, show_name

SET_ASIDE = "已收取"
"""The folder of a source into which what has been fetched is moved; nothing in it is fetched."""
MAX_NAME_BYTES = 255


class RemoteFile(NamedTuple):
    """A file of a source: its path below the source's root (parts joined by /), bytes, seconds since 1970."""

    path: str
    size: int
    modified: float


class RemoteEntry(NamedTuple):
    """One name of a folder: ``kind`` is file, directory, link or another word."""

    name: str
    kind: str
    size: int
    modified: float


class CannotSetAside(Exception):
    """The source may only be read."""


class ChangedMeanwhile(Exception):
    """A file is not what was listed any more."""


class RemoteFolder(Protocol):
    """A source of files while it is open. Errors are those of its library (flows.fetching.unreachable explains them)."""

    def list_files(self, left: OnLeft) -> list[RemoteFile]:
        """What may be fetched; ``left`` hears of the rest."""

    def download(self, file: RemoteFile, target: Path) -> None:
        """Write the file's bytes to ``target``, which does not exist. ChangedMeanwhile."""

    def set_aside(self, file: RemoteFile, path: str) -> None:
        """Move a file to ``path`` below the source's root, where nothing is. ChangedMeanwhile, CannotSetAside."""


def walk(list_folder: Callable[[str], Iterable[RemoteEntry]], left: OnLeft) -> Iterator[RemoteFile]:
    """The files of a tree, nearest folders first; ``list_folder`` is given paths below the root ("": the root itself)."""
    waiting = deque([("", 0)])
    room = MAX_ENTRIES
    while waiting:
        folder, depth = waiting.popleft()
        for entry in sorted(list_folder(folder)):
            room -= 1
            if room < 0:
                left(f"超过 {MAX_ENTRIES} 个文件，其余留待下次收取。请移走无关的文件。")
                return
            path = posixpath.join(folder, entry.name)
            if (is_ignored(entry.name) and is_safe_name(entry.name)) or path == SET_ASIDE:
                continue
            if why := _explain_unfit(entry, depth):
                left(f"{show_name(path)}：{why}")
            elif entry.kind == "directory":
                waiting.append((path, depth + 1))
            else:
                yield RemoteFile(path, entry.size, entry.modified)


def _explain_unfit(entry: RemoteEntry, depth: int) -> str | None:
    """Why a name is neither fetched nor entered."""
    if not is_safe_name(entry.name):
        return "名称中有不能使用的字符或者过长，未收取。请改名。"
    match entry.kind:
        case "file":
            return None
        case "directory":
            too_deep = f"超过 {MAX_DEPTH} 层，更深处的文件未收取。请移到单位文件夹。"
            return None if depth < MAX_DEPTH else too_deep
        case "link":
            return "是链接（快捷方式），未收取。请放入文件本身。"
        case _:
            return "不是普通文件，未收取。请放入文件本身。"


def is_safe_name(name: str) -> bool:
    """Whether a name that others chose can be one below the inbox, and leads nowhere else."""
    try:
        length = len(name.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return False
    has_controls = any(character < " " or character in "\x7f\u2028\u2029" for character in name)
    return name not in {"", ".", ".."} and "/" not in name and not has_controls and length <= MAX_NAME_BYTES
