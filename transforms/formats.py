"""A workbook's bytes as grids of cells at their true places, whatever the format; decided by the bytes, not the name.

Every format gives the same :class:`Book`: sheets in order, each a list of rows (lists of str, float, bool, date,
datetime, time; '' is blank) whose first cell is A1, and, asked for separately because it costs a second look at
the bytes, the cells that only look blank or zero: error values and formulas without a value.
"""

from __future__ import annotations

import io
import zipfile
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
MAX_ENTRIES = 10_000
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OTHER_DOCUMENTS = ("WordDocument", "PowerPoint Document", "VisioDocument", "__substg1.0_")

Row = list[Any]


class Refusal(Exception):
    """The bytes cannot be used: the rule id of the refusal, a Chinese detail for the clerk, the cause for the log."""

    def __init__(self, rule: str, detail: str = "", cause: object = "") -> None:
        super().__init__(rule, detail, str(cause))
        self.rule = rule
        self.detail = detail
        self.cause = str(cause)


@dataclass(slots=True)
class Marks:
    """What the values of a sheet do not tell. Places are 0-based (row, column)."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # place -> the error's text
    valueless: dict[tuple[int, int], str] = field(default_factory=dict)  # place -> the formula
    hidden_rows: set[int] = field(default_factory=set)


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

    def merged(self, name: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """The merged ranges: first and last place, 0-based, both inclusive."""

    def marks(self, name: str) -> Marks:
        """Error values, formulas without value, hidden rows."""


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

    def merged(self, name: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        return list(self._sheet(name).merged_cell_ranges or ())

    def marks(self, name: str) -> Marks:
        return Marks()


def open_book(data: bytes, file_name: str) -> Book:
    """Open the bytes of a file called ``file_name``. Raises Refusal."""
    if not data.strip(b"\x00\t\r\n "):
        raise Refusal("refuse.empty")
    if len(data) > MAX_BYTES:
        raise Refusal("refuse.too_large", f"{len(data) >> 20}兆字节")
    if data.startswith(b"PK"):
        return _open_zip(data)
    if data.startswith(_OLE2):
        return _open_ole2(data, file_name)
    from transforms.formats_csv import open_csv

    return open_csv(data, file_name)


def _open_zip(data: bytes) -> Book:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refusal("refuse.damaged", cause=error) from error
    names = archive.namelist()
    if len(names) > MAX_ENTRIES:
        raise Refusal("refuse.too_many_entries", f"{len(names)}个")
    found = {name.lower() for name in names}
    if "xl/workbook.xml" in found or any(name.endswith("/workbook.xml") for name in found):
        from transforms.formats_xlsx import XlsxBook

        return XlsxBook(data, archive)
    if "xl/workbook.bin" in found:
        from transforms.formats_xlsb import XlsbBook

        return XlsbBook(data, archive)
    if "content.xml" in found:
        from transforms.formats_ods import OdsBook

        return OdsBook(data, archive)
    if any(name.endswith((".csv", ".txt", ".tsv")) for name in found):
        from transforms.formats_csv import open_csv_archive

        return open_csv_archive(archive)
    raise Refusal("refuse.not_a_workbook", "压缩包里没有表格")


def _open_ole2(data: bytes, file_name: str) -> Book:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refusal("refuse.encrypted")
    from transforms.formats_xls import XlsBook

    try:
        return XlsBook(data)
    except Refusal as refusal:
        if refusal.rule != "refuse.damaged":
            raise
        is_wps = file_name.lower().endswith(".et") or "ETExtData".encode("utf-16-le") in data
        if is_wps:
            raise Refusal("refuse.wps_et", cause=refusal.cause) from refusal
        is_other = any(name.encode("utf-16-le") in data for name in _OTHER_DOCUMENTS)
        raise Refusal("refuse.not_a_workbook", cause=refusal.cause) if is_other else refusal from None
