"""Whether there is a backup of late that holds everything received: asked by ``nianbao doctor`` where NIANBAO_BACKUP is set."""

from __future__ import annotations

from datetime import datetime, timedelta

from flows.backup.manifest import ManifestDamaged, list_backups, name_object, read_manifest
from flows.backup.snapshot import take_snapshot
from flows.health.health import Health
from flows.places.destination import Destination, DestinationFailed
from flows.settings import Installation
from warehouse.ledger.journal import JournalBroken
from warehouse.words.day_words import moment_words

_MAX_AGE = timedelta(days=3)


def examine_backup(installation: Installation, health: Health, at: datetime) -> None:
    """Look at the place itself, not at what was noted of it."""
    if not installation.settings.backup:
        return
    try:
        _examine_place(installation, Destination(installation.settings.backup), health, at)
    except DestinationFailed as error:
        health.problems.append(str(error))


def _examine_place(installation: Installation, place: Destination, health: Health, at: datetime) -> None:
    moments = list_backups(place)
    if not moments:
        health.problems.append(f"备份：{place.where} 中还没有备份，请运行 nianbao backup。")
        return
    try:
        manifest = read_manifest(place, moments[-1])
    except ManifestDamaged:
        health.problems.append(f"备份：最近一份 {moments[-1]} 的清单已损坏，请运行 nianbao backup --verify。")
        return
    health.facts.append(
        f"备份：最近一份 {moment_words(manifest.at)}，登记簿 {manifest.journal.count} 条，"
        f"收到的文件 {manifest.archive.count} 个"
    )
    if (age := at - manifest.at) > _MAX_AGE:
        health.problems.append(f"备份：最近一份已是 {age.days} 天之前，请运行 nianbao backup。")
    try:
        received = take_snapshot(installation.home.find_journal()).received
    except (JournalBroken, OSError):
        return  # told already
    kept = {f"objects/{name}" for name in place.list_sizes("objects")}
    if lacking := sum(1 for sha256 in received if name_object(sha256) not in kept):
        health.problems.append(f"备份：有 {lacking} 个收到的文件不在备份中，请运行 nianbao backup。")
    folder, root = place.folder, installation.home.root
    if folder is not None and folder.exists() and folder.stat().st_dev == root.stat().st_dev:
        health.hints.append("备份与数据目录在同一磁盘上，磁盘损坏时会一同丢失，请另选位置。")
