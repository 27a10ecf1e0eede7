"""Writes 表间汇总: every measure that cross-form rules read, at every unit they check.

Array formulas make the sums that :mod:`expectations.frames.unit_frame` makes at night: a unit's measure is the sum of what
is reported for it and for the units below it, whose codes begin with its own; there is none while one of the cells is
blank or cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.live_audit.grid import Grid, name_area, test_listed, test_not_applicable, test_says_nothing
from expectations.rulebook.rulebook import Rule
from expectations.sheets.layout import Column, unit_rows
from expectations.sheets.page import Issue, Rows, set_print
from warehouse.catalogue.models import Form, Measure
from warehouse.expression.expression import Cell, Term, parse
from warehouse.registry.levels import LEVELS, Level
from warehouse.words.number_words import NOT_APPLICABLE, NOT_REPORTED
from warehouse.words.workbook_texts import SUMS_SHEET

_HEAD, _CODE, _NAME = 2, 1, 2  # line of the heads (from 0), columns of code and name (from 1)
_PAGE = 12  # measures on a printed page
_GAP = 1_000_000  # the weight of a cell that is still unanswered; no column has so many rows


@dataclass(frozen=True)
class _Units:
    """The org units of the sheet: the references of their codes and names, including one blank line below."""

    codes: str
    names: str


def can_sum(rule: Rule, issue: Issue, grids: Mapping[str, Grid]) -> bool:
    """Whether this workbook has everything that a unit rule reads."""
    measures = [issue.catalogue.measures[name] for name in rule.operands]
    return all(term.function is None for term in rule.terms) and all(
        m.form in grids and (set(grids[m.form].columns) >= _list_fields(m)) for m in measures
    )


def _list_fields(measure: Measure) -> set[str]:
    if measure.where is None:
        return {measure.id}
    return set(parse(measure.where).names) - {"org_level"}


def write_sums(issue: Issue, rules: Iterable[Rule], grids: Mapping[str, Grid]) -> tuple[Grid, Rows] | None:
    """Add the sheet that ``rules`` (unit rules) need. Returns its grid and rows; None where they need none."""
    rules = list(rules)
    names = sorted(
        {name for rule in rules for name in rule.operands},
        key=list(issue.catalogue.measures).index,
    )
    measures = [issue.catalogue.measures[name] for name in names]
    counted = {level for m in measures if issue.catalogue.forms[m.form].is_roster for level in m.levels}
    levels = tuple(lv for lv in LEVELS if lv in counted.union(*(rule.levels or () for rule in rules)))
    units = unit_rows(issue.catalogue, issue.unit_code, levels, issue.year)
    if not measures or units.is_empty():
        return None
    sheet = issue.book.add_worksheet(SUMS_SHEET)
    first, last = _HEAD + 1, _HEAD + units.height
    columns = (
        Column("org_code", "单位代码", "", 14.0),
        Column("org_name", "单位名称", "", 22.0),
        *(Column("field", m.label, "", 13.0) for m in measures),
    )
    rows = Rows(SUMS_SHEET, columns, first, last, _NAME - 1)
    area = name_area(issue, "sums", rows)
    _write_heads(issue, columns, measures, units, sheet)
    below = f":INDEX({area},{last + 2},"  # with the blank line below: never a single cell
    of = _Units(f"INDEX({area},{first + 1},1){below}1)", f"INDEX({area},{first + 1},2){below}2)")
    for index, measure in enumerate(measures, start=_NAME):
        form = issue.catalogue.forms[measure.form]
        # A deleted sheet and cells with an error value have no sum.
        formula = f'IFERROR({_format_sum(issue, measure, form, grids[form.id], of)},"{NOT_REPORTED}")'
        look = issue.styles.get_for_value("sum", "cny" if measure.unit == "元" else "count")
        sheet.write_array_formula(first, index, last, index, f"{{={formula}}}", look, "")
        for line in range(first + 1, last + 1):  # else they would show 0 until they are computed
            sheet.write_blank(line, index, None, look)
    set_print(issue, sheet, SUMS_SHEET)
    sheet.fit_to_pages(-(-len(measures) // _PAGE), 0)
    sheet.repeat_columns(0, _NAME - 1)
    sheet.freeze_panes(first, _NAME)
    sheet.protect("")
    grid = Grid(
        area=area,
        first=first + 1,
        last=last + 1,
        columns={name: index for index, name in enumerate(names, start=_NAME + 1)},
        cells=dict.fromkeys(names, lambda reference: Cell(reference, f"ISNUMBER({reference})")),
        code=_CODE,
        levels=tuple(level for level in LEVELS if level in set(units["level"])),
        year=issue.year,
    )
    return grid, rows


def _write_heads(
    issue: Issue, columns: tuple[Column, ...], measures: list[Measure], units: pl.DataFrame, sheet: Worksheet
) -> None:
    get_style = issue.styles.get
    width = min(len(columns), _NAME + _PAGE) - 1
    sheet.merge_range(0, 0, 0, width, SUMS_SHEET, get_style("guide_title"))
    sheet.set_row(0, 32)
    note = f"表间审核关系所比较的各单位汇总数（含下级），自动计算。“{NOT_REPORTED}”为有关格尚未填报，“{NOT_APPLICABLE}”为不适用。"
    sheet.merge_range(1, 0, 1, width, note, get_style("hint"))
    for index, column in enumerate(columns):
        number = issue.catalogue.forms[measures[index - _NAME].form].number if index >= _NAME else ""
        sheet.write_string(_HEAD, index, f"{number}\n{column.label}".strip(), get_style("header"))
        sheet.set_column(index, index, column.width)
    sheet.set_row(_HEAD, 62)
    for line, unit in enumerate(units.iter_rows(named=True), start=_HEAD + 1):
        sheet.write_string(line, 0, unit["org_code"], get_style("code"))
        sheet.write_string(line, 1, unit["name"], get_style("name"))


def _format_sum(issue: Issue, measure: Measure, form: Form, grid: Grid, units: _Units) -> str:
    if form.is_roster:
        return _count_roster_rows(issue, measure, form, grid, units)
    grid = replace(grid, last=grid.last + 1)  # with the blank line below: never a single cell
    asked = grid.test_level(_list_summed_levels(measure, grid))
    if measure.where is None:
        reference = grid.reference(measure.id)
        cell = grid.cells[measure.id](reference)
        state = f"IF({cell.known},1,IF({test_not_applicable(reference)},0,{_GAP}))"
        value = f"IF({cell.known},{cell.value},0)"
    else:
        truth = parse(measure.where).excel(grid.cell)
        cells = [(grid.reference(name), grid.cells[name]) for name in sorted(_list_fields(measure))]
        gaps = "+".join(f"(1-{read(p).known})*(1-{test_not_applicable(p)})" for p, read in cells)
        # A condition that cannot be answered because a field does not apply does not apply either.
        unknown = f"IF({gaps}>0,{_GAP},0)" if gaps else "0"
        state = f"IF(({truth})*(1-({truth}))=0,1,{unknown})"
        value = f"IF(({truth})=1,1,0)"
    mask = f"--(LEFT(TRANSPOSE({grid.code_column()}),LEN({units.codes}))={units.codes})"
    known = f"MMULT({mask},IF({asked},{state},0))"
    summed = f"MMULT({mask},IF({asked},{value},0))"
    return f'IF({known}=0,"{NOT_APPLICABLE}",IF({known}<{_GAP},{summed},"{NOT_REPORTED}"))'


def _list_summed_levels(measure: Measure, grid: Grid) -> tuple[Level, ...]:
    return tuple(level for level in grid.levels if level in measure.levels)


def _count_roster_rows(issue: Issue, measure: Measure, form: Form, grid: Grid, units: _Units) -> str:
    """The formula that counts a roster's rows by the unit's name and adds them up over the units below."""
    rows = issue.rows[form.id]
    listed = test_listed(issue, form, rows, grid)

    def cell(term: Term) -> Cell:
        """As :meth:`Grid.cell`, but an error value is no text, as at night."""
        found = grid.cell(term)
        is_text = term.name in grid.columns and form.field(term.name).type == "text"
        return Cell(found.value, f"IFERROR({found.known},0)") if is_text else found

    truth = parse(measure.where or "TRUE").excel(cell)
    counts = f"IFERROR(IF({listed},IF(({truth})=1,1,0),0),{_GAP})"  # an error value leaves its unit open
    org = next((i for i, c in enumerate(rows.columns, start=1) if c.role == "roster_org"), None)
    if org is None:
        own = f'IF({units.codes}="{issue.unit_code}",SUM({counts}),0)'
    else:
        own = f"MMULT(--(TRANSPOSE({grid.column(org)})={units.names}),{counts})"
    below = f"--(LEFT(TRANSPOSE({units.codes}),LEN({units.codes}))={units.codes})"
    is_answered = f"SUM(IF({listed},1,0)+IF({test_says_nothing(issue, form, grid)},1,0))>0"
    summed = f"MMULT({below},{own})"
    return f'IF({is_answered},IF({summed}<{_GAP},{summed},"{NOT_REPORTED}"),"{NOT_REPORTED}")'
