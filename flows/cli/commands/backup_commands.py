"""Commands that keep and bring back what cannot be computed anew: backup, restore."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import ask, current_installation, err, fail, out, progress
from flows.clock import TIME_ZONE

if TYPE_CHECKING:
    from flows.backup.copying import BackupReport
    from flows.backup.restore import RestoreReport

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Annotated[
        str,
        typer.Argument(metavar="位置", help="文件夹，或 sftp://、s3:// 开头的地址（默认取 NIANBAO_BACKUP）"),
    ] = "",
    verify: Annotated[bool, typer.Option("--verify", help="读回核对全部内容（平时每次七分之一）")] = False,
    with_warehouse: Annotated[bool, typer.Option("--with-warehouse", help="数据仓库也备份")] = False,
    as_json: AsJson = False,
) -> None:
    """备份：收到的文件、登记簿、目录册、回执和日报；只写新增的，并读回核对。"""
    from flows.backup.backup import BackupRefused, back_up
    from flows.places.destination import DestinationFailed

    installation = current_installation()
    if not (where := to or installation.settings.backup):
        raise fail("没有写明备份到哪里，请写在命令后面，或设置 NIANBAO_BACKUP。")
    try:
        with progress(0, "备份") as on_done:
            report = back_up(
                installation,
                where,
                datetime.now(TIME_ZONE),
                is_read_whole=verify,
                with_warehouse=with_warehouse,
                on_done=on_done,
            )
    except (BackupRefused, DestinationFailed) as error:
        raise fail(str(error)) from error
    _tell(report, as_json)


def restore(
    source: Annotated[
        str, typer.Argument(metavar="位置", help="备份所在的文件夹，或 sftp://、s3:// 开头的地址")
    ],
    at: Annotated[
        str, typer.Option("--at", help="备份的时间，写开头几位即可，如 20260301（默认最近一份）")
    ] = "",
    into: Annotated[Path | None, typer.Option("--into", help="恢复到哪个文件夹（默认数据目录）")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
    as_json: AsJson = False,
) -> None:
    """恢复：由备份找回数据目录，逐个核对；本机较新的内容不会被覆盖。"""
    from flows.backup.restore import describe_loss
    from flows.backup.restore import restore as carry_out
    from flows.backup.restore_plan import RestoreRefused, plan_restore
    from flows.places.destination import DestinationFailed
    from flows.settings import Home

    installation = current_installation()
    try:
        plan = plan_restore(Home(into) if into else installation.home, source, at)
        if plan.lost:
            ask(describe_loss(plan).rstrip("。"), yes)
        with progress(len(plan.needed), "恢复") as on_done:
            report = carry_out(plan, datetime.now(TIME_ZONE), installation.settings.actor, on_done)
    except (RestoreRefused, DestinationFailed) as error:
        raise fail(str(error)) from error
    _tell(report, as_json)


def _tell(report: BackupReport | RestoreReport, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(
            json.dumps(dataclasses.asdict(report), ensure_ascii=False, default=str, indent=1) + "\n"
        )
    else:
        for sentence in report.said:
            out.print(sentence, soft_wrap=True, markup=False)
        for sentence in report.problems:
            err.print(sentence, style="red", soft_wrap=True, markup=False)
    if report.problems:
        raise typer.Exit(1)
