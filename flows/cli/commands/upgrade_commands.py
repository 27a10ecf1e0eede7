"""The command ``upgrade``, for the operator who has installed a new version or edited the catalogue."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from flows.cli.console import ask, current_installation, err, fail, out, print_frame, progress
from flows.clock import TIME_ZONE

if TYPE_CHECKING:
    from flows.settings import Installation
    from flows.upgrading.switching import Rehearsal

_SHOWN = 60


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(upgrade)


def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只比较，不备份，不替换")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="以 JSON 输出（须同时写 --yes 或 --dry-run）")
    ] = False,
) -> None:
    """升级：装好新版本或改好目录册后运行。检查、备份、另建新库、比较指标，确认后替换。"""
    from flows.backup.backup import BackupRefused
    from flows.home_check import require_fit
    from flows.night import list_versions
    from flows.places.destination import DestinationFailed
    from flows.upgrading.switching import UpgradeRefused, discard
    from warehouse.store.query import read_last_versions

    if as_json and not (yes or dry_run):
        raise fail("以 JSON 输出时不能询问，请加 --yes 或 --dry-run。")
    installation = current_installation()
    wanted = list_versions(installation)  # reads catalogue and rules: what is wrong with them is said at once
    require_fit(installation.home)
    said: dict[str, Any] = {"switched": False, "page": None}
    try:
        _check_and_back_up(installation, dry_run, as_json)
        versions = (read_last_versions(installation.home.whole_database), wanted)
        try:
            rehearsal = _rehearse(installation)
            if not as_json:
                _show(rehearsal)
            if not dry_run:
                ask("将用新建的数据仓库替换现有的", yes)
                said |= {"switched": True, "page": _switch(installation, rehearsal, versions)}
        finally:
            discard(installation.home)
    except (UpgradeRefused, BackupRefused, DestinationFailed) as error:
        raise fail(str(error)) from error
    if as_json:
        _print_as_json(rehearsal, said)
    elif dry_run:
        out.print("只作比较，数据仓库未改动。")
    else:
        out.print(f"数据仓库已替换。升级记录：{said['page']}", soft_wrap=True, markup=False)


def _check_and_back_up(installation: Installation, dry_run: bool, as_json: bool) -> None:
    """Whether archive and journal are whole; then the backup, if there is a place for one. Says both. UpgradeRefused."""
    from flows.backup.backup import back_up
    from flows.upgrading.switching import UpgradeRefused, examine_truth

    health = examine_truth(installation)
    sentences = [*health.facts, *(f"请注意：{said}" for said in (*health.hints, *health.problems))]
    if not dry_run and installation.settings.backup:
        with progress(0, "备份") as on_done:
            report = back_up(
                installation, installation.settings.backup, datetime.now(TIME_ZONE), on_done=on_done
            )
        if report.problems:
            raise UpgradeRefused(
                f"备份有问题，没有升级，数据仓库未改动：{''.join(report.problems)}"
                "不备份而升级的，请先去掉 NIANBAO_BACKUP。"
            )
        sentences += report.said
    elif not dry_run:
        sentences.append("没有设置 NIANBAO_BACKUP，未作备份；收到的文件和登记簿不受升级影响。")
    for sentence in sentences:
        (err if as_json else out).print(sentence, soft_wrap=True, markup=False)


def _rehearse(installation: Installation) -> Rehearsal:
    from flows.running.embedded_server import embed_server, run_as_flow

    # The server takes seconds to start: it does so while the libraries are imported.
    with embed_server(installation.home.root) as wait_for_server:
        from flows.upgrading.rehearsal import rehearse

        wait_for_server()
        with progress(0, "另建数据仓库") as on_done:
            return run_as_flow("upgrade", lambda: rehearse(installation, on_done))


def _switch(
    installation: Installation, rehearsal: Rehearsal, versions: tuple[dict[str, str], dict[str, str]]
) -> str:
    """Switch, then tell; the path of the page about it."""
    from flows.upgrading.switching import switch
    from flows.upgrading.telling import tell_people, write_page

    switch(installation, rehearsal)
    page = write_page(installation, rehearsal, versions, datetime.now(TIME_ZONE))
    tell_people(installation, rehearsal, page)
    return str(page)


def _show(rehearsal: Rehearsal) -> None:
    from flows.upgrading.telling import CHANGE, describe_sameness, list_rows, sum_up_indicators

    if not rehearsal.has_moved:
        out.print(describe_sameness(rehearsal), soft_wrap=True, markup=False)
        return
    print_frame(rehearsal.counts.rename({"counted": "数量", "old": "升级前", "new": "升级后"}))
    if rehearsal.revised:
        out.print(f"{len(rehearsal.revised)} 份报送的审核结果与升级前不同。", markup=False)
    if rehearsal.numbers.is_empty():
        out.print(f"{rehearsal.number_count} 个指标数值都与升级前相同。", markup=False)
        return
    summed = sum_up_indicators(rehearsal.numbers).drop("indicator").rename({"name_zh": "指标", **CHANGE})
    print_frame(summed, title=f"有变化的指标 {summed.height} 个")
    words = {"year": "年度", "org": "单位", "indicator": "指标", "change": "变化", "old": "升级前", "new": "升级后",
             "coverage": "覆盖率"}  # fmt: skip
    rows = pl.DataFrame(list_rows(rehearsal.numbers, _SHOWN))
    rest = f"，下列前 {_SHOWN} 个" if rehearsal.numbers.height > _SHOWN else ""
    print_frame(rows, words, title=f"有变化的数值 {rehearsal.numbers.height} 个{rest}")


def _print_as_json(rehearsal: Rehearsal, said: dict[str, Any]) -> None:
    told = {
        **said,
        "number_count": rehearsal.number_count,
        "revised": rehearsal.revised,
        "counts": rehearsal.counts.to_dicts(),
        "numbers": rehearsal.numbers.to_dicts(),
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
