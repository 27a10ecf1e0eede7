"""The command ``rules``: look at the rule book and try a rule on past years."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from flows.cli.console import current_installation, out, print_frame, print_json, read_years
from warehouse.words import labels

_SHOWN = 50
rules = typer.Typer(help="审核关系：列表和试算。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command with its subcommands to the command line."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_rules(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """全部审核关系。"""
    book = current_installation().rulebook.rules.values()
    frame = pl.DataFrame(
        [(r.id, r.severity, r.scope, r.words, r.since, r.until) for r in book],
        schema={
            "rule": pl.String,
            "severity": pl.String,
            "scope": pl.String,
            "words": pl.String,
            "since": pl.Int64,
            "until": pl.Int64,
        },
        orient="row",
    )
    if as_json:
        print_json(frame)
    else:
        print_frame(
            frame.select(
                编号="rule", 性质=pl.col("severity").replace_strict(labels.SEVERITY), 审核关系="words"
            ),
            title=f"{frame.height} 条",
        )


@rules.command("test")
def try_out(
    rule: Annotated[str, typer.Argument(help="审核关系编号")],
    years: Annotated[str, typer.Option(help="报告年度，如 2024 或 2019-2024")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """试算：这条审核关系在往年已接收的报表上会提出多少问题（不改动任何数据）。"""
    from expectations.verdicts.causes import drop_row, list_cells
    from flows.decisions.rule_trial import try_rule

    installation = current_installation()
    wanted = read_years(years, installation.catalogue)
    trial = try_rule(installation, rule, wanted)
    if as_json:
        print_json(trial.findings)
        return
    counts = trial.results.select(pl.col("evaluated", "failed", "not_evaluated").sum()).row(0)
    out.print(
        f"{rule}：{years} 年已接收的报送 {trial.submission_count} 份，"
        f"核对 {counts[0]} 处，不符 {counts[1]} 处，因缺报或当年没有此项未核对 {counts[2]} 处。",
        markup=False,
    )
    if trial.findings.height:
        by_year = trial.findings.group_by("year").len().sort("year")
        out.print("，".join(f"{year}年 {count} 处" for year, count in by_year.iter_rows()))
        found = trial.findings.sort("year", "unit_code", maintain_order=True).head(_SHOWN)
        table = found.select(
            年度="year",
            单位=pl.col("unit_code").replace_strict(
                installation.catalogue.unit_names(), default="未识别单位"
            ),
            位置=list_cells(found, installation.catalogue),
            问题=drop_row(),
        )
        print_frame(table, title=f"前 {_SHOWN} 处" if trial.findings.height > _SHOWN else None)
