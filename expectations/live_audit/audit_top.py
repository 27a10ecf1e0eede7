"""The top of 审核: how many rules are broken, what follows from it, and where to look first."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet

from expectations.sheets.page import Issue
from warehouse.words import labels
from warehouse.words.addresses import column_letter

PASSED, BROKEN, HINT, NOT_EVALUATED = "通过", "不符", "提示", "未核对"
_POINTERS = 5  # lines of two pointers each
_WORDS = 24  # characters of what a rule demands, that a pointer quotes
ORDER = 12  # hidden column: the rank of a broken line among the broken, graver ones first
_SERIALS = (10, 11)  # hidden columns: the serial numbers that the two pointers of a line point to
_NOTES = (
    "填报时自动核对，改正后结果随之变化。“提示”请核对，属实的不必改。“未核对”是有关格还没有填，或者没有这种情况。",
    "着色的“未核对”是所填的无法核对，如以文字填写的数、选项以外的内容、缺少的工作表，请改正。",
    "表间的审核关系按“表间汇总”表中的汇总数核对；年度间审核在报送后核对。",
)
TOP = 4 + len(_NOTES) + _POINTERS + 1  # the first line of the table (from 0)


def write_top(issue: Issue, sheet: Worksheet, count: int, of_reading: int, last: int) -> None:
    """Write everything above the table of ``count`` lines, over the columns up to ``last``.

    The first ``of_reading`` lines count what the workbook cannot judge.
    """
    get_style = issue.styles.get
    sheet.merge_range(0, 0, 0, last, "填报审核", get_style("guide_title"))
    sheet.set_row(0, 32)
    for line, formula in enumerate((_summarise(count), _say_consequence(count, of_reading)), start=1):
        sheet.merge_range(line, 0, line, last, "", get_style("audit_sum"))
        # Shown by programs that do not compute formulas.
        sheet.write_formula(
            line, 0, formula, get_style("audit_sum"), ("打开后自动计算", "（尚未计算）")[line - 1]
        )
        sheet.set_row(line, 22)
    for text, style in (("强制性", "breaks"), ("核实性", "doubts"), ("内容", "doubts")):
        options = {
            "type": "text",
            "criteria": "begins with",
            "value": f"有{text}",
            "format": get_style(style),
        }
        sheet.conditional_format(2, 0, 2, last, options)
    for line, note in enumerate(_NOTES, start=3):
        sheet.merge_range(line, 0, line, last, note, get_style("guide_text"))
        sheet.set_row(line, 16)
    text = f"请先看以下各条（强制性的在前，最多列 {2 * _POINTERS} 条）："
    head = 3 + len(_NOTES)
    sheet.merge_range(head, 0, head, last, "", get_style("guide_form"))
    sheet.write_formula(
        head, 0, f'=IF(COUNT({_format_line_range(ORDER, count)})=0,"","{text}")', get_style("guide_form"), ""
    )
    for index in range(_POINTERS):
        _write_pointers(issue, sheet, index, count, last)


def _write_pointers(issue: Issue, sheet: Worksheet, index: int, count: int, last: int) -> None:
    """Write two broken lines side by side: serial, form, severity, count, words and first position of each."""
    line, order, look = (
        4 + len(_NOTES) + index,
        _format_line_range(ORDER, count),
        issue.styles.get("audit_pointer"),
    )
    for side, (left, right) in enumerate(((0, 3), (4, last))):
        rank = index + side * _POINTERS + 1
        serial = f"${column_letter(_SERIALS[side])}${line + 1}"
        number = f"=IFERROR(MATCH(SMALL({order},{rank}),{order},0),0)"
        sheet.write_formula(line, _SERIALS[side], number, issue.styles.get("plain"), 0)
        columns = (1, 3, 4, 7, 5, 6, 2)
        parts = [f"INDEX({_format_line_range(column, count)},{serial})" for column in columns]
        form, severity, verdict, position, failed, unjudged, words = parts
        is_unjudged = f'{verdict}="{NOT_EVALUATED}"'
        severity = f'IF({is_unjudged},"{NOT_EVALUATED}",{severity})'
        failed = f"IF({is_unjudged},{unjudged},{failed})"
        words = f'LEFT({words},{_WORDS})&IF(LEN({words})>{_WORDS},"…","")'
        text = f'"第 "&{serial}&" 条（"&{form}&"，"&{severity}&"，共 "&{failed}&" 处）："&{words}&"；首处："&{position}'
        sheet.merge_range(line, left, line, right, "", look)
        sheet.write_formula(line, left, f'=IF({serial}=0,"",{text})', look, "")
    sheet.set_row(line, 16)


def _format_line_range(column: int, count: int) -> str:
    letter = column_letter(column)
    return f"${letter}${TOP + 1}:${letter}${TOP + count}"


def _count_lines(word: str, severity: str | None, count: int) -> str:
    if severity is None:
        return f'COUNTIF({_format_line_range(4, count)},"{word}")'
    return f'COUNTIFS({_format_line_range(4, count)},"{word}",{_format_line_range(3, count)},"{labels.SEVERITY[severity]}")'


def _summarise(count: int) -> str:
    broken, critical, warning = (_count_lines(BROKEN, s, count) for s in (None, "critical", "warning"))
    rest = "，".join(
        f'{word} "&{_count_lines(word, None, count)}&" 条' for word in (HINT, PASSED, NOT_EVALUATED)
    )
    return f'="共 {count} 条审核关系：不符 "&{broken}&" 条（强制性 "&{critical}&" 条，核实性 "&{warning}&" 条），{rest}"'


def _say_consequence(count: int, of_reading: int) -> str:
    """What the clerk must do; 没有不符 is said only where no cell is left unjudged."""
    critical, warning = (_count_lines(BROKEN, severity, count) for severity in ("critical", "warning"))
    unjudged = f"SUM({_format_line_range(6, of_reading)})" if of_reading else "0"
    return (
        f'=IF({critical}>0,"有强制性审核关系不符：须改正，否则报送后暂存，不计入汇总",'
        f'IF({warning}>0,"有核实性审核关系不符：请改正；属实的可以报送，并在退回的更正表中写明说明",'
        f'IF({unjudged}>0,"有内容无法核对，还不能认定没有问题：请按着色的“{NOT_EVALUATED}”各条改正",'
        f'IF({_count_lines(PASSED, None, count)}=0,"尚未填报，各条审核关系都还没有核对",'
        f'"没有不符的审核关系"))))&IF({unjudged}>0,"（无法核对的 "&{unjudged}&" 处）","")'
    )
