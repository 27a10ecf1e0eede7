"""Writes 说明, the sheet of a correction workbook that lists the questions, with a box for the answer to each warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlsxwriter.worksheet import Worksheet

from expectations.rulebook.rulebook import SEVERITIES
from expectations.sheets.layout import display_width
from expectations.sheets.page import PROTECTION, Issue, set_print
from expectations.sheets.question_marks import Question
from warehouse.words import labels
from warehouse.words.workbook_texts import (
    ANSWER_BOX,
    ANSWER_KEYS,
    ANSWER_SHEET,
    ANSWERED,
    DRAFT_MARK,
    LAID_OUT,
    NO_BOX,
    SERIAL,
)

_HEADS = (SERIAL, "性质", "工作表", "单元格", "问题", "处理办法", "市级意见", ANSWER_BOX)
_WIDTHS = (6, 8, 16, 9, 46, 40, 22, 44)


def add_answers(issue: Issue) -> Worksheet:
    """Add the empty sheet as the next one of the workbook; :func:`write_answers` fills it once the forms are written."""
    return issue.book.add_worksheet(ANSWER_SHEET)


def write_answers(issue: Issue, sheet: Worksheet, about: str, submission: str) -> None:
    """List the questions by severity. ``about``: a line that describes ``submission``, the one they are about."""
    get_style = issue.styles.get
    sheet.hide_gridlines(2)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(len(_WIDTHS), len(_WIDTHS) + len(ANSWER_KEYS), 12, None, {"hidden": True})
    sheet.merge_range(0, 0, 0, len(_WIDTHS) - 1, "审核问题与说明", get_style("guide_title"))
    sheet.set_row(0, 32)
    line = 1
    for text in (about, *_method(issue)):
        sheet.merge_range(line, 0, line, len(_WIDTHS) - 1, text, get_style("guide_text"))
        sheet.set_row(line, 15 * -(-display_width(text) // (sum(_WIDTHS) - 4)) + 3)
        line += 1
    for column, text in enumerate((*_HEADS, *ANSWER_KEYS.values(), ANSWERED)):
        sheet.write_string(line, column, text, get_style("header"))
    sheet.set_row(line, 24)
    header = line
    sheet.write_string(header + 1, len(_WIDTHS) + len(ANSWER_KEYS), submission, get_style("plain"))
    for serial, number in enumerate(_order_questions(issue.marks.questions), start=1):
        line += 1
        _write_question(issue, sheet, line, serial, number)
    sheet.freeze_panes(header + 1, 0)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, line, len(_WIDTHS) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:Z{line + 1}"})
    set_print(issue, sheet, ANSWER_SHEET)
    sheet.protect("", PROTECTION)


def _method(issue: Issue) -> list[str]:
    questions = issue.marks.questions
    counts = {s: sum(q.severity == s for q in questions) for s in ("critical", "warning")}
    asked = [f"{labels.SEVERITY[s]}问题 {n} 处" for s, n in counts.items() if n]
    colours = "红色为强制性，须改正；黄色为核实性，数字有误的请改正，属实的请说明；蓝色为提示"
    texts = [
        f"共有{'，'.join(asked)}。有问题的单元格已着色（{colours}），将鼠标移到格上可以看到具体问题和处理办法；整栏、错行等整块的问题只在首格着色。",
        f"数字直接在各表中改正；属实的，在下表“{ANSWER_BOX}”一栏写明原因。改好后保存，重新报送整个工作簿，不必另行来电。",
    ]
    if any(q.finding["draft"] for q in questions):
        texts.append(
            f"以“{DRAFT_MARK}”开头的是上年同一问题的说明，供参考；"
            f"今年仍属实的，请删去“{DRAFT_MARK}”几字并按今年情况修改，不删去的不作为说明。"
        )
    return texts


def _order_questions(questions: list[Question]) -> list[int]:
    """The numbers of the critical questions and warnings, in this order."""
    numbers = [n for n, q in enumerate(questions) if q.severity != "info"]
    return sorted(numbers, key=lambda n: SEVERITIES.index(questions[n].severity))


def _write_question(issue: Issue, sheet: Worksheet, line: int, serial: int, number: int) -> None:
    get_style, question = issue.styles.get, issue.marks.questions[number]
    finding = question.finding
    where, cell = issue.marks.shown_cells.get(number, (finding["sheet"] or "", ""))
    problem = question.sentence + (f"。{finding['likely']}" if finding["likely"] else "")
    texts = (problem, question.fix, write_opinion(question.finding))
    sheet.write_number(line, 0, serial, get_style("guide_centre"))
    sheet.write_string(line, 1, labels.SEVERITY[question.severity], get_style(f"asked_{question.severity}"))
    sheet.write_string(line, 2, where, get_style("guide_cell"))
    if cell:
        sheet.write_url(line, 3, f"internal:'{where}'!{cell}", get_style("guide_link"), cell)
    else:
        sheet.write_string(line, 3, "", get_style("guide_centre"))
    for column, text in enumerate(texts, start=4):
        sheet.write_string(line, column, text, get_style("guide_cell"))
    if question.severity == "critical":
        sheet.write_string(line, 7, LAID_OUT if question.is_laid_out else NO_BOX, get_style("closed_box"))
    else:
        sheet.write_string(line, 7, _box(question), get_style("answer_box"))
        for column, key in enumerate(ANSWER_KEYS, start=len(_WIDTHS)):
            sheet.write_string(line, column, finding[key] or "", get_style("plain"))
    filled = zip((where, "", *texts, _box(question)), _WIDTHS[2:], strict=True)
    needed = max(-(-display_width(text) // (width - 3)) for text, width in filled)
    sheet.set_row(line, 14 * max(needed, 1) + 6)


def write_opinion(finding: Mapping[str, Any]) -> str:
    """The office's opinion on a question: the state of its explanation, or that it is asked again."""
    if finding["finding_status"] == "explained":
        return "已收到说明，待审核"
    if finding["reason"]:
        return f"说明未获认可：{finding['reason']}（原说明：{finding['text']}）"
    if finding["had_explanation"]:
        return "数值有变动，原说明不再有效"
    return "该问题曾消失，本次再次出现。" if finding["finding_status"] == "reopened" else ""


def _box(question: Question) -> str:
    finding = question.finding
    if finding["finding_status"] == "explained":
        return str(finding["text"])
    return f"{DRAFT_MARK}{finding['draft']}" if finding["draft"] and not finding["reason"] else ""
