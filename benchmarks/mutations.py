"""Workbooks bent at random from a seed: cells, rows, sheets and bytes of honest ones; and hostile ones made from nothing."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from functools import lru_cache

from tests.integration import bad_files

_NUMBER = re.compile(r'<c r="([A-Z]+\d+)"( s="\d+")?><v>([-\d.]+)</v></c>')
_ROW = re.compile(r'<row r="(\d+)"[^>]*>.*?</row>', re.DOTALL)
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
_MOST_ROWS = 200_000

Cell = Callable[[random.Random, "re.Match[str]"], str]


def _as_text(drawn: random.Random, cell: re.Match[str]) -> str:
    said = drawn.choice(
        ["约三百", "12人", "１２", "3.2.1", "见附件", "-", "#####", "<b>", "=1+1", "１人２人"]
    )
    said = said.replace("<", "&lt;")
    return f'<c r="{cell[1]}" t="inlineStr"><is><t>{said}</t></is></c>'


def _as_error(_drawn: random.Random, cell: re.Match[str]) -> str:
    return f'<c r="{cell[1]}" t="e"><v>#DIV/0!</v></c>'


def _as_other_number(drawn: random.Random, cell: re.Match[str]) -> str:
    number = drawn.choice(
        [-1, 0.5, 1e9, 1e300, 1905, float(cell[3]) * 10, float(cell[3]) / 3, float(cell[3]) + 1]
    )
    return f'<c r="{cell[1]}"{cell[2] or ""}><v>{number!r}</v></c>'


def _as_formula(_drawn: random.Random, cell: re.Match[str]) -> str:
    return f'<c r="{cell[1]}"><f>SUM(A1:A9)</f></c>'


def _as_blank(_drawn: random.Random, cell: re.Match[str]) -> str:
    return f'<c r="{cell[1]}"/>'


_CELLS: tuple[Cell, ...] = (_as_text, _as_error, _as_other_number, _as_formula, _as_blank)


def _cells(drawn: random.Random, sheet: str) -> str:
    change, share = drawn.choice(_CELLS), drawn.choice([0.01, 0.1, 1.0])
    return _NUMBER.sub(lambda cell: change(drawn, cell) if drawn.random() < share else cell[0], sheet)


def _rows_added(drawn: random.Random, sheet: str) -> str:
    """One row again and again: as when a column was filled to its end."""
    rows = list(_ROW.finditer(sheet))
    if len(rows) < 8:
        return sheet
    copied, last = drawn.choice(rows[6:]), int(rows[-1][1])
    count = int(10 ** drawn.uniform(1, 5.3))
    old = copied[1]
    row = re.sub(rf'r="([A-Z]*){old}"', 'r="\\g<1>\0"', copied[0])
    parts = (row.replace("\0", str(last + n)) for n in range(1, min(count, _MOST_ROWS) + 1))
    return sheet.replace("</sheetData>", "".join(parts) + "</sheetData>")


def _rows_shuffled(drawn: random.Random, sheet: str) -> str:
    """Numbers under other units: the numbers of each row are those of another."""
    rows = list(_ROW.finditer(sheet))
    moved = rows[:]
    drawn.shuffle(moved)
    for row, other in zip(rows[6:], moved[6:], strict=False):
        sheet = sheet.replace(row[0], re.sub(rf'r="([A-Z]*){other[1]}"', rf'r="\g<1>{row[1]}"', other[0]), 1)
    return sheet


def _emptied(_drawn: random.Random, sheet: str) -> str:
    return _ROW.sub("", sheet)


_SHEETS: tuple[Callable[[random.Random, str], str], ...] = (
    *(_cells,) * 5,
    _rows_added,
    _rows_shuffled,
    _emptied,
)


def bent_workbook(honest: bytes, drawn: random.Random) -> bytes:
    """An .xlsx whose sheets are bent, one in ten of them or all."""
    share = drawn.choice([0.1, 0.3, 1.0])
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(honest)) as source,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for part in source.infolist():
            data = source.read(part)
            if _SHEET.fullmatch(part.filename) and drawn.random() < share:
                data = drawn.choice(_SHEETS)(drawn, data.decode()).encode()
            target.writestr(part.filename, data)
    return content.getvalue()


def bent_bytes(honest: bytes, drawn: random.Random) -> bytes:
    """A file cut off, with bytes flipped, or without one of its parts."""
    match drawn.randrange(3):
        case 0:
            return honest[: drawn.randrange(len(honest))]
        case 1:
            damaged = bytearray(honest)
            for _ in range(drawn.choice([1, 10, 1000])):
                damaged[drawn.randrange(len(damaged))] ^= drawn.randrange(1, 256)
            return bytes(damaged)
        case _:
            content = io.BytesIO()
            with (
                zipfile.ZipFile(io.BytesIO(honest)) as source,
                zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target,
            ):
                lost = drawn.choice(source.namelist())
                for name in source.namelist():
                    if name != lost:
                        target.writestr(name, source.read(name))
            return content.getvalue()


_much_space = lru_cache(bad_files.much_space)
_long_string = lru_cache(bad_files.long_string)


def hostile(drawn: random.Random) -> bytes:
    """A file made to hurt its reader."""
    size = drawn.choice([16, 64, 256])
    made = (
        bad_files.far_corners,
        lambda: _much_space(size),
        lambda: _long_string(size),
        bad_files.many_entries,
        bad_files.wps_et,
        bad_files.encrypted,
        bad_files.other_workbook,
        lambda: drawn.randbytes(4096),
    )
    return drawn.choice(made)() + drawn.randbytes(
        4
    )  # a few bytes of its own, or it would be a file sent twice
