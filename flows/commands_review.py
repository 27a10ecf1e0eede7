"""The command ``review``: what the administrator looks through and decides."""

from __future__ import annotations

import getpass
from typing import Annotated

import polars as pl
import typer

from flows.console import chosen, out, print_frame, print_json

_SEVERITIES = {"critical": "强制性", "warning": "核实性", "info": "提示"}
_AFTERWARDS = "下一次夜间作业后生效；要立即生效，请运行 nianbao nightly。"

Year = Annotated[int, typer.Option(help="报告年度")]
By = Annotated[str | None, typer.Option("--by", help="经办人（默认当前用户名），记入登记簿")]

review = typer.Typer(help="审定：查看问题、退回报送、审定年度、锁定和解锁。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command with its subcommands to the command line."""
    app.add_typer(review, name="review")


def _actor(by: str | None) -> str:
    return by or getpass.getuser()


@review.command("list")
def list_findings(
    year: Year,
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部）")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """各单位最近一次报送中的强制性和核实性问题，强制性在前。"""
    from warehouse.query import query

    found = query(
        chosen().home.database,
        """SELECT severity, unit_name, file_name, sheet, cell, message, fix, rule FROM quality.finding_latest
           WHERE year = ? AND severity <> 'info' AND (? IS NULL OR unit_code = ?)
           ORDER BY severity, unit_code, form, sheet, cell""",
        [year, unit, unit],
    )
    if as_json:
        print_json(found)
    elif found.is_empty():
        out.print(f"{year}年度没有需要改正或核实的问题。")
    else:
        table = found.select(
            类别=pl.col("severity").replace_strict(_SEVERITIES),
            单位="unit_name",
            位置=pl.concat_str(["sheet", "cell"], separator="!", ignore_nulls=True),
            问题="message",
            审核关系="rule",
        )
        print_frame(table, title=f"{year}年度：{found.height} 处")


@review.command("return")
def send_back(
    year: Year,
    unit: Annotated[str, typer.Option(help="填报单位代码")],
    reason: Annotated[str, typer.Option(help="退回原因，写给填报单位")],
    by: By = None,
) -> None:
    """退回一个单位最近一次报送，此前接收的版本（如有）继续有效。"""
    from flows.review import send_back as run

    name = run(chosen(), year, unit, reason, _actor(by))
    out.print(f"已退回：{name}。{_AFTERWARDS}", markup=False)


@review.command()
def approve(
    year: Year,
    unit: Annotated[str | None, typer.Option(help="填报单位代码（默认全部已接收的）")] = None,
    by: By = None,
) -> None:
    """审定已接收的报送：数据由初报转为终报；此后重新报送的须再次审定。"""
    from flows.review import approve as run

    names = run(chosen(), year, unit, _actor(by))
    if names:
        out.print(f"已审定 {len(names)} 个单位：{'、'.join(names)}。{_AFTERWARDS}", markup=False)
    else:
        out.print("均已审定，没有变化。")


@review.command()
def lock(year: Year, by: By = None) -> None:
    """锁定一个年度：此后收到的报送一律暂存。"""
    from flows.review import lock as run

    run(chosen(), year, _actor(by))
    out.print(f"{year}年度已锁定，此后收到的报送一律暂存。")


@review.command()
def unlock(year: Year, by: By = None) -> None:
    """解锁一个年度。"""
    from flows.review import lock as run

    run(chosen(), year, _actor(by), unlock=True)
    out.print(f"{year}年度已解锁。")
