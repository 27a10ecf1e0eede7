"""Excel's binary .xlsb: calamine reads error cells as blank, so the sheet's records are walked for them.

Weaker than .xlsx: a formula without a cached value cannot be told from one whose value is 0.
"""

from __future__ import annotations

import re
import struct
import zipfile
from xml.etree import ElementTree

from transforms.reading.formats.book import UNREADABLE_MEMBER, CalamineBook, Marks, Range, Refusal

# Records of [MS-XLSB] 2.3.2
_ROW, _CELL_ERROR, _FORMULA_ERROR, _BUNDLE_SHEET = 0, 3, 11, 156
_MERGED = 176
_MERGES = re.compile(rb"\xb0\x01\x10")  # id and size of a merged range
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
_CODES = b"[" + b"".join(re.escape(bytes([code])) for code in _ERRORS) + b"]"
# A cheap sign that the sheet may hold such a record: id, size, column below 16384, style, error code.
_SIGN = re.compile(rb"(?:\x03\x09|\x0b[\x0b-\xff]\x01?)..\x00\x00.{4}" + _CODES, re.DOTALL)


class XlsbBook(CalamineBook):
    """An .xlsb workbook."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile) -> None:
        super().__init__(data, "xlsb")
        self._archive = archive
        try:
            self._parts = _map_sheet_parts(archive)
        except (KeyError, ElementTree.ParseError, IndexError, struct.error, *UNREADABLE_MEMBER) as error:
            raise Refusal("refuse.damaged", cause=error) from error

    def _content(self, name: str) -> bytes:
        part = self._parts.get(name)
        if part is None:
            return b""
        try:
            return self._archive.read(part)
        except (KeyError, *UNREADABLE_MEMBER) as error:
            raise Refusal("refuse.damaged", f"工作表“{name}”", error) from error

    def merged_ranges(self, name: str) -> list[Range]:
        content = self._content(name)
        if not _MERGES.search(content):
            return []
        bodies = (body for kind, body in _list_records(content) if kind == _MERGED and len(body) >= 16)
        corners = (struct.unpack_from("<IIII", body) for body in bodies)
        return [((top, left), (bottom, right)) for top, bottom, left, right in corners]

    def marks(self, name: str) -> Marks:
        marks = Marks()
        content = self._content(name)
        row = 0
        if not _SIGN.search(content):
            return marks
        for kind, body in _list_records(content):
            if kind == _ROW and len(body) >= 4:
                row = struct.unpack_from("<I", body)[0]
            elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
                column = struct.unpack_from("<I", body)[0]
                marks.errors[row, column] = _ERRORS.get(body[8], "#")
        return marks


def _list_records(content: bytes) -> list[tuple[int, bytes]]:
    """The records of a binary part: id and body."""
    records, at, end = [], 0, len(content)
    while at + 1 < end:
        kind = content[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (content[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        for _ in range(4):
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        records.append((kind, content[at : at + size]))
        at += size
    return records


def _map_sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> path of its binary part."""
    names = {name.lower(): name for name in archive.namelist()}
    rels = ElementTree.fromstring(archive.read(names["xl/_rels/workbook.bin.rels"]))
    targets = {rel.get("Id"): rel.get("Target", "") for rel in rels}
    parts = {}
    for kind, body in _list_records(archive.read(names["xl/workbook.bin"])):
        if kind == _BUNDLE_SHEET:
            relation, at = _read_wide_text(body, 8)
            name, _ = _read_wide_text(body, at)
            target = targets.get(relation, "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if path.lower() in names:
                parts[name] = names[path.lower()]
    return parts


def _read_wide_text(body: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", body, at)[0]
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le"), end
