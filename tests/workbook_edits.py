"""Edits of a saved workbook that no library offers: its parts, its XML, and cells written by a function of the test."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.workbooks import Grid

Cell = Callable[[Workbook, Worksheet, int, int], Any]


def save_with(path: Path, sheets: Mapping[str, Grid]) -> Path:
    """As save_xlsx, but a cell that is a function writes itself: it gets workbook, sheet, row and column."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if callable(value):
                        value(book, page, r, c)
                    elif isinstance(value, str):
                        page.write_string(r, c, value)
                    elif not hasattr(value, "isoformat"):
                        page.write(r, c, value)
    return path


def formatted(value: Any, **properties: Any) -> Cell:
    """A value in a format of XlsxWriter."""
    return lambda book, page, r, c: page.write(r, c, value, book.add_format(properties))


def rich(*runs: tuple[str, dict[str, Any]]) -> Cell:
    """A text of runs, each with its properties."""

    def write(book: Workbook, page: Worksheet, r: int, c: int) -> None:
        parts: list[Any] = []
        for text, properties in runs:
            parts += [book.add_format(properties), text] if properties else [text]
        assert page.write_rich_string(r, c, *parts) == 0

    return write


def merged(value: Any, rows: int, columns: int = 1) -> Cell:
    """A value merged over rows and columns."""
    return lambda book, page, r, c: page.merge_range(r, c, r + rows - 1, c + columns - 1, value)


def parts_of(path: Path) -> dict[str, bytes]:
    """The parts of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def save_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    """An archive of ``parts``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def replace_in(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """The same archive with a piece of one part written otherwise."""
    parts = parts_of(path)
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    return save_parts(path, parts)
