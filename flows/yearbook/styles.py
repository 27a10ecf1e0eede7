"""The cell formats of the yearbook, in the manner of a printed statistical yearbook 统计年鉴."""

from __future__ import annotations

from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from flows.yearbook.table import Look

SONG, HEI = "SimSun", "SimHei"
LINE, SHADE, LINK = "#7F7F7F", "#EEF3F8", "#0563C1"
_TEXT: dict[str, Any] = {"font_name": SONG, "font_size": 10, "valign": "vcenter"}
_BOX: dict[str, Any] = {**_TEXT, "border": 1, "border_color": LINE}
_STRONG: dict[str, Any] = {"font_name": HEI, "bg_color": SHADE}
_STYLES: dict[str, dict[str, Any]] = {
    "cover_city": {**_TEXT, "font_name": HEI, "font_size": 28, "align": "center"},
    "cover_year": {**_TEXT, "font_name": HEI, "font_size": 40, "align": "center"},
    "cover_label": {**_TEXT, "font_size": 14, "align": "right"},
    "cover_value": {**_TEXT, "font_size": 14, "align": "left", "indent": 1, "text_wrap": True},
    "chapter": {**_TEXT, "font_name": HEI, "font_size": 18, "align": "center"},
    "section": {**_TEXT, "font_name": HEI, "font_size": 12},
    "link": {**_TEXT, "font_color": LINK, "underline": 1, "indent": 1},
    "back": {**_TEXT, "font_size": 9, "font_color": LINK, "underline": 1},
    "page": {**_TEXT, "align": "center"},
    "title": {**_TEXT, "font_name": HEI, "font_size": 14, "align": "center"},
    "continued": {**_TEXT, "font_name": HEI, "font_size": 11, "align": "center"},
    "unit": {**_TEXT, "align": "right"},
    "head": {**_BOX, "font_name": HEI, "align": "center", "text_wrap": True, "bg_color": "#DCE6F1"},
    "note": {**_TEXT, "font_size": 9, "text_wrap": True, "valign": "top"},
    "text": {**_BOX, "text_wrap": True},
    "centre": {**_BOX, "text_wrap": True, "align": "center"},
    "group": {**_BOX, **_STRONG, "align": "left"},
}


class Styles:
    """The formats of one workbook, added to it at their first use."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, ...], Format] = {}

    def get(self, name: str) -> Format:
        """The format called ``name``."""
        return self._make((name,), _STYLES[name])

    def get_stub(self, look: Look, column: int) -> Format:
        """The format of what stands before the numbers: names on the left, units of measurement in the middle."""
        align = {"align": "left", "indent": int(look == "plain")} if column == 0 else {"align": "center"}
        return self._make(("stub", look, str(column)), {**_BOX, **_of(look), **align, "text_wrap": True})

    def get_number(self, look: Look, number_format: str) -> Format:
        """The format of a number, or of a mark in its place."""
        return self._make(
            ("number", look, number_format),
            {**_BOX, **_of(look), "align": "right", "num_format": number_format},
        )

    def _make(self, key: tuple[str, ...], properties: dict[str, Any]) -> Format:
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]


def _of(look: Look) -> dict[str, Any]:
    return {} if look == "plain" else _STRONG
