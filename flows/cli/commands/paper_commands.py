"""What is printed and handed out, as ``export`` writes it: the bulletin, the yearbook, summary tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.console import current_installation, fail, out

if TYPE_CHECKING:
    from flows.settings import Installation
    from warehouse.registry.levels import Level


def write_paper(
    name: str, year: int, target: Path | None, form: str | None = None, level: str | None = None
) -> None:
    """Write a paper of ``year`` as ``target`` (None: by its usual name in the working directory), and say where it lies.

    ``form`` and ``level`` choose among summary tables.
    """
    from flows.summary.summary import FormUnknown
    from warehouse.published.figures import YearNotPublished

    write = partial(_write_summary, form, level) if name == "summary" else _PAPERS[name]
    try:
        written = write(current_installation(), year, target)
    except (YearNotPublished, FormUnknown) as error:
        raise fail(str(error)) from error
    out.print(f"已写出{year}年度{_NAMES[name]}：{'、'.join(map(str, written))}", soft_wrap=True, markup=False)


def _write_bulletin(installation: Installation, year: int, target: Path | None) -> list[Path]:
    """For Word and as a page, or as the one that ``target`` says by its ending."""
    from flows.bulletin.write import WRITERS, name_bulletin, write_bulletin

    if target is not None and target.suffix and not target.is_dir():
        written = [_choose_file(target, "", *WRITERS)]
    else:
        written = [(target or Path()) / name_bulletin(year, ending[1:]) for ending in WRITERS]
    write_bulletin(installation.home.database, installation.catalogue, year, written)
    return written


def _write_yearbook(installation: Installation, year: int, target: Path | None) -> list[Path]:
    from flows.yearbook.yearbook import name_yearbook, write_yearbook

    written = _choose_file(target, name_yearbook(year), ".xlsx")
    write_yearbook(installation.home.database, installation.catalogue, year, written)
    return [written]


def _write_summary(
    form: str | None, level: str | None, installation: Installation, year: int, target: Path | None
) -> list[Path]:
    from flows.summary.summary import choose_forms, name_summary, write_summary_tables

    if level not in (None, "county", "township"):
        raise fail(f"--level 请写 county（县市区）或 township（乡镇街道），写的是 {level}。")
    below: Level = "township" if level == "township" else "county"
    asked = None if form is None else choose_forms(installation.catalogue, year, form)[0]
    written = _choose_file(target, name_summary(year, asked, below), ".xlsx")
    write_summary_tables(installation.home.database, installation.catalogue, year, written, form, below)
    return [written]


def _choose_file(target: Path | None, name: str, *endings: str) -> Path:
    """Where a file is written: ``target``, or under its usual ``name`` in the folder ``target``."""
    if target is None:
        return Path(name)
    if target.is_dir():
        return target / name
    if target.suffix.lower() not in endings:
        raise fail(f"--out 请写 {'、'.join(endings)} 文件或一个已有的文件夹，写的是 {target}。")
    return target


_PAPERS = {"bulletin": _write_bulletin, "yearbook": _write_yearbook}
_NAMES = {"bulletin": "公报", "yearbook": "统计年鉴", "summary": "汇总表"}
