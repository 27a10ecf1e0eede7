"""OpenDocument's .ods: reads from content.xml what calamine does not report; rows and cells may be repeated there."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from html import unescape
from itertools import islice

from transforms.reading.formats.book import UNREADABLE_MEMBER, CalamineBook, Marks, Range, Refusal
from transforms.reading.formats.seen import SeenText, join_runs

_TABLE = re.compile(rb'<table:table\b[^>]*\btable:name="([^"]*)"[^>]*>(.*?)</table:table>', re.DOTALL)
_ROW = re.compile(rb"<table:table-row\b([^>]*?)(?:/>|>(.*?)</table:table-row>)", re.DOTALL)
_CELL = re.compile(
    rb"<table:(?:covered-)?table-cell\b([^>]*?)(?:/>|>(.*?)</table:(?:covered-)?table-cell>)", re.DOTALL
)
_REPEATED = re.compile(rb'\btable:number-(?:rows|columns)-repeated="(\d+)"')
_SPANNED = re.compile(rb'\btable:number-(rows|columns)-spanned="(\d+)"')
_HIDDEN = re.compile(rb'\btable:visibility="(?:collapse|filter)"')
_ERROR_TEXT = re.compile(rb"<text:p[^>]*>\s*(Err:\d+|#(?:REF!|DIV/0!|N/A|VALUE!|NAME\?|NUM!|NULL!))")
_VALUE = re.compile(rb'office:value-type="(float|percentage|currency)"[^>]*?office:value="([^"]*)"')
_VALUE_FIRST = re.compile(rb'office:value="([^"]*)"[^>]*?office:value-type="(float|percentage|currency)"')
_PARAGRAPH = re.compile(rb"<text:p\b[^>]*?(?:/>|>(.*?)</text:p>)", re.DOTALL)
_SPAN = re.compile(rb'<text:span\b[^>]*text:style-name="([^"]*)"[^>]*>(.*?)</text:span>', re.DOTALL)
_ANNOTATION = re.compile(rb"<office:annotation\b.*?</office:annotation>", re.DOTALL)
_TAG = re.compile(rb"<[^>]*>")
_STYLE = re.compile(
    rb'<style:style\b(?=[^>]*\bstyle:name="([^"]*)")[^>]*\bstyle:family="(?:text|table-cell)"[^>]*>(.*?)</style:style>',
    re.DOTALL,
)
_RAISED = re.compile(rb'style:text-position="(super|sub|-?\d+)')
_STRUCK = re.compile(rb'style:text-line-through-(?:style|type)="(?!none)')
_STYLE_OF_CELL = re.compile(rb'table:style-name="([^"]*)"')
_SHOWN_NUMBER = re.compile(r"^([^\d.,+-]*)([+-]?[\d,]*\.?\d+)(\D*)$")
_PLAIN_SIGNS = "¥￥$€ \u00a0"
_SIGNS = (
    b'calcext:value-type="error"', b">Err:", b">#REF!", b">#DIV/0!", b">#N/A", b">#VALUE!", b">#NAME?", b">#NUM!",
    b"table:visibility=", b"table:formula=", b"-spanned=", b"text-position=", b"text-line-through-",
    b'value-type="percentage"', b"<number:text>", b"<office:annotation", b"<draw:image",
)  # fmt: skip
_MANY_ROWS = 100_000


@dataclass(slots=True)
class _Looks:
    """Styles that raise, lower or strike through."""

    raised: dict[bytes, str] = field(default_factory=dict)
    struck: set[bytes] = field(default_factory=set)


class OdsBook(CalamineBook):
    """An .ods workbook; content.xml is parsed only where it contains something to mark."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile) -> None:
        try:
            self._content = archive.read("content.xml")
            manifest = archive.read("META-INF/manifest.xml")
        except KeyError:
            manifest = b""
        except UNREADABLE_MEMBER as error:
            raise Refusal("refuse.damaged", cause=error) from error
        if b"manifest:encryption-data" in manifest:
            raise Refusal("refuse.encrypted")
        super().__init__(data, "ods")
        is_suspect = any(sign in self._content for sign in _SIGNS)
        self._tables = (
            {unescape(n.decode()): body for n, body in _TABLE.findall(self._content)} if is_suspect else {}
        )
        self._looks = _read_styles(self._content) if is_suspect else _Looks()
        self._merged: dict[str, list[Range]] = {}

    def merged_ranges(self, name: str) -> list[Range]:
        if name not in self._merged:
            self.marks(name)
        return self._merged[name]

    def marks(self, name: str) -> Marks:
        marks, merged = Marks(), list[Range]()
        table = self._tables.get(name, b"")
        row = 0
        for found in islice(_ROW.finditer(table), _MANY_ROWS):
            attributes, body = found.group(1), found.group(2) or b""
            repeated = _REPEATED.search(attributes)
            count = int(repeated[1]) if repeated else 1
            if _HIDDEN.search(attributes):
                marks.hidden_rows.update(range(row, row + min(count, _MANY_ROWS)))
            if body:
                _mark_row(marks, merged, row, body, self._looks)
            row += count
        marks.comments = table.count(b"<office:annotation ") + table.count(b"<office:annotation>")
        marks.pictures = table.count(b"<draw:image")
        self._merged[name] = merged
        return marks


