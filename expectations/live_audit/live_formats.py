"""Conditional formats of an issued workbook: cells that break a rule of their row turn red while the clerk types.

Each rule is one format over all the cells it reads. It reads them by INDEX in its own line, so that it still reads the
right columns after cells were cut and pasted. Rules across forms are left to 审核, because a conditional format cannot read
another sheet. The verdict that counts is the night's.
"""

from __future__ import annotations

from itertools import groupby

from xlsxwriter.worksheet import Worksheet

from expectations.live_audit.grid import Grid, form_grid, rule_levels
from expectations.rulebook.rulebook import CheckName, Rule, RuleBook
from expectations.sheets.page import Issue
from warehouse.catalogue.models import Form
from warehouse.words.addresses import column_letter

_SEVERITY_STYLE = {"critical": "breaks", "warning": "doubts", "info": "hints"}


def select_live_rules(rulebook: object, year: int) -> tuple[Rule, ...]:
    """The expression rules that a workbook can check by itself: all that read no other year."""
    if not isinstance(rulebook, RuleBook):
        return ()
    return tuple(
        rule
        for rule in rulebook.of_scope("row", "unit")
        if rule.is_in_force(year) and all(term.function is None for term in rule.terms)
    )


def column_rules(rulebook: object) -> dict[CheckName, Rule]:
    """Check -> its generated rule."""
    if not isinstance(rulebook, RuleBook):
        return {}
    return {rule.check: rule for rule in rulebook.of_scope("column", "total") if rule.check is not None}


def reading_rules(rulebook: object) -> dict[str, Rule]:
    """Rule id -> rule, of the rules about what cannot be read."""
    if not isinstance(rulebook, RuleBook):
        return {}
    return {rule.id: rule for rule in rulebook.of_scope("problem")}


def colour_breaches(issue: Issue, sheet: Worksheet, form: Form) -> None:
    """Add a conditional format for each row rule of ``form`` over the cells it reads."""
    rows = issue.rows[form.id]
    grid = form_grid(issue, form, rows)
    for rule in issue.live_checks:
        is_here = rule.scope == "row" and form.id in rule.forms and set(rule.operands) <= set(grid.columns)
        if not is_here or not set(rule_levels(rule, form)) & set(grid.levels):
            continue
        blocks = _list_ranges(sorted(grid.columns[name] - 1 for name in rule.operands), rows.first, rows.last)
        options = {
            "type": "formula",
            "criteria": f"={format_breach(rule, form, grid)}",
            "format": issue.styles.get(_SEVERITY_STYLE[rule.severity]),
            "multi_range": " ".join(blocks),
        }
        sheet.conditional_format(blocks[0], options)


def format_breach(rule: Rule, form: Form, grid: Grid) -> str:
    """The Excel condition, for the formula's own line, that is true where the rule is broken."""
    parts = [f"({rule.requirement.excel(grid.cell, rule.tolerance)})=0"]
    if rule.precondition is not None:
        parts.insert(0, f"({rule.precondition.excel(grid.cell)})=1")
    if not form.is_roster:
        parts.insert(0, grid.test_level(rule_levels(rule, form)))
    return f"AND({','.join(parts)})"


def _list_ranges(indexes: list[int], first: int, last: int) -> list[str]:
    """The ranges that cover the 0-based columns ``indexes``, one for each run of neighbours."""
    runs = (list(run) for _, run in groupby(enumerate(indexes), key=lambda pair: pair[1] - pair[0]))
    ends = [(column_letter(run[0][1]), column_letter(run[-1][1])) for run in runs]
    return [f"{left}{first + 1}:{right}{last + 1}" for left, right in ends]
