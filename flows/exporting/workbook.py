"""An export as a workbook: numbers in the format of their unit, heads frozen and filtered, and a sheet that explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from flows.exporting.flat import flatten_nested
from warehouse.exchange.exported import Exported
from warehouse.words.number_formats import WHOLE, number_format

ROWS_OF_A_SHEET = 1_048_575  # beside the header
DATA, EXPLAINED = "数据", "说明"
_YEAR, _DATE, _PLAIN = "0", "yyyy-mm-dd", "General"
_OF_THE_UNIT = ("value", "numerator", "denominator", "comparable_value", "previous_value", "change")
"""Columns whose numbers are in the unit of their row."""
_WIDTHS = (6, 40)
_SAMPLE = 2_000  # rows by which the width of a column is chosen
_LEGEND = (
    (
        "图例",
        (
            "0 为真零；数值为空的，看状态（state）一列：not_applicable 不适用、not_reported 未报送、held 暂存、"
            "suppressed 不公布（涉及个别家庭的较小计数）。"
        ),
    ),
    ("百分比", "以百分之几计（0—100），不是 0—1。"),
)


def write_xlsx(
    target: Path,
    exported: Exported,
    decimals: Mapping[str, int],
    rows_of_a_sheet: int = ROWS_OF_A_SHEET,
) -> str:
    """Write the rows part by part, so that memory does not grow with them; what has to be said of it, '' for nothing.

    More rows than a sheet holds go on in further sheets. ``decimals``: indicator -> how many decimals are shown of it.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    parts, first = _put_first(map(flatten_nested, exported.parts))
    with xlsxwriter.Workbook(str(target), options) as book:
        sheets = _DataSheets(book, first, exported.row_count, rows_of_a_sheet)
        formats = _Formats(book)
        for part in parts:
            for sheet, row, piece in sheets.place(part):
                _write_rows(sheet, row, piece, decimals, formats)
        remark = _describe_split(exported.row_count, sheets.names, rows_of_a_sheet)
        _list_explanations(book.add_worksheet(EXPLAINED), exported, remark, sheets.head)
    return remark


def _describe_split(row_count: int, names: Sequence[str], rows_of_a_sheet: int) -> str:
    if len(names) == 1:
        return ""
    return (
        f"共 {row_count:,} 行，一张工作表最多容纳 {rows_of_a_sheet + 1:,} 行（含表头），"
        f"已分写在 {len(names)} 张工作表：{'、'.join(names)}。"
    )


class _DataSheets:
    """The sheets of rows, each with the head; one more where the last is full."""

    def __init__(self, book: Workbook, first: pl.DataFrame, row_count: int, rows_of_a_sheet: int) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.names: list[str] = []
        self._book, self._columns, self._most = book, first.columns, rows_of_a_sheet
        self._widths, self._to_come = list(_measure_widths(first)), row_count
        self._sheet, self._row = self._add(), 1

    def place(self, part: pl.DataFrame) -> Iterator[tuple[Worksheet, int, pl.DataFrame]]:
        """Where the rows of ``part`` go: sheet, first row, the rows."""
        while part.height:
            if self._row > self._most:
                self._sheet, self._row = self._add(), 1
            piece = part.head(self._most + 1 - self._row)
            yield self._sheet, self._row, piece
            self._row += piece.height
            part = part.slice(piece.height)

    def _add(self) -> Worksheet:
        self.names.append(DATA if not self.names else f"{DATA}{len(self.names) + 1}")
        sheet = self._book.add_worksheet(self.names[-1])
        for number, width in enumerate(self._widths):
            sheet.set_column(number, number, width)
        sheet.freeze_panes(1, 0)
        height = min(self._to_come, self._most)
        self._to_come -= height
        sheet.autofilter(0, 0, height, max(len(self._columns) - 1, 0))
        for number, name in enumerate(self._columns):
            sheet.write_string(0, number, name, self.head)
        return sheet


def _put_first(parts: Iterator[pl.DataFrame]) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
    """All parts, and the first that has rows (or the last without)."""
    looked_at = []
    for part in parts:
        looked_at.append(part)
        if part.height:
            break
    return chain(looked_at, parts), looked_at[-1]


