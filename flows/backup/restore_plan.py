"""What a restore would do: which backup, into which home, and which entries of the journal are known to be lost by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from flows.backup.manifest import (
    KeptFile,
    Manifest,
    ManifestDamaged,
    list_backups,
    list_kept_heads,
    name_journal,
    name_object,
    read_lines,
    read_manifest,
)
from flows.backup.snapshot import Snapshot, is_same_head, read_snapshot
from flows.home_check import list_papers, read_warehouse_heads
from flows.keeping.marks import GOOD_NIGHT, read_good_night
from flows.places.destination import Destination
from flows.settings import Home
from warehouse.ledger.journal import Head, JournalBroken
from warehouse.ledger.journal_head import HEAD_SUFFIX, read_kept_head, read_printed_heads
from warehouse.ledger.journal_lines import StoredLines
from warehouse.store.soundness import CHECKSUM_SUFFIX, wal_path

_LISTED = 5


class RestoreRefused(Exception):
    """Nothing can be restored, or it would do harm; one Chinese sentence with what to do. Nothing was changed."""


@dataclass(frozen=True)
class Plan:
    """A restore that may be carried out.

    ``files``: the papers of the backup, None where the home's journal goes further than the backup's, so that only
    ``needed`` objects are brought back; ``lost``: heads that were shown or kept and that the restored journal does not
    reach; ``witnesses``: what shows such heads in the home and is put aside.
    """

    place: Destination
    moment: str
    manifest: Manifest
    snapshot: Snapshot
    home: Home
    needed: list[str]
    files: list[KeptFile] | None
    lost: list[Head]
    witnesses: list[Path]


def plan_restore(home: Home, destination: str, at: str = "") -> Plan:
    """Plan the latest backup, or the latest whose moment begins with ``at``. RestoreRefused, DestinationFailed."""
    place = Destination(destination)
    _require_a_home(home)
    moment = _choose(place, at)
    manifest, snapshot = _read_backup(place, moment)
    needed = _list_needed(home, snapshot)
    if _goes_further(home, snapshot, place):
        if not needed:
            raise RestoreRefused(
                f"本机的登记簿比备份 {moment} 更新，该备份中的文件本机都完好，不需要恢复。"
                f"本机登记簿不能使用的，{home.find_journal().explain_putting_aside()}，再运行。"
            )
        return Plan(place, moment, manifest, snapshot, home, needed, None, [], [])
    files = _read_files(place, manifest, moment)
    lost, witnesses = _find_lost(home, snapshot, list_kept_heads(place))
    return Plan(place, moment, manifest, snapshot, home, needed, files, lost, witnesses)


def _require_a_home(home: Home) -> None:
    if home.root.exists() and not home.root.is_dir():
        raise RestoreRefused(f"{home.root} 应是文件夹，却是文件，请另选位置。")
    if home.root.is_dir() and any(home.root.iterdir()) and not (home.archive.exists() or home.inbox.exists()):
        raise RestoreRefused(f"{home.root} 不是空文件夹，也不是年报的数据目录，未作改动，请另选位置。")


def _choose(place: Destination, at: str) -> str:
    moments = list_backups(place)
    if not moments:
        raise RestoreRefused(f"备份位置 {place.where} 中没有备份，请检查地址。")
    chosen = [moment for moment in moments if moment.startswith(at)]
    if not chosen:
        known = "、".join(moments[-_LISTED:])
        raise RestoreRefused(f"没有时间以 {at} 开头的备份，最近的有：{known}。")
    return chosen[-1]


def _read_backup(place: Destination, moment: str) -> tuple[Manifest, Snapshot]:
    """The manifest and the journal of a backup, verified."""
    try:
        manifest = read_manifest(place, moment)
        raw = place.read(name_journal(manifest.journal.head)) or b""
        if hashlib.sha256(raw).hexdigest() == manifest.journal.sha256:
            return manifest, read_snapshot(raw)
    except (ManifestDamaged, JournalBroken):
        pass
    others = [name for name in list_backups(place) if name != moment][-_LISTED:]
    instead = f"请用 --at 指定另一份：{'、'.join(others)}。" if others else "没有其他备份。"
    raise RestoreRefused(f"备份 {moment} 的清单或登记簿已损坏，未作改动。{instead}")


def _read_files(place: Destination, manifest: Manifest, moment: str) -> list[KeptFile]:
    raw = place.read(name_object(manifest.files.sha256)) or b""
    try:
        if hashlib.sha256(raw).hexdigest() == manifest.files.sha256:
            return list(read_lines(raw))
    except ValidationError:
        pass
    raise RestoreRefused(f"备份 {moment} 的文件清单已损坏，未作改动。请用 --at 指定另一份。")


def _list_needed(home: Home, snapshot: Snapshot) -> list[str]:
    """The received objects that the home lacks, or has with other bytes."""
    archive = home.find_archive()
    needed = []
    for sha256 in snapshot.received:
        try:
            with archive.path(sha256).open("rb") as found:
                is_whole = hashlib.file_digest(found, "sha256").hexdigest() == sha256
        except OSError:
            is_whole = False
        if not is_whole:
            needed.append(sha256)
    return needed


def _goes_further(home: Home, snapshot: Snapshot, place: Destination) -> bool:
    """Whether the home's journal goes on from the backup's; False where it is its beginning. RestoreRefused: neither."""
    lines = home.find_journal()
    stored = lines.read() if lines.exists() else StoredLines([])
    raw = b"".join(stored.whole) + (stored.torn or b"")
    if snapshot.raw.startswith(raw):
        return False
    if raw.startswith(snapshot.raw):
        return True
    raise RestoreRefused(
        f"本机的登记簿 {lines.where} 与备份位置 {place.where} 中的不是同一份的先后，未作改动。"
        f"本机登记簿已损坏的，{lines.explain_putting_aside()}，再运行；属于另一套数据的，请用 --into 恢复到另一文件夹。"
    )


def _find_lost(home: Home, snapshot: Snapshot, kept: Iterable[Head]) -> tuple[list[Head], list[Path]]:
    """The heads beyond the restored journal, those of highest count last; and what shows them in the home."""

    def is_lost(head: Head) -> bool:
        return not snapshot.contains(head) and not snapshot.has_given_up(head)

    lost = [head for head in kept if is_lost(head)]
    witnesses: list[Path] = []
    for paper in list_papers(home):
        if shown := [found.head for found in read_printed_heads([paper]) if is_lost(found.head)]:
            lost += shown
            witnesses.append(paper)
    for database in home.warehouses:
        if shown := [found.head for found in read_warehouse_heads(database) if is_lost(found.head)]:
            lost += shown
            sums = database.with_name(database.name + CHECKSUM_SUFFIX)
            witnesses += [file for file in (database, sums, wal_path(database)) if file.exists()]
    mark = read_good_night(home.root)
    if mark is not None and is_lost(mark.shown_head.head):
        lost.append(mark.shown_head.head)
        witnesses.append(home.root / GOOD_NIGHT)
    beside = read_kept_head(home.journal)
    if beside is not None and is_lost(beside.head):
        lost.append(beside.head)
        witnesses.append(home.journal.with_name(home.journal.name + HEAD_SUFFIX))
    return _unite(lost), witnesses


def _unite(heads: Iterable[Head]) -> list[Head]:
    """Each head once, with the longest of its hashes."""
    united: list[Head] = []
    for head in sorted(heads, key=lambda h: (h.count, -len(h.hash), h.hash)):
        if not any(is_same_head(head, known) for known in united):
            united.append(head)
    return united
