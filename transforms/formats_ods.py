"""OpenDocument's .ods: error values stand as texts in content.xml, where rows and cells may be repeated."""

from __future__ import annotations

import re
import zipfile
import zlib
from html import unescape
from itertools import islice

from transforms.formats_book import CalamineBook, Marks, Refusal

_TABLE = re.compile(rb'<table:table\b[^>]*\btable:name="([^"]*)"[^>]*>(.*?)</table:table>', re.DOTALL)
_ROW = re.compile(rb"<table:table-row\b([^>]*?)(?:/>|>(.*?)</table:table-row>)", re.DOTALL)
_CELL = re.compile(
    rb"<table:(?:covered-)?table-cell\b([^>]*?)(?:/>|>(.*?)</table:(?:covered-)?table-cell>)", re.DOTALL
)
_REPEATED = re.compile(rb'\btable:number-(?:rows|columns)-repeated="(\d+)"')
_HIDDEN = re.compile(rb'\btable:visibility="(?:collapse|filter)"')
_ERROR_TEXT = re.compile(rb"<text:p[^>]*>\s*(Err:\d+|#(?:REF!|DIV/0!|N/A|VALUE!|NAME\?|NUM!|NULL!))")
_ERROR_SIGNS = (
    b'calcext:value-type="error"',
    b">Err:",
    b">#REF!",
    b">#DIV/0!",
    b">#N/A",
    b">#VALUE!",
    b">#NAME?",
    b">#NUM!",
)
_MANY_ROWS = 100_000


class OdsBook(CalamineBook):
    """An .ods workbook; its content is looked at again only when it holds signs of errors or hidden rows."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile) -> None:
        try:
            self._content = archive.read("content.xml")
            manifest = archive.read("META-INF/manifest.xml")
        except KeyError:
            manifest = b""
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise Refusal("refuse.damaged", cause=error) from error
        if b"manifest:encryption-data" in manifest:
            raise Refusal("refuse.encrypted")
        super().__init__(data, "ods")
        is_suspect = any(sign in self._content for sign in _ERROR_SIGNS)
        is_suspect = is_suspect or b"table:visibility=" in self._content or b"table:formula=" in self._content
        self._tables = (
            {unescape(n.decode()): body for n, body in _TABLE.findall(self._content)} if is_suspect else {}
        )

    def marks(self, name: str) -> Marks:
        marks = Marks()
        row = 0
        for found in islice(_ROW.finditer(self._tables.get(name, b"")), _MANY_ROWS):
            attributes, body = found.group(1), found.group(2) or b""
            repeated = _REPEATED.search(attributes)
            count = int(repeated[1]) if repeated else 1
            if _HIDDEN.search(attributes):
                marks.hidden_rows.update(range(row, row + min(count, _MANY_ROWS)))
            if b"formula=" in body or b"Err:" in body or b">#" in body or b'"error"' in body:
                _mark_row(marks, row, body)
            row += count
        return marks


def _mark_row(marks: Marks, row: int, body: bytes) -> None:
    column = 0
    for found in _CELL.finditer(body):
        attributes, content = found.group(1), found.group(2) or b""
        repeated = _REPEATED.search(attributes)
        count = int(repeated[1]) if repeated else 1
        text = _ERROR_TEXT.search(content)
        is_error = text is not None or b'calcext:value-type="error"' in attributes
        for place in range(column, column + min(count, 1000)) if is_error else ():
            marks.errors[row, place] = text[1].decode() if text else "#"
        if not is_error and b"table:formula=" in attributes and b"office:value-type=" not in attributes:
            marks.valueless[row, column] = "="
        column += count
