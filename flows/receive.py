"""Receiving: what lies in the inbox goes into the archive and the journal, and then leaves the inbox.

A file is one submission; loose .csv files of one folder are one submission together (packed into a zip whose
members are the bytes as sent). Order of writing: object, journal, and only then is the file taken from the inbox.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from warehouse.archive import Archive
from warehouse.journal import Draft, Entry, Event, Journal

_UNFINISHED = (".part", ".crdownload", ".tmp", ".filepart")
_UNIT_YEAR = re.compile(r"^(\d{6})[_-](\d{4})")


@dataclass(frozen=True)
class Arrival:
    """One submission as it lies in the inbox: its files, the name it goes by, its inbox subfolder."""

    files: tuple[Path, ...]
    name: str
    folder: str | None


def arrivals(inbox: Path) -> list[Arrival]:
    """What lies in the inbox, oldest first. Hidden files, lock files (~$) and unfinished copies are left alone."""
    files = [p for p in inbox.rglob("*") if p.is_file() and not _is_ignored(p, inbox)]
    loose = [p for p in files if p.suffix.lower() == ".csv"]
    single = [p for p in files if p.suffix.lower() != ".csv"]
    found = [Arrival((p,), p.name, _folder(p, inbox)) for p in single] + list(_csv_groups(loose, inbox))
    return sorted(found, key=lambda a: (max(f.stat().st_mtime_ns for f in a.files), a.name))


def receive(
    inbox: Path, archive: Archive, journal: Journal, *, actor: str, at: datetime, run: str
) -> tuple[list[Entry], list[Arrival]]:
    """Archive and journal everything in the inbox: (new entries, arrivals whose bytes were already received)."""
    known = {entry.submission for entry in journal.entries() if entry.event == Event.RECEIVED}
    drafts: list[Draft] = []
    repeated: list[Arrival] = []
    found = arrivals(inbox)
    for arrival in found:
        sha256 = archive.put(arrival.files[0] if not _is_packed(arrival) else _pack(arrival.files))
        if sha256 in known:
            repeated.append(arrival)
            continue
        known.add(sha256)
        size = sum(f.stat().st_size for f in arrival.files)
        payload = {"submission": sha256, "file_name": arrival.name, "folder": arrival.folder, "bytes": size}
        drafts.append(Draft(Event.RECEIVED, actor, at, run, payload))
    entries = journal.append_many(drafts)
    for arrival in found:
        for file in arrival.files:
            file.unlink()
    return entries, repeated


def _is_ignored(path: Path, inbox: Path) -> bool:
    parts = path.relative_to(inbox).parts
    return any(p.startswith((".", "~$")) for p in parts) or path.suffix.lower() in _UNFINISHED


def _folder(path: Path, inbox: Path) -> str | None:
    parts = path.relative_to(inbox).parts
    return parts[0] if len(parts) > 1 else None


def _csv_groups(files: Sequence[Path], inbox: Path) -> Iterator[Arrival]:
    def key(path: Path) -> tuple[str, str]:
        named = _UNIT_YEAR.match(path.name)
        return str(path.parent), named.group(0) if named else ""

    for (parent, prefix), group in groupby(sorted(files, key=lambda p: (key(p), p.name)), key=key):
        members = tuple(group)
        name = members[0].name if len(members) == 1 else f"{prefix or Path(parent).name}.csv.zip"
        yield Arrival(members, name, _folder(members[0], inbox))


def _is_packed(arrival: Arrival) -> bool:
    return len(arrival.files) > 1


def _pack(files: Sequence[Path]) -> bytes:
    """The files as one zip that depends on their names and bytes only."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for file in sorted(files, key=lambda f: f.name):
            bundle.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)), file.read_bytes())
    return buffer.getvalue()
