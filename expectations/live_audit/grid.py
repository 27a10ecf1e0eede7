"""References of a form's cells in the formulas of 审核, and tests of its rows as formulas.

Every reference is an INDEX into a named rectangle from A1 to beyond the table. Cutting and pasting input cells moves the
contents and never the rectangle, so no formula becomes #REF! or starts to read other cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from expectations.rulebook.rulebook import Rule
from expectations.sheets.page import Issue, Rows
from warehouse.catalogue.models import Field, Form
from warehouse.expression.expression import Cell, Term
from warehouse.registry.levels import Level
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import NOT_ASKED

_MARGIN = 50  # lines that the rectangle reaches beyond the table: its edge is never cut
NOT_APPLICABLE = "words_not_applicable"  # a name of the workbook, so that formulas stay short
_LENGTHS: dict[Level, int] = {"city": 6, "county": 6, "township": 9, "village": 12}


@dataclass(frozen=True)
class Grid:
    """A table of a workbook: the name of its rectangle, its first and last line, the column of each name; all from 1.

    ``code``: the column of org unit codes (None: every row belongs to the reporting unit). ``here``: a reference is one
    cell, in the line of the formula, instead of the whole column.
    """

    area: str
    first: int
    last: int
    columns: Mapping[str, int]
    cells: Mapping[str, Callable[[str], Cell]]
    code: int | None
    levels: tuple[Level, ...]
    year: int
    here: bool = False

    def column(self, index: int) -> str:
        """The reference of a column's cells."""
        if self.here:
            return f"INDEX({self.area},ROW(),{index})"
        return f"INDEX({self.area},{self.first},{index}):INDEX({self.area},{self.last},{index})"

    def reference(self, name: str) -> str:
        """The reference of the cells of a field or measure."""
        return self.column(self.columns[name])

    def cell(self, term: Term) -> Cell:
        """The value of a rule's term as a formula, and the test that it is known."""
        if term.name == "year":
            return Cell(str(self.year))
        if term.name == "org_level":
            return Cell(self._level())
        return self.cells[term.name](self.reference(term.name))

    def guard_missing_cells(self, formula: str, otherwise: str) -> str:
        """``formula``, or ``otherwise`` where the sheet was deleted, which leaves the name of its rectangle undefined."""
        return f"IF(ISERROR(ROWS({self.area})),{otherwise},{formula})"

    def line_value(self, index: int) -> str:
        """A cell of the column in the line that the placeholder ``{line}`` will name."""
        return f"INDEX({self.area},{{line}},{index})"

    def code_column(self) -> str:
        """The reference of the org unit codes."""
        assert self.code is not None, "asked only of tables of org units"
        return self.column(self.code)

    def test_level(self, levels: Iterable[Level] | None) -> str:
        """A test that a row's unit is at one of ``levels`` (None: at any), by the length of its code."""
        if self.code is None:
            return "1"
        wanted = {_LENGTHS[level] for level in self.levels if levels is None or level in levels}
        if wanted == {_LENGTHS[level] for level in self.levels}:
            return f'({self.code_column()}<>"")'
        return f"({'+'.join(f'(LEN({self.code_column()})={n})' for n in sorted(wanted))}>0)"

    def _level(self) -> str:
        if self.code is None or len(self.levels) == 1:
            return f'"{self.levels[0]}"'
        upper = next((level for level in self.levels if _LENGTHS[level] == 6), "county")  # a workbook has one
        code = self.code_column()
        return f'IF(LEN({code})=12,"village",IF(LEN({code})=9,"township","{upper}"))'


def define_words(issue: Issue) -> None:
    """Name the ways to write 不适用, for the formulas of all grids."""
    words = dict.fromkeys((*issue.catalogue.settings.words.not_applicable, NOT_ASKED))
    issue.book.define_name(NOT_APPLICABLE, f"={{{','.join(map(quote, words))}}}")


def name_area(issue: Issue, key: str, rows: Rows) -> str:
    """Name the rectangle of a sheet; ``key`` is a form's id."""
    name = f"area_{key}"
    corner = f"${column_letter(len(rows.columns) - 1)}${rows.last + 1 + _MARGIN}"
    issue.book.define_name(name, f"='{rows.sheet}'!$A$1:{corner}")
    return name


