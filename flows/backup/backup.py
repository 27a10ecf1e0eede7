"""Backs an installation up: ``back_up`` copies what cannot be computed anew to another place, and reads it back.

While a night runs, a backup is consistent all the same, and takes no lock. The journal is only appended to, and an object
is durable before the line that names it is written. So the journal is read first, up to its last whole line; every object
that it names exists by then and never changes. Papers are copied after it, and one that shows a later head of the journal
is left to the next backup: what is kept never knows more than the journal kept with it, while all that this journal says
was answered is there. The manifest is written last: a backup that broke off is none, and what it copied is of use to the next.

A backup never makes the place worse. Objects lie under their SHA-256, each journal under its head; a journal that does not
go on from all those kept there (since its end was lost, or it is another's) is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from flows.backup.contents import SETTINGS, STATE, describe_settings, list_papers
from flows.backup.copying import BackupReport, Copying
from flows.backup.manifest import (
    KeptFile,
    KeptJournal,
    KeptSet,
    Manifest,
    count_set,
    is_readable,
    list_kept_heads,
    list_lines,
    name_journal,
    write_manifest,
)
from flows.backup.snapshot import Snapshot, take_snapshot
from flows.keeping.marks import GOOD_NIGHT, read_good_night
from flows.places.destination import Destination
from flows.settings import Home, Installation, read_code_version
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.durability import write_durably
from warehouse.ledger.journal_head import read_printed_heads

OnDone = Callable[[str, object], None]


class BackupRefused(Exception):
    """A backup that would make things worse, or has nothing to keep; one Chinese sentence with what to do."""


def back_up(
    installation: Installation,
    destination: str,
    at: datetime,
    *,
    is_read_whole: bool = False,
    with_warehouse: bool = False,
    on_done: OnDone | None = None,
) -> BackupReport:
    """Copy what ``destination`` lacks, and read a seventh back (``is_read_whole``: everything).

    BackupRefused, DestinationFailed, JournalBroken.
    """
    place = Destination(destination)
    home = installation.home
    snapshot = take_snapshot(home.find_journal())
    _refuse(place, home, snapshot)
    report = BackupReport(place.where)
    copying = Copying(place, at, is_read_whole, report)
    kept, missing = _copy_objects(copying, home, snapshot, on_done)
    report.object_count = len(kept)
    files = _copy_papers(copying, installation, snapshot, with_warehouse)
    manifest = Manifest(
        at=at,
        code_version=read_code_version(),
        catalogue_version=_read_catalogue_version(installation, report),
        journal=_copy_journal(copying, snapshot),
        archive=count_set(kept),
        files=_copy_list(copying, files),
        missing=tuple(missing),
    )
    copying.read_older(snapshot)
    report.moment = write_manifest(place, manifest)
    if not is_readable(place, report.moment):
        report.problems.append("备份清单写入后读回的内容不符，请检查备份位置的存储设备。")
    _note_state(home, manifest, place.where)
    report.said.insert(0, _summarise(report, manifest))
    return report


def _refuse(place: Destination, home: Home, snapshot: Snapshot) -> None:
    """BackupRefused unless the backup adds to what lies there."""
    if place.folder is not None and place.folder.resolve().is_relative_to(home.root.resolve()):
        raise BackupRefused(f"备份不能放在数据目录 {home.root} 之内，请另选位置，最好在另一台机器上。")
    heads = list_kept_heads(place)
    strange = [head for head in heads if not snapshot.contains(head) and not snapshot.has_given_up(head)]
    if strange:
        raise BackupRefused(
            f"备份位置 {place.where} 中的登记簿已有 {strange[-1].count} 条，本机的登记簿有 {snapshot.head.count} 条，"
            "不是由它续写的；本次没有备份，备份未改动。请核对本机的登记簿是否缺失：确已丢失的，运行 "
            f"nianbao restore {place.where} 恢复；属于另一套数据的，请另选备份位置。"
        )
    if not snapshot.entries:
        raise BackupRefused(f"数据目录 {home.root} 中还没有登记簿，没有可备份的内容。")
    if not heads and read_state(home).get("where") == place.where:
        raise BackupRefused(
            f"备份位置 {place.where} 原有的备份不见了，可能是磁盘没有挂载；本次没有备份。"
            f"请检查该位置；确要从头备份的，请先删除 {home.root / STATE}。"
        )


def _copy_objects(
    copying: Copying, home: Home, snapshot: Snapshot, on_done: OnDone | None
) -> tuple[dict[str, int], list[str]]:
    """The sizes of the received objects that the place holds, and those it lacks."""
    archive = home.find_archive()
    kept: dict[str, int] = {}
    missing: list[str] = []
    for sha256, entry in snapshot.received.items():
        what = f"“{entry.payload.get('file_name', sha256[:12])}”"
        try:
            with archive.path(sha256).open("rb") as source:
                is_kept, size = copying.keep(sha256, source, what), source.seek(0, io.SEEK_END)
        except OSError:
            is_kept, size = copying.explain_bad_source(sha256, f"{what} 缺失或无法读取"), 0
        if is_kept:
            kept[sha256] = size
        else:
            missing.append(sha256)
        if on_done is not None:
            on_done(sha256, is_kept)
    return kept, missing


def _copy_papers(
    copying: Copying, installation: Installation, snapshot: Snapshot, with_warehouse: bool
) -> list[KeptFile]:
    """The papers that the place holds now."""
    settings = describe_settings(installation)
    files = [_copy_paper(copying, SETTINGS, io.BytesIO(settings))]
    for paper in list_papers(installation, with_warehouse=with_warehouse):
        try:
            with paper.source.open("rb") as source:
                # Looked at after it was opened: a paper written meanwhile may only be a later one.
                if not _is_later(paper.source, snapshot):
                    files.append(_copy_paper(copying, paper.path, source))
        except FileNotFoundError:
            continue  # cleared out, or replaced, meanwhile
        except OSError:
            copying.report.problems.append(f"{paper.source} 无法读取，没有备份，请检查读取权限。")
    return [file for file in files if file is not None]


def _copy_paper(copying: Copying, path: str, source: IO[bytes]) -> KeptFile | None:
    sha256 = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
    size = source.tell()
    is_kept = copying.keep(sha256, source, path.removeprefix("home/"))
    return KeptFile(path=path, sha256=sha256, bytes=size) if is_kept else None


def _is_later(paper: Path, snapshot: Snapshot) -> bool:
    """Whether a receipt, a digest or the mark of a good night was written after the journal was read."""
    if paper.name == GOOD_NIGHT:
        mark = read_good_night(paper.parent)
        return mark is not None and mark.journal_count > snapshot.head.count
    if paper.suffix not in {".md", ".txt"}:
        return False
    return any(shown.head.count > snapshot.head.count for shown in read_printed_heads([paper]))


def _copy_list(copying: Copying, files: list[KeptFile]) -> KeptSet:
    """The list of the papers is an object itself: nights that change nothing write it once."""
    lines = list_lines(files)
    sha256 = hashlib.sha256(lines).hexdigest()
    copying.keep(sha256, io.BytesIO(lines), "文件清单")
    return KeptSet(count=len(files), bytes=sum(file.bytes for file in files), sha256=sha256)


def _copy_journal(copying: Copying, snapshot: Snapshot) -> KeptJournal:
    """The journal lies under its head."""
    head = snapshot.head
    copying.keep_journal(name_journal(head), snapshot.raw)
    sha256 = hashlib.sha256(snapshot.raw).hexdigest()
    return KeptJournal(count=head.count, hash=head.hash, sha256=sha256, bytes=len(snapshot.raw))


def _read_catalogue_version(installation: Installation, report: BackupReport) -> str:
    try:
        return installation.declared_catalogue.version
    except CatalogueError as error:
        report.problems.append(f"目录册的文件已照原样备份，但不能使用：{error}")
        return ""


def _note_state(home: Home, manifest: Manifest, where: str) -> None:
    state = {
        "where": where,
        "at": manifest.at.isoformat(timespec="seconds"),
        "journal_count": manifest.journal.count,
        "journal_hash": manifest.journal.hash,
    }
    write_durably(home.root / STATE, (json.dumps(state, ensure_ascii=False) + "\n").encode())


def read_state(home: Home) -> dict[str, str]:
    """Where the last backup went, and when; nothing where there was none."""
    try:
        state = json.loads((home.root / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _summarise(report: BackupReport, manifest: Manifest) -> str:
    return (
        f"已备份到 {report.where}：登记簿 {manifest.journal.count} 条，收到的文件 {manifest.archive.count} 个，"
        f"其他文件 {manifest.files.count} 个；本次新写入 {report.copied_count} 个"
        f"（{report.copied_bytes / (1 << 20):.1f} 兆字节），读回核对 {report.verified_count} 个。"
    )
