"""Writes 审核, the sheet that tells the clerk while typing which rules are broken, where first, and what to do.

Above, how many are broken by severity and where to look first; below, a line for every rule that this workbook alone can
answer. Broken lines are coloured, the others are quiet. What is counted, and how, see :mod:`expectations.live_audit.tally`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from expectations.live_audit.audit_lines import audit_lines
from expectations.live_audit.audit_top import BROKEN, HINT, NOT_EVALUATED, ORDER, PASSED, TOP, write_top
from expectations.live_audit.tally import ONE_EVALUATED, ONE_NOT_EVALUATED, Line
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
)  # of the heads but the last: the rule's id is hidden, it is for programs
_SHOWN = len(_WIDTHS)
COUNTS, FIRST = len(HEADS), len(HEADS) + 1  # hidden columns: packed counts, line of the first broken row
_NTH = ORDER - 1  # hidden column: which of several tallies is the first that is broken
_PARTS = ORDER + 1


def add_audit(issue: Issue) -> Worksheet:
    """Add the empty sheet at this place of the workbook; it is written when the forms' places are known."""
    return issue.book.add_worksheet(AUDIT_SHEET)


def write_audit(issue: Issue, sheet: Worksheet, forms: Sequence[Form]) -> None:
    """One line for every rule that needs nothing but this workbook."""
    lines = audit_lines(issue, forms)
    last = _SHOWN - 1
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    hidden = _PARTS + 3 * max((len(line.tallies) for line in lines), default=0)
    sheet.set_column(last + 1, hidden, 8, None, {"hidden": True})
    sheet.hide_gridlines(2)
    write_top(issue, sheet, len(lines), sum(line.is_of_reading for line in lines), last)
    for column, text in enumerate(HEADS):
        sheet.write_string(TOP - 1, column, text, issue.styles.named("header"))
    sheet.set_row(TOP - 1, 32)
    for serial, line in enumerate(lines, start=1):
        _write_line(issue, sheet, serial, line)
    end = TOP + len(lines) - 1
    _colour(issue, sheet, end)
    sheet.freeze_panes(TOP, 0)
    sheet.repeat_rows(TOP - 1)
    sheet.print_area(0, 0, end, last)
    sheet.autofilter(TOP - 1, 0, end, last)
    set_print(issue, sheet, AUDIT_SHEET)
    sheet.protect("", {**PROTECTION, "autofilter": True})


