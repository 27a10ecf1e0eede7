"""Excel's .xlsx and .xlsm: what calamine does not tell is found by regexes over the sheets' XML.

calamine reads an error cell as blank and a formula without a cached value as blank or 0; neither may pass for a
reported number. Macros of .xlsm are never run: only the sheets are read.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from functools import lru_cache
from html import unescape
from xml.etree import ElementTree

from transforms.formats_book import CalamineBook, Marks, Refusal
from transforms.wording import column_index

_PREFIX = re.compile(rb"<(\w+:)sheetData\b")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_IS_TEXT = re.compile(rb'\bt="(?:str|e)"')
_ERROR = re.compile(rb'\bt="e"[^>]*>')


@lru_cache(maxsize=8)
def _patterns(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """Formula without value, value of a cell, hidden row; for a file that writes its tags with ``prefix``.

    Each starts with a literal that is rare in the XML, so that a sheet of values is passed over quickly.
    """
    p = re.escape(prefix)
    return (
        re.compile(
            rb"<%bf\b(?:[^>]*/>|[^>]*>([^<]*)</%bf>)\s*(?:<%bv\s*/>|<%bv></%bv>)?\s*</%bc>"
            % (p, p, p, p, p, p)
        ),
        re.compile(rb"<%bv>([^<]*)</%bv>" % (p, p)),
        re.compile(rb'<%brow\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"' % p),
    )


class XlsxBook(CalamineBook):
    """An .xlsx or .xlsm workbook."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile) -> None:
        kind = (
            "xlsm" if any(name.lower().endswith("vbaproject.bin") for name in archive.namelist()) else "xlsx"
        )
        super().__init__(data, kind)
        self._archive = archive
        try:
            self._parts = _sheet_parts(archive)
        except (
            KeyError,
            ElementTree.ParseError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
        ) as error:
            raise Refusal("refuse.damaged", cause=error) from error

    def marks(self, name: str) -> Marks:
        part = self._parts.get(name)
        if part is None:
            return Marks()
        try:
            xml = self._archive.read(part)
        except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise Refusal("refuse.damaged", f"工作表“{name}”", error) from error
        prefix = b"" if b"<sheetData" in xml else _prefix(xml)
        valueless, value, hidden_row = _patterns(prefix)
        marks = Marks()
        if b't="e"' in xml:
            for found in _ERROR.finditer(xml):
                if place := _place(xml, xml.rfind(b"<", 0, found.start())):
                    end = xml.find(b"</%bc>" % prefix, found.end())
                    text = None if found[0].endswith(b"/>") else value.search(xml, found.end(), end)
                    marks.errors[place] = unescape(text[1].decode("utf-8", "replace")) if text else "#"
        if b"<%bf" % prefix in xml:
            for found in valueless.finditer(xml):
                cell = xml.rfind(b"<%bc " % prefix, 0, found.start())
                # A text formula whose result is '' is a blank that the clerk sees.
                is_text = _IS_TEXT.search(xml, cell, xml.find(b">", cell))
                if not is_text and (place := _place(xml, cell)):
                    marks.valueless[place] = "=" + unescape((found[1] or b"").decode("utf-8", "replace"))
        if b'hidden="' in xml:
            marks.hidden_rows = {int(row) - 1 for row in hidden_row.findall(xml)}
        return marks


def _prefix(xml: bytes) -> bytes:
    found = _PREFIX.search(xml)
    return found[1] if found else b""


def _place(xml: bytes, tag: int) -> tuple[int, int] | None:
    """The place that the cell's tag names, which starts at ``tag``; None for the few writers that name none."""
    found = _PLACE.search(xml, tag, xml.find(b">", tag)) if tag >= 0 else None
    return (int(found[2]) - 1, column_index(found[1].decode())) if found else None


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> path of its XML inside the archive."""
    by_lower = {name.lower().lstrip("/"): name for name in archive.namelist()}
    workbook = next(name for name in by_lower if name.endswith("workbook.xml"))
    folder, file = posixpath.split(workbook)
    rels = ElementTree.fromstring(archive.read(by_lower[f"{folder}/_rels/{file}.rels".lstrip("/")]))
    targets = {rel.get("Id"): rel.get("Target", "") for rel in rels}
    parts: dict[str, str] = {}
    for node in ElementTree.fromstring(archive.read(by_lower[workbook])).iter():
        if node.tag.rpartition("}")[2] != "sheet":
            continue
        relation = next((value for key, value in node.attrib.items() if key.endswith("}id")), None)
        target = targets.get(relation, "")
        path = (
            target.lstrip("/")
            if target.startswith("/")
            else posixpath.normpath(posixpath.join(folder, target))
        )
        if path.lower() in by_lower:
            parts[node.get("name", "")] = by_lower[path.lower()]
    return parts
