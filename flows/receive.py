"""Receiving: what lies in the inbox goes into the archive and the journal, and then leaves the inbox.

A file is one submission; loose .csv files of one folder are one submission together (packed into a zip whose
members are the bytes as sent). Order of writing: object, journal, and only then is the file taken from the inbox.
What cannot be received stays where it lies and is named in one Chinese sentence; the others go on.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from warehouse.archive import Archive
from warehouse.journal import Draft, Entry, Event, Journal

OnLeft = Callable[[str], None]
"""Called with one sentence for each thing that stays in the inbox (or is gone) without having been received."""

_UNFINISHED = (".part", ".crdownload", ".tmp", ".filepart")
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}
_UNIT_YEAR = re.compile(r"^(\d{6})[_-](\d{4})")
_NOT_TO_BE_SHOWN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Arrival:
    """One submission as it lies in the inbox: its files, the name it goes by, its inbox subfolder."""

    files: tuple[Path, ...]
    name: str
    folder: str | None


@dataclass(frozen=True)
class Repeated:
    """A file whose bytes were received before: their sha256, and the name it came under this time."""

    submission: str
    name: str


def arrivals(inbox: Path, on_left: OnLeft | None = None) -> list[Arrival]:
    """What lies in the inbox, oldest first. Hidden files, lock files (~$) and unfinished copies are left alone.

    ``on_left`` hears of links, pipes and folders that cannot be opened: none of them is followed or read.
    """
    dated = dict(_files(inbox, on_left or _log))
    loose = [p for p in dated if p.suffix.lower() == ".csv"]
    single = [p for p in dated if p.suffix.lower() != ".csv"]
    found = [Arrival((p,), _shown(p.name), _folder(p, inbox)) for p in single] + list(
        _csv_groups(loose, inbox)
    )
    return sorted(found, key=lambda a: (max(dated[f] for f in a.files), a.name))


def receive(
    inbox: Path,
    archive: Archive,
    journal: Journal,
    *,
    actor: str,
    at: datetime,
    run: str,
    on_left: OnLeft | None = None,
) -> tuple[list[Entry], list[Repeated]]:
    """Archive and journal everything in the inbox: (new entries, arrivals whose bytes were already received).

    Bytes that were refused are received anew: the reason may have been the folder or the catalogue, not the file.
    A file that is gone, may not be read or changes while it is read stays for the next night and is told to
    ``on_left``. A full disk is no file's fault and is raised (OSError), before anything has left the inbox.
    """
    left = on_left or _log
    known = _known(journal)
    drafts: list[Draft] = []
    repeated: list[Repeated] = []
    taken: list[tuple[Path, tuple[int, ...]]] = []
    for arrival in arrivals(inbox, left):
        kept = _keep(arrival, archive, left)
        if kept is None:
            continue
        sha256, size, marks = kept
        taken += zip(arrival.files, marks, strict=True)
        if sha256 in known:
            repeated.append(Repeated(sha256, arrival.name))
            continue
        known.add(sha256)
        payload = {"submission": sha256, "file_name": arrival.name, "folder": arrival.folder, "bytes": size}
        drafts.append(Draft(Event.RECEIVED, actor, at, run, payload))
    entries = journal.append_many(drafts)
    for file, mark in taken:
        _take_away(file, mark, left)
    return entries, repeated


def _known(journal: Journal) -> set[str]:
    """Submissions that need not be received again: all but those whose latest receipt was refused."""
    decisions = journal.decisions()
    receipts = {str(e.submission): e.seq for e in journal.entries() if e.event == Event.RECEIVED}
    refused = {seq for seq, entry in decisions.items() if entry.event == Event.REFUSED}
    return {submission for submission, seq in receipts.items() if seq not in refused}


def _keep(
    arrival: Arrival, archive: Archive, left: OnLeft
) -> tuple[str, int, tuple[tuple[int, ...], ...]] | None:
    """Put an arrival into the archive: sha256, bytes, and the mark of each file as it was read; None when left."""
    file = arrival.files[0]
    try:
        marks = tuple(_mark(f) for f in arrival.files)
        sha256 = archive.put(_pack(arrival.files) if len(arrival.files) > 1 else file)
        for file, mark in zip(arrival.files, marks, strict=True):
            if _mark(file) != mark:
                left(f"{arrival.name}：文件仍在写入，留待下次收取。")
                return None
    except ValueError:
        left(f"{arrival.name}：不是普通文件，未收取。请放入文件本身。")
        return None
    except OSError as error:
        about = Path(os.fsdecode(error.filename)) if error.filename is not None else None
        if error.errno in _DISK_IS_FULL or (about is not None and about not in arrival.files):
            raise
        left(f"{arrival.name}：{_why(error)}")
        return None
    return sha256, sum(size for _, _, _, size in marks), marks


def _mark(file: Path) -> tuple[int, int, int, int]:
    """What tells whether a file is still the one that was read: device, inode, time of change, size."""
    found = file.lstat()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _take_away(file: Path, mark: tuple[int, ...], left: OnLeft) -> None:
    """Remove a received file from the inbox, unless another one has taken its place meanwhile."""
    try:
        if _mark(file) == mark:
            file.unlink()
        else:
            left(f"{_shown(file.name)}：收取之后又有改动，改动后的文件留待下次收取。")
    except FileNotFoundError:
        pass  # received all the same
    except OSError:
        left(f"{_shown(file.name)}：已收取，但无法从收件箱移走，请检查收件箱文件夹的写入权限。")


def _why(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "收取时文件已不在收件箱，可能已被移走；如需报送，请重新放入。"
        case PermissionError():
            return "没有读取权限，未能收取，文件仍在收件箱。请修改文件权限后等待下次收取。"
        case _:
            return f"读取出错（错误号 {error.errno}），未能收取，文件仍在收件箱。请检查存储设备。"


def _log(sentence: str) -> None:
    logging.getLogger(__name__).warning(sentence)


def _files(inbox: Path, left: OnLeft) -> Iterator[tuple[Path, int]]:
    """Every regular file below the inbox that may be received, with its time of change in nanoseconds."""

    def unopened(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            left(f"文件夹 {_shown(Path(os.fsdecode(error.filename)).name)}：无法打开，请检查文件夹权限。")

    for folder, subfolders, names in os.walk(inbox, onerror=unopened):
        subfolders[:] = sorted(name for name in subfolders if not _is_ignored(name))
        for name in [*subfolders, *sorted(n for n in names if not _is_ignored(n))]:
            path = Path(folder, name)
            try:
                found = path.lstat()
            except OSError as error:
                left(f"{_shown(name)}：{_why(error)}")
                continue
            if stat.S_ISREG(found.st_mode):
                yield path, found.st_mtime_ns
            elif stat.S_ISLNK(found.st_mode):
                left(f"{_shown(name)}：是链接（快捷方式），未收取。请放入文件本身。")
            elif not stat.S_ISDIR(found.st_mode):
                left(f"{_shown(name)}：不是普通文件，未收取。请放入文件本身。")


def _is_ignored(name: str) -> bool:
    return (
        name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED) or name.lower() in _OF_THE_SYSTEM
    )


def _shown(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are taken for GB 18030, as Windows in China writes them."""
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    return _NOT_TO_BE_SHOWN.sub(" ", text)


def _folder(path: Path, inbox: Path) -> str | None:
    parts = path.relative_to(inbox).parts
    return _shown(parts[0]) if len(parts) > 1 else None


def _csv_groups(files: Iterable[Path], inbox: Path) -> Iterator[Arrival]:
    def key(path: Path) -> tuple[str, str]:
        named = _UNIT_YEAR.match(path.name)
        return str(path.parent), named.group(0) if named else ""

    for (parent, prefix), group in groupby(sorted(files, key=lambda p: (key(p), p.name)), key=key):
        members = tuple(group)
        name = members[0].name if len(members) == 1 else f"{prefix or Path(parent).name}.csv.zip"
        yield Arrival(members, _shown(name), _folder(members[0], inbox))


def _pack(files: Sequence[Path]) -> bytes:
    """The files as one zip that depends on their names and bytes only."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for file in sorted(files, key=lambda f: f.name):
            bundle.writestr(zipfile.ZipInfo(_shown(file.name), (1980, 1, 1, 0, 0, 0)), file.read_bytes())
    return buffer.getvalue()
