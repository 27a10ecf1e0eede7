"""Writes 填报说明, generated from the catalogue and the rule book: how to fill, what each field means, what is checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xlsxwriter.worksheet import Worksheet

from expectations.rulebook.rulebook import RuleBook
from expectations.sheets.layout import display_width
from expectations.sheets.page import PROTECTION, Issue, set_print
from expectations.sheets.validation import bounds
from expectations.workbook.sheet_rows import is_carried_over
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words import labels
from warehouse.words.day_words import day_words
from warehouse.words.number_words import NOT_APPLICABLE
from warehouse.words.templates import render_text
from warehouse.words.workbook_texts import GUIDE_SHEET, SERIAL

RuleLine = tuple[str, str, str]
"""表号, severity in Chinese, text."""

ALL_FORMS, ACROSS_FORMS = "各表", "跨表"

_WIDTHS = (6, 28, 10, 8, 40, 56)
_FIELD_HEADER = ("栏号", "指标名称", "计量单位", "时点/时期", "填报要求", "指标解释")


def list_rule_lines(
    rulebook: RuleBook | Sequence[RuleLine] | None, catalogue: Catalogue, unit_level: str, year: int
) -> list[RuleLine]:
    """The checks of a unit's workbook as lines of text, general ones first; ready-made lines stay as they are.

    Rules about unreadable cells and unusable files are left out: they explain themselves when they occur.
    """
    if rulebook is None:
        return []
    if not isinstance(rulebook, RuleBook):
        return list(rulebook)
    numbers = {form.id: form.number for form in catalogue.forms_of(unit_level, year)}
    lines: list[RuleLine] = []
    for rule in rulebook.rules.values():
        if not rule.is_in_force(year):
            continue
        severity = labels.SEVERITY[rule.severity]
        rows = "、".join(labels.LEVEL[level] for level in rule.levels or ())
        text = f"{rows}：{rule.words}" if rows else rule.words
        if rule.scope == "row":
            lines += [(numbers[form], severity, text) for form in rule.forms if form in numbers]
        elif rule.scope in ("column", "total"):
            lines.append((ALL_FORMS, severity, text))
        elif rule.scope == "unit" and any(
            (lv == "city") == (unit_level == "city") for lv in rule.levels or ()
        ):
            lines.append((ACROSS_FORMS, severity, text))
    order = [ALL_FORMS, *numbers.values(), ACROSS_FORMS]
    return sorted(lines, key=lambda line: order.index(line[0]))


def write_guide(issue: Issue, forms: list[Form], rules: list[RuleLine]) -> None:
    """Add 填报说明 for the forms of this workbook."""
    get_style, words = issue.styles.get, issue.catalogue.settings.words
    sheet = issue.book.add_worksheet(GUIDE_SHEET)
    sheet.hide_gridlines(2)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.merge_range(0, 0, 0, 5, GUIDE_SHEET, get_style("guide_title"))
    sheet.set_row(0, 32)
    line = 1
    if issue.is_sample:
        text = f"{words.sample_mark}（虚构，仅供演示，不得作为统计资料使用）"
        sheet.merge_range(line, 0, line, 5, text, get_style("sample"))
        line += 1
    line = _write_section(issue, sheet, line, "一、填报方法")
    for number, text in enumerate(_method(issue), start=1):
        line = _write_paragraph(issue, sheet, line, f"{number}. {text}")
    line = _write_section(issue, sheet, line + 1, "二、填报表目录")
    for form in forms:
        line = _write_paragraph(issue, sheet, line, f"{form.number}　{form.title}：{form.grain}。")
    line = _write_section(issue, sheet, line + 1, "三、指标解释")
    for form in forms:
        line = _write_fields(issue, sheet, line, form)
    if rules:
        line = _write_section(issue, sheet, line + 1, "四、审核关系")
        line = _write_paragraph(
            issue,
            sheet,
            line,
            "强制性的不成立，报表不能通过；核实性的不成立，请更正或者说明原因；提示性的仅供参考。",
        )
        for column, label in enumerate((SERIAL, "表号", "性质")):
            sheet.write_string(line, column, label, get_style("header"))
        sheet.merge_range(line, 3, line, 5, "审核关系", get_style("header"))
        for serial, (form_number, severity, text) in enumerate(rules, start=1):
            line += 1
            sheet.write_number(line, 0, serial, get_style("guide_centre"))
            sheet.write_string(line, 1, form_number, get_style("guide_centre"))
            sheet.write_string(line, 2, severity, get_style("guide_centre"))
            sheet.merge_range(line, 3, line, 5, text, get_style("guide_cell"))
            sheet.set_row(line, _height([(text, sum(_WIDTHS[3:]))]))
    set_print(issue, sheet, GUIDE_SHEET)
    sheet.protect("", PROTECTION)


def _method(issue: Issue) -> list[str]:
    settings = issue.catalogue.settings
    text = render_text(
        "expectations.workbook",
        "filling",
        year=issue.year,
        last_year=issue.year - 1,
        due=day_words(settings.deadline.due_date(issue.year)),
        words=settings.words,
        has_prior=issue.has_prior,
    )
    return text.splitlines()


def _write_fields(issue: Issue, sheet: Worksheet, line: int, form: Form) -> int:
    get_style = issue.styles.get
    title = f"{form.number}　{form.title}　{form.grain}"
    sheet.merge_range(line, 0, line, 5, title, get_style("guide_form"))
    sheet.set_row(line, 24)
    line += 1
    for column, text in enumerate(_FIELD_HEADER):
        sheet.write_string(line, column, text, get_style("header"))
    levels = issue.catalogue.row_levels(form, issue.unit_level)
    for number, field in enumerate(form.fields_at(levels, issue.year), start=1):
        line += 1
        label = f"{field.group}：{field.label}" if field.group else field.label
        ask = describe_requirement(issue.catalogue, form, field, levels, issue.year)
        sheet.write_number(line, 0, number, get_style("guide_centre"))
        sheet.write_string(line, 1, label, get_style("guide_cell"))
        sheet.write_string(line, 2, field.stated_unit or NOT_APPLICABLE, get_style("guide_centre"))
        sheet.write_string(
            line, 3, labels.KIND.get(field.kind or "", NOT_APPLICABLE), get_style("guide_centre")
        )
        sheet.write_string(line, 4, ask, get_style("guide_cell"))
        sheet.write_string(line, 5, field.meaning, get_style("guide_cell"))
        sheet.set_row(line, _height([(label, _WIDTHS[1]), (ask, _WIDTHS[4]), (field.meaning, _WIDTHS[5])]))
    line += 1
    remarks = list(form.notes)
    if form.is_roster and not is_carried_over(form):
        remarks.append("只填本年度新增的，以前年度已报的不再填。")
    elif form.is_roster:
        remarks.append("填报告年度末在册的全部，不只是本年新增的。")
    for text in remarks:
        line = _write_paragraph(issue, sheet, line, f"注：{text}")
    return line + 1


def describe_requirement(
    catalogue: Catalogue, form: Form, field: Field, levels: Iterable[str], year: int
) -> str:
    """What a field asks of the clerk, in words: 必填, by whom, from which list, within which bounds."""
    parts = ["必填" if field.required else "选填"]
    rows = list(levels)
    asked = [level for level in form.levels_of(field) if level in rows]
    if len(asked) < len(rows):
        parts.append(f"由{'、'.join(labels.LEVEL[level] for level in asked)}填报")
    low, high = bounds(field, year)
    if field.codes is not None:
        parts.append(f"从列表选择：{'、'.join(catalogue.code_lists[field.codes].labels)}")
    elif field.type == "boolean":
        parts.append(f"填“{catalogue.settings.words.yes[0]}”或“{catalogue.settings.words.no[0]}”")
    elif field.type == "date":
        parts.append(f"日期，如 {year}-06-30")
    elif field.is_numeric:
        kind = {"cny": "金额，可带2位小数", "year": "4位年份"}.get(field.type, "整数")
        both = low is not None and high is not None and field.type != "year"
        parts.append(f"{kind}，{low:,.15g}—{high:,.15g}" if both else kind)
    if field.id in form.key:
        parts.append("不得重复")
    return "；".join(parts)


def _write_section(issue: Issue, sheet: Worksheet, line: int, text: str) -> int:
    sheet.write_string(line, 0, text, issue.styles.get("guide_section"))
    sheet.set_row(line, 26)
    return line + 1


def _write_paragraph(issue: Issue, sheet: Worksheet, line: int, text: str) -> int:
    sheet.merge_range(line, 0, line, 5, text, issue.styles.get("guide_text"))
    sheet.set_row(line, _height([(text, sum(_WIDTHS))]))
    return line + 1


def _height(cells: Iterable[tuple[str, float]]) -> float:
    """Row height for wrapped texts at their column widths."""
    lines = max(-(-display_width(text) // max(int(width * 1.1) - 2, 1)) for text, width in cells)
    return 14.0 * lines + 4
