"""Writes 审核, the sheet that tells the clerk while typing which rules are broken, where first, and what to do.

Array formulas over each form's columns. Every reference goes through INDEX into the sheet's whole rectangle: cutting
and pasting input cells moves what is inside it and never the rectangle, so that no formula can become #REF!.
A row is evaluated only where all its cells hold an answer, as in the night.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xlsxwriter.worksheet import Worksheet

from expectations.rulebook import Rule, statement
from expectations.workbook_layout import column_letter, display_width
from expectations.workbook_marks import SEVERITY_WORDS
from expectations.workbook_page import PROTECTION, Issue, Rows, set_print
from expectations.workbook_validation import entry_scale
from warehouse.catalogue.expression import Term
from warehouse.catalogue.models import Form
from warehouse.catalogue.workbook_texts import AUDIT_SHEET, NOT_ASKED, SERIAL

HEADS = (SERIAL, "表号", "审核关系", "性质", "结果", "不符处数", "首处", "处理办法", "编号")
_WIDTHS = (6, 10, 46, 8, 9, 9, 26, 44, 12)
_EVALUATED = len(HEADS)  # hidden column: how many rows could be evaluated
PASSED, BROKEN, NOT_EVALUATED = "通过", "不符", "未核对"
_MARGIN = 50  # the rectangle reaches beyond the rows: a roster may grow


@dataclass(frozen=True)
class _Line:
    """One line of the sheet: array formulas of rows broken, rows evaluated and the first broken row (0: none)."""

    form: Form
    words: str
    severity: str
    broken: str
    evaluated: str
    first: str
    fix: str
    rule: str


def add_audit(issue: Issue) -> Worksheet:
    """Add the empty sheet at this place of the workbook; it is written when the forms' places are known."""
    return issue.book.add_worksheet(AUDIT_SHEET)


def write_audit(issue: Issue, sheet: Worksheet, forms: list[Form]) -> None:
    """One line for every rule of a row, and one for the cells of each form that are still blank."""
    named = issue.styles.named
    lines = [line for form in forms if form.id in issue.rows for line in _lines(issue, form)]
    last = len(HEADS) - 1
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(_EVALUATED, _EVALUATED, 8, None, {"hidden": True})
    sheet.hide_gridlines(2)
    sheet.merge_range(0, 0, 0, last, "填报审核", named("guide_title"))
    sheet.set_row(0, 32)
    results = f"$E$5:$E${len(lines) + 4}"
    counted = "，".join(
        f'{word} "&COUNTIF({results},"{word}")&" 条' for word in (BROKEN, PASSED, NOT_EVALUATED)
    )
    sheet.merge_range(1, 0, 1, last, "", named("audit_sum"))
    sheet.write_formula(
        1, 0, f'="共 {len(lines)} 条审核关系：{counted}"', named("audit_sum"), "打开后自动计算"
    )
    sheet.set_row(1, 24)
    note = "填报时自动核对，改正后结果随之变化；表间、年度间的审核关系在报送后核对。“未核对”是有关格还没有填，或没有这种情况。"
    sheet.merge_range(2, 0, 2, last, note, named("guide_text"))
    for column, text in enumerate(HEADS):
        sheet.write_string(3, column, text, named("header"))
    sheet.set_row(3, 22)
    for serial, line in enumerate(lines, start=1):
        _write_line(issue, sheet, serial + 3, serial, line)
    for word, style in ((BROKEN, "breaks"), (NOT_EVALUATED, "waits"), (PASSED, "holds")):
        options = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": named(style)}
        sheet.conditional_format(4, 4, len(lines) + 3, 4, options)
    sheet.freeze_panes(4, 0)
    sheet.repeat_rows(3)
    sheet.print_area(0, 0, len(lines) + 3, last)
    sheet.autofilter(3, 0, len(lines) + 3, last)
    set_print(issue, sheet, AUDIT_SHEET)
    sheet.protect("", {**PROTECTION, "autofilter": True})


