"""Whether the places that several machines share can be reached: archive, work, outbox, lake; asked by ``nianbao doctor``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flows.health.health import Health
from flows.lake.address import read_place
from flows.places.destination import Destination, DestinationFailed
from flows.settings import Installation
from warehouse.lake.place import LakeEmpty, LakeFailed
from warehouse.lake.session import query as query_lake
from warehouse.ledger.archive import Archive
from warehouse.store.query import QueryError, read_last_published
from warehouse.words.day_words import moment_words

_ON_OTHERS = "dask:"
_LATER = "下次夜间作业补上，也可以运行 nianbao lake publish。"


def open_archive(installation: Installation, received: Mapping[str, int], health: Health) -> Archive:
    """The archive; without its shared place where that cannot be reached, which is told then."""
    home = installation.home
    try:
        archive = home.find_archive()
        if archive.store is not None:
            archive.store.require_writable()
            kept = archive.store.list_sizes()
            health.facts.append(f"共用档案：{archive.store.where}，本机留有副本")
            if lacking := sum(sha256 not in kept and sha256 in archive for sha256 in received):
                health.hints.append(f"共用档案：有 {lacking} 个收到的文件尚未存入，下次夜间作业会补存。")
    except DestinationFailed as error:
        health.problems.append(str(error))
        return Archive(home.archive)
    return archive


def examine_lake(installation: Installation, health: Health) -> None:
    """Whether the lake can be reached, and whether it has what the published file has of this office."""
    database = installation.home.database
    try:
        place = read_place(installation.settings)
        if place is None:
            return
        here = read_last_published(database) if database.exists() else None
        asked = "SELECT max(published_at) AS at FROM quality.run"
        there = query_lake(place, installation.catalogue.settings.city.code, asked).item()
    except LakeEmpty as error:
        health.hints.append(f"{error}{_LATER}")
        return
    except (LakeFailed, QueryError) as error:
        health.problems.append(str(error))
        return
    health.facts.append(f"数据湖：{place.label}")
    if here is not None and here != there:
        health.hints.append(
            f"数据湖 {place.label} 中是{moment_words(there)}公布的数，数据仓库是{moment_words(here)}公布的。{_LATER}"
        )


def examine_shared_places(installation: Installation, health: Health) -> None:
    """Whether the work place and the copied outbox can be written to, and what workers on other machines need."""
    settings = installation.settings
    for address, name in ((settings.work, "工作目录"), (settings.outbox, "共用发件箱")):
        if not address:
            continue
        try:
            place = Destination(address, name)
            place.require_writable()
        except DestinationFailed as error:
            health.problems.append(str(error))
        else:
            health.facts.append(f"{name}：{place.where}")
    if settings.task_runner.startswith(_ON_OTHERS):
        needed = {
            "NIANBAO_ARCHIVE": settings.archive,
            "NIANBAO_WORK": settings.work,
            "PREFECT_API_URL": os.environ.get("PREFECT_API_URL", ""),
        }
        if missing := [name for name, value in needed.items() if not value]:
            health.hints.append(
                f"处理分区的机器由 NIANBAO_TASK_RUNNER 指定，但没有设置 {'、'.join(missing)}："
                "这些机器不在本机上的，须设置，否则读不到文件或连接不上 Prefect 服务。"
            )
