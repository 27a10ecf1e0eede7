"""Commands that carry the journal from one place to another: journal export, journal import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import current_installation, fail, out

journal = typer.Typer(help="登记簿：导出为文件，导入到数据库或空的数据目录。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(journal, name="journal")


@journal.command("export")
def export_lines(file: Annotated[Path, typer.Argument(help="要写的 .jsonl 文件")]) -> None:
    """把登记簿原样写成一个文件，逐条核对。"""
    from flows.backup.journal_copy import CopyRefused, export_journal

    try:
        head = export_journal(current_installation().home, file)
    except CopyRefused as error:
        raise fail(str(error)) from error
    out.print(f"已导出到 {file}：共 {head.count} 条，末条校验值 {head.hash}。", soft_wrap=True, markup=False)


@journal.command("import")
def import_lines(file: Annotated[Path, typer.Argument(help="登记簿文件，如 journal.jsonl")]) -> None:
    """把登记簿文件导入 NIANBAO_JOURNAL 所指的位置；该处须是空的，或是同一登记簿较早的内容。"""
    from flows.backup.journal_copy import CopyRefused, import_journal

    try:
        done = import_journal(current_installation().home, file)
    except CopyRefused as error:
        raise fail(str(error)) from error
    added = f"新写入 {done.added_count} 条" if done.added_count else "没有新的记录"
    out.print(
        f"已导入到{done.where}：{added}，共 {done.head.count} 条，末条校验值 {done.head.hash}。",
        soft_wrap=True,
        markup=False,
    )
