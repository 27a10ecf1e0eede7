"""Excel 97's .xls (and WPS .et, which is the same inside): error cells come from xlrd, which keeps them apart."""

from __future__ import annotations

import io
from typing import Any

from transforms.reading.formats.book import CalamineBook, Marks
from transforms.reading.formats.seen import SeenText, join_runs, split_format

_EMPTY, _NUMBER = 0, 2  # kinds of cells, as xlrd counts them
Looks = dict[int, tuple[tuple[str, str] | None, bool]]


class XlsBook(CalamineBook):
    """An .xls workbook. A formula there always carries a value, so only errors and hidden rows are marked."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, "xls")
        self._xlrd: Any = None

    def marks(self, name: str) -> Marks:
        import xlrd

        if self._xlrd is None:
            try:
                self._xlrd = xlrd.open_workbook(
                    file_contents=self.data, logfile=io.StringIO(), on_demand=True, formatting_info=True
                )
            except Exception:  # noqa: BLE001  xlrd raises anything on files that calamine reads well
                self._xlrd = False
        marks = Marks()
        if not self._xlrd or name not in self._xlrd.sheet_names():
            return marks
        sheet = self._xlrd.sheet_by_name(name)
        looks = _list_looks(self._xlrd)
        marks.comments = len(sheet.cell_note_map)
        marks.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden}
        for (row, column), runs in sheet.rich_text_runlist_map.items():
            seen = _read_looks(str(sheet.cell_value(row, column)), runs, self._xlrd.font_list)
            if seen is not None:
                marks.seen[row, column] = seen.text
                if seen.struck:
                    marks.struck[row, column] = seen.struck
        for row in range(sheet.nrows):
            types = sheet.row_types(row)
            if looks:
                _mark_looks(marks, sheet, row, looks)
            if xlrd.XL_CELL_ERROR in types:
                for column in (c for c, kind in enumerate(types) if kind == xlrd.XL_CELL_ERROR):
                    code = sheet.cell_value(row, column)
                    marks.errors[row, column] = xlrd.error_text_from_code.get(code, "#")
        return marks


def _mark_looks(marks: Marks, sheet: Any, row: int, looks: Looks) -> None:
    for column, kind in enumerate(sheet.row_types(row)):
        around, is_struck = looks.get(sheet.cell_xf_index(row, column), (None, False))
        if is_struck and kind != _EMPTY:
            marks.struck[row, column] = ""
        if around and kind == _NUMBER:
            marks.added[row, column] = around


def _list_looks(book: Any) -> Looks:
    """Number of a style -> what its format prints around a number, and whether it strikes through, where it does either."""
    found: Looks = {}
    for number, style in enumerate(book.xf_list):
        form = book.format_map.get(style.format_key)
        around = split_format(form.format_str) if form is not None else None
        is_struck = bool(book.font_list[style.font_index].struck_out)
        if around or is_struck:
            found[number] = around, is_struck
    return found


def _read_looks(text: str, runs: list[tuple[int, int]], fonts: list[Any]) -> SeenText | None:
    """The visible text of a cell with runs; None when none is raised or struck through."""
    kinds = {0: "", 1: "super", 2: "sub"}
    parts: list[tuple[str, str, bool]] = [(text[: runs[0][0]] if runs else text, "", False)]
    for (start, font), (end, _) in zip(runs, [*runs[1:], (len(text), 0)], strict=True):
        look = fonts[font]
        parts.append((text[start:end], kinds.get(look.escapement, ""), bool(look.struck_out)))
    return join_runs(parts) if any(raised or is_struck for _, raised, is_struck in parts) else None
