"""Commands that only look: check, status, query, trace, export."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from flows.cli.commands.paper_commands import write_paper
from flows.cli.completion import complete_indicator, complete_query
from flows.cli.console import current_installation, err, fail, format_value, out, print_frame, print_json
from warehouse.words import labels
from warehouse.words.day_words import moment_words


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (check, status, query, trace, export):
        app.command()(command)


def check(
    file: Annotated[Path, typer.Argument(help="要审核的工作簿")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """审核一个文件：与夜间作业同样的读取和审核，不入档、不入库。"""
    from expectations.verdicts.causes import group_by_cause
    from flows.checking import check_file

    if not file.is_file():
        raise fail(f"找不到文件：{file}")
    verdict = check_file(current_installation(), file)
    if verdict.refusal is not None:
        if as_json:
            print_json(pl.DataFrame({"refusal": [verdict.refusal]}))
        raise fail(verdict.refusal)
    findings = verdict.findings
    if not verdict.has_last_year:
        err.print("没有该单位上年已接收的数据，与上年比较的审核关系未核对。", style="yellow", markup=False)
    if as_json:
        print_json(findings)
    elif findings.is_empty():
        out.print(f"{verdict.title}：全部审核通过。", markup=False)
    else:
        installation = current_installation()
        lines = group_by_cause(findings, installation.catalogue, installation.rulebook)
        table = lines.select(
            类别=pl.col("severity").replace_strict(labels.SEVERITY),
            位置="place",
            问题="message",
            处理办法="fix",
        )
        merged = f"，归为 {lines.height} 条" if lines.height < findings.height else ""
        print_frame(table, title=f"{verdict.title}：{findings.height} 处{merged}")
    if findings.filter(pl.col("severity") == "critical").height:
        raise typer.Exit(1)


def status(
    year: Annotated[int, typer.Option(help="报告年度")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """报送进度：谁报了、何时、处理结果、问题数。"""
    from flows.answer.receipt_sentences import describe_due_dates
    from flows.clock import TIME_ZONE
    from warehouse.standing.status import list_status as read_status

    installation = current_installation()
    if sentence := installation.catalogue.explain_not_reported(year):
        raise fail(sentence)
    entries = installation.home.read_journal().entries()
    frame = read_status(installation.home.database, year, installation.catalogue, entries)
    if as_json:
        print_json(frame)
        return
    words = {
        "unit_code": "代码",
        "unit_name": "填报单位",
        "due": "应报日期",
        "status": "状态",
        "tonight": "已办理",
        "file_name": "文件",
        "received_at": "收到时间",
        "critical_count": labels.SEVERITY["critical"],
        "warning_count": labels.SEVERITY["warning"],
        "info_count": "提示性",
    }
    done = frame.filter(pl.col("has_standing")).height
    title = f"{year}年度报送进度：{done}/{frame.height} 个单位已接收，{frame['is_approved'].sum()} 个已审定"
    today = datetime.now(TIME_ZONE).date()
    due = [
        describe_due_dates(row["due_date"], today, is_over=row["has_standing"])
        for row in frame.iter_rows(named=True)
    ]
    received = [iso and moment_words(iso) for iso in frame["received_at"]]
    shown_words = frame.with_columns(
        due=pl.Series(due, dtype=pl.String), received_at=pl.Series(received, dtype=pl.String)
    )
    print_frame(shown_words.select(list(words)), words, title)


def query(
    sql: Annotated[
        str, typer.Argument(help="SQL 查询（只读）；- 为从标准输入读取", autocompletion=complete_query)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="以 CSV 输出")] = False,
    target: Annotated[
        Path | None, typer.Option("--out", help="写入文件：.csv .xlsx .parquet 等，同 export")
    ] = None,
    of_lake: Annotated[bool, typer.Option("--lake", help="查询数据湖（NIANBAO_PUBLISH）")] = False,
    office: Annotated[
        str | None, typer.Option(help="与 --lake 同用：哪个机构的数据（代码），不写即本机构")
    ] = None,
) -> None:
    """查询数据仓库（只读）；--lake 查询数据湖，其中 lake.mart.indicator 等为全部机构的数据。"""
    from flows.exporting.csv_text import write_csv
    from warehouse.store.query import query as run_query

    asked = sys.stdin.read() if sql == "-" else sql
    if not asked.strip():
        raise fail("没有写明查询。")
    if of_lake and target is not None:
        raise fail("--lake 不能与 --out 同用；可用 --csv 写到标准输出。")
    if target is not None:
        write_to_file(asked, target)
        return
    if of_lake:
        from flows.cli.commands.lake_commands import query_lake

        frame = query_lake(asked, office)
    else:
        frame = run_query(current_installation().home.database, asked)
    if as_json:
        print_json(frame)
    elif as_csv:
        sys.stdout.write(write_csv(frame))
    else:
        print_frame(_name_as_stated(frame), nothing="NULL")


def trace(
    indicator: Annotated[str, typer.Argument(help="指标编号", autocompletion=complete_indicator)],
    org: Annotated[str, typer.Argument(help="单位代码")],
    year: Annotated[int, typer.Argument(help="年度")],
    limit: Annotated[int, typer.Option(help="列出多少个单元格")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出各层次的全部各行")] = False,
) -> None:
    """追溯一个数：由指标到公式、到文件、校验码、工作表和单元格。"""
    from warehouse.trace.text import format_trace
    from warehouse.trace.trace import trace as run_trace

    installation = current_installation()
    traced = run_trace(installation.home.database, installation.catalogue, indicator, org, year)
    if as_json:
        print_json(traced.rows)
    else:
        out.print(format_trace(traced, limit), markup=False, soft_wrap=True)


def export(
    table: Annotated[
        str | None,
        typer.Argument(
            help="表名、查询函数或查询，如 mart.indicator；不写即 mart.indicator",
            autocompletion=complete_query,
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option(
            "--out", help="文件：.csv .xlsx .parquet .json .zip .sdmx.csv .duckdb，或文件夹（数据包）"
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--format", help="格式：csv xlsx parquet json datapackage sdmx duckdb")
    ] = None,
    bulletin: Annotated[int | None, typer.Option(help="写出该年度的公报（.docx 和 .html）")] = None,
    yearbook: Annotated[int | None, typer.Option(help="编印该年度的统计年鉴（.xlsx）")] = None,
    summary: Annotated[int | None, typer.Option(help="编印该年度的汇总表（.xlsx）")] = None,
    form: Annotated[str | None, typer.Option(help="只汇总这张报表：年5表、05 或报表编号")] = None,
    level: Annotated[
        str | None, typer.Option(help="汇总到 county 县(市、区)（不写即此）或 township 乡镇(街道)")
    ] = None,
) -> None:
    """导出一张表或一个查询的结果，附版本、行数和使用许可；.duckdb 为整个数据仓库。也编写公报、年鉴、汇总表。"""
    papers = {"bulletin": bulletin, "yearbook": yearbook, "summary": summary}
    if summary is None and (form is not None or level is not None):
        raise fail("--form 和 --level 只用于汇总表，请与 --summary 和年度一起写。")
    if papers := {name: year for name, year in papers.items() if year is not None}:
        if table is not None or kind is not None or len(papers) > 1:
            raise fail("公报、年鉴、汇总表一次写一种，不写表名和 --format。")
        [(name, year)] = papers.items()
        write_paper(name, year, target, form, level)
        return
    if target is None:
        raise fail("缺少选项 --out，请写明导出到哪个文件。")
    write_to_file(table, target, kind)


def write_to_file(asked: str | None, target: Path, kind: str | None = None) -> None:
    """Export what was ``asked`` (None: the indicators) and say where it lies."""
    from flows.exporting.formats import WHOLE, choose_kind, write_export
    from flows.exporting.refused import ExportRefused

    installation = current_installation()
    try:
        chosen = choose_kind(target, kind)
        if chosen == "duckdb" and asked is not None:
            raise ExportRefused("DuckDB 文件为整个数据仓库，不能只导出一张表或一个查询：请不写表名。")
        catalogue = installation.catalogue
        written = write_export(
            installation.home.database,
            asked or WHOLE,
            target,
            chosen,
            catalogue.settings.licence_text,
            {i.id: i.decimals for i in catalogue.indicators.values()},
        )
    except ExportRefused as error:
        raise fail(str(error)) from error
    files = "、".join(str(file) for file in written.files)
    out.print(f"已导出 {written.row_count} 行：{files}", soft_wrap=True, markup=False)
    if written.remark:
        out.print(written.remark, soft_wrap=True, markup=False)


def _name_as_stated(frame: pl.DataFrame) -> pl.DataFrame:
    """A number that is not there says why, where the row states it: — does not apply, … not reported or held, * not published."""
    if not {"value", "state"} <= set(frame.columns) or frame.schema["state"] != pl.String:
        return frame
    from warehouse.words.number_words import NO_NUMBER

    why = pl.col("state").replace_strict(NO_NUMBER, default=None, return_dtype=pl.String)
    said = pl.when(pl.col("value").is_null()).then(why)
    stands = pl.Series(
        "value", [None if v is None else format_value(v) for v in frame["value"]], dtype=pl.String
    )
    return frame.with_columns(value=pl.coalesce(said, stands))
