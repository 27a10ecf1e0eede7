"""Receiving: what lies in the inbox goes into the archive and the journal, and then leaves the inbox.

A file is one submission; loose .csv files of one folder are one submission together (packed into a zip whose
members are the bytes as sent). Order of writing: object, journal, and only then is the file taken from the inbox,
if what lies there is still what was archived. What cannot be received, or is not finished, stays where it lies and
is named in one Chinese sentence; the others go on.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from flows.receiving.finished import hold_off_writers, is_quiet, wait_until_quiet
from flows.receiving.inbox import (
    Mark,
    OnLeft,
    decode_name,
    explain_unread,
    find_folder,
    list_files,
    read_mark,
    show_name,
)
from flows.receiving.mail_note import MailNote, read_note, remove_when_empty
from flows.steps.batch import Member
from transforms.reading.formats.book import MAX_BYTES
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Draft, Entry, Event, Journal

MAX_SET = 200
"""Loose .csv files that are taken for one submission; a unit has about a dozen."""
_UNIT_YEAR = re.compile(r"^(\d{6})[_-](\d{4})")
_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
UNFINISHED = "文件刚刚放入或仍在写入，留待下次收取。"
"""Why a file that may not be whole stays where it lies."""


@dataclass(frozen=True)
class Arrival:
    """One submission as it lies in the inbox: its files, the name it goes by, its inbox subfolder."""

    files: tuple[Path, ...]
    name: str
    folder: str | None


@dataclass(frozen=True)
class Repeated:
    """A file whose bytes were received before: their sha256, and the name and the mail it came with this time."""

    submission: str
    name: str
    mail: MailNote | None = None


@dataclass(frozen=True)
class _Kept:
    """An archived arrival: its sha256 and bytes, and of each of its files the mark and sha256 as it was read."""

    submission: str
    bytes: int
    files: tuple[tuple[Path, Mark, str], ...]


def list_arrivals(inbox: Path, on_left: OnLeft | None = None, quiet_seconds: float = 0.0) -> list[Arrival]:
    """What lies in the inbox, oldest first, but for what was touched in the last ``quiet_seconds`` or is too large.

    ``on_left`` hears of what stays: also of links, pipes and folders that cannot be opened, which are not followed.
    """
    left = on_left or _log
    marks = dict(list_files(inbox, left))
    loose = [p for p in marks if p.suffix.lower() == ".csv"]
    single = [p for p in marks if p.suffix.lower() != ".csv"]
    found = [Arrival((p,), show_name(p.name), find_folder(p, inbox)) for p in single]
    found += _group_csv_files(loose, inbox)
    ready = []
    for arrival in found:
        if why := _explain_wait([marks[f] for f in arrival.files], quiet_seconds):
            left(f"{arrival.name}：{why}")
        else:
            ready.append(arrival)
    return sorted(ready, key=lambda a: (max(marks[f].modified for f in a.files), a.name))


def _explain_wait(marks: Sequence[Mark], quiet_seconds: float) -> str | None:
    """Why an arrival stays in the inbox for now."""
    if not all(is_quiet(mark, quiet_seconds) for mark in marks):
        return UNFINISHED
    if (size := sum(mark.size for mark in marks)) > MAX_BYTES:
        return explain_too_large(size)
    if len(marks) > MAX_SET:
        return f"同一文件夹中有 {len(marks)} 个 CSV 文件，超过 {MAX_SET} 个，未收取。请按单位分文件夹放入。"
    return None


def explain_too_large(size: int, where: str = "收件箱") -> str:
    """Why a file, or a set, of so many bytes stays where it lies."""
    return (
        f"共 {size >> 20} 兆字节，超过 {MAX_BYTES >> 20} 兆字节的上限，未收取，仍在{where}。"
        "请删去图片、空白行等与报表无关的内容后重新放入。"
    )


class Signature(NamedTuple):
    """Who received, when, in which run: what the journal says of each entry."""

    actor: str
    at: datetime
    run: str


def receive_arrivals(
    inbox: Path,
    archive: Archive,
    journal: Journal,
    by: Signature,
    on_left: OnLeft | None = None,
    quiet_seconds: float = 0.0,
) -> tuple[list[Entry], list[Repeated]]:
    """Archive and journal everything in the inbox: (new entries, arrivals whose bytes were already received).

    Files touched a moment ago are given ``quiet_seconds`` to show that they are finished. Bytes that were refused
    are received anew: the reason may have been the folder or the catalogue, not the file. A file that is gone, may
    not be read or is being written stays for the next night and is told to ``on_left``. A full disk is no file's
    fault and is raised (OSError), before anything has left the inbox.
    """
    left = on_left or _log
    wait_until_quiet((mark for _, mark in list_files(inbox, lambda _: None)), quiet_seconds)
    known = _list_known_submissions(journal)
    drafts: list[Draft] = []
    repeated: list[Repeated] = []
    taken: list[tuple[Path, Mark, str]] = []
    with archive.putting_many():
        found = [
            (arrival, _keep(arrival, archive, left)) for arrival in list_arrivals(inbox, left, quiet_seconds)
        ]
    for arrival, kept in found:
        if kept is None:
            continue
        taken += kept.files
        sha256 = kept.submission
        if sha256 in known:
            repeated.append(Repeated(sha256, arrival.name, read_note(arrival.files[0].parent)))
            continue
        known.add(sha256)
        payload = {
            "submission": sha256,
            "file_name": arrival.name,
            "folder": arrival.folder,
            "bytes": kept.bytes,
            **_name_mail(read_note(arrival.files[0].parent)),
        }
        drafts.append(Draft(Event.RECEIVED, by.actor, by.at, by.run, payload))
    entries = journal.append_many(drafts)
    for file, mark, sha256 in taken:
        _take_away(file, mark, sha256, left)
    return entries, repeated


UNPACKED = "-unpacked"
"""Ends the run under which workbooks are received that were found together in one file: a batch of their own."""


def receive_members(
    members: Iterable[Member], archive: Archive, journal: Journal, by: Signature
) -> list[Entry]:
    """Archive and journal workbooks found in a file that was received.

    Each is a submission by itself; what was received before, the file sent once more, say, is left out.
    """
    known = _list_known_submissions(journal)
    mails = {e.submission: e.payload.get("mail") for e in journal.entries() if e.event == Event.RECEIVED}
    drafts: list[Draft] = []
    with archive.putting_many():
        found = [(member, archive.put(member.content)) for member in members]
    for member, sha256 in found:
        if sha256 in known:
            continue
        known.add(sha256)
        payload = {
            "submission": sha256,
            "file_name": member.name,
            "folder": member.container.folder,
            "bytes": len(member.content),
            "container": member.container.submission,
            **_name_mail(mails.get(member.container.submission)),
        }
        run = f"{member.container.run}{UNPACKED}"
        drafts.append(Draft(Event.RECEIVED, by.actor, by.at, run, payload))
    return journal.append_many(drafts)


def _name_mail(note: MailNote | None) -> dict[str, MailNote]:
    """What a receipt says of the mail that a file came with; nothing of a file that came otherwise."""
    return {"mail": note} if note else {}


def _list_known_submissions(journal: Journal) -> set[str]:
    """Submissions that need not be received again: all but those whose latest receipt was refused."""
    decisions = journal.decisions()
    receipts = {str(e.submission): e.seq for e in journal.entries() if e.event == Event.RECEIVED}
    refused = {seq for seq, entry in decisions.items() if entry.event == Event.REFUSED}
    return {submission for submission, seq in receipts.items() if seq not in refused}


def _keep(arrival: Arrival, archive: Archive, left: OnLeft) -> _Kept | None:
    """Put an arrival into the archive; None when it stays in the inbox."""
    try:
        marks = [read_mark(file) for file in arrival.files]
        if any(_is_being_written(file) for file in arrival.files):
            left(f"{arrival.name}：{UNFINISHED}")
            return None
        if len(arrival.files) == 1:
            sha256 = archive.put(arrival.files[0])
            hashes = [sha256]
        else:
            bundle, hashes = _pack(arrival.files)
            sha256 = archive.put(bundle)
        if [read_mark(file) for file in arrival.files] != marks:
            left(f"{arrival.name}：{UNFINISHED}")
            return None
    except ValueError:
        left(f"{arrival.name}：不是普通文件，未收取。请放入文件本身。")
        return None
    except OSError as error:
        about = Path(os.fsdecode(error.filename)) if error.filename is not None else None
        if error.errno in _DISK_IS_FULL or (about is not None and about not in arrival.files):
            raise
        left(f"{arrival.name}：{explain_unread(error)}")
        return None
    return _Kept(
        sha256, sum(mark.size for mark in marks), tuple(zip(arrival.files, marks, hashes, strict=True))
    )


def _is_being_written(file: Path) -> bool:
    with hold_off_writers(file) as is_nobody_writing:
        return not is_nobody_writing


def _take_away(file: Path, mark: Mark, sha256: str, left: OnLeft) -> None:
    """Remove a received file from the inbox, unless what lies there is not what was archived."""
    try:
        with hold_off_writers(file) as is_nobody_writing:
            if is_nobody_writing and read_mark(file) == mark and _hash_file(file) == sha256:
                file.unlink()
                if read_note(file.parent):
                    remove_when_empty(file.parent)
            else:
                left(f"{show_name(file.name)}：收取之后又有改动，改动后的文件留待下次收取。")
    except FileNotFoundError:
        pass  # received all the same
    except OSError:
        left(f"{show_name(file.name)}：已收取，但无法从收件箱移走，请检查收件箱文件夹的写入权限。")


def _hash_file(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _log(sentence: str) -> None:
    logging.getLogger(__name__).warning(sentence)


def _group_csv_files(files: Iterable[Path], inbox: Path) -> Iterator[Arrival]:
    def key(path: Path) -> tuple[str, str]:
        named = _UNIT_YEAR.match(path.name)
        return str(path.parent), named.group(0) if named else ""

    for (parent, prefix), group in groupby(sorted(files, key=lambda p: (key(p), p.name)), key=key):
        members = tuple(group)
        name = members[0].name if len(members) == 1 else f"{prefix or Path(parent).name}.csv.zip"
        yield Arrival(members, show_name(name), find_folder(members[0], inbox))


def _pack(files: Sequence[Path]) -> tuple[bytes, list[str]]:
    """The files as one zip that depends on their names and bytes only, and the sha256 of each file."""
    buffer = io.BytesIO()
    hashes: dict[Path, str] = {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for file in sorted(files, key=lambda f: f.name):
            content = file.read_bytes()
            hashes[file] = hashlib.sha256(content).hexdigest()
            bundle.writestr(zipfile.ZipInfo(decode_name(file.name), (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue(), [hashes[file] for file in files]
