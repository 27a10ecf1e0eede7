"""Writes the sheet of one form: head, header, pre-filled rows, 合计 and notes.

The 合计 formulas sum from the header's last line to a thin locked line below the rows: whatever a clerk cuts and
pastes between input cells, both ends stay where they are and no reference breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from expectations.rulebook import Rule
from expectations.workbook_checks import colour_breaches
from expectations.workbook_layout import (
    Column,
    column_letter,
    display_width,
    form_columns,
    head_blocks,
    header_spans,
    sheet_name,
    unit_rows,
)
from expectations.workbook_styles import Styles
from expectations.workbook_validation import Lists, field_validation, township_validation
from expectations.workbook_values import Row, put, records, shown
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form

NOT_ASKED = "—"
PROTECTION = {"format_columns": True, "format_rows": True, "format_cells": False}
_BLANK_ROSTER_ROWS, _SPARE_ROSTER_ROWS = 40, 20
_NAME_STYLE = {"city": "name_upper", "county": "name_upper", "township": "name_middle", "village": "name"}


@dataclass(frozen=True)
class Issue:
    """One workbook being written: for whom, for which year, and where it is written."""

    book: Workbook
    styles: Styles
    lists: Lists
    catalogue: Catalogue
    unit_code: str
    unit_name: str
    unit_level: str
    year: int
    has_prior: bool
    is_sample: bool
    live_checks: tuple[Rule, ...] = ()


def write_form(issue: Issue, form: Form, entries: pl.DataFrame | None, prior: pl.DataFrame | None) -> None:
    """Add the sheet of ``form``; entries and prior frames as for :func:`issued_workbook.write_workbook`."""
    sheet = issue.book.add_worksheet(sheet_name(form))
    columns = form_columns(issue.catalogue, form, issue.unit_level, issue.year, issue.has_prior)
    sheet.set_default_row(16.5)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, round(column.width, 1))
    line = _write_head(issue, sheet, form, columns)
    first = _write_header(issue, sheet, columns, line)
    if form.is_roster:
        after = _write_roster(issue, sheet, form, columns, first, entries, prior)
    else:
        after = _write_units(issue, sheet, form, columns, first, entries, prior)
    _write_notes(issue, sheet, form, len(columns), after)
    _set_page(issue, sheet, form, columns, line, first)


def _write_head(issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...]) -> int:
    named, settings, last = issue.styles.named, issue.catalogue.settings, len(columns) - 1
    left, right = head_blocks(columns)
    line = 0
    _block(sheet, line, 0, line, last, form.title, issue, "title")
    sheet.set_row(line, 32)
    line += 1
    if issue.is_sample:
        text = f"{settings.words.sample_mark}（虚构，仅供演示，不得作为统计资料使用）"
        _block(sheet, line, 0, line, last, text, issue, "sample")
        sheet.set_row(line, 20)
        line += 1
    rights = [f"表　　号：{form.number}", f"制表机关：{settings.form_set.issuer}"]
    if settings.form_set.approval:
        rights.append(f"文　　号：{settings.form_set.approval}")
    rights.append(f"有效期至：{settings.form_set.valid_until}")
    if form.unit_text:
        rights.append(f"计量单位：{form.unit_text}")
    for text in rights:
        _block(sheet, line, right, line, last, text, issue, "head_right")
        line += 1
    line -= 1
    sheet.write_string(line, 0, f"填报单位：{issue.unit_name}", named("head_left"))
    _block(sheet, line, left + 1, line, right - 1, f"{issue.year}年", issue, "head_middle")
    if form.is_roster:
        line += 1
        words = issue.catalogue.settings.words
        label = form.field(form.item_field or "").label
        text = f"注：{form.grain}；本年无则在第1行“{label}”栏填“{words.nothing_to_list[0]}”。"
        sheet.write_string(line, 0, text, named("hint"))
    return line + 1


def _write_header(issue: Issue, sheet: Worksheet, columns: tuple[Column, ...], line: int) -> int:
    spans, depth = header_spans(columns)
    lines_needed: dict[int, int] = {}
    for span in spans:
        style = "header_number" if span.top == depth - 1 else "header"
        _block(sheet, line + span.top, span.left, line + span.bottom, span.right, span.text, issue, style)
        room = sum(columns[i].width for i in range(span.left, span.right + 1)) - 1.5
        needed = -(-display_width(span.text) // max(int(room), 1))
        share = -(-needed // (span.bottom - span.top + 1))
        lines_needed[span.bottom] = max(lines_needed.get(span.bottom, 1), share)
    for offset in range(depth - 1):
        sheet.set_row(line + offset, 15.0 * lines_needed.get(offset, 1) + 5)
    return line + depth


def _write_units(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    first: int,
    entries: pl.DataFrame | None,
    prior: pl.DataFrame | None,
) -> int:
    """Rows of org units, the thin line and 合计; returns the line after."""
    levels = issue.catalogue.row_levels(form, issue.unit_level)
    units = unit_rows(issue.catalogue, issue.unit_code, levels, issue.year).to_dicts()
    now, before = _by_unit(entries), _by_unit(prior)
    named, words = issue.styles.named, issue.catalogue.settings.words
    closed = named("closed")
    sums = [0.0] * len(columns)
    # Asked, and how it looks, once per column and level instead of once per cell.
    asked = [frozenset() if c.field is None else frozenset(form.levels_of(c.field)) for c in columns]
    looks = [
        issue.styles.value("prior" if c.role == "prior" else "input", c.field.type) if c.field else closed
        for c in columns
    ]
    for line, unit in enumerate(units, start=first):
        code, level = unit["org_code"], unit["level"]
        row, row_before = now.get(code, {}), before.get(code, {})
        for index, column in enumerate(columns):
            field = column.field
            if field is None:
                _write_stub(sheet, line, index, column, unit, issue)
            elif level not in asked[index]:
                sheet.write_string(line, index, NOT_ASKED, closed)
            else:
                source = row_before if column.role == "prior" else row
                value = shown(field, source.get(field.id), words)
                put(sheet, line, index, value, looks[index])
                if isinstance(value, float):
                    sums[index] += value
    spacer = first + len(units)
    sheet.set_row(spacer, 3)
    for index in range(len(columns)):
        sheet.write_blank(spacer, index, None, named("spacer"))
    _validate(issue, sheet, form, columns, first, spacer - 1)
    _write_total(issue, sheet, columns, first - 1, spacer, sums)
    return spacer + 2


def _write_stub(
    sheet: Worksheet, line: int, index: int, column: Column, unit: Mapping[str, str | None], issue: Issue
) -> None:
    named = issue.styles.named
    match column.role:
        case "org_code":
            sheet.write_string(line, index, unit["org_code"] or "", named("code"))
        case "org_name":
            sheet.write_string(
                line, index, unit["name"] or "", named(_NAME_STYLE[unit["level"] or "village"])
            )
        case _:
            sheet.write_string(line, index, unit["parent_name"] or NOT_ASKED, named("parent"))


def _write_total(
    issue: Issue, sheet: Worksheet, columns: tuple[Column, ...], top: int, spacer: int, sums: list[float]
) -> None:
    named = issue.styles.named
    line = spacer + 1
    stubs = sum(c.field is None for c in columns)
    _block(sheet, line, 0, line, stubs - 1, issue.catalogue.settings.words.total_row[0], issue, "total_label")
    for index, column in enumerate(columns):
        field = column.field
        if field is None:
            continue
        if field.type in ("count", "cny"):
            letter = column_letter(index)
            formula = f"=SUM({letter}${top + 1}:{letter}${spacer + 1})"
            style = issue.styles.value("total", field.type)
            sheet.write_formula(line, index, formula, style, sums[index])
        else:
            sheet.write_string(line, index, NOT_ASKED, named("total_dash"))
    sheet.set_row(line, 20)


def _write_roster(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    first: int,
    entries: pl.DataFrame | None,
    prior: pl.DataFrame | None,
) -> int:
    """Rows of things; returns the line after. Last year's rows stand in when there are no entries yet."""
    carried = prior if entries is None and is_carried_over(form) else None
    rows: list[Row] = records(entries if entries is not None else carried)
    if entries is not None and not rows:
        rows = [{form.item_field or "": issue.catalogue.settings.words.nothing_to_list[0]}]
    levels = issue.catalogue.row_levels(form, issue.unit_level)
    units = unit_rows(issue.catalogue, issue.unit_code, levels, issue.year)
    names = dict(zip(units["org_code"], units["name"], strict=True))
    words = issue.catalogue.settings.words
    height = max(_BLANK_ROSTER_ROWS, len(rows) + _SPARE_ROSTER_ROWS)
    for offset in range(height):
        line = first + offset
        row = rows[offset] if offset < len(rows) else {}
        for index, column in enumerate(columns):
            if column.role == "serial":
                sheet.write_number(line, index, offset + 1, issue.styles.named("serial"))
            elif column.role == "roster_org":
                name = names.get(str(row.get("org_code")))
                put(sheet, line, index, name, issue.styles.value("input", "boolean"))
            elif column.field is not None:
                value = shown(column.field, row.get(column.field.id), words)
                put(sheet, line, index, value, issue.styles.value("input", column.field.type))
    _validate(issue, sheet, form, columns, first, first + height - 1)
    for index, column in enumerate(columns):
        if column.role == "roster_org":
            options = township_validation(tuple(names.values()), issue.lists, column.label)
            sheet.data_validation(first, index, first + height - 1, index, options)
    return first + height