def _write_line(issue: Issue, sheet: Worksheet, row: int, serial: int, line: _Line) -> None:
    named, at = issue.styles.named, row + 1
    name = _rectangle(issue.rows[line.form.id])
    sheet.write_number(row, 0, serial, named("guide_centre"))
    sheet.write_string(row, 1, line.form.number, named("guide_centre"))
    sheet.write_string(row, 2, line.words, named("guide_cell"))
    sheet.write_string(row, 3, SEVERITY_WORDS[line.severity], named("guide_centre"))
    verdict = f'=IF($F{at}>0,"{BROKEN}",IF($J{at}=0,"{NOT_EVALUATED}","{PASSED}"))'
    sheet.write_formula(row, 4, verdict, named("guide_centre"), NOT_EVALUATED)
    sheet.write_array_formula(row, 5, row, 5, f"{{={line.broken}}}", named("guide_centre"), 0)
    label = issue.rows[line.form.id].name_column + 1
    first = f'IF($F{at}=0,"","第"&{line.first}&"行 "&INDEX({name},{line.first},{label}))'
    sheet.write_array_formula(row, 6, row, 6, f"{{={first}}}", named("guide_cell"), "")
    sheet.write_string(row, 7, line.fix, named("guide_cell"))
    sheet.write_string(row, 8, line.rule, named("audit_rule"))
    sheet.write_array_formula(row, _EVALUATED, row, _EVALUATED, f"{{={line.evaluated}}}", named("plain"), 0)
    texts = zip((line.words, line.fix), (_WIDTHS[2], _WIDTHS[7]), strict=True)
    sheet.set_row(row, 14 * max(-(-display_width(text) // (width - 3)) for text, width in texts) + 6)


def _lines(issue: Issue, form: Form) -> list[_Line]:
    rows = issue.rows[form.id]
    fields = {c.field.id: i for i, c in enumerate(rows.columns) if c.role == "field" and c.field is not None}
    code = next((i for i, c in enumerate(rows.columns) if c.role == "org_code"), None)
    lines = []
    for rule in issue.live_checks:
        asks_level = bool(rule.levels) or any(term.name == "org_level" for term in rule.terms)
        if (
            form.id in rule.forms
            and set(rule.operands) <= fields.keys()
            and not (asks_level and code is None)
        ):
            lines.append(_rule_line(issue, form, rule, fields, code))
    if not form.is_roster:
        lines += _blank_line(issue, form, rows, fields)
    return lines


def _rule_line(issue: Issue, form: Form, rule: Rule, fields: dict[str, int], code: int | None) -> _Line:
    rows, words = issue.rows[form.id], issue.catalogue.settings.words
    level = _level(_column(rows, code)) if code is not None else '""'

    def cell(term: Term) -> str:
        if term.name == "year":
            return str(issue.year)
        if term.name == "org_level":
            return level
        field, place = form.field(term.name), _column(rows, fields[term.name])
        if field.type == "boolean":
            return f'({place}="{words.yes[0]}")'
        scale = entry_scale(field)
        return place if scale == 1 else f"({place}*{scale:.15g})"

    def answered(names: Iterable[str]) -> str:
        """Whether all these fields of a row hold an answer."""
        tests = [
            test for name in names if name in fields for test in _answered(form, rows, fields, name, issue)
        ]
        return "*".join(tests) or "1"

    parts = []
    for part in rule.parsed.conjuncts:
        breaks = f"IF({part.excel(cell, rule.tolerance, over_ranges=True)},0,1)"
        # A division by zero leaves the rule not evaluated, as in the night.
        breaks = f"IFERROR({breaks},0)" if "/" in part.text else breaks
        parts.append(f"IF({answered(sorted(part.names))},{breaks},0)")
    broken = parts[0] if len(parts) == 1 else f"IF({'+'.join(parts)}>0,1,0)"
    known = answered(dict.fromkeys(term.name for term in rule.parsed.terms))
    if "/" in (rule.expression or ""):
        known = f"{known}*IF(ISERROR({rule.parsed.excel(cell, over_ranges=True)}),0,1)"
    evaluated = f"IF({known},1,{broken if len(parts) > 1 else 0})"
    tests = ["(" + "+".join(f'({level}="{name}")' for name in rule.levels) + ">0)"] if rule.levels else []
    if rule.condition is not None:
        condition = rule.condition.excel(cell, over_ranges=True)
        condition = f"IFERROR({condition},FALSE)" if "/" in (rule.when or "") else condition
        tests.append(f"IF({answered(sorted(rule.condition.names))},IF({condition},1,0),0)")
    if tests:
        broken, evaluated = (f"IF({'*'.join(tests)},{formula},0)" for formula in (broken, evaluated))
    place = _column(rows, fields[rule.operands[0]])
    return _Line(
        form,
        statement(rule, issue.catalogue, form.id),
        rule.severity,
        f"SUM({broken})",
        f"SUM({evaluated})",
        f"MIN(IF({broken}=1,ROW({place}),1E6))",
        rule.fix,
        rule.id,
    )


def _answered(form: Form, rows: Rows, fields: dict[str, int], name: str, issue: Issue) -> list[str]:
    """Tests, one factor each, that the cells of a field hold an answer."""
    place = _column(rows, fields[name])
    if form.field(name).is_numeric:
        return [f"ISNUMBER({place})"]
    not_applicable = issue.catalogue.settings.words.not_applicable[0]
    return [f'({place}<>"{text}")' for text in ("", not_applicable, NOT_ASKED)]


def _blank_line(issue: Issue, form: Form, rows: Rows, fields: dict[str, int]) -> list[_Line]:
    """Cells that are to be filled in and are blank, all fields of the form together."""
    places = [_column(rows, fields[f.id]) for f in form.fields if f.required and f.id in fields]
    rule = issue.required
    if rule is None or not places:
        return []
    blank = "+".join(f'({place}="")' for place in places)
    given = "+".join(f'({place}<>"")' for place in places)
    return [
        _Line(
            form,
            rule.words,
            rule.severity,
            f"SUM({blank})",
            f"SUM({given})",
            f"MIN(IF({blank}>0,ROW({places[0]}),1E6))",
            rule.fix,
            rule.id,
        )
    ]


def _rectangle(rows: Rows) -> str:
    return f"'{rows.sheet}'!$A$1:${column_letter(len(rows.columns))}${rows.last + _MARGIN}"


def _column(rows: Rows, index: int) -> str:
    """The cells of a column in the form's rows, as a reference that no cut and paste can break."""
    whole = _rectangle(rows)
    return f"INDEX({whole},{rows.first + 1},{index + 1}):INDEX({whole},{rows.last + 1},{index + 1})"


def _level(code: str) -> str:
    upper = f'IF(RIGHT({code},2)="00","city","county")'
    return f'IF(LEN({code})=12,"village",IF(LEN({code})=9,"township",{upper}))'
