"""Commands for everyday use of the published file: show, shell, completion."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.completion import complete_indicator
from flows.cli.console import current_installation, fail, out, print_json, read_years

if TYPE_CHECKING:
    from warehouse.published.series import Series

_ASKS = "_NIANBAO_COMPLETE"
"""The variable with which a shell asks for names."""


class Shell(StrEnum):
    """Shells that can complete names."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(show)
    app.command("shell")(open_shell)
    app.command("completion")(print_completion)
    if _ASKS in os.environ:  # a shell asks; the library knows no shells unless it adds options of its own
        from typer._completion_classes import completion_init

        completion_init()


def show(
    indicator: Annotated[
        str,
        typer.Argument(help="指标编号或名称，如 member_count、个人会员", autocompletion=complete_indicator),
    ],
    org: Annotated[str | None, typer.Argument(help="单位代码或名称；不写即全市")] = None,
    year: Annotated[str | None, typer.Option(help="报告年度，如 2024")] = None,
    years: Annotated[str | None, typer.Option(help="若干年度，如 2019-2024；不写即全部")] = None,
    chart: Annotated[Path | None, typer.Option(help="另画成图，写入文件：.svg 或 .png")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """看一项指标：本单位和下一级各单位历年的数，附小图；--chart 另画成图。"""
    from warehouse.published.series import read_series

    if year and years:
        raise fail("--year 和 --years 只能写一个。")
    installation = current_installation()
    asked = year or years
    wanted = read_years(asked, installation.catalogue) if asked else ()
    series = read_series(installation.home.database, installation.catalogue, indicator, org, wanted)
    if chart is not None:
        _draw(series, chart)
    if as_json:
        print_json(series.rows)
        return
    from flows.cli.series_table import tabulate_series, write_title

    out.print(write_title(series), style="bold", soft_wrap=True, markup=False)
    table, notes = tabulate_series(series, out.width)
    out.print(table)
    for note in notes:
        out.print(note, soft_wrap=True, markup=False)
    if chart is not None:
        out.print(f"图已写入：{chart}", soft_wrap=True, markup=False)


def _draw(series: Series, target: Path) -> None:
    """The series as a picture. Altair takes a second to import: only here."""
    kind = target.suffix.lower()
    if kind not in (".svg", ".png"):
        raise fail(f"图只能写成 .svg 或 .png 文件，不能写成 {kind or '没有后缀的文件'}：{target}。")
    from flows.charts.drawing import write_png, write_svg
    from flows.charts.units import draw_units

    picture = draw_units(series)
    target.write_bytes(write_png(picture) if kind == ".png" else write_svg(picture).encode("utf-8"))


def open_shell() -> None:
    """在数据仓库上打开 DuckDB 命令行（只读）：先列出各表和查询函数，再逐条输入查询。"""
    from flows.exporting.duckdb_shell import find_shell, run_shell, write_greeting

    database = current_installation().home.database
    greeting = write_greeting(database)
    program = find_shell()
    if program is None:
        raise fail(
            "本机没有 DuckDB 命令行程序 duckdb。请用 pip install duckdb-cli 安装（或从 duckdb.org 下载后放入 PATH），"
            "也可以用 nianbao query 逐条查询。"
        )
    out.print(greeting, end="", soft_wrap=True, markup=False)
    sys.stdout.flush()
    if code := run_shell(program, database):
        raise typer.Exit(code)


def print_completion(shell: Annotated[Shell, typer.Argument(help="所用的命令行外壳")]) -> None:
    """输出使命令行补全命令、表名、列名和指标编号的脚本，如 nianbao completion bash >> ~/.bashrc。"""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="nianbao", complete_var=_ASKS, shell=shell.value)
    sys.stdout.write(f"{script}\n")
