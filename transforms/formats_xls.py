"""Excel 97's .xls (and WPS .et, which is the same inside): error cells come from xlrd, which keeps them apart."""

from __future__ import annotations

import io
from typing import Any

from transforms.formats_book import CalamineBook, Marks


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
        marks.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden}
        for row in range(sheet.nrows):
            types = sheet.row_types(row)
            if xlrd.XL_CELL_ERROR in types:
                for column, kind in enumerate(types):
                    if kind == xlrd.XL_CELL_ERROR:
                        code = sheet.cell_value(row, column)
                        marks.errors[row, column] = xlrd.error_text_from_code.get(code, "#")
        return marks
