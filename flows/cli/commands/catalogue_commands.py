"""The command ``catalogue``: begin the catalogue of another city."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import fail, out

STARTER = Path(__file__).parents[3] / "warehouse" / "starter"
"""A small city that works as it is, every file with comments."""

catalogue = typer.Typer(help="目录册：为另一城市新建一份。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command with its subcommand to the command line."""
    app.add_typer(catalogue, name="catalogue")


@catalogue.callback()
def _group() -> None:
    """A group also with one subcommand."""


@catalogue.command("new")
def new(folder: Annotated[Path, typer.Argument(help="新目录册的文件夹，须不存在或为空")]) -> None:
    """新建：一份可以直接运行的小目录册，各文件均有注释，照着改成本市的。"""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise fail(f"{folder} 已存在且不是空文件夹，未作改动。请另写一个文件夹。")
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    out.print(f"已建立目录册：{folder}", soft_wrap=True, markup=False)
    out.print(
        "依次改 catalogue.yaml、registry、forms、indicators、rules；"
        f"每改一处运行 nianbao --catalogue {folder} doctor 检查。",
        soft_wrap=True,
        markup=False,
    )
