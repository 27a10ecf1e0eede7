"""The last sheet of the yearbook: what each indicator means and how it is computed, as the dictionary has it."""

from __future__ import annotations

from math import ceil

import polars as pl

from expectations.sheets.layout import display_width
from flows.yearbook.page import EXPLAINED, Book, choose_page, set_columns, set_page

_HEADS = ("指标", "计量单位", "释义", "计算方法", "资料来源")
_WIDTHS = (26.0, 10.0, 52.0, 40.0, 30.0)
_LINE = 13.5


def write_explanations(book: Book, explained: pl.DataFrame) -> None:
    """A line for each indicator of ``explained`` (rows of mart.dictionary), by programme, in the order of the tables."""
    sheet, get_style, catalogue = book.add_sheet(EXPLAINED), book.styles.get, book.numbers.catalogue
    set_columns(sheet, _WIDTHS)
    set_page(sheet, book, choose_page(_WIDTHS, is_wide=True), EXPLAINED)
    sheet.merge_range(0, 0, 0, len(_HEADS) - 1, EXPLAINED, get_style("chapter"))
    sheet.set_row(0, 36)
    for column, text in enumerate(_HEADS):
        sheet.write_string(1, column, text, get_style("head"))
    sheet.set_row(1, 22)
    sheet.repeat_rows(1)
    sheet.freeze_panes(2, 1)
    known = {row["name"]: row for row in explained.iter_rows(named=True)}
    row = 2
    for programme in catalogue.programmes.values():
        names = [n for n in book.numbers.programme_indicators(programme.id) if n in known]
        if names:
            sheet.merge_range(row, 0, row, len(_HEADS) - 1, programme.name_zh, get_style("group"))
            sheet.set_row(row, 18)
            row += 1
        for name in names:
            told = known[name]
            texts = [told["name_zh"], told["unit"], told["meaning"], told["formula_zh"], told["form_column"]]
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text or "", get_style("centre" if column == 1 else "text"))
            sheet.set_row(row, _height(texts))
            row += 1


def _height(texts: list[str | None]) -> float:
    """High enough for the longest of the texts in its column."""
    lines = max(
        ceil(display_width(text or "") / (width - 2)) for text, width in zip(texts, _WIDTHS, strict=True)
    )
    return max(lines, 1) * _LINE + 4