def _read_styles(content: bytes) -> _Looks:
    looks = _Looks()
    if b"text-position=" in content or b"text-line-through-" in content:
        for name, body in _STYLE.findall(content):
            if raised := _RAISED.search(body):
                looks.raised[name] = "sub" if raised[1] == b"sub" or raised[1].startswith(b"-") else "super"
            if _STRUCK.search(body):
                looks.struck.add(name)
    return looks


def _mark_row(marks: Marks, merged: list[Range], row: int, body: bytes, looks: _Looks) -> None:
    column = 0
    for found in _CELL.finditer(body):
        attributes, content = found.group(1), found.group(2) or b""
        repeated = _REPEATED.search(attributes)
        count = int(repeated[1]) if repeated else 1
        columns = range(column, column + min(count, 1000))
        text = _ERROR_TEXT.search(content) if b"Err:" in content or b">#" in content else None
        is_error = text is not None or b'calcext:value-type="error"' in attributes
        for at in columns if is_error else ():
            marks.errors[row, at] = text[1].decode() if text else "#"
        if not is_error and b"table:formula=" in attributes and b"office:value-type=" not in attributes:
            marks.valueless[row, column] = "="
        if b"-spanned=" in attributes:
            span = {kind: int(size) for kind, size in _SPANNED.findall(attributes)}
            last = row + span.get(b"rows", 1) - 1, column + span.get(b"columns", 1) - 1
            if last != (row, column):
                merged.append(((row, column), last))
        if content and not is_error:
            _mark_looks(marks, row, columns, attributes, content, looks)
        column += count


def _mark_looks(
    marks: Marks, row: int, columns: range, attributes: bytes, content: bytes, looks: _Looks
) -> None:
    """Mark what the cells show beside their value: a unit, a raised or struck run, a stroke through all of it."""
    value = _VALUE.search(attributes) or _VALUE_FIRST.search(attributes)
    style = _STYLE_OF_CELL.search(attributes) if looks.struck else None
    is_struck = style is not None and style[1] in looks.struck
    seen = None
    if b"<text:span" in content and (looks.raised or looks.struck):
        seen = _read_looks(content, looks)
    around = None if value is None else _find_added_text(value[0], content)
    for at in columns:
        if is_struck or (seen is not None and seen.struck):
            marks.struck[row, at] = "" if is_struck or seen is None else seen.struck
        if seen is not None:
            marks.seen[row, at] = seen.text
        if around:
            marks.added[row, at] = around


def _read_looks(content: bytes, looks: _Looks) -> SeenText:
    lines: list[str] = []
    struck = ""
    for paragraph in _PARAGRAPH.findall(_ANNOTATION.sub(b"", content)):
        runs: list[tuple[str, str, bool]] = []
        at = 0
        for span in _SPAN.finditer(paragraph):
            runs.append((_plain_text(paragraph[at : span.start()]), "", False))
            runs.append((_plain_text(span[2]), looks.raised.get(span[1], ""), span[1] in looks.struck))
            at = span.end()
        seen = join_runs([*runs, (_plain_text(paragraph[at:]), "", False)])
        lines.append(seen.text)
        struck += seen.struck
    return SeenText("\n".join(lines), struck)


def _plain_text(xml: bytes) -> str:
    return unescape(_TAG.sub(b"", xml).decode("utf-8", "replace"))


def _find_added_text(value: bytes, content: bytes) -> tuple[str, str] | None:
    """What the format prints around the number, unless it shows another number than is stored (divided by 万)."""
    stored = re.search(rb'office:value="([^"]*)"', value)
    paragraph = _PARAGRAPH.search(_ANNOTATION.sub(b"", content))
    shown = _SHOWN_NUMBER.match(_plain_text(paragraph[1] or b"").strip()) if paragraph else None
    if stored is None or shown is None:
        return None
    before, number, behind = (
        shown[1].strip(_PLAIN_SIGNS),
        shown[2].replace(",", ""),
        shown[3].strip(_PLAIN_SIGNS),
    )
    if not before and not behind:
        return None
    times = 100 if behind == "%" else 1
    decimals = len(number.partition(".")[2])
    is_same = abs(float(stored[1]) * times - float(number)) <= 0.6 * 10.0**-decimals
    return (before, behind) if is_same else None
