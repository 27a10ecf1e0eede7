"""The head of a form's sheet, the header over its columns and the line for signatures, as a printed official form has them."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.worksheet import Worksheet

from expectations.sheets.layout import Column, display_width, head_blocks, header_spans
from expectations.sheets.page import Issue, write_block
from warehouse.words.workbook_texts import SIGNATURES


@dataclass(frozen=True)
class FormHead:
    """What stands over a form's header: ``stated``, of whom it is; ``units``, the units of measurement ('' for none)."""

    title: str
    number: str
    stated: str
    units: str


def write_head(issue: Issue, sheet: Worksheet, head: FormHead, columns: tuple[Column, ...]) -> int:
    """Write the head over ``columns``; returns the line after it."""
    get_style, settings, last = issue.styles.get, issue.catalogue.settings, len(columns) - 1
    left, right = head_blocks(columns)
    line = 0
    write_block(sheet, (line, 0, line, last), head.title, issue, "title")
    sheet.set_row(line, 32)
    line += 1
    if issue.is_sample:
        text = f"{settings.words.sample_mark}（虚构，仅供演示，不得作为统计资料使用）"
        write_block(sheet, (line, 0, line, last), text, issue, "sample")
        sheet.set_row(line, 20)
        line += 1
    rights = [f"表　　号：{head.number}", f"制定机关：{settings.form_set.issuer}"]
    if settings.form_set.approval:
        rights.append(f"批准(备案)文号：{settings.form_set.approval}")
    rights.append(f"有效期至：{settings.form_set.valid_until}")
    if head.units:
        rights.append(f"计量单位：{head.units}")
    for text in rights:
        write_block(sheet, (line, right, line, last), text, issue, "head_right")
        line += 1
    line -= 1
    sheet.write_string(line, 0, head.stated, get_style("head_left"))
    write_block(sheet, (line, left + 1, line, right - 1), f"{issue.year}年", issue, "head_middle")
    return line + 1


def write_header(issue: Issue, sheet: Worksheet, columns: tuple[Column, ...], line: int) -> int:
    """Write groups, labels and the line of column numbers; returns the line after them."""
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


def write_signatures(issue: Issue, sheet: Worksheet, width: int, line: int) -> None:
    """Write the line on which the responsible people sign, over ``width`` columns."""
    signature = f"{'：　　　　　　'.join(SIGNATURES)}：　　　　年　　月　　日"
    write_block(sheet, (line, 0, line, width - 1), signature, issue, "signature")
    sheet.set_row(line, 24)
