"""Excel's .xlsx and .xlsm: what calamine does not tell is found by regexes over the sheets' XML.

calamine reads an error cell as blank and a formula without a cached value as blank or 0; neither may pass for a
reported number. Macros of .xlsm are never run: only the sheets are read.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from html import unescape
from xml.etree import ElementTree

from transforms.formats import CalamineBook, Marks, Refusal
from transforms.wording import column_index

_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_CELL_END = rb"</(?:\w+:)?c>"
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]+)(\d+)"[^>]*?(?:/>|>(?:(?!</?(?:\w+:)?c[ >]).)*?'
    rb"(?:<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>|" + _CELL_END + rb"))",
    re.DOTALL,
)
_FORMULA_SIGNS = (b"<f>", b"<f ", b":f>", b":f ", b"<f/>")
# A text formula whose result is '' is a blank the clerk sees, hence not t="str".
_VALUELESS = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="(?:str|e)")[^>]*?\br="([A-Z]+)(\d+)"[^>]*>\s*'
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*"
    + _CELL_END
)


class XlsxBook(CalamineBook):
    """An .xlsx or .xlsm workbook."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile) -> None:
        kind = "xlsm" if any(name.lower().endswith("vbaproject.bin") for name in archive.namelist()) else "xlsx"
        super().__init__(data, kind)
        self._archive = archive
        try:
            self._parts = _sheet_parts(archive)
        except (KeyError, ElementTree.ParseError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise Refusal("refuse.damaged", str(error)) from error

    def marks(self, name: str) -> Marks:
        part = self._parts.get(name)
        if part is None:
            return Marks()
        try:
            xml = self._archive.read(part)
        except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise Refusal("refuse.damaged", f"{part}: {error}") from error
        marks = Marks()
        if b't="e"' in xml:
            for letters, row, text in _ERROR.findall(xml):
                marks.errors[_place(letters, row)] = unescape(text.decode("utf-8", "replace")) or "#"
        if (b"<f" in xml or b":f" in xml) and any(sign in xml for sign in _FORMULA_SIGNS):
            for letters, row, formula in _VALUELESS.findall(xml):
                marks.valueless[_place(letters, row)] = "=" + unescape(formula.decode("utf-8", "replace"))
        if b'hidden="' in xml:
            marks.hidden_rows = {int(row) - 1 for row in _HIDDEN_ROW.findall(xml)}
        return marks


def _place(letters: bytes, row: bytes) -> tuple[int, int]:
    return int(row) - 1, column_index(letters.decode())


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
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        if path.lower() in by_lower:
            parts[node.get("name", "")] = by_lower[path.lower()]
    return parts
