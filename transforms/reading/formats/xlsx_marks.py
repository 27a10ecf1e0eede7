"""What calamine does not report of a SpreadsheetML sheet, found by regexes over its XML.

calamine reads an error cell as blank and a formula without a cached value as blank or 0; it gives a text without the
looks of its runs and a number without what its format prints beside it. Each is looked for only where the bytes hold
a sign of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from xml.etree import ElementTree

from transforms.reading.formats.book import Marks
from transforms.reading.formats.seen import STRUCK, SeenText, read_string, split_format
from warehouse.words.addresses import column_index, column_letter

Position = tuple[int, int]

_PREFIX = re.compile(rb"<(\w+:)sheetData\b")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_IS_TEXT = re.compile(rb'\bt="(?:str|e)"')
_NO_NUMBER = re.compile(rb'\bt="(?!n")')
_ERROR = re.compile(rb'\bt="e"[^>]*>')
_FORMAT = re.compile(rb"""<(?:\w+:)?numFmt\s[^>]*?formatCode=(["'])(.*?)\1""", re.DOTALL)
_PERCENT_FORMATS = {"9": "0%", "10": "0.00%"}
_BEGINNING = 1 << 13
_RUN_SIGNS = (b"vertAlign", b"strike")


@dataclass(slots=True)
class Styles:
    """What the styles of a workbook print around numbers, and which strike through: by number of the style."""

    added: dict[str, tuple[str, str]] = field(default_factory=dict)
    struck: set[str] = field(default_factory=set)


def read_styles(xml: bytes) -> Styles:
    """The styles that print text around a number or strike through; most workbooks have none."""
    codes = [unescape(found[2].decode("utf-8", "replace")) for found in _FORMAT.finditer(xml)]
    has_added = any(split_format(code) for code in codes) or re.search(rb'numFmtId=["\'](?:9|10)["\']', xml)
    if not has_added and not STRUCK.search(xml):
        return Styles()
    formats, fonts, styles = dict(_PERCENT_FORMATS), list[bool](), Styles()
    for node in ElementTree.fromstring(xml):
        kind = node.tag.rpartition("}")[2]
        if kind == "numFmts":
            formats |= {each.get("numFmtId", ""): each.get("formatCode", "") for each in node}
        elif kind == "fonts":
            fonts = [_is_struck(font) for font in node]
        elif kind == "cellXfs":
            for number, style in enumerate(node):
                if around := split_format(formats.get(style.get("numFmtId", ""), "")):
                    styles.added[str(number)] = around
                font = int(style.get("fontId") or 0)
                if font < len(fonts) and fonts[font]:
                    styles.struck.add(str(number))
    return styles


def _is_struck(font: ElementTree.Element) -> bool:
    return any(
        each.tag.rpartition("}")[2] == "strike" and each.get("val") not in ("0", "false") for each in font
    )


def read_strings(xml: bytes) -> dict[str, SeenText]:
    """Number of a shared string -> its visible text, for strings with raised or struck runs."""
    if not any(sign in xml for sign in _RUN_SIGNS):
        return {}
    items = re.finditer(rb"<(?:\w+:)?si(?:\s[^>]*)?(?:/>|>(.*?)</(?:\w+:)?si>)", xml, re.DOTALL)
    found = ((str(number), read_string(item[1] or b"")) for number, item in enumerate(items))
    return {number: seen for number, seen in found if seen}


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns for a file that writes its tags with a prefix.

    Each starts with a literal that is rare in the XML, so that a sheet of values is passed over quickly.
    """

    valueless: re.Pattern[bytes]
    value: re.Pattern[bytes]
    hidden_row: re.Pattern[bytes]
    text_cell: re.Pattern[bytes]
    inline_cell: re.Pattern[bytes]
    unaddressed: re.Pattern[bytes]


@lru_cache(maxsize=8)
def _compile_patterns(prefix: bytes) -> _Patterns:
    p = re.escape(prefix)

    def built(pattern: bytes) -> re.Pattern[bytes]:
        return re.compile(pattern.replace(b"~", p), re.DOTALL)

    return _Patterns(
        valueless=built(
            rb"<~f\b(?:[^>]*/>|[^>]*>([^<]*)</~f>)\s*(?:<~v(?:\s[^>]*)?/>|<~v(?:\s[^>]*)?>\s*</~v>)?\s*</~c>"
        ),
        value=built(rb"<~v(?:\s[^>]*)?>([^<]*)</~v>"),
        hidden_row=built(rb'<~row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"'),
        text_cell=built(rb'<~c\s[^>]*\bt="s"[^>]*>\s*<~v(?:\s[^>]*)?>\s*(\d+)\s*</~v>'),
        inline_cell=built(rb'<~c\s[^>]*\bt="inlineStr"[^>]*>\s*<~is>(.*?)</~is>'),
        unaddressed=built(rb"<~c(?:>|/>|\s(?![^>]*\br=\"))"),  # in single quotes just as well
    )


def read_sheet_marks(xml: bytes, styles: Styles, strings: dict[str, SeenText]) -> Marks:
    """The marks of a sheet except comments and pictures, which are in other parts."""
    prefix = b"" if b"<sheetData" in xml else _prefix(xml)
    if _is_odd(xml, prefix):
        xml = _rewrite_plainly(xml)
        prefix = _prefix(xml)
    patterns = _compile_patterns(prefix)
    marks = Marks()
    if b't="e"' in xml:
        for found in _ERROR.finditer(xml):
            if position := _parse_address(xml, xml.rfind(b"<", 0, found.start())):
                end = xml.find(b"</%bc>" % prefix, found.end())
                text = None if found[0].endswith(b"/>") else patterns.value.search(xml, found.end(), end)
                marks.errors[position] = unescape(text[1].decode("utf-8", "replace")) if text else "#"
    if _has_valueless(xml, prefix):
        for found in patterns.valueless.finditer(xml):
            cell = xml.rfind(b"<%bc " % prefix, 0, found.start())
            # A text formula whose result is '' is a blank that the clerk sees.
            is_text = _IS_TEXT.search(xml, cell, xml.find(b">", cell))
            if not is_text and (position := _parse_address(xml, cell)):
                marks.valueless[position] = "=" + unescape((found[1] or b"").decode("utf-8", "replace"))
    if b'hidden="' in xml:
        marks.hidden_rows = {int(row) - 1 for row in patterns.hidden_row.findall(xml)}
    _mark_styles(marks, xml, prefix, styles)
    for position, seen in _find_raised_and_struck(xml, patterns, strings):
        marks.seen[position] = seen.text
        if seen.struck:
            marks.struck[position] = seen.struck
    return marks


def _mark_styles(marks: Marks, xml: bytes, prefix: bytes, styles: Styles) -> None:
    wanted = styles.added.keys() | styles.struck
    if not wanted:
        return
    names = b"|".join(number.encode() for number in sorted(wanted))
    for found in re.finditer(rb'<%bc\s[^>]*\bs="(%b)"[^>/]*>' % (re.escape(prefix), names), xml):
        position = _parse_address(xml, found.start())
        if position is None:
            continue
        style = found[1].decode()
        if style in styles.struck:
            marks.struck[position] = ""
        if style in styles.added and not _NO_NUMBER.search(found[0]):
            marks.added[position] = styles.added[style]


def _find_raised_and_struck(
    xml: bytes, patterns: _Patterns, strings: dict[str, SeenText]
) -> Iterator[tuple[Position, SeenText]]:
    if strings:
        for found in patterns.text_cell.finditer(xml):
            seen, position = strings.get(found[1].decode()), _parse_address(xml, found.start())
            if seen and position:
                yield position, seen
    if b"inlineStr" in xml and any(sign in xml for sign in _RUN_SIGNS):
        for found in patterns.inline_cell.finditer(xml):
            inline, position = read_string(found[1]), _parse_address(xml, found.start())
            if inline and position:
                yield position, inline


def _is_odd(xml: bytes, prefix: bytes) -> bool:
    """Whether the sheet uses single quotes or cells without an address; a program does so from the first cell on."""
    cell = b"<%bc" % prefix
    start = max(xml.find(b"sheetData"), 0)
    xml = xml[start : xml.rfind(b">", start, start + _BEGINNING) + 1]
    if xml.count(cell + b' r="') == xml.count(cell + b" ") and not xml.count(cell + b">"):
        return False
    return bool(_compile_patterns(prefix).unaddressed.search(xml))


def _has_valueless(xml: bytes, prefix: bytes) -> bool:
    """Whether a formula may be without a value; a quick count, since most sheets have a value for each."""
    end = xml.rfind(b"</%bsheetData>" % prefix)
    formulas = xml.count(b"<%bf" % prefix, 0, end)
    closed = b"</%bf><%bv>" % (prefix, prefix)
    valued = xml.count(closed, 0, end) - xml.count(closed + b"</", 0, end) if formulas else 0
    return formulas != valued


def _rewrite_plainly(xml: bytes) -> bytes:
    """The same sheet as most programs write it: double quotes, and a position on every row and cell."""
    root = ElementTree.fromstring(xml)
    row = 0
    for line in root.iter():
        if line.tag.rpartition("}")[2] != "row":
            continue
        row = int(line.get("r") or row + 1)
        line.set("r", str(row))
        column = -1
        for cell in line:
            named = re.match(r"[A-Z]+", cell.get("r") or "")
            column = column_index(named[0]) if named else column + 1
            cell.set("r", f"{column_letter(column)}{row}")
    return ElementTree.tostring(root)


def _prefix(xml: bytes) -> bytes:
    found = _PREFIX.search(xml)
    return found[1] if found else b""


def _parse_address(xml: bytes, tag: int) -> Position | None:
    """The position in the tag of a cell that starts at offset ``tag``; None without an address."""
    found = _PLACE.search(xml, tag, xml.find(b">", tag)) if tag >= 0 else None
    return (int(found[2]) - 1, column_index(found[1].decode())) if found else None
