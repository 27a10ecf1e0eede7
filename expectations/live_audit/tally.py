"""The formulas by which 审核 counts, for one rule and one table, the rows that break it, that hold and that are unknown.

A rule's answer at a row is a number: 0 broken, 1 holds, between them not evaluated; a text where the row is not asked. The
long formula of the answers is written once, as a name of the workbook: FREQUENCY counts the three kinds of it in one pass
(it skips texts), and the first row is searched in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.live_audit.grid import Grid, test_missing
from expectations.rulebook.rulebook import Rule
from warehouse.expression.excel import UNKNOWN
from warehouse.registry.levels import Level

BROKEN, HELD, NOT_ASKED = "0", "1", '""'
NO_ROWS, ONE_UNKNOWN = "{0,0,0}", "{0,1,0}"  # counts: broken, not evaluated, held
_BELOW_ONE = "0.999999999"
_NOWHERE = 1_000_000  # more than any row


@dataclass(frozen=True)
class Tally:
    """The answers of one rule over one table: a formula for each column that the rule reads.

    ``number``: of the form, "" for several. ``rows``: a formula for the line numbers of the answers, "0" for a whole sheet.
    ``position``: a formula for the words that name the line ``{line}``. ``reported_answer``: the answer whose first line is
    shown. ``counts_if_gone``: what is counted where the sheet was deleted.
    """

    number: str
    grid: Grid
    answers: Sequence[str]
    rows: str = "0"
    position: str = '""'
    reported_answer: str = BROKEN
    counts_if_gone: str = ONE_UNKNOWN

    def counts(self, names: Sequence[str]) -> str:
        """A row of three counts (broken, not evaluated, held); ``names``: the workbook's names for the answers."""
        # LibreOffice returns an error where there is nothing to count.
        parts = (f"IFERROR(FREQUENCY({name},{{0,{_BELOW_ONE}}}),0)" for name in names)
        return self.grid.guard_missing_cells(f"TRANSPOSE({'+'.join(parts)})", self.counts_if_gone)

    def find_first(self, names: Sequence[str]) -> str:
        """A formula for the first line with the reported answer."""
        is_reported = "+".join(f"({name}={self.reported_answer})" for name in names)
        return f"MIN(IF({is_reported}>0,{self.rows},{_NOWHERE}))"


@dataclass(frozen=True)
class Line:
    """One line of 审核: a rule, the numbers of the forms it reads, what it demands in words, and its tallies.

    ``is_of_reading``: the line counts cells that the workbook cannot judge and that are read, or refused, at night; its
    tallies show the first of them.
    """

    rule: Rule
    numbers: str
    words: str
    tallies: Sequence[Tally]
    is_of_reading: bool = False


def rule_tally(
    rule: Rule, number: str, grid: Grid, listed: str, levels: tuple[Level, ...] | None, position: str
) -> Tally:
    """The tally of an expression rule. ``listed``: the test of a roster's rows; ``levels``: of the rows the rule checks."""
    answer = rule.requirement.excel(grid.cell, rule.tolerance)
    if readable := _test_readable(rule, grid):
        answer = f"IF({readable},{answer},{UNKNOWN})"
    if rule.precondition is not None:
        condition = rule.precondition.excel(grid.cell)
        answer = f"IF(({condition})=1,{answer},IF(({condition})>0,{UNKNOWN},{NOT_ASKED}))"
    answers = guard_answers(listed if grid.code is None else grid.test_level(levels), answer)
    return Tally(number, grid, [answers], f"ROW({grid.reference(rule.operands[0])})", position)


def guard_answers(concerned: str, answer: str) -> str:
    """The answers of the rows concerned; unknown for a cell with an error value and for a deleted sheet."""
    return f"IFERROR(IF({concerned},{answer},{NOT_ASKED}),{UNKNOWN})"


def _test_readable(rule: Rule, grid: Grid) -> str:
    """A test that every cell can be read, for rules that could be decided without one of their cells; "" for the others."""
    parts = (rule.requirement, rule.precondition)
    if not any(part and (part.may_ignore_operands or part.asks_for_answers) for part in parts):
        return ""
    terms = [term for term in rule.terms if term.name in grid.columns]
    tests = (f"({grid.cell(t).known}+{test_missing(grid.reference(t.name))}>0)" for t in terms)
    return "*".join(dict.fromkeys(tests))
