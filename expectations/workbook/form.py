"""Writes the sheet of one form: head, header, rows and notes, in the manner of a printed official form."""

from __future__ import annotations

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.sheets.form_head import FormHead, write_head, write_header, write_signatures
from expectations.sheets.layout import Column, form_columns, sheet_name
from expectations.sheets.page import PROTECTION, Issue, set_print, write_block
from expectations.workbook.sheet_rows import write_roster, write_units
from warehouse.catalogue.models import Form
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import NOTE


def write_form(issue: Issue, form: Form, entries: pl.DataFrame | None, prior: pl.DataFrame | None) -> None:
    """Add the sheet of ``form``; entries and prior frames as for :func:`expectations.workbook.issued.write_workbook`."""
    sheet = issue.book.add_worksheet(sheet_name(form))
    columns = form_columns(issue.catalogue, form, issue.unit_level, issue.year, issue.has_prior)
    sheet.set_default_row(16.5)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, round(column.width, 1))
    line = _write_head(issue, sheet, form, columns)
    first = write_header(issue, sheet, columns, line)
    if form.is_roster:
        after = write_roster(issue, sheet, form, columns, first, entries, prior)
    else:
        after = write_units(issue, sheet, form, columns, first, entries, prior)
    _mark_header(issue, sheet, form, columns, first - 1)
    _write_notes(issue, sheet, form, len(columns), after)
    _set_page(issue, sheet, form, columns, line, first)


def _write_head(issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...]) -> int:
    """The head as every form has it, and under that of a roster what its rows are."""
    units = form.unit_text(column.field for column in columns if column.field)
    head = FormHead(form.title, form.number, f"填报单位：{issue.unit_name}", units)
    line = write_head(issue, sheet, head, columns)
    if not form.is_roster:
        return line
    words = issue.catalogue.settings.words
    label = form.field(form.item_field or "").label
    text = f"{NOTE}：{form.grain}；本年无则在第1行“{label}”栏填“{words.nothing_to_list[0]}”。"
    sheet.write_string(line, 0, text, issue.styles.get("hint"))
    return line + 1


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
    write_signatures(issue, sheet, width, line)


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
