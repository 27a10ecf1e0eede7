"""Commands for everyday use of the published file: shell, completion."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from flows.cli.console import current_installation, fail, out

_ASKS = "_NIANBAO_COMPLETE"
"""The variable with which a shell asks for names."""


class Shell(StrEnum):
    """Shells that can complete names."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("shell")(open_shell)
    app.command("completion")(print_completion)
    if _ASKS in os.environ:  # a shell asks; the library knows no shells unless it adds options of its own
        from typer._completion_classes import completion_init

        completion_init()


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
