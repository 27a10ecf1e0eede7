"""Lines of 审核 for the rules generated from the catalogue: required, range, whole, dates, rows, totals.

Blank cells have one line per form, so that the clerk sees what is left to fill in; every other rule has one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from expectations.frames.form_frame import additive_fields
from expectations.live_audit.form_rows import FieldCheck, FormRows, list_form_rows, tally_fields
from expectations.live_audit.grid import Grid, quote, test_missing, test_says_nothing
from expectations.live_audit.tally import BROKEN, HELD, NOT_ASKED, Line, Tally
from expectations.rulebook.rulebook import CheckName
from expectations.sheets.page import Issue
from expectations.verdicts.column_checks import FIRST_DATE_YEAR, is_key
from warehouse.catalogue.models import Field, Form
from warehouse.expression.excel import UNKNOWN

_DAY_ONE = f"DATE({FIRST_DATE_YEAR},1,1)"


def list_column_lines(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> Iterator[Line]:
    """The lines, in the order of the rule book."""
    sheets = list_form_rows(issue, forms, grids)
    for name, check in _CHECKS.items():
        rule = issue.column_rules.get(name)
        if rule is None:
            continue
        found = [(sheet, check(sheet)) for sheet in sheets]
        found = [(sheet, tallies) for sheet, tallies in found if tallies]
        if name == "required":
            for sheet, tallies in found:
                yield Line(rule, sheet.form.number, rule.words, tallies)
        elif found:
            numbers = "、".join(sheet.form.number for sheet, _ in found) if len(found) < 3 else "各表"
            yield Line(rule, numbers, rule.words, [tally for _, tallies in found for tally in tallies])


def _check_required(sheet: FormRows, is_of_keys: bool = False) -> list[Tally]:
    asked = [f for f in sheet.fields if f.required and is_key(sheet.form, f) == is_of_keys]
    return tally_fields(sheet, (_look_for_blanks(sheet, field) for field in asked))


def _check_key_required(sheet: FormRows) -> list[Tally]:
    return _check_required(sheet, is_of_keys=True)


def _look_for_blanks(sheet: FormRows, field: Field) -> FieldCheck:
    reference = sheet.grid.reference(field.id)
    is_blank = f'IFERROR({reference}="",FALSE)'  # an error value is no blank cell
    return FieldCheck(sheet.test_concerned(field), f"IF({is_blank},{BROKEN},{HELD})", reference)


def _check_range(sheet: FormRows) -> list[Tally]:
    def check(field: Field) -> FieldCheck:
        value = sheet.grid.cells[field.id](sheet.grid.reference(field.id)).value
        low = [f"({value}<{field.low:.15g})"] if field.low is not None else []
        high = [f"({value}>{field.high:.15g})"] if field.high is not None else []
        return _look_at_numbers(sheet, field, f"{'+'.join(low + high)}>0")

    return tally_fields(
        sheet, (check(f) for f in sheet.fields if f.is_numeric and not f.low is f.high is None)
    )


def _check_whole(sheet: FormRows) -> list[Tally]:
    asked = (f for f in sheet.fields if f.type in ("count", "rank", "year"))
    references = ((f, sheet.grid.reference(f.id)) for f in asked)
    return tally_fields(
        sheet,
        (_look_at_numbers(sheet, f, f"{reference}<>ROUND({reference},0)") for f, reference in references),
    )


def _check_date(sheet: FormRows) -> list[Tally]:
    end = f"DATE({sheet.issue.year + 1},1,1)"
    references = ((f, sheet.grid.reference(f.id)) for f in sheet.fields if f.type == "date")
    return tally_fields(
        sheet, (_look_at_numbers(sheet, f, f"({p}<{_DAY_ONE})+({p}>={end})>0") for f, p in references)
    )


def _look_at_numbers(sheet: FormRows, field: Field, breaks: str) -> FieldCheck:
    """A check of numbers; a cell with anything else is not evaluated."""
    reference = sheet.grid.reference(field.id)
    answer = f"IF(ISNUMBER({reference}),IF({breaks},{BROKEN},{HELD}),{UNKNOWN})"
    return FieldCheck(sheet.test_concerned(field), answer, reference)


def _check_unique(sheet: FormRows) -> list[Tally]:
    if not sheet.form.is_roster:
        return []
    org = next((i for i, c in enumerate(sheet.rows.columns, start=1) if c.role == "roster_org"), None)
    keys = [name for name in sheet.form.key if name != "org_code"]
    references = [sheet.grid.reference(name) for name in keys]
    listed_under = [sheet.grid.column(org)] if org is not None and "org_code" in sheet.form.key else []
    key = f"""IFERROR({'&"|"&'.join([*listed_under, *references])},"")"""
    is_whole = f"IFERROR({'*'.join(f'(1-{test_missing(reference)})' for reference in references)},0)"
    one = f"IF({sheet.listed},{is_whole},0)"
    many = f"MMULT(--(TRANSPOSE({key})={key}),{one})>1"
    answer = f"IF({is_whole},IF({many},{BROKEN},{HELD}),{UNKNOWN})"
    return tally_fields(sheet, [FieldCheck(sheet.listed, answer, references[0])])


def _check_unit_rows(sheet: FormRows) -> list[Tally]:
    """Counts the rows without a unit; the night names the unit that is missing."""
    if sheet.form.is_roster:
        return []
    answers = f"IFERROR(IF({sheet.listed},{HELD},{BROKEN}),{BROKEN})"
    return [Tally(sheet.form.number, sheet.grid, [answers])]


def _check_roster_rows(sheet: FormRows) -> list[Tally]:
    """Each row listed holds; a sheet that lists nothing and does not say 无 is broken once."""
    if not sheet.form.is_roster:
        return []
    nothing = test_says_nothing(sheet.issue, sheet.form, sheet.grid)
    is_silent = f"SUM(IF({sheet.listed},1,0)+IF({nothing},1,0))=0"
    answers = f"IF({is_silent},{BROKEN},IF({sheet.listed},{HELD},{NOT_ASKED}))"
    return [Tally(sheet.form.number, sheet.grid, [answers])]


def _check_total(sheet: FormRows) -> list[Tally]:
    """The 合计 row against the sum of its rows; evaluated where a number was reported and every cell can be read."""
    rule = sheet.issue.column_rules["sheet"]
    line = sheet.grid.last + 2  # below the thin line
    label = sheet.issue.catalogue.settings.words.total_row[0]

    def answer(field: Field) -> str:
        reference, scale = sheet.grid.reference(field.id), field.entry_scale
        total = f"INDEX({sheet.grid.area},{line},{sheet.grid.columns[field.id]})"
        unreadable = f"SUM(IF({sheet.listed},IF(ISNUMBER({reference})+{test_missing(reference)}>0,0,1),0))"
        given = f"SUM(IF({sheet.listed},IF(ISNUMBER({reference}),1,0),0))"
        summed = f"SUM(IF({sheet.listed},IF(ISNUMBER({reference}),{reference},0),0))"
        gap = f"ABS({total}-{summed}){f'*{scale:.15g}' if scale != 1 else ''}"
        is_known = f"({given}>0)*ISNUMBER({total})*({unreadable}=0)"
        return f"IFERROR(IF({is_known},IF({gap}<={rule.tolerance},{HELD},{BROKEN}),{UNKNOWN}),{UNKNOWN})"

    fields = (field for field in additive_fields(sheet.form) if field.id in sheet.grid.columns)
    answers = [answer(field) for field in fields]
    return [Tally(sheet.form.number, sheet.grid, answers, str(line), quote(label))] if answers else []


def _check_township_total(sheet: FormRows) -> list[Tally]:
    """Rows 某镇小计 that a clerk inserts among the villages, against the rows of that township."""
    rule = sheet.issue.column_rules["township"]
    columns = {c.role: i for i, c in enumerate(sheet.rows.columns, start=1)}
    if "parent_name" not in columns or sheet.form.is_roster:
        return []
    parents = sheet.grid.column(columns["parent_name"])
    suffix = sheet.issue.catalogue.settings.words.subtotal_suffix[0]
    names, ending = sheet.grid.column(sheet.rows.name_column + 1), quote(suffix)
    own = f'SUBSTITUTE({names},{ending},"")'
    is_total = f"(RIGHT({names},{len(suffix)})={ending})"

    below = f"((TRANSPOSE({parents})={own})+(TRANSPOSE({names})={own})>0)"

    def check(field: Field) -> FieldCheck:
        reference = sheet.grid.reference(field.id)
        summed = f"SUMIF({parents},{own},{reference})+SUMIF({names},{own},{reference})"
        given = "+".join(f'COUNTIFS({of},{own},{reference},">-1E300")' for of in (parents, names))
        unreadable = f"IF(ISNUMBER({reference})+{test_missing(reference)}>0,0,1)"
        is_known = (
            f"IF(SUM({unreadable})=0,1,MMULT(--{below},{unreadable})=0)*({given}>0)*ISNUMBER({reference})"
        )
        scale = field.entry_scale
        breaks = f"ABS({reference}-({summed})){f'*{scale:.15g}' if scale != 1 else ''}>{rule.tolerance}"
        return FieldCheck(is_total, f"IF({is_known},IF({breaks},{BROKEN},{HELD}),{UNKNOWN})", reference)

    asked = (f for f in additive_fields(sheet.form) if f.id in sheet.grid.columns)
    has_none = f"COUNTIF({names},{quote('*' + suffix)})=0"  # there rarely is one, and they are slow
    return [
        replace(tally, answers=[f"IF({has_none},{NOT_ASKED},{each})" for each in tally.answers])
        for tally in tally_fields(sheet, map(check, asked))
    ]


_CHECKS: dict[CheckName, Callable[[FormRows], list[Tally]]] = {
    "required": _check_required,
    "key_required": _check_key_required,
    "range": _check_range,
    "whole": _check_whole,
    "date": _check_date,
    "unique": _check_unique,
    "unit_rows": _check_unit_rows,
    "roster_rows": _check_roster_rows,
    "sheet": _check_total,
    "township": _check_township_total,
}
