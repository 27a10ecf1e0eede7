"""Commands that change the warehouse: nightly, rebuild; and doctor, which says whether everything is well."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer
from rich.console import Console

from flows.cli.console import current_installation, err, fail, out, print_frame, print_json, progress
from flows.clock import TIME_ZONE

if TYPE_CHECKING:
    from flows.answer.outgoing import Report
    from flows.settings import Installation

STEPS = {
    "read": "读取归整",
    "check": "审核",
    "decide": "判定",
    "load": "入库",
    "indicators": "计算指标",
    "publish": "发布",
}
"""What the steps that make numbers of workbooks (ENGINE_STEPS) are called."""
_LISTED = 500
"""So many files are listed on the terminal; receipts and digest speak of all."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(nightly)
    app.command()(rebuild)
    app.command()(doctor)
    app.command()(report)


def nightly(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """夜间作业：收表、读取、审核、入库、汇总、发布、回执、日报。"""
    from flows.keeping.marks import marking_failure, read_good_night

    root = current_installation().home.root
    with marking_failure(root):
        report = _run("nightly", from_scratch=False)
    if as_json:
        print_json(report.submissions)
    else:
        _print_summary(report)
    if (last := read_good_night(root)) is not None and last.damaged:
        raise typer.Exit(1)


def rebuild() -> None:
    """由档案和登记簿重建数据仓库（不收新表、不发通知）。"""
    report = _run("rebuild", from_scratch=True)
    out.print(
        f"已重建：{report.submissions.height} 份报送，{shorten_path(current_installation().home.database)}",
        soft_wrap=True,
        markup=False,
    )


def _warm_up() -> None:
    """Import what is slow; then spare the garbage collector what the libraries made, which lives to the end anyway."""
    from expectations.judge import start_great_expectations

    start_great_expectations()
    gc.freeze()


def _run(name: str, *, from_scratch: bool) -> Report:
    from flows.figures.beginning import watching_beginning
    from flows.home_check import require_fit

    installation = current_installation()
    with watching_beginning(installation.home, is_from_scratch=from_scratch):
        require_fit(installation.home)
        return _run_on_server(name, installation, from_scratch=from_scratch)


def _run_on_server(name: str, installation: Installation, *, from_scratch: bool) -> Report:
    from flows.running.embedded_server import embed_server, run_as_flow

    # The server takes seconds to start: it does so while the libraries are imported.
    with embed_server(installation.home.root) as wait_for_server:
        from flows.nightly import run_night
        from flows.receiving.receive import list_arrivals

        waiting = len(list_arrivals(installation.home.inbox, lambda _: None))
        if waiting or from_scratch:  # Great Expectations takes seconds to import, and has nothing to do else
            threading.Thread(target=_warm_up, daemon=True).start()
        wait_for_server()
        with progress(waiting, "读取工作簿") as on_done:
            return run_as_flow(
                name, lambda: run_night(installation, from_scratch=from_scratch, on_done=on_done)
            )


def _print_summary(report: Report) -> None:
    from flows.answer.receipt_sentences import describe_result

    names = current_installation().catalogue.unit_names()
    _print_some(out, "重复报送，未作处理", [repeated.name for repeated in report.repeated])
    for sentence in (*report.notes, *report.troubles):
        err.print(f"请注意：{sentence}", style="yellow", markup=False, soft_wrap=True)
    _print_some(err, "未收取", report.left, style="yellow")
    if report.submissions.is_empty():
        out.print(
            "没有新的报送；数据仓库已按现行目录册和市级的决定重新计算。"
            if report.has_published
            else "没有新的报送，数据未变。"
        )
        return
    count = report.submissions.height
    listed = report.submissions.sort("year", "unit_code", nulls_last=True).head(_LISTED)
    results = [describe_result(row) for row in listed.iter_rows(named=True)]
    table = listed.select(
        单位=pl.col("unit_code").replace_strict(names, default="未识别"),
        年度="year",
        文件="file_name",
        处理结果=pl.Series(results, dtype=pl.String),
        强制性="critical_count",
        核实性="warning_count",
        提示="info_count",
    )
    title = "本次收表情况" if count <= _LISTED else f"本次收表情况（共 {count} 份，列出 {_LISTED} 份）"
    print_frame(table, title=title)
    seconds = "，".join(
        f"{STEPS[step]} {spent:.2f}" for step, spent in report.seconds.items() if step in STEPS
    )
    out.print(f"处理用时 {report.engine_seconds:.2f} 秒（{seconds}）", markup=False)
    for sentence in report.failed_channels:
        err.print(sentence, style="yellow", markup=False)
    home = current_installation().home
    for label, path in (("数据仓库", home.database), ("回执", home.outbox), ("网页", home.site)):
        out.print(f"{label}：{shorten_path(path)}", soft_wrap=True, markup=False)


def _print_some(console: Console, about: str, texts: Sequence[str], style: str | None = None) -> None:
    """A line for each text, but of very many for the first ones alone, and how many there are."""
    for text in texts[:_LISTED]:
        console.print(f"{about}：{text}", style=style, markup=False)
    if len(texts) > _LISTED:
        console.print(f"{about}：共 {len(texts)} 个文件，其余不逐一列出。", style=style, markup=False)


def shorten_path(path: Path) -> str:
    """A path of the installation as seen from where the command is given; else from the data folder, not from the disk's root."""
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return f"数据目录下的 {path.relative_to(current_installation().home.root)}"


def doctor(
    deadman: Annotated[
        bool,
        typer.Option("--deadman", help="只查夜间作业是否停摆，停摆时发出通知（由作业以外的定时任务运行）"),
    ] = False,
    hours: Annotated[
        float, typer.Option("--hours", min=0, metavar="小时", help="多少小时没有正常完成的作业算作停摆")
    ] = 26,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="给每位联系人的每个渠道发一条测试消息")
    ] = False,
) -> None:
    """体检：目录册、数据目录、收件箱、登记簿、档案、数据仓库、备份是否完好。"""
    if deadman:
        _watch_nights(hours)
        return
    if send_test:
        _send_test()
        return
    from flows.backup.backup_health import examine_backup
    from flows.health.doctor import examine_home

    health = examine_home(current_installation())
    examine_backup(current_installation(), health, datetime.now(TIME_ZONE))
    for sentence in health.facts:
        out.print(sentence, soft_wrap=True, markup=False)
    for sentence in health.hints:
        out.print(f"请注意：{sentence}", soft_wrap=True, markup=False)
    for sentence in health.problems:
        err.print(sentence, style="red", soft_wrap=True, markup=False)
    if health.problems:
        raise typer.Exit(1)
    out.print("一切正常。")


