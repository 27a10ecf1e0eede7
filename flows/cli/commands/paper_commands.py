"""What ``export`` makes for people to print: the yearbook."""

from __future__ import annotations

from pathlib import Path

from flows.cli.console import current_installation, fail, out

_SUFFIX = ".xlsx"


def write_paper(target: Path | None, *, yearbook: int) -> None:
    """Write the yearbook of a year as ``target`` (None: by its usual name in the working directory), and say where it lies."""
    from flows.yearbook.numbers import YearWithoutData
    from flows.yearbook.yearbook import write_yearbook

    installation = current_installation()
    catalogue = installation.catalogue
    path = _choose_file(target, f"{catalogue.settings.city.name}计划生育年鉴_{yearbook}{_SUFFIX}")
    try:
        write_yearbook(installation.home.database, catalogue, yearbook, path)
    except YearWithoutData as error:
        raise fail(str(error)) from error
    out.print(f"已编印{yearbook}年统计年鉴：{path}", soft_wrap=True, markup=False)


def _choose_file(target: Path | None, name: str) -> Path:
    """Where the workbook is written: ``target``, or under its usual ``name`` in the folder ``target``."""
    if target is None:
        return Path(name)
    if target.is_dir():
        return target / name
    if target.suffix.lower() != _SUFFIX:
        raise fail(f"这里写出的是 Excel 工作簿，--out 请写 {_SUFFIX} 文件或一个已有的文件夹，写的是 {target}。")
    return target
