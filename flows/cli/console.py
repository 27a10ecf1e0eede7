"""What the terminal shows: tables, progress, one clear sentence for each error."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.cli.usage_words import write_usage_sentence
from flows.ending import (
    INTERRUPTED,
    describe_remains,
    ending_promptly,
    is_ended_by_the_system,
    is_ending,
    leave,
    list_own_errors,
)
from flows.error_log import note_error
from flows.places.modes import keep_out_others
from flows.system_words import explain_error, explain_machine_fault
from warehouse.words.number_words import group_thousands

if TYPE_CHECKING:
    from flows.partitions.part_runner import OnDone
    from flows.settings import Home, Installation
    from warehouse.catalogue.load import Catalogue

_WIDE = 160  # columns where the output is no terminal: a file or a pipe has no width of its own
out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False)
_chosen: dict[str, Path | None] = {"home": None, "catalogue": None}


def choose_installation(home: Path | None, catalogue: Path | None) -> None:
    """Remember the options given before the command."""
    _chosen.update(home=home, catalogue=catalogue)


def current_installation() -> Installation:
    """The installation the command works on."""
    from flows.settings import find_installation

    return find_installation(_chosen["home"], _chosen["catalogue"])


def fail(sentence: str, code: int = 2) -> typer.Exit:
    """Print one sentence to stderr; raise what is returned."""
    err.print(f"错误：{sentence}", style="red", soft_wrap=True, markup=False)
    return typer.Exit(code)


def ask(what: str, yes: bool) -> None:
    """Ask whether to go on; whoever says no, or cannot be asked, is sent away and nothing happens."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail(f"{what}。请核对；确实要办理的，请加 --yes。")
    if not typer.confirm(f"{what}。继续吗？", prompt_suffix=" "):
        raise fail("没有办理。")


def run_app(app: typer.Typer) -> None:
    """Run the command line; the project's own errors become a sentence and exit code 2."""
    # The library does not export its UsageError by name.
    usage_error: type[Exception] = typer.BadParameter.__bases__[0]
    before = _stamp_published_file()
    keep_out_others()

    def explain_break_off() -> str:
        asked = "系统要求结束，已中止。" if is_ended_by_the_system() else "已中止。"
        return f"{asked}{_describe_what_stands(before)}{describe_remains(_find_home())}"

    try:
        with ending_promptly(lambda: f"错误：{explain_break_off()}"):
            code = app(standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
    except usage_error as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
        else:
            fail(write_usage_sentence(error))
    except (typer.Abort, KeyboardInterrupt):
        fail(explain_break_off())
    except list_own_errors() as error:
        fail(str(error))
    except OSError as error:
        swapped = _describe_what_stands(before) if _stamp_published_file() != before else ""
        fail(f"{os.fsdecode(error.filename or '文件')}：{explain_error(error)}{swapped}")
    except Exception as error:  # noqa: BLE001 - whatever it was, the user gets a sentence and the log the details
        fail(explain_break_off() if is_ending() else _describe_unexpected_error(error, before))
    else:
        if isinstance(code, int) and code:
            sys.exit(code)
        return
    if is_ending():
        leave()
    sys.exit(2)


def _describe_unexpected_error(error: Exception, before: tuple[int, int] | None) -> str:
    """What is said of an error that nobody foresaw, whose details go into the log."""
    where = note_error(_home(), traceback.format_exc())
    fault = explain_machine_fault(error)
    what = f"{_home()}：{fault}" if fault else f"程序出错（{type(error).__name__}），已中止。"
    return f"{what}{_describe_what_stands(before)}{where}"


def _stamp_published_file() -> tuple[int, int] | None:
    """Which file is the published warehouse."""
    try:
        found = (_home() / "warehouse.duckdb").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _describe_what_stands(before: tuple[int, int] | None) -> str:
    """Whether the warehouse was still swapped by a command that broke off."""
    if _stamp_published_file() == before:
        return "数据仓库未改动。"
    return "数据仓库已更新，其后的步骤未完成，下次夜间作业会补做。"


def _home() -> Path:
    return _find_home().root


def _find_home() -> Home:
    from flows.settings import Home, SettingRefused, read_settings

    try:
        settings = read_settings()
    except SettingRefused:  # the command says so
        return Home(_chosen["home"] or Path("./data"))
    return Home(_chosen["home"] or settings.home, settings.journal, settings.archive)


def read_years(text: str, catalogue: Catalogue) -> range:
    """The report years that ``text`` names: 2024 or 2019-2024. Refused where nobody reports for one of them."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise fail(f"年度应写作 2024 或 2019-2024，填的是“{text}”。")
    wanted = range(int(first), int(last or first) + 1)
    sentences = [catalogue.explain_not_reported(year) for year in wanted]
    if not sentences or any(sentences):
        raise fail(next(filter(None, sentences), f"年度应由小到大，填的是“{text}”。"))
    return wanted


def print_frame(
    frame: pl.DataFrame,
    labels: dict[str, str] | None = None,
    title: str | None = None,
    nothing: str = "…",
) -> None:
    """A frame as a table; null shows as ``nothing`` ("…": not reported), numbers without a trailing .0."""
    table = Table(title=title, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(
            (labels or {}).get(name, name), justify="right" if dtype.is_numeric() else "left", overflow="fold"
        )
    for row in frame.iter_rows():
        table.add_row(*(nothing if value is None else format_value(value) for value in row))
    out.print(table)


def format_value(value: object) -> str:
    """A value as people read it: 261,061 and 12.35."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return group_thousands(value, 0 if value.is_integer() else 2)
    return str(value)


def print_json(frame: pl.DataFrame) -> None:
    """Rows as a JSON list on stdout."""
    sys.stdout.write(json.dumps(frame.to_dicts(), ensure_ascii=False, default=str, indent=1) + "\n")


@contextmanager
def progress(total: int, title: str) -> Iterator[OnDone | None]:
    """A progress bar on a terminal, nothing elsewhere; yields the callback for each file done."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        job = bar.add_task(title, total=total or None)
        yield lambda _key, _result: bar.advance(job)
