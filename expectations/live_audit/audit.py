"""Writes 审核, the sheet that shows the clerk while typing which rules are broken, where first, and what to do.

At the top: how many rules are broken by severity, and where to look first. Below: a line for every rule that this workbook
can evaluate by itself; broken lines are coloured. For what is counted see :mod:`expectations.live_audit.tally`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.worksheet import Worksheet

from expectations.live_audit.audit_lines import list_audit_lines
from expectations.live_audit.audit_top import (
    BROKEN,
    HINT,
    NOT_EVALUATED,
    ORDER,
    PASSED,
    TOP,
    write_top,
)
from expectations.live_audit.tally import Line
from expectations.rulebook.rulebook import SEVERITIES
from expectations.sheets.layout import display_width
from expectations.sheets.page import PROTECTION, Issue, set_print
from warehouse.catalogue.models import Form
from warehouse.words import labels
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import AUDIT_SHEET, SERIAL

HEADS = (
    SERIAL,
    "表号",
    "审核关系",
    "性质",
    "结果",
    "不符\n处数",
    "未核对\n处数",
    "首处",
    "处理办法",
    "编号",
)
_WIDTHS = (
    6,
    16,
    52,
    8,
    8,
    7,
    8,
    32,
    56,
)  # the last head, the rule's id, is for programs and hidden
_SHOWN = len(_WIDTHS)
HELD = ORDER + 1  # hidden column of the lines: how many rows passed
# Hidden columns of the tallies, one below the other: broken, not evaluated, held; line of 审核 (where a row is reported),
# line of the form, its position in words.
COUNTS, OF, FIRST, POSITION = HELD + 1, HELD + 4, HELD + 5, HELD + 6


def add_audit(issue: Issue) -> Worksheet:
    """Add the empty sheet as the next one of the workbook; :func:`write_audit` fills it once the forms are written."""
    return issue.book.add_worksheet(AUDIT_SHEET)


def write_audit(issue: Issue, sheet: Worksheet, forms: Sequence[Form]) -> None:
    """Write a line for every rule that needs nothing but this workbook."""
    lines = list_audit_lines(issue, forms)
    last = _SHOWN - 1
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(last + 1, POSITION, 8, None, {"hidden": True})
    sheet.hide_gridlines(2)
    write_top(issue, sheet, len(lines), sum(line.is_of_reading for line in lines), last)
    for column, text in enumerate(HEADS):
        sheet.write_string(TOP - 1, column, text, issue.styles.get("header"))
    sheet.set_row(TOP - 1, 32)
    row = TOP
    for serial, line in enumerate(lines, start=1):
        _write_line(issue, sheet, serial, line, row)
        row = _write_tallies(issue, sheet, serial, line, row)
    end = TOP + len(lines) - 1
    _colour(issue, sheet, end)
    sheet.freeze_panes(TOP, 0)
    sheet.repeat_rows(TOP - 1)
    sheet.print_area(0, 0, end, last)
    sheet.autofilter(TOP - 1, 0, end, last)
    set_print(issue, sheet, AUDIT_SHEET)
    sheet.protect("", {**PROTECTION, "autofilter": True})


def _write_line(issue: Issue, sheet: Worksheet, serial: int, line: Line, top: int) -> None:
    """Write one line of the table; its tallies begin in row ``top``."""
    get_style, row = issue.styles.get, TOP + serial - 1
    rule, at = line.rule, row + 1
    centre, plain = get_style("guide_centre"), get_style("plain")
    broken, unknown, held, of, positions = (
        f"${column_letter(column)}${top + 1}:${column_letter(column)}${top + len(line.tallies)}"
        for column in (COUNTS, COUNTS + 1, COUNTS + 2, OF, POSITION)
    )
    sheet.write_number(row, 0, serial, centre)
    sheet.write_string(row, 1, line.numbers, centre)
    sheet.write_string(row, 2, line.words, get_style("guide_cell"))
    sheet.write_string(row, 3, labels.SEVERITY[rule.severity], centre)
    failed = HINT if rule.severity == "info" else BROKEN
    is_open = f"$G{at}>0" if line.is_of_reading else f"${column_letter(HELD)}{at}=0"
    verdict = f'=IF($F{at}>0,"{failed}",IF({is_open},"{NOT_EVALUATED}","{PASSED}"))'
    sheet.write_formula(row, 4, verdict, centre, NOT_EVALUATED)
    sheet.write_formula(row, 5, f"=SUM({broken})", get_style("audit_count"), 0)
    sheet.write_formula(row, 6, f"=SUM({unknown})", get_style("audit_count"), 0)
    first = f'=IFERROR(INDEX({positions},MATCH({serial},{of},0)),"")'
    sheet.write_formula(row, 7, first, get_style("guide_cell"), "")
    sheet.write_string(row, 8, rule.fix, get_style("guide_cell"))
    sheet.write_string(row, _SHOWN, rule.id, plain)
    rank = (SEVERITIES.index(rule.severity) + 1) * 1000 + serial
    sheet.write_formula(row, ORDER, f'=IF(COUNT({of})>0,{rank},"")', plain, "")
    sheet.write_formula(row, HELD, f"=SUM({held})", plain, 0)
    texts = zip((line.numbers, line.words, rule.fix), (_WIDTHS[1], _WIDTHS[2], _WIDTHS[8]), strict=True)
    sheet.set_row(row, 14 * max(-(-display_width(text) // (width - 3)) for text, width in texts) + 6)


def _write_tallies(issue: Issue, sheet: Worksheet, serial: int, line: Line, top: int) -> int:
    """Write the tallies of a line from row ``top`` on; returns the row below them."""
    look, reported = issue.styles.get("plain"), COUNTS + line.is_of_reading
    for row, tally in enumerate(line.tallies, start=top):
        names = [f"answers_{row + 1}_{index}" for index, _ in enumerate(tally.answers, start=1)]
        for name, answers in zip(names, tally.answers, strict=True):
            issue.book.define_name(name, f"={answers}")
        count, of, first = (f"${column_letter(column)}{row + 1}" for column in (reported, OF, FIRST))
        number = f'"{tally.number} "&' if len(line.tallies) > 1 else ""
        position = f"{number}{tally.position.replace('{line}', first)}"
        line_of = f'IF({of}="",0,IFERROR({tally.find_first(names)},0))'
        sheet.write_array_formula(row, COUNTS, row, COUNTS + 2, f"{{={tally.counts(names)}}}", look, 0)
        sheet.write_formula(row, OF, f'=IF({count}>0,{serial},"")', look, "")
        sheet.write_array_formula(row, FIRST, row, FIRST, f"{{={line_of}}}", look, 0)
        sheet.write_formula(row, POSITION, f'=IF({of}="","",IFERROR({position},""))', look, "")
    return top + len(line.tallies)


def _colour(issue: Issue, sheet: Worksheet, end: int) -> None:
    """Colour broken lines by severity; lines that passed or wait are grey."""
    get_style, at = issue.styles.get, TOP + 1
    area = (TOP, 0, end, _SHOWN - 1)
    looks = [
        (f'$E{at}="{HINT}"', "hints"),
        (f'$E{at}="{PASSED}"', "holds"),
        (f'$E{at}="{NOT_EVALUATED}"', "waits"),
    ]
    for severity, style in (("critical", "breaks"), ("warning", "doubts")):
        looks.insert(0, (f'AND($E{at}="{BROKEN}",$D{at}="{labels.SEVERITY[severity]}")', style))
    pointed_at = f'${column_letter(ORDER)}{at}<>""'
    looks.insert(0, (f'AND($E{at}="{NOT_EVALUATED}",{pointed_at})', "doubts"))
    sheet.conditional_format(
        TOP,
        4,
        end,
        4,
        {"type": "cell", "criteria": "==", "value": f'"{PASSED}"', "format": get_style("passed")},
    )
    for test, style in looks:
        sheet.conditional_format(
            *area, {"type": "formula", "criteria": f"={test}", "format": get_style(style)}
        )