def form_grid(issue: Issue, form: Form, rows: Rows, area: str | None = None) -> Grid:
    """The rows of a form. ``area``: the name of their rectangle; None: a formula in the same sheet, for its own line."""
    columns = {
        c.field.id: i
        for i, c in enumerate(rows.columns, start=1)
        if c.role == "field" and c.field is not None
    }
    code = next((i for i, c in enumerate(rows.columns, start=1) if c.role == "org_code"), None)
    here = f"$A$1:${column_letter(len(rows.columns) - 1)}${rows.last + 1 + _MARGIN}"
    return Grid(
        area=area or here,
        first=rows.first + 1,
        last=rows.last + 1,
        columns=columns,
        cells={name: _make_cell_reader(issue, form.field(name)) for name in columns},
        code=code,
        levels=issue.catalogue.row_levels(form, issue.unit_level),
        year=issue.year,
        here=area is None,
    )


def rule_levels(rule: Rule, form: Form) -> tuple[Level, ...]:
    """The levels of the rows that a row rule checks: its own, else those that are asked for all its fields."""
    asked = [set(form.levels_of(form.field(name))) for name in rule.operands]
    return rule.levels or tuple(level for level in form.levels if all(level in levels for levels in asked))


def describe_line(grid: Grid, rows: Rows) -> str:
    """A formula for the text 第17行 彭李街道; its placeholder ``{line}`` will name the line."""
    return f'"第"&{{line}}&"行 "&{grid.line_value(rows.name_column + 1)}'


def quote(text: str) -> str:
    """A text as a literal of a formula."""
    return '"' + text.replace('"', '""') + '"'


def test_not_applicable(reference: str) -> str:
    """A test that a cell says 不适用, in one way or another."""
    return f"ISNUMBER(MATCH({reference},{NOT_APPLICABLE},0))"


def test_missing(reference: str) -> str:
    """A test that a cell is blank or says 不适用."""
    return f'(({reference}="")+{test_not_applicable(reference)}>0)'


def _make_cell_reader(issue: Issue, field: Field) -> Callable[[str], Cell]:
    """Reference of a cell of ``field`` -> its answer: a number, one of a list, or any text."""
    words = issue.catalogue.settings.words
    if field.is_numeric:
        scale = field.entry_scale

        def read_number(reference: str) -> Cell:
            value = reference if scale == 1 else f"({reference}*{scale:.15g})"
            return Cell(value, f"ISNUMBER({reference})")

        return read_number
    if field.type == "boolean":
        yes, no = quote(words.yes[0]), quote(words.no[0])
        return lambda p: Cell(f"IF({p}={yes},1,0)", f"(({p}={yes})+({p}={no})>0)")
    if field.type == "code":
        labels = ",".join(map(quote, issue.catalogue.code_lists[field.codes or ""].labels))
        return lambda p: Cell(p, f"ISNUMBER(MATCH({p},{{{labels}}},0))")
    if field.type == "date":  # any other text is no date, and nothing is known of it
        return lambda p: Cell(p, f"ISNUMBER({p})")
    return lambda p: Cell(p, f"(1-{test_missing(p)})")


def test_listed(issue: Issue, form: Form, rows: Rows, grid: Grid) -> str:
    """A test of the rows that are checked: those with a unit's code; in a roster, those that list something."""
    if not form.is_roster:
        return grid.test_level(None)
    tests = [test_lists_something(issue, form, grid)]
    org = next((i for i, c in enumerate(rows.columns, start=1) if c.role == "roster_org"), None)
    if org is not None and rows.orgs:
        tests.append(f"ISNUMBER(MATCH({grid.column(org)},{rows.orgs},0))")
    return "*".join(tests)


def test_lists_something(issue: Issue, form: Form, grid: Grid) -> str:
    """A test of a roster's rows that hold anything but 无; an error value counts as content."""
    filled = "+".join(f'IFERROR(--({grid.reference(name)}<>""),1)' for name in grid.columns)
    return f"({filled}-{test_says_nothing(issue, form, grid)}>0)"


def test_says_nothing(issue: Issue, form: Form, grid: Grid) -> str:
    """A test of a roster's rows that say 无."""
    words = ",".join(map(quote, issue.catalogue.settings.words.nothing_to_list))
    return f"ISNUMBER(MATCH({grid.reference(form.item_field or '')},{{{words}}},0))"
