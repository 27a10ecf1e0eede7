"""Writes the sheet of one form: head, header, rows and notes, in the manner of a printed official form."""

from __future__ import annotations

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.sheets.layout import (
    Column,
    display_width,
    form_columns,
    head_blocks,
    header_spans,
    sheet_name,
)
from expectations.sheets.page import PROTECTION, Issue, set_print, write_block
from expectations.workbook.sheet_rows import write_roster, write_units
from warehouse.catalogue.models import Form
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import NOTE, SIGNATURES


def write_form(issue: Issue, form: Form, entries: pl.DataFrame | None, prior: pl.DataFrame | None) -> None:
    """Add the sheet of ``form``; entries and prior frames as for :func:`expectations.workbook.issued.write_workbook`."""
    sheet = issue.book.add_worksheet(sheet_name(form))
    columns = form_columns(issue.catalogue, form, issue.unit_level, issue.year, issue.has_prior)
    sheet.set_default_row(16.5)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, round(column.width, 1))
    line = _write_head(issue, sheet, form, columns)
    first = _write_header(issue, sheet, columns, line)
    if form.is_roster:
        after = write_roster(issue, sheet, form, columns, first, entries, prior)
    else:
        after = write_units(issue, sheet, form, columns, first, entries, prior)
    _mark_header(issue, sheet, form, columns, first - 1)
    _write_notes(issue, sheet, form, len(columns), after)
    _set_page(issue, sheet, form, columns, line, first)


def _write_head(issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...]) -> int:
    get_style, settings, last = issue.styles.get, issue.catalogue.settings, len(columns) - 1
    left, right = head_blocks(columns)
    line = 0
    write_block(sheet, (line, 0, line, last), form.title, issue, "title")
    sheet.set_row(line, 32)
    line += 1
    if issue.is_sample:
        text = f"{settings.words.sample_mark}（虚构，仅供演示，不得作为统计资料使用）"
        write_block(sheet, (line, 0, line, last), text, issue, "sample")
        sheet.set_row(line, 20)
        line += 1
    rights = [f"表　　号：{form.number}", f"制定机关：{settings.form_set.issuer}"]
    if settings.form_set.approval:
        rights.append(f"批准(备案)文号：{settings.form_set.approval}")
    rights.append(f"有效期至：{settings.form_set.valid_until}")
    if units := form.unit_text(column.field for column in columns if column.field):
        rights.append(f"计量单位：{units}")
    for text in rights:
        write_block(sheet, (line, right, line, last), text, issue, "head_right")
        line += 1
    line -= 1
    sheet.write_string(line, 0, f"填报单位：{issue.unit_name}", get_style("head_left"))
    write_block(sheet, (line, left + 1, line, right - 1), f"{issue.year}年", issue, "head_middle")
    if form.is_roster:
        line += 1
        words = issue.catalogue.settings.words
        label = form.field(form.item_field or "").label
        text = f"{NOTE}：{form.grain}；本年无则在第1行“{label}”栏填“{words.nothing_to_list[0]}”。"
        sheet.write_string(line, 0, text, get_style("hint"))
    return line + 1


def _write_header(issue: Issue, sheet: Worksheet, columns: tuple[Column, ...], line: int) -> int:
    spans, depth = header_spans(columns)
    lines_needed: dict[int, int] = {}
    for span in spans:
        style = "header_number" if span.top == depth - 1 else "header"
        write_block(
            sheet, (line + span.top, span.left, line + span.bottom, span.right), span.text, issue, style
        )
        room = sum(columns[i].width for i in range(span.left, span.right + 1)) - 1.5
        needed = -(-display_width(span.text) // max(int(room), 1))
        share = -(-needed // (span.bottom - span.top + 1))
        lines_needed[span.bottom] = max(lines_needed.get(span.bottom, 1), share)
    for offset in range(depth - 1):
        sheet.set_row(line + offset, 15.0 * lines_needed.get(offset, 1) + 5)
    return line + depth


def _mark_header(issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...], line: int) -> None:
    """Mark questions about a whole column or form on the header's last line, since no row of the sheet shows them."""
    for name, numbers in issue.marks.list_unshown(form).items():
        of_field = (i for i, c in enumerate(columns) if c.role == "field" and c.field and c.field.id == name)
        index = next(of_field, 0)
        style = issue.styles.get(f"header_{issue.marks.severity(numbers)}")
        sheet.write_string(line, index, columns[index].number, style)
        issue.marks.write_comment(sheet, line, index, numbers)


def _write_notes(issue: Issue, sheet: Worksheet, form: Form, width: int, line: int) -> None:
    words = issue.catalogue.settings.words
    notes = [
        f"没有发生的填“0”；不适用的填“{words.not_applicable[0]}”；空白表示未填报。浅黄色格为填报格，灰色格不用填写。",
        *form.notes,
    ]
    for number, text in enumerate(notes, start=1):
        write_block(sheet, (line, 0, line, width - 1), f"{NOTE}{number}：{text}", issue, "note")
        line += 1
    signature = f"{'：　　　　　　'.join(SIGNATURES)}：　　　　年　　月　　日"
    write_block(sheet, (line, 0, line, width - 1), signature, issue, "signature")
    sheet.set_row(line, 24)


def _set_page(
    issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...], header: int, first: int
) -> None:
    stubs = sum(c.field is None for c in columns)
    is_named = form.is_roster and len(columns) > stubs and columns[stubs].field is not None
    frozen = stubs + (1 if is_named else 0) if form.is_roster else 2
    sheet.freeze_panes(first, frozen)
    sheet.repeat_rows(header, first - 1)
    set_print(issue, sheet, f"{form.number}　{form.title}")
    sheet.ignore_errors({"number_stored_as_text": f"A1:{column_letter(len(columns) - 1)}{1_048_576}"})
    sheet.protect("", PROTECTION)
