"""Writes the rows of a form's sheet: org units with 合计 below, or a roster with room for more.

The 合计 formulas sum from the header's last line to a thin locked line below the rows, so that cutting and pasting input
cells breaks no reference.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.live_audit.live_formats import colour_breaches
from expectations.sheets.layout import Column, unit_rows
from expectations.sheets.page import Issue, Rows, write_block
from expectations.sheets.question_marks import TOTAL
from expectations.sheets.shown_values import Row, list_records, put, show_value
from expectations.sheets.validation import field_validation, township_validation
from warehouse.catalogue.models import Field, Form
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import NOT_ASKED

_BLANK_ROSTER_ROWS, _SPARE_ROSTER_ROWS = 40, 20
_NAME_STYLE = {"city": "name_upper", "county": "name_upper", "township": "name_middle", "village": "name"}


def write_units(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    first: int,
    entries: pl.DataFrame | None,
    prior: pl.DataFrame | None,
) -> int:
    """Write the rows of org units, the thin line, 合计 and wrong subtotals; returns the line after them."""
    levels = issue.catalogue.row_levels(form, issue.unit_level)
    units = unit_rows(issue.catalogue, issue.unit_code, levels, issue.year).to_dicts()
    now, before = _index_by_unit(entries), _index_by_unit(prior)
    get_style, words = issue.styles.get, issue.catalogue.settings.words
    closed = get_style("closed")
    sums = [0.0] * len(columns)
    # Levels and formats once per column instead of once per cell.
    asked = [frozenset() if c.field is None else frozenset(form.levels_of(c.field)) for c in columns]
    looks = [
        issue.styles.get_for_value("prior" if c.role == "prior" else "input", c.field.type)
        if c.field
        else closed
        for c in columns
    ]
    for line, unit in enumerate(units, start=first):
        code, level = unit["org_code"], unit["level"]
        row, row_before = now.get(code, {}), before.get(code, {})
        asked_of = issue.marks.questions_of_row(form, code)
        said = {f.id: show_value(f, row.get(f.id), words) for f in form.fields} if asked_of else {}
        for index, column in enumerate(columns):
            field = column.field
            if field is None:
                _write_stub(sheet, line, index, column, unit, issue)
                if column.role == "org_name" and "" in asked_of:
                    typed = issue.marks.unreadable_text(asked_of[""])
                    name = unit["name"] if typed is None or typed.isdigit() else typed
                    _mark_row(issue, sheet, line, index, asked_of[""], name)
            elif level not in asked[index]:
                sheet.write_string(line, index, NOT_ASKED, closed)
            else:
                source = row_before if column.role == "prior" else row
                value = show_value(field, source.get(field.id), words)
                if column.role == "field" and field.id in asked_of:
                    numbers = asked_of[field.id]
                    value = issue.marks.unreadable_text(numbers) if value is None else value
                    put(
                        sheet,
                        line,
                        index,
                        value,
                        issue.styles.get_for_value(issue.marks.severity(numbers), field.type),
                    )
                    past = show_value(field, row_before.get(field.id), words)
                    issue.marks.write_comment(sheet, line, index, numbers, columns, said, past)
                else:
                    put(sheet, line, index, value, looks[index])
                if isinstance(value, float):
                    sums[index] += value
    spacer = first + len(units)
    sheet.set_row(spacer, 3)
    for index in range(len(columns)):
        sheet.write_blank(spacer, index, None, get_style("spacer"))
    _validate(issue, sheet, form, columns, first, spacer - 1)
    _write_total(issue, sheet, form, columns, first - 1, spacer, sums)
    return _write_subtotals(issue, sheet, form, columns, spacer + 2)


def _write_stub(
    sheet: Worksheet, line: int, index: int, column: Column, unit: Mapping[str, str | None], issue: Issue
) -> None:
    get_style = issue.styles.get
    match column.role:
        case "org_code":
            sheet.write_string(line, index, unit["org_code"] or "", get_style("code"))
        case "org_name":
            sheet.write_string(
                line, index, unit["name"] or "", get_style(_NAME_STYLE[unit["level"] or "village"])
            )
        case _:
            sheet.write_string(line, index, unit["parent_name"] or NOT_ASKED, get_style("parent"))


def _mark_row(
    issue: Issue,
    sheet: Worksheet,
    line: int,
    index: int,
    numbers: list[int],
    name: str | None,
) -> None:
    sheet.write_string(line, index, name or "", issue.styles.get(f"row_{issue.marks.severity(numbers)}"))
    issue.marks.write_comment(sheet, line, index, numbers)


def _write_total(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    top: int,
    spacer: int,
    sums: list[float],
) -> None:
    """Write 合计 as formulas; in a correction workbook a wrong total is written as it was sent."""
    get_style = issue.styles.get
    line = spacer + 1
    stubs = sum(c.field is None for c in columns)
    write_block(
        sheet, (line, 0, line, stubs - 1), issue.catalogue.settings.words.total_row[0], issue, "total_label"
    )
    asked_of = issue.marks.questions_of_row(form, TOTAL)
    for index, column in enumerate(columns):
        field = column.field
        if field is None:
            continue
        asked = asked_of.get(field.id, []) if column.role == "field" else []
        if issue.marks.reported_total(asked) is not None:
            _mark_total(issue, sheet, line, index, asked, field)
        elif field.type in ("count", "cny"):
            letter = column_letter(index)
            summed = f"{letter}${top + 1}:{letter}${spacer + 1}"
            look = issue.marks.severity(asked) if asked else "total"
            style = issue.styles.get_for_value(look, field.type)
            sheet.write_formula(line, index, f"=SUM({summed})", style, sums[index])
            if asked:
                issue.marks.write_comment(sheet, line, index, asked)
            # The sum of blank cells is 0, which on paper would be a reported zero.
            is_blank = {"type": "formula", "criteria": f"=COUNT({summed})=0", "format": get_style("hidden")}
            sheet.conditional_format(line, index, line, index, is_blank)
        else:
            sheet.write_string(line, index, NOT_ASKED, get_style("total_dash"))
    sheet.set_row(line, 20)


def _write_subtotals(
    issue: Issue, sheet: Worksheet, form: Form, columns: tuple[Column, ...], line: int
) -> int:
    """Write a line for each wrong subtotal of the file received; returns the line after them."""
    stubs = sum(c.field is None for c in columns)
    for name, asked_of in issue.marks.subtotals.get(form.id, {}).items():
        write_block(sheet, (line, 0, line, stubs - 1), name, issue, "total_label")
        for index, column in enumerate(columns):
            if column.field is not None and column.role == "field" and column.field.id in asked_of:
                _mark_total(issue, sheet, line, index, asked_of[column.field.id], column.field)
        line += 1
    return line


def _mark_total(
    issue: Issue, sheet: Worksheet, line: int, index: int, numbers: list[int], field: Field
) -> None:
    value = show_value(field, issue.marks.reported_total(numbers), issue.catalogue.settings.words)
    put(sheet, line, index, value, issue.styles.get_for_value(issue.marks.severity(numbers), field.type))
    issue.marks.write_comment(sheet, line, index, numbers)


def write_roster(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    first: int,
    entries: pl.DataFrame | None,
    prior: pl.DataFrame | None,
) -> int:
    """Write the rows of a roster; returns the line after them. Without entries last year's rows are carried over."""
    carried = prior if entries is None and is_carried_over(form) and not issue.is_correction else None
    rows: list[Row] = list_records(entries if entries is not None else carried)
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
        asked_of = issue.marks.questions_of_row(form, row.get("row"))
        for index, column in enumerate(columns):
            if column.role == "serial":
                sheet.write_number(line, index, offset + 1, issue.styles.get("serial"))
            elif column.role == "roster_org":
                name = names.get(str(row.get("org_code")))
                put(sheet, line, index, name, issue.styles.get_for_value("input", "boolean"))
            elif column.field is not None:
                value = show_value(column.field, row.get(column.field.id), words)
                numbers = asked_of.get(column.field.id)
                if numbers:
                    value = issue.marks.unreadable_text(numbers) if value is None else value
                    said = {f.id: show_value(f, row.get(f.id), words) for f in form.fields}
                    issue.marks.write_comment(sheet, line, index, numbers, columns, said)
                look = issue.marks.severity(numbers) if numbers else "input"
                put(sheet, line, index, value, issue.styles.get_for_value(look, column.field.type))
    orgs = ""
    for index, column in enumerate(columns):
        if column.role == "roster_org":
            options = township_validation(tuple(names.values()), issue.lists, column.label)
            sheet.data_validation(first, index, first + height - 1, index, options)
            orgs = str(options["source"]).removeprefix("=")
    _validate(issue, sheet, form, columns, first, first + height - 1, orgs)
    return first + height


def is_carried_over(form: Form) -> bool:
    """Whether last year's rows are carried over: those of a roster that counts a stock."""
    return any(count.kind == "stock" for count in form.counts)


def _validate(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: tuple[Column, ...],
    first: int,
    last: int,
    orgs: str = "",
) -> None:
    for index, column in enumerate(columns):
        if column.role != "field" or column.field is None or last < first:
            continue
        cell = f"{column_letter(index)}{first + 1}"
        options = field_validation(issue.catalogue, form, column.field, cell, issue.year, issue.lists)
        if options is not None:
            sheet.data_validation(first, index, last, index, options)
    name = next(i for i, c in enumerate(columns) if c.role in ("org_name", "field"))
    issue.rows[form.id] = Rows(sheet.get_name(), columns, first, last, name, orgs)
    if not issue.is_correction:  # there the colours show the findings; 审核 shows what is still broken
        colour_breaches(issue, sheet, form)


def _index_by_unit(frame: pl.DataFrame | None) -> dict[str, Row]:
    return {str(row["org_code"]): row for row in list_records(frame)}
