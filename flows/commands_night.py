"""Commands that change the warehouse: nightly, rebuild; and doctor, which says whether everything is well."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from flows.console import chosen, err, out, print_frame, print_json, progress

if TYPE_CHECKING:
    from flows.morning import Report

_DAMAGE = {"changed": "文件内容已被改动", "missing": "文件缺失"}
_DECISIONS = {"accepted": "接收", "held": "暂存", "refused": "未能接收"}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(nightly)
    app.command()(rebuild)
    app.command()(doctor)


def nightly(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """夜间作业：收表、读取、审核、入库、汇总、发布、回执、日报。"""
    report = _run("nightly", from_scratch=False)
    if as_json:
        print_json(report.submissions)
    else:
        _summary(report)


def rebuild() -> None:
    """由档案和登记簿重建数据仓库（不收新表、不发通知）。"""
    report = _run("rebuild", from_scratch=True)
    out.print(
        f"已重建：{report.submissions.height} 份报送，{chosen().home.database}", soft_wrap=True, markup=False
    )


def _warm_up() -> None:
    """Import what is slow; then spare the garbage collector what the libraries made, which lives to the end anyway."""
    from expectations.judge import start_great_expectations

    start_great_expectations()
    gc.freeze()


def _run(name: str, *, from_scratch: bool) -> Report:
    from flows.embedded_server import prepare, run_as_flow

    place = chosen()
    home = place.home.make()
    prepare(home.root)
    # Great Expectations takes seconds to import; the embedded server takes seconds to start: do both at once.
    threading.Thread(target=_warm_up, daemon=True).start()
    from flows.nightly import run_night
    from flows.receive import arrivals

    waiting = len(arrivals(home.inbox))
    with progress(waiting, "读取工作簿") as on_done:
        return run_as_flow(
            name, lambda: run_night(place, from_scratch=from_scratch, on_done=on_done), home.root
        )


def _summary(report: Report) -> None:
    names = _names()
    for repeated in report.repeated:
        out.print(f"重复报送，未作处理：{repeated.name}", markup=False)
    for sentence in report.left:
        err.print(f"未收取：{sentence}", style="yellow", markup=False)
    if report.submissions.is_empty():
        out.print("没有新的报送，数据未变。")
        return
    table = report.submissions.sort("year", "unit_code", nulls_last=True).select(
        单位=pl.col("unit_code").replace_strict(names, default="未识别"),
        年度="year",
        文件="file_name",
        处理结果=pl.col("decision").replace_strict(_DECISIONS),
        强制性="critical_count",
        核实性="warning_count",
        提示="info_count",
    )
    print_frame(table, title="本次收表情况")
    seconds = "，".join(f"{k} {v:.2f}" for k, v in report.seconds.items())
    out.print(f"引擎用时 {report.engine_seconds:.2f} 秒（{seconds}）", markup=False)
    for sentence in report.failed_channels:
        err.print(sentence, style="yellow", markup=False)
    home = chosen().home
    for label, path in (("数据仓库", home.database), ("回执", home.outbox), ("网页", home.site)):
        out.print(f"{label}：{path}", soft_wrap=True, markup=False)


def _names() -> dict[str, str]:
    catalogue = chosen().catalogue
    names = dict(catalogue.registry.all_units.select("org_code", "name").iter_rows())
    return names | {catalogue.settings.city.code: catalogue.settings.city.own_level_name}


def doctor() -> None:
    """体检：目录册、登记簿、档案、数据仓库是否完好。"""
    from warehouse.archive import Archive
    from warehouse.journal import Event, Journal, JournalBroken
    from warehouse.query import WarehouseMissing, known_submissions

    place = chosen()
    problems: list[str] = []
    forms, rules = len(place.catalogue.forms), place.rulebook
    out.print(
        f"目录册：{forms} 张报表，{len(place.catalogue.indicators)} 个指标，"
        f"{len(rules.rules)} 条审核关系（其中本市 {len(rules.city_rules)} 条）"
    )
    problems += [rules.warning] if rules.warning else []
    try:
        journal = Journal(place.home.journal, read_only=True)
        received = {str(e.submission): e.seq for e in journal.entries() if e.event == Event.RECEIVED}
        out.print(f"登记簿：{journal.head.count} 条，校验值 {journal.head.hash[:16]}")
        if journal.torn is not None:
            problems.append("登记簿末行不完整，下次夜间作业会自动处理。")
        differences = Archive(place.home.archive).verify(received) if received else []
        problems += [
            f"档案：{_DAMAGE[d.problem]}，请从备份恢复 {d.path}" for d in differences if d.problem in _DAMAGE
        ]
        out.print(f"档案：{len(received)} 份报送")
        if place.home.database.exists():
            unknown = received.items() - known_submissions(place.home.database).items()
            if unknown:
                problems.append(f"有 {len(unknown)} 份报送尚未入库，请运行 nianbao nightly。")
        else:
            out.print("数据仓库：尚未建立")
    except JournalBroken as error:
        problems.append(str(error))
    except WarehouseMissing:
        problems.append(
            f"数据仓库：{place.home.database} 无法打开，请运行 nianbao rebuild，由存档和登记簿重建。"
        )
    for sentence in problems:
        err.print(sentence, style="red", markup=False)
    if problems:
        raise typer.Exit(1)
    out.print("一切正常。")
