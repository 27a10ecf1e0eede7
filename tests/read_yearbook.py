"""Reads the tables of a yearbook back by what is written on them: which number stands for which year, unit and indicator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

_TITLE = re.compile(r"(续?)表(\d+-\d+)(?:　(.+))?")
_YEAR = re.compile(r"(\d{4})年")
_FOOT = re.compile(r"注|图|数据性质|表|续表")


class Read(NamedTuple):
    """A number of a table: what stands over and before it, and its cell. ``stub``: the names before the numbers."""

    number: str
    title: str
    stub: str
    head: str
    unit: str
    cell: Cell


def read_tables(path: Path) -> Iterator[Read]:
    """Every number of every table."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        if "（乡镇）" in sheet.title:
            yield from _read_wide(sheet)
        elif sheet.title not in ("封面", "目录", "指标解释"):
            yield from _read_stacked(sheet)


def _read_stacked(sheet: Worksheet) -> Iterator[Read]:
    titles: dict[str, str] = {}
    for row in range(1, sheet.max_row + 1):
        found = _TITLE.fullmatch(str(sheet.cell(row, 1).value or ""))
        if found is None:
            continue
        number = found[2]
        title = titles.setdefault(number, found[3] or "")
        heads = _list_texts(sheet, row + 2, 3)
        whole = str(sheet.cell(row + 1, 2 + len(heads)).value or "").removeprefix("单位：")
        for line in range(row + 3, sheet.max_row + 1):
            stub = sheet.cell(line, 1).value
            if stub is None or _FOOT.match(str(stub)):
                break
            unit = whole or str(sheet.cell(line, 2).value or "")
            if not unit:
                continue  # a heading over lines
            for column, head in enumerate(heads, start=3):
                yield Read(number, title, str(stub), head, unit, sheet.cell(line, column))


def _read_wide(sheet: Worksheet) -> Iterator[Read]:
    found = _TITLE.fullmatch(str(sheet.cell(2, 1).value))
    assert found is not None
    county = ""
    for line in range(4, sheet.max_row + 1):
        stub = sheet.cell(line, 1).value
        if stub is None:
            break
        is_township = sheet.cell(line, 1).alignment.indent == 1
        county = county if is_township else str(stub)
        for column, text in enumerate(_list_texts(sheet, 3, 2), start=2):
            head, _, unit = text.partition("\n")
            name = f"{county}/{stub}" if is_township else str(stub)
            yield Read(found[2], found[3], name, head, unit.strip("（）"), sheet.cell(line, column))


def _list_texts(sheet: Worksheet, row: int, first: int) -> list[str]:
    texts = []
    for column in range(first, sheet.max_column + 1):
        value: Any = sheet.cell(row, column).value
        if value is None:
            break
        texts.append(str(value))
    return texts


def year_of(text: str) -> int:
    """The year in a head, or the last one in a title."""
    return int(_YEAR.findall(text)[-1])
