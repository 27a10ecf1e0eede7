"""The cell formats of an issued workbook, one per name, in the style of a printed official form."""

from __future__ import annotations

from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

SONG = "SimSun"  # 宋体
HEI = "SimHei"  # 黑体
GREY = "#E4E4E4"
LIGHT_GREY = "#F2F2F2"
INPUT_YELLOW = "#FFFBE6"
SAMPLE_RED = "#C00000"
RED, AMBER, BLUE = "#FFC7CE", "#FFD966", "#DDEBF7"  # cells in question: critical, warning, info
LINE = "#7F7F7F"

NUMBER = "#,##0"
MONEY = "#,##0.00"
YEAR = "0"
DATE = "yyyy-mm-dd"
TEXT = "@"

_BASE: dict[str, Any] = {"font_name": SONG, "font_size": 10, "valign": "vcenter", "locked": True}
_BOX: dict[str, Any] = {**_BASE, "border": 1, "border_color": LINE}
_STYLES: dict[str, dict[str, Any]] = {
    "plain": _BASE,
    "title": {**_BASE, "font_name": HEI, "font_size": 18, "align": "center"},
    "cover_title": {**_BASE, "font_name": HEI, "font_size": 26, "align": "center"},
    "cover_year": {**_BASE, "font_name": HEI, "font_size": 18, "align": "center"},
    "cover_label": {**_BASE, "font_size": 14, "align": "right"},
    "cover_fixed": {**_BASE, "font_size": 14, "align": "left", "bottom": 1, "indent": 1},
    "cover_input": {
        **_BASE,
        "font_size": 14,
        "align": "left",
        "bottom": 1,
        "indent": 1,
        "locked": False,
        "bg_color": INPUT_YELLOW,
    },
    "cover_date": {
        **_BASE,
        "font_size": 14,
        "align": "left",
        "bottom": 1,
        "indent": 1,
        "locked": False,
        "bg_color": INPUT_YELLOW,
        "num_format": 'yyyy"年"m"月"d"日"',
    },
    "sample": {**_BASE, "font_name": HEI, "font_size": 12, "font_color": SAMPLE_RED, "align": "center"},
    "head_left": {**_BASE, "align": "left"},
    "head_middle": {**_BASE, "align": "center"},
    "head_right": {**_BASE, "align": "left"},
    "hint": {**_BASE, "font_size": 9, "align": "left", "font_color": "#595959"},
    "header": {**_BOX, "font_name": HEI, "align": "center", "text_wrap": True, "bg_color": GREY},
    "header_number": {**_BOX, "font_size": 9, "align": "center", "bg_color": GREY},
    "header_critical": {**_BOX, "font_size": 9, "align": "center", "bg_color": RED},
    "header_warning": {**_BOX, "font_size": 9, "align": "center", "bg_color": AMBER},
    "header_info": {**_BOX, "font_size": 9, "align": "center", "bg_color": BLUE},
    "code": {**_BOX, "align": "center", "bg_color": LIGHT_GREY, "num_format": TEXT},
    "name": {**_BOX, "bg_color": LIGHT_GREY, "indent": 2},
    "name_upper": {**_BOX, "bg_color": LIGHT_GREY, "bold": True},
    "name_middle": {**_BOX, "bg_color": LIGHT_GREY, "bold": True, "indent": 1},
    "parent": {**_BOX, "bg_color": LIGHT_GREY, "align": "center"},
    "serial": {**_BOX, "bg_color": LIGHT_GREY, "align": "center"},
    "closed": {**_BOX, "bg_color": "#D0D0D0", "align": "center", "font_color": "#595959"},
    "spacer": {**_BOX, "bg_color": GREY},
    "total_label": {**_BOX, "font_name": HEI, "align": "center", "bg_color": GREY},
    "total_dash": {**_BOX, "align": "center", "bg_color": GREY},
    "note": {**_BASE, "font_size": 9, "text_wrap": True, "valign": "top"},
    "signature": {**_BASE, "align": "left"},
    "guide_title": {**_BASE, "font_name": HEI, "font_size": 18, "align": "center"},
    "guide_section": {**_BASE, "font_name": HEI, "font_size": 13},
    "guide_form": {**_BASE, "font_name": HEI, "font_size": 11},
    "guide_text": {**_BASE, "text_wrap": True, "valign": "top"},
    "guide_cell": {**_BOX, "text_wrap": True},
    "guide_centre": {**_BOX, "text_wrap": True, "align": "center"},
    "guide_link": {**_BOX, "align": "center", "font_color": "#0563C1", "underline": 1},
    "asked_critical": {**_BOX, "align": "center", "bg_color": RED},
    "asked_warning": {**_BOX, "align": "center", "bg_color": AMBER},
    "answer_box": {**_BOX, "text_wrap": True, "locked": False, "bg_color": INPUT_YELLOW},
    "closed_box": {**_BOX, "align": "center", "bg_color": LIGHT_GREY, "font_color": "#595959"},
    "row_critical": {**_BOX, "bg_color": RED, "indent": 1, "locked": False},
    "row_warning": {**_BOX, "bg_color": AMBER, "indent": 1, "locked": False},
    "row_info": {**_BOX, "bg_color": BLUE, "indent": 1, "locked": False},
    "audit_sum": {**_BASE, "font_name": HEI, "font_size": 12, "align": "center"},
    "audit_pointer": {**_BASE, "indent": 1, "shrink": True},
    "audit_count": {**_BOX, "align": "center", "num_format": "0;-0;"},
    "hidden": {"num_format": ";;;"},
    "holds": {"font_color": "#595959"},
    "passed": {"bg_color": "#E2EFDA", "font_color": "#548235"},
    "waits": {"font_color": "#8C8C8C"},
    "hints": {"bg_color": "#DDEBF7", "font_color": "#1F4E78"},
    "breaks": {"bg_color": "#FFC7CE", "font_color": "#9C0006"},
    "doubts": {"bg_color": "#FFEB9C", "font_color": "#7F6000"},
    "list_title": {**_BASE, "bold": True},
}
_TYPE: dict[str, dict[str, Any]] = {
    "count": {"num_format": NUMBER, "align": "right"},
    "cny": {"num_format": MONEY, "align": "right"},
    "rank": {"num_format": YEAR, "align": "center"},
    "year": {"num_format": YEAR, "align": "center"},
    "date": {"num_format": DATE, "align": "center"},
    "boolean": {"align": "center"},
    "code": {"align": "center", "shrink": True},
    "text": {"align": "left"},
}
_ROLE: dict[str, dict[str, Any]] = {
    "input": {"locked": False, "bg_color": INPUT_YELLOW},
    "prior": {"italic": True, "font_color": "#7F7F7F", "bg_color": LIGHT_GREY},
    "total": {"font_name": HEI, "bg_color": GREY},
    "sum": {"bg_color": LIGHT_GREY},
    "summed": {},
    "critical": {"locked": False, "bg_color": RED},
    "warning": {"locked": False, "bg_color": AMBER},
    "info": {"locked": False, "bg_color": BLUE},
}


class Styles:
    """The formats of one workbook, added to it at their first use."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, str], Format] = {}

    def get(self, name: str) -> Format:
        """The format called ``name``."""
        return self._register_format((name, ""), _STYLES[name])

    def get_for_value(self, role: str, field_type: str) -> Format:
        """The format of a value cell: ``role`` input, prior, total or a severity; ``field_type`` as in the catalogue."""
        return self._register_format((role, field_type), {**_BOX, **_TYPE[field_type], **_ROLE[role]})

    def _register_format(self, key: tuple[str, str], properties: dict[str, Any]) -> Format:
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]
