"""The interface of all formats: a book of sheets, each a grid of cells at their true addresses.

Rows are lists of str, float, bool, date, datetime, time ('' is blank) whose first cell is A1. Asked for separately,
because it costs a second look at the bytes, is what the values do not tell (:class:`Marks`).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MAX_BYTES = 64 << 20

UNREADABLE_MEMBER = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError)
"""What zipfile raises where a member is damaged, encrypted or packed in a way it does not know."""

Row = list[Any]
Range = tuple[tuple[int, int], tuple[int, int]]  # first and last position, 0-based, both inclusive


class Refusal(Exception):
    """The bytes cannot be used: the rule id of the refusal, a Chinese detail for the clerk, the cause for the log.

    ``members``: the workbooks inside, by name, where there are several.
    """

    def __init__(
        self, rule: str, detail: str = "", cause: object = "", members: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        super().__init__(rule, detail, str(cause))
        self.rule = rule
        self.detail = detail
        self.cause = str(cause)
        self.members = tuple(members)


@dataclass(slots=True)
class Marks:
    """What the values of a sheet do not show, by 0-based position (row, column)."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # position -> the error's text
    valueless: dict[tuple[int, int], str] = field(default_factory=dict)  # position -> the formula
    hidden_rows: set[int] = field(default_factory=set)
    seen: dict[tuple[int, int], str] = field(default_factory=dict)  # position -> the text as a reader sees it
    struck: dict[tuple[int, int], str] = field(
        default_factory=dict
    )  # position -> the struck part, '' for all of it
    added: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)  # what a format prints around
    comments: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet's name as in the file, and whether the clerk sees it."""

    name: str
    is_hidden: bool = False


class Book(Protocol):
    """An opened workbook."""

    kind: str
    sheets: list[SheetInfo]

    def rows(self, name: str) -> list[Row]:
        """The cells of a sheet, from A1 on."""

    def merged_ranges(self, name: str) -> list[Range]:
        """The merged ranges."""

    def marks(self, name: str) -> Marks:
        """What the values of the sheet do not show."""


class CalamineBook:
    """A workbook that calamine opens; ``marks`` comes with the format."""

    def __init__(self, data: bytes, kind: str) -> None:
        self.kind = kind
        self.data = data
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        except PasswordError as error:
            raise Refusal("refuse.encrypted", cause=error) from error
        except (CalamineError, OSError, ValueError) as error:
            raise Refusal("refuse.damaged", cause=error) from error
        self.sheets = [
            SheetInfo(sheet.name, sheet.visible != SheetVisibleEnum.Visible)
            for sheet in self._book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        self._read: dict[str, Any] = {}

    def _sheet(self, name: str) -> Any:
        if name not in self._read:
            try:
                self._read[name] = self._book.get_sheet_by_name(name)
            except (CalamineError, OSError, ValueError) as error:
                raise Refusal("refuse.damaged", f"工作表“{name}”", error) from error
        return self._read[name]

    def rows(self, name: str) -> list[Row]:
        rows: list[Row] = self._sheet(name).to_python(skip_empty_area=False)
        return rows

    def merged_ranges(self, name: str) -> list[Range]:
        return list(self._sheet(name).merged_cell_ranges or ())

    def marks(self, name: str) -> Marks:
        return Marks()
