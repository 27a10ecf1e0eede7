"""Writes 未读入的内容, the sheet of a correction workbook with everything in the file that was not taken over."""

from __future__ import annotations

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.sheets.layout import display_width, sheet_name
from expectations.sheets.page import PROTECTION, Issue, set_print
from warehouse.words import labels
from warehouse.words.workbook_texts import UNREAD_SHEET

_HEADS = (("报表", 26), ("原表位置", 14), ("没有读入的原因", 24), ("内容（表头：所填）", 96))
_ABOUT = (
    "下列内容在收到的文件中，没有读入，也不参加汇总，列在这里以免丢失。"
    "单位写错的，请把数填到各表中相应的行；名录有变动的，请附批文报市级，增补名录后再填；自己加的栏不用处理。"
)


def add_unread(issue: Issue, unread: pl.DataFrame) -> None:
    """Add the sheet for ``unread`` (UNREAD): a line for every unit's row and for every column that the clerk added."""
    if unread.is_empty():
        return
    get_style = issue.styles.get
    sheet = issue.book.add_worksheet(UNREAD_SHEET)
    sheet.hide_gridlines(2)
    for column, (_, width) in enumerate(_HEADS):
        sheet.set_column(column, column, width)
    last = len(_HEADS) - 1
    sheet.merge_range(0, 0, 0, last, UNREAD_SHEET, get_style("guide_title"))
    sheet.set_row(0, 32)
    sheet.merge_range(1, 0, 1, last, _ABOUT, get_style("guide_text"))
    sheet.set_row(1, 34)
    for column, (head, _) in enumerate(_HEADS):
        sheet.write_string(2, column, head, get_style("header"))
    for line, row in enumerate(_list_lines(unread).iter_rows(named=True), start=3):
        form = issue.catalogue.forms.get(row["form"] or "")
        texts = (
            sheet_name(form) if form else row["sheet"],
            row["position"],
            labels.UNREAD[row["reason"]],
            row["said"],
        )
        asked = issue.marks.unread.get((row["form"], row["row"]), []) if row["reason"] != "own_column" else []
        _write(sheet, line, texts, issue, asked)
    sheet.freeze_panes(3, 0)
    sheet.repeat_rows(2)
    set_print(issue, sheet, UNREAD_SHEET)
    sheet.protect("", PROTECTION)


def _list_lines(unread: pl.DataFrame) -> pl.DataFrame:
    """form, sheet, position, reason, row, said: one line per unit's row and per column that the clerk added."""
    is_column = pl.col("reason") == "own_column"
    letter = pl.col("cell").str.extract(r"^([A-Z]+)")
    keyed = unread.with_columns(
        position=pl.when(is_column).then(letter + "列").otherwise(pl.format("第{}行", "row"))
    )
    said = (
        pl.when(is_column)
        .then(pl.format("第{}行 {}", "row", "text"))
        .otherwise(pl.format("{}：{}", "heading", "text"))
    )
    heading = pl.when(is_column).then(pl.format("“{}”栏：", "heading")).otherwise(pl.lit(""))
    return keyed.group_by("form", "sheet", "position", "reason", maintain_order=True).agg(
        pl.col("row").first(), said=heading.first() + said.str.join("；")
    )


def _write(sheet: Worksheet, line: int, texts: tuple[str, ...], issue: Issue, asked: list[int]) -> None:
    look = f"asked_{issue.marks.severity(asked)}" if asked else "guide_cell"
    for column, text in enumerate(texts):
        sheet.write_string(
            line, column, text[:32_000], issue.styles.get(look if column == 1 else "guide_cell")
        )
    if asked:
        issue.marks.write_comment(sheet, line, 1, asked)
    needed = max(-(-display_width(t) // (width - 3)) for t, (_, width) in zip(texts, _HEADS, strict=True))
    sheet.set_row(line, min(14 * max(needed, 1) + 6, 400))