def is_carried_over(form: Form) -> bool:
    """Whether things once listed stay listed: rosters of stock do, a year's own cases do not."""
    return all(count.kind == "stock" for count in form.counts)


def _validate(
    issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...], first: int, last: int
) -> None:
    for index, column in enumerate(columns):
        if column.role != "field" or column.field is None or last < first:
            continue
        cell = f"{column_letter(index)}{first + 1}"
        options = field_validation(issue.catalogue, form, column.field, cell, issue.year, issue.lists)
        if options is not None:
            sheet.data_validation(first, index, last, index, options)
    rules = tuple(rule for rule in issue.live_checks if form.id in rule.forms)
    colour_breaches(
        sheet, rules, columns, first, last, issue.year, issue.catalogue.settings.words, issue.styles
    )


def _write_notes(issue: Issue, sheet: Worksheet, form: Form, width: int, line: int) -> None:
    words = issue.catalogue.settings.words
    notes = [
        f"没有发生的填“0”；不适用的填“{words.not_applicable[0]}”；空白表示未填报。浅黄色格为填报格，灰色格不用填写。",
        *form.notes,
    ]
    for number, text in enumerate(notes, start=1):
        _block(sheet, line, 0, line, width - 1, f"注{number}：{text}", issue, "note")
        line += 1
    signature = (
        "单位负责人：　　　　　　统计负责人：　　　　　　填表人：　　　　　　报出日期：　　　　年　　月　　日"
    )
    _block(sheet, line, 0, line, width - 1, signature, issue, "signature")
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


def set_print(issue: Issue, sheet: Worksheet, what: str, is_landscape: bool = True) -> None:
    """A4, one page wide, page numbers below; a sample says so at the head of every page."""
    sheet.set_paper(9)
    if is_landscape:
        sheet.set_landscape()
    else:
        sheet.set_portrait()
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    font = '&"SimSun,Regular"&9 '
    sheet.set_footer(f"&L{font}{issue.unit_name} {issue.year}年&C{font}第 &P 页　共 &N 页&R{font}{what}")
    if issue.is_sample:
        mark = issue.catalogue.settings.words.sample_mark
        sheet.set_header(f'&C&"SimHei,Regular"&10&KC00000 {mark}（虚构，仅供演示）')


def _by_unit(frame: pl.DataFrame | None) -> dict[str, Row]:
    return {str(row["org_code"]): row for row in records(frame)}


def _block(
    sheet: Worksheet, top: int, left: int, bottom: int, right: int, text: str, issue: Issue, style: str
) -> None:
    """Text over one cell or a merged block."""
    look = issue.styles.named(style)
    if (top, left) == (bottom, right):
        sheet.write_string(top, left, text, look)
    else:
        sheet.merge_range(top, left, bottom, right, text, look)
