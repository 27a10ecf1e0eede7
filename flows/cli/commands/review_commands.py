"""The command ``review``: what the administrator looks through and decides."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from flows.cli.console import ask, current_installation, fail, out, print_frame, print_json
from warehouse.words import labels

_AFTERWARDS = "下一次夜间作业后生效；要立即生效，请运行 nianbao nightly。"

Year = Annotated[int, typer.Option(help="报告年度")]
Yes = Annotated[bool, typer.Option("--yes", help="不再询问，供脚本使用")]
By = Annotated[str | None, typer.Option("--by", help="经办人（默认当前用户名），记入登记簿")]

review = typer.Typer(help="审核：查看问题、审核说明、退回报送、审定年度、锁定和解锁。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command with its subcommands to the command line."""
    app.add_typer(review, name="review")


def _name_actor(by: str | None) -> str:
    return by or getpass.getuser()


@review.command("list")
def list_findings(
    year: Year,
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部）")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """各单位最近一次报送中未了结的强制性和核实性问题，对全市公布数影响大的在前。"""
    from expectations.verdicts.causes import drop_row, list_cells
    from warehouse.standing.worklist import covering_words, read_worklist

    installation = current_installation()
    if sentence := installation.catalogue.explain_not_reported(year, unit):
        raise fail(sentence)
    found = read_worklist(installation.home.whole_database, year, unit)
    if as_json:
        print_json(found)
    elif found.is_empty():
        out.print(f"{year}年度没有需要改正或核实的问题。")
    else:
        table = found.select(
            影响=pl.format("{}%", pl.col("effect_pct").round(2)).fill_null("—"),
            累计=pl.format("{}%", pl.col("cumulative_share_pct").floor().cast(pl.Int64)).fill_null("—"),
            类别=pl.col("severity").replace_strict(labels.SEVERITY),
            单位="unit_name",
            位置=list_cells(found, installation.catalogue),
            问题=drop_row(),
            状态=pl.col("finding_status").replace_strict(labels.FINDING_STATUS),
        )
        print_frame(table, title=_add_covering(f"{year}年度：{found.height} 处", covering_words(found)))


def _add_covering(what: str, covering: str) -> str:
    return f"{what}，{covering}" if covering else what


@review.command()
def explanations(
    year: Annotated[int | None, typer.Option(help="报告年度（默认全部）")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """待审核的说明，影响大的在前。"""
    from flows.decisions.decide_explanations import list_waiting_explanations
    from warehouse.standing.worklist import covering_words

    found = list_waiting_explanations(current_installation(), year)
    if as_json:
        print_json(found)
    elif found.is_empty():
        out.print("没有待审核的说明。")
    else:
        table = found.select(编号="explanation", 单位="unit_name", 年度="year", 问题="message", 说明="text")
        print_frame(table, title=_add_covering(f"待审核的说明 {found.height} 条", covering_words(found)))


@review.command()
def accept(
    numbers: Annotated[list[int], typer.Argument(help="说明的编号，可多个")],
    reason: Annotated[str, typer.Option(help="审核意见（可不填）")] = "",
    by: By = None,
) -> None:
    """认可说明：只要数值不变，该问题不再提出。"""
    from flows.decisions.decide_explanations import Decision, decide

    decide(
        current_installation(),
        [Decision(n, is_accepted=True, reason=reason) for n in numbers],
        _name_actor(by),
    )
    out.print(f"已认可 {len(numbers)} 条说明。{_AFTERWARDS}")


@review.command()
def refuse(
    numbers: Annotated[list[int], typer.Argument(help="说明的编号，可多个")],
    reason: Annotated[str, typer.Option(help="不认可的原因，写给填报单位")],
    by: By = None,
) -> None:
    """不认可说明：问题仍须改正或重新说明。"""
    from flows.decisions.decide_explanations import Decision, decide

    decide(
        current_installation(),
        [Decision(n, is_accepted=False, reason=reason) for n in numbers],
        _name_actor(by),
    )
    out.print(f"{len(numbers)} 条说明未予认可。{_AFTERWARDS}")


@review.command()
def issue(
    file: Annotated[Path, typer.Argument(help="要写的 .xlsx 文件")],
    year: Annotated[int | None, typer.Option(help="报告年度（默认全部）")] = None,
) -> None:
    """把待审核的说明写成一个表格文件，逐行填写决定。"""
    from flows.decisions.decide_explanations import issue_batch
    from warehouse.standing.worklist import covering_words

    if file.suffix.lower() != ".xlsx":
        raise fail(f"请给出以 .xlsx 结尾的文件名：{file}")
    if file.exists():
        raise fail(f"{file} 已经存在，可能填有决定；请另取文件名。")
    issued = issue_batch(current_installation(), file, year)
    if issued.height:
        title = _add_covering(f"{file}：{issued.height} 条", covering_words(issued))
        out.print(f"{title}。填好后运行 nianbao review take {file}", markup=False, soft_wrap=True)
    else:
        out.print("没有待审核的说明，未写文件。")


@review.command()
def take(
    file: Annotated[Path, typer.Argument(help="填好决定的 .xlsx 文件")],
    by: By = None,
) -> None:
    """收回填好的审核表，一次办理全部决定。"""
    from flows.decisions.decide_explanations import take_batch

    if not file.is_file():
        raise fail(f"找不到文件：{file}")
    done, skipped = take_batch(current_installation(), file, _name_actor(by))
    accepted = sum(decision.is_accepted for decision in done)
    if done:
        out.print(f"认可 {accepted} 条，不认可 {len(done) - accepted} 条。{_AFTERWARDS}")
    elif skipped:
        out.print(f"表中 {skipped} 条此前均已作同样决定，没有变化。")
    else:
        out.print("表中没有填写任何决定，没有变化。")


@review.command("return")
def send_back(
    year: Year,
    unit: Annotated[str, typer.Option(help="填报单位代码")],
    reason: Annotated[str, typer.Option(help="退回原因，写给填报单位")],
    by: By = None,
) -> None:
    """退回一个单位最近一次报送，此前接收的版本（如有）继续有效。"""
    from flows.decisions.review_submissions import send_back as run

    name = run(current_installation(), year, unit, reason, _name_actor(by))
    out.print(f"已退回：{name}。{_AFTERWARDS}", markup=False)


@review.command()
def approve(
    year: Year,
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部已接收的）")] = None,
    by: By = None,
    yes: Yes = False,
) -> None:
    """审定已接收的报送：数据由初报转为终报；此后重新报送的须再次审定。"""
    from flows.decisions.review_submissions import approve as run
    from flows.decisions.review_submissions import list_outstanding_units

    if unit is None:
        missing = list_outstanding_units(current_installation(), year)
        rest = f"（尚有 {len(missing)} 个单位没有已接收的报送：{'、'.join(missing)}）" if missing else ""
        ask(f"将审定{year}年度全部已接收的报送{rest}", yes)
    approved = run(current_installation(), year, unit, _name_actor(by))
    if approved:
        names = "、".join(one.unit_name for one in approved)
        out.print(f"已审定 {len(approved)} 个单位：{names}。{_AFTERWARDS}", markup=False)
        waiting = "、".join(f"{one.unit_name} {one.open_count} 处" for one in approved if one.open_count)
        if waiting:
            out.print(
                f"注意：其中尚有未了结的问题：{waiting}（nianbao review list --year {year}）。", markup=False
            )
    else:
        out.print("均已审定，没有变化。")


@review.command()
def confirm(
    year: Year,
    unit: Annotated[str, typer.Option(help="填报单位代码")],
    by: By = None,
) -> None:
    """确认年度有疑的报送确为该年度的更正，予以入库。"""
    from flows.decisions.review_submissions import confirm_year

    name = confirm_year(current_installation(), year, unit, _name_actor(by))
    out.print(f"已确认：{name} 为{year}年度报表。{_AFTERWARDS}", markup=False)


@review.command()
def lock(year: Year, by: By = None, yes: Yes = False) -> None:
    """锁定一个年度：此后收到的报送一律暂存。"""
    from flows.decisions.review_submissions import list_outstanding_units
    from flows.decisions.review_submissions import lock as run

    if missing := list_outstanding_units(current_installation(), year):
        ask(
            f"{year}年度尚有 {len(missing)} 个单位没有已接收的报送：{'、'.join(missing)}。锁定后其报送一律暂存",
            yes,
        )
    run(current_installation(), year, _name_actor(by))
    out.print(f"{year}年度已锁定，此后收到的报送一律暂存。")


@review.command()
def unlock(year: Year, by: By = None) -> None:
    """解锁一个年度。"""
    from flows.decisions.review_submissions import lock as run

    run(current_installation(), year, _name_actor(by), unlock=True)
    out.print(f"{year}年度已解锁。")
