"""Why a file could not be read: a short look into a workbook after it has brought a reading child down.

Runs in a child as well, since the file is known to be hostile by now. Only .xlsx tells: a zip archive whose
parts are looked at from their beginnings, nothing unpacked as a whole.
"""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.words.addresses import column_index

_PART_BYTES = 256 * 1024
_PARTS = 64
_FAR_CELLS = 4_000_000
"""calamine holds the whole rectangle from the first to the last used cell, at about 32 bytes a cell."""
_LARGE_BYTES = 128 << 20
_REF = rb"""["']([A-Z]{1,3})([0-9]{1,7})"""
_CELL = re.compile(rb"<(?:\w+:)?c\s(?:[^<>]*?\s)?r=" + _REF + rb"""["']""")
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s+ref=" + _REF + rb""":([A-Z]{1,3})([0-9]{1,7})["']""")
_TAG = re.compile(rb"<(?:\w+:)?(?:sheet|Relationship)\s([^<>]*)>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*["']([^"'<>]*)["']""")


class Cause(NamedTuple):
    """What was found in the file and how to mend it, each a clause for a Chinese sentence."""

    found: str
    mend: str


def look_for_cause(path: str, args: tuple[Any, ...] = ()) -> tuple[str, str] | None:
    """The cause as (found, mend), or None when the file does not show one. A damaged archive raises."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as book:
        cause = _find_far_cell(book) or _unpacks_to_much(book, path)
    return (cause.found, cause.mend) if cause else None


def _find_far_cell(book: zipfile.ZipFile) -> Cause | None:
    names = None
    parts = [n for n in book.namelist() if n.startswith("xl/worksheets/") and n.endswith(".xml")]
    for part in parts[:_PARTS]:
        beginning = _read_beginning(book, part)
        corners: list[tuple[bytes, bytes]] = _CELL.findall(beginning)
        for first_column, first_row, last_column, last_row in _DIMENSION.findall(beginning):
            corners += [(first_column, first_row), (last_column, last_row)]
        if not corners:
            continue
        columns = {column_index(column.decode()): column.decode() for column, _ in corners}
        rows = [int(row) for _, row in corners]
        cells = (max(columns) - min(columns) + 1) * (max(rows) - min(rows) + 1)
        if cells > _FAR_CELLS:
            names = names or _list_sheet_names(book)
            sheet = f"工作表“{names[part]}”" if part in names else "工作表"
            return Cause(
                f"{sheet}的内容一直延伸到第 {max(rows)} 行、{columns[max(columns)]} 列，远超填报范围",
                "请删除填报范围以外的行和列（整行、整列删除，而不只是清除内容）",
            )
    return None


def _unpacks_to_much(book: zipfile.ZipFile, path: str) -> Cause | None:
    declared = sum(part.file_size for part in book.infolist())
    if declared <= _LARGE_BYTES:
        return None
    packed = max(1, Path(path).stat().st_size)
    return Cause(
        f"文件大小 {packed / 2**20:.1f} MiB，解压后达 {declared / 2**20:,.0f} MiB，远超一般填报文件",
        "请将数据复制到新下发的填报模板",
    )


def _list_sheet_names(book: zipfile.ZipFile) -> dict[str, str]:
    """Path of a sheet's part -> name of the sheet, as far as the beginnings of the two lists tell."""
    targets = {
        tag.get("Id", ""): tag.get("Target", "").lstrip("/").removeprefix("xl/")
        for tag in _list_tags(_read_beginning(book, "xl/_rels/workbook.xml.rels"))
    }
    sheets = _list_tags(_read_beginning(book, "xl/workbook.xml"))
    return {f"xl/{targets.get(tag.get('r:id', ''), '')}": tag.get("name", "")[:31] for tag in sheets}


def _list_tags(xml: bytes) -> list[dict[str, str]]:
    return [
        {
            key.decode(): html.unescape(value.decode(errors="replace"))
            for key, value in _ATTRIBUTE.findall(tag)
        }
        for tag in _TAG.findall(xml)
    ]


def _read_beginning(book: zipfile.ZipFile, part: str) -> bytes:
    try:
        with book.open(part) as opened:
            return opened.read(_PART_BYTES)
    except KeyError:
        return b""