class _Formats:
    """The workbook's number formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[str, Format] = {}

    def __getitem__(self, code: str) -> Format:
        if code not in self._made:
            self._made[code] = self._book.add_format({"num_format": code})
        return self._made[code]


def _write_rows(
    sheet: Worksheet, first_row: int, part: pl.DataFrame, decimals: Mapping[str, int], formats: _Formats
) -> None:
    """The cells of ``part`` in the order of rows, which a sheet in constant memory asks for."""
    writers = list(enumerate(_writer(sheet, dtype) for dtype in part.dtypes))
    columns = [
        zip(c.to_list(), _list_cell_formats(part, c.name, decimals, formats), strict=False) for c in part
    ]
    for row, cells in enumerate(zip(*columns, strict=True), start=first_row):
        for (column, write), (value, style) in zip(writers, cells, strict=True):
            if value is not None:
                write(row, column, value, style)


def _writer(sheet: Worksheet, dtype: pl.DataType) -> Callable[..., object]:
    def text(row: int, column: int, value: object, style: Format) -> None:
        sheet.write_string(row, column, str(value), style)

    write: Callable[..., object] = text
    if dtype.is_numeric():
        write = sheet.write_number
    elif dtype == pl.Boolean:
        write = sheet.write_boolean
    elif dtype.is_temporal():
        write = sheet.write_datetime
    return write


def _list_cell_formats(
    frame: pl.DataFrame, name: str, decimals: Mapping[str, int], formats: _Formats
) -> Iterator[Format]:
    """The format of each cell of a column."""
    if name in _OF_THE_UNIT and "unit" in frame.columns:
        codes = frame.select(code=_of_unit(frame, decimals)).to_series()
        return map(formats.__getitem__, codes.to_list())
    return repeat(formats[_of_column(name, frame.schema[name])])


def _of_column(name: str, dtype: pl.DataType) -> str:
    if dtype.is_temporal():
        return _DATE if dtype == pl.Date else f"{_DATE} hh:mm:ss"
    if name == "year" or name.endswith("_year"):
        return _YEAR
    if name.endswith("_pct"):
        return "0.0"
    if name.endswith("_cny"):
        return "#,##0.00"
    return WHOLE if name.endswith("_count") or dtype.is_integer() else _PLAIN


def _of_unit(frame: pl.DataFrame, decimals: Mapping[str, int]) -> pl.Expr:
    """By the unit, with the decimals that the indicator declares; else one for percentages."""
    unit = pl.col("unit").fill_null("")
    places: pl.Expr = unit.replace_strict({"%": 1}, default=0, return_dtype=pl.Int64)
    if "indicator" in frame.columns:
        shown = {name: count for name, count in decimals.items() if count >= 0}
        declared = pl.col("indicator").replace_strict(shown, default=None, return_dtype=pl.Int64)
        places = pl.coalesce(declared, places)
    return number_format(unit, places)


def _measure_widths(frame: pl.DataFrame) -> Iterator[int]:
    """A width for each column by what stands in its first rows; a Chinese character counts as two."""
    low, high = _WIDTHS
    for column in frame.head(_SAMPLE):
        longest = column.cast(pl.String, strict=False).str.len_bytes().max() or 0
        yield min(high, max(low, len(column.name) + 3, int(float(str(longest)) * 0.75) + 2))


def _list_explanations(sheet: Worksheet, exported: Exported, remark: str, head: Format) -> None:
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 2, 90)
    lines: list[Sequence[str]] = [
        ("导出内容", exported.asked, f"{exported.row_count:,} 行，{len(exported.columns)} 列"),
        ("版本", "", exported.vintage.words),
        ("使用许可", "", exported.licence),
    ]
    lines += [("分表", "", remark)] if remark else []
    lines += [(name, "", text) for name, text in _LEGEND]
    lines += [("列", "中文名", "释义")]
    lines += [(c.name, c.name_zh, c.meaning) for c in exported.columns]
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            sheet.write_string(row, column, text, head if line[0] == "列" else None)
