"""Writes 封面: who reports for which year, who signs, and the sample mark where there is one."""

from __future__ import annotations

import re
from datetime import date, datetime

from xlsxwriter.worksheet import Worksheet

from expectations.sheets.page import PROTECTION, Issue, set_print
from warehouse.words.folding import fold

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SIGNED = ("head", "statistics_head", "clerk", "report_date")


def write_cover(issue: Issue) -> None:
    """Add the cover; the labels are the first spelling of each in the catalogue, since reading goes by them."""
    settings, get_style = issue.catalogue.settings, issue.styles.get
    sheet = issue.book.add_worksheet(settings.words.cover_sheet[0])
    sheet.hide_gridlines(2)
    for column, width in enumerate((6, 22, 44, 16)):
        sheet.set_column(column, column, width)
    line = 0
    sheet.set_row(line, 30)
    if issue.is_sample:
        text = f"{settings.words.sample_mark}（虚构，仅供演示，不得作为统计资料使用）"
        sheet.merge_range(line, 0, line, 3, text, get_style("sample"))
    sheet.set_row(1, 60)
    sheet.merge_range(2, 0, 2, 3, f"{settings.city.association}统计年报", get_style("cover_title"))
    sheet.set_row(2, 48)
    sheet.merge_range(3, 0, 3, 3, f"（{issue.year}年）", get_style("cover_year"))
    sheet.set_row(3, 36)
    sheet.set_row(4, 40)
    labels = {key: spellings[0] for key, spellings in settings.cover_labels.items()}
    fixed = {
        labels.get("unit_name", "填报单位"): issue.unit_name,
        labels.get("unit_code", "填报单位代码"): issue.unit_code,
        labels.get("year", "报告年度"): str(issue.year),
        labels.get("form_set", "报表版本"): settings.form_set.version,
        "制定机关": settings.form_set.issuer,
    }
    line = 5
    for label, text in fixed.items():
        _write_line(issue, sheet, line, label)
        sheet.write_string(line, 2, text, get_style("cover_fixed"))
        line += 1
    for key in _SIGNED:
        if key not in labels:
            continue
        _write_line(issue, sheet, line, labels[key])
        if issue.is_sample and key == "report_date":
            due = settings.deadline.due_date(issue.year)
            reported = date(due.year, due.month, max(1, due.day - 10))
            sheet.write_datetime(line, 2, reported, get_style("cover_date"))
        elif issue.is_sample:
            sheet.write_string(line, 2, "样例", get_style("cover_input"))
        else:
            _write_signature_line(issue, sheet, line, key)
        line += 1
    sheet.data_validation(
        line - 1,
        2,
        line - 1,
        2,
        {
            "validate": "date",
            "criteria": ">=",
            "value": date(issue.year, 12, 1),
            "error_type": "warning",
            "input_title": labels.get("report_date", "报出日期"),
            "input_message": f"如 {issue.year + 1}-01-15",
            "error_title": "请检查日期",
            "error_message": f"报出日期一般在{issue.year}年12月以后。",
        },
    )
    due = settings.deadline.due_date(issue.year)
    notes = f"请于{due.year}年{due.month}月{due.day}日前报送。填报前请先阅读“填报说明”，"
    notes += "只填浅黄色的格，不要增删工作表、列和表头。"
    sheet.set_row(line, 24)
    sheet.merge_range(line + 1, 1, line + 1, 2, notes, get_style("guide_text"))
    sheet.set_row(line + 1, 34)
    sheet.ignore_errors({"number_stored_as_text": "A1:D40"})
    set_print(issue, sheet, "封面", is_landscape=False)
    sheet.protect("", PROTECTION)


def _write_signature_line(issue: Issue, sheet: Worksheet, line: int, key: str) -> None:
    """A line to be signed; in a correction workbook as the file that came had it."""
    spellings = issue.catalogue.settings.cover_labels[key]
    text = next((found for s in spellings if (found := issue.signed.get(fold(s)))), None)
    look = issue.styles.get("cover_date" if key == "report_date" else "cover_input")
    if text is None:
        sheet.write_blank(line, 2, None, look)
    elif key == "report_date" and _ISO_DAY.match(text):
        sheet.write_datetime(line, 2, datetime.fromisoformat(text[:10]), look)
    else:
        sheet.write_string(line, 2, text, look)


def _write_line(issue: Issue, sheet: Worksheet, line: int, label: str) -> None:
    sheet.set_row(line, 32)
    sheet.write_string(line, 1, label, issue.styles.get("cover_label"))