def _send_test() -> None:
    """Send everybody a test message; exit code 1 when a channel does not take it."""
    from flows.answer.by_hand import send_test

    taken, failed = send_test(current_installation())
    for label in taken:
        out.print(f"已发出：{label}", markup=False)
    for sentence in failed:
        err.print(f"未发出：{sentence}", style="yellow", markup=False, soft_wrap=True)
    if not taken and not failed:
        out.print("没有联系人，也没有设置 NIANBAO_ALERTS，没有可发的渠道。")
    if failed:
        raise typer.Exit(1)


def _watch_nights(hours: float) -> None:
    from flows.health.dead_man import watch

    installation = current_installation()
    settings = installation.settings
    seen = watch(installation.home, settings.deadman or settings.alerts, hours)
    for sentence in seen.said:
        (err if seen.code else out).print(sentence, soft_wrap=True, markup=False)
    if seen.code:
        raise typer.Exit(seen.code)


def report(
    to: Annotated[Path, typer.Option("--out", help="写入的 JSON 文件")] = Path("report.json"),
    night: Annotated[str, typer.Option("--run", help="作业编号（默认最近一次；可查 quality.run）")] = "",
) -> None:
    """一次作业的审核报告（JSON，供程序读取）：每条审核关系在哪里成立、不成立、未能核对。"""
    from flows.answer.validation_report import find_last_judging_run, write_report

    installation = current_installation()
    wanted = night or find_last_judging_run(installation)
    if wanted is None or (count := write_report(to, installation, wanted)) == 0:
        raise fail("没有这次作业的审核结果。")
    out.print(f"{to}：{count} 条", soft_wrap=True, markup=False)
