"""The administrator's batch workbook: one line per explanation that waits, with a column for the decision."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from xlsxwriter.workbook import Workbook

from expectations.sheets.layout import display_width
from expectations.sheets.page import PROTECTION
from expectations.sheets.styles import Styles
from warehouse.words.workbook_texts import ACCEPT, BATCH_HEADS, REFUSE

_COLUMNS = (
    ("explanation", BATCH_HEADS["explanation"], 8),
    ("unit_name", "填报单位", 12),
    ("year", "年度", 7),
    ("message", "问题", 48),
    ("text", "填报单位的说明", 44),
    ("effect", "影响", 10),
    ("share", "累计占比", 10),
    ("decision", BATCH_HEADS["decision"], 10),
    ("reason", BATCH_HEADS["reason"], 36),
)


def write_batch(path: Path, waiting: pl.DataFrame, covering: str = "") -> None:
    """Write ``waiting`` (explanation, unit_name, year, message, text, effect_pct, cumulative_share_pct), in this order.

    ``covering`` says in a few words how few of the lines make up most of the effect.
    """
    with Workbook(str(path), {"in_memory": True}) as book:
        get_style = Styles(book).get
        sheet = book.add_worksheet("说明审核")
        last = len(_COLUMNS) - 1
        sheet.merge_range(0, 0, 0, last, "说明审核表", get_style("guide_title"))
        sheet.set_row(0, 30)
        hint = f"在“{BATCH_HEADS['decision']}”一栏选填“{ACCEPT}”或“{REFUSE}”；填“{REFUSE}”的须写明意见，将转告填报单位。"
        hint += "不填的留待以后审核。保存后运行 nianbao review take 本文件。"
        hint += f"共 {waiting.height} 条" + (f"，{covering}。" if covering else "。")
        sheet.merge_range(1, 0, 1, last, hint, get_style("guide_text"))
        sheet.set_row(1, 34)
        for index, (_, head, width) in enumerate(_COLUMNS):
            sheet.set_column(index, index, width)
            sheet.write_string(2, index, head, get_style("header"))
        sheet.set_row(2, 22)
        for line, row in enumerate(waiting.iter_rows(named=True), start=3):
            effect = "" if row["effect_pct"] is None else f"{row['effect_pct']:.2f}%"
            share = row["cumulative_share_pct"]
            sheet.write_number(line, 0, row["explanation"], get_style("guide_centre"))
            sheet.write_string(line, 1, row["unit_name"], get_style("guide_cell"))
            sheet.write_string(line, 2, str(row["year"]), get_style("guide_centre"))
            sheet.write_string(line, 3, row["message"], get_style("guide_cell"))
            sheet.write_string(line, 4, row["text"], get_style("guide_cell"))
            sheet.write_string(line, 5, effect, get_style("guide_centre"))
            sheet.write_string(line, 6, "" if share is None else f"{int(share)}%", get_style("guide_centre"))
            sheet.write_blank(line, 7, None, get_style("answer_box"))
            sheet.write_blank(line, 8, None, get_style("answer_box"))
            needed = max(-(-display_width(row[name]) // (width - 3)) for name, _, width in _COLUMNS[3:5])
            sheet.set_row(line, 14 * max(needed, 1) + 6)
        if waiting.height:
            options = {
                "validate": "list",
                "source": [ACCEPT, REFUSE],
                "error_message": "请从列表中选择。",
            }
            sheet.data_validation(3, 7, 2 + waiting.height, 7, options)
        sheet.freeze_panes(3, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        sheet.ignore_errors({"number_stored_as_text": "A1:I100000"})
        sheet.protect("", PROTECTION)