def _write_line(issue: Issue, sheet: Worksheet, serial: int, line: Line) -> None:
    named, row = issue.styles.named, TOP + serial - 1
    rule, at = line.rule, row + 1
    centre, plain = named("guide_centre"), named("plain")
    sheet.write_number(row, 0, serial, centre)
    sheet.write_string(row, 1, line.numbers, centre)
    sheet.write_string(row, 2, line.words, named("guide_cell"))
    sheet.write_string(row, 3, labels.SEVERITY[rule.severity], centre)
    failed = HINT if rule.severity == "info" else BROKEN
    counts = f"${column_letter(COUNTS)}{at}"
    none = f"{counts}-INT({counts}/{ONE_NOT_EVALUATED})*{ONE_NOT_EVALUATED}=0"
    unknown = f"$G{at}>0" if line.is_of_reading else none
    verdict = f'=IF($F{at}>0,"{failed}",IF({unknown},"{NOT_EVALUATED}","{PASSED}"))'
    sheet.write_formula(row, 4, verdict, centre, NOT_EVALUATED)
    sheet.write_formula(row, 5, f"={_count(counts, 'F')}", named("audit_count"), 0)
    sheet.write_formula(row, 6, f"={_count(counts, 'G')}", named("audit_count"), 0)
    sheet.write_string(row, 8, rule.fix, named("guide_cell"))
    sheet.write_string(row, _SHOWN, rule.id, plain)
    write = _write_tally if len(line.tallies) == 1 else _write_tallies
    told = "G" if line.is_of_reading else "F"  # the column of the count whose first case is told
    place = write(sheet, row, line, plain, told)
    sheet.write_formula(row, 7, f'=IF(${told}{at}=0,"",IFERROR({place},""))', named("guide_cell"), "")
    rank = (SEVERITIES.index(rule.severity) + 1) * 1000 + serial
    sheet.write_formula(row, ORDER, f'=IF(${told}{at}>0,{rank},"")', plain, "")
    texts = zip((line.numbers, line.words, rule.fix), (_WIDTHS[1], _WIDTHS[2], _WIDTHS[8]), strict=True)
    sheet.set_row(row, 14 * max(-(-display_width(text) // (width - 3)) for text, width in texts) + 6)


def _count(counts: str, of: str) -> str:
    """How many rows are broken (F) or not evaluated (G), of packed counts. (Excel's MOD refuses numbers as large as these.)"""
    if of == "G":
        return f"INT({counts}/{ONE_NOT_EVALUATED})"
    return f"{counts}-INT({counts}/{ONE_EVALUATED})*{ONE_EVALUATED}"


def _write_tally(sheet: Worksheet, row: int, line: Line, look: Format, told: str) -> str:
    """The packed counts and the first row told; returns a formula of its place in words."""
    [tally] = line.tallies
    sheet.write_array_formula(row, COUNTS, row, COUNTS, f"{{={tally.counts}}}", look, 0)
    first = f"IF(${told}{row + 1}=0,0,IFERROR({tally.first},0))"
    sheet.write_array_formula(row, FIRST, row, FIRST, f"{{={first}}}", look, 0)
    return tally.place.replace("{line}", f"${column_letter(FIRST)}{row + 1}")


def _write_tallies(sheet: Worksheet, row: int, line: Line, look: Format, told: str) -> str:
    """Several tallies add up; the place is that of the first with something to tell, with the number of its form."""
    at, width = row + 1, len(line.tallies)
    starts = (_PARTS, _PARTS + width, _PARTS + 2 * width)
    for index, tally in enumerate(line.tallies):
        count, first, place = (start + index for start in starts)
        found = _count(f"${column_letter(count)}{at}", told)
        sheet.write_array_formula(row, count, row, count, f"{{={tally.counts}}}", look, 0)
        formula = f"{{=IF({found}=0,0,IFERROR({tally.first},0))}}"
        sheet.write_array_formula(row, first, row, first, formula, look, 0)
        text = tally.place.replace("{line}", f"${column_letter(first)}{at}")
        sheet.write_formula(row, place, f'=IF({found}=0,"",IFERROR("{tally.number} "&{text},""))', look, "")
    counts, firsts, places = (
        f"${column_letter(start)}{at}:${column_letter(start + width - 1)}{at}" for start in starts
    )
    nth = f"MIN(IF({_count(counts, told)}>0,COLUMN({counts})-{_PARTS},{width + 1}))"
    sheet.write_formula(row, COUNTS, f"=SUM({counts})", look, 0)
    sheet.write_array_formula(row, _NTH, row, _NTH, f"{{={nth}}}", look, 0)
    chosen = f"${column_letter(_NTH)}{at}"
    sheet.write_formula(row, FIRST, f"=IF(${told}{at}=0,0,INDEX({firsts},{chosen}))", look, 0)
    return f"INDEX({places},{chosen})"


def _colour(issue: Issue, sheet: Worksheet, end: int) -> None:
    """Broken lines stand out by severity, what passed or waits is grey."""
    named, at = issue.styles.named, TOP + 1
    place = (TOP, 0, end, _SHOWN - 1)
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
        TOP, 4, end, 4, {"type": "cell", "criteria": "==", "value": f'"{PASSED}"', "format": named("passed")}
    )
    for test, style in looks:
        sheet.conditional_format(*place, {"type": "formula", "criteria": f"={test}", "format": named(style)})
