"""Which lines 审核 has: every rule that needs nothing but this workbook, row rules first, then those across forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from expectations.live_audit.declared_lines import list_column_lines
from expectations.live_audit.grid import (
    Grid,
    define_words,
    describe_line,
    form_grid,
    name_area,
    rule_levels,
    test_listed,
)
from expectations.live_audit.sums import can_sum, write_sums
from expectations.live_audit.tally import Line, rule_tally
from expectations.live_audit.unjudged import list_reading_lines
from expectations.rulebook.rulebook import Rule, state_demand
from expectations.sheets.page import Issue
from warehouse.catalogue.models import Form
from warehouse.words import labels


def list_audit_lines(issue: Issue, forms: Sequence[Form]) -> list[Line]:
    """The lines for the forms that are written already; adds 表间汇总 when rules across forms need it.

    The lines of what a workbook cannot judge come first, because the other lines say nothing about those cells.
    """
    define_words(issue)
    filled = [form for form in forms if form.id in issue.rows]
    grids = {f.id: form_grid(issue, f, r := issue.rows[f.id], name_area(issue, f.id, r)) for f in filled}
    lines = list(list_reading_lines(issue, filled, grids))
    lines += [line for form in filled for line in _list_row_lines(issue, form, grids[form.id])]
    lines += _list_unit_lines(issue, grids)
    return lines + list(list_column_lines(issue, filled, grids))


def _list_row_lines(issue: Issue, form: Form, grid: Grid) -> Iterator[Line]:
    rows = issue.rows[form.id]
    listed = test_listed(issue, form, rows, grid)
    position = describe_line(grid, rows)
    for rule in issue.live_checks:
        if rule.scope != "row" or form.id not in rule.forms or not set(rule.operands) <= set(grid.columns):
            continue
        levels = rule_levels(rule, form)
        if set(levels) & set(grid.levels):
            tally = rule_tally(rule, form.number, grid, listed, levels, position)
            words = _state_with_levels(rule, state_demand(rule, issue.catalogue, form.id), grid)
            yield Line(rule, form.number, words, [tally])


def _list_unit_lines(issue: Issue, grids: Mapping[str, Grid]) -> Iterator[Line]:
    levels = ("city",) if issue.unit_level == "city" else ("county", "township", "village")
    rules = [
        rule
        for rule in issue.live_checks
        if rule.scope == "unit" and set(rule.levels or ()) & set(levels) and can_sum(rule, issue, grids)
    ]
    written = write_sums(issue, rules, grids)
    if written is None:
        return
    grid, rows = written
    for rule in rules:
        read = {issue.catalogue.measures[name].form for name in rule.operands}
        numbers = "、".join(form.number for form in issue.catalogue.forms.values() if form.id in read)
        tally = rule_tally(rule, "", grid, "", rule.levels, grid.line_value(rows.name_column + 1))
        yield Line(rule, numbers, _state_with_levels(rule, rule.words, grid), [tally])


def _state_with_levels(rule: Rule, words: str, grid: Grid) -> str:
    """What a rule demands, preceded by the levels it checks unless it checks all."""
    levels = [level for level in grid.levels if rule.levels is None or level in rule.levels]
    if len(levels) == len(grid.levels):
        return words
    return f"{'、'.join(labels.LEVEL[level] for level in levels)}：{words}"
