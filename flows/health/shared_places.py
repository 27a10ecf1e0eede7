"""Whether the places that several machines share can be reached: archive, work, outbox; asked by ``nianbao doctor``."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flows.health.health import Health
from flows.places.destination import Destination, DestinationFailed
from flows.settings import Installation
from warehouse.ledger.archive import Archive

_ON_OTHERS = "dask:"


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
