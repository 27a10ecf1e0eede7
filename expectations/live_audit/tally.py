"""What 审核 counts for one rule over one table: where it is broken, where it cannot be evaluated, where it holds.

A rule's answer at a row is a number: 0 where it is broken, 1 where it holds, anything between where it cannot be evaluated,
and a text where it is not asked. The formula of the answers is long, so it stands once, as a name of the workbook: Excel's
FREQUENCY counts the three kinds in it in one pass (texts are passed over), and the first row is looked for in it.
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
    """The answers of one rule over one table, a formula for each column that it looks at.

    ``number`` is the form's, "" for none in particular; ``rows`` a formula of the lines of the answers, "0" for a whole
    sheet; ``place`` one of what stands at ``{line}``; ``told`` the answer whose first line is told; ``gone`` what is
    counted when the sheet is not there.
    """

    number: str
    grid: Grid
    answers: Sequence[str]
    rows: str = "0"
    place: str = '""'
    told: str = BROKEN
    gone: str = ONE_UNKNOWN

    def counts(self, names: Sequence[str]) -> str:
        """A row of three, broken, not evaluated and held, where ``names`` are what the answers are called."""
        # An error is LibreOffice's way to say that nothing was to be counted.
        parts = (f"IFERROR(FREQUENCY({name},{{0,{_BELOW_ONE}}}),0)" for name in names)
        return self.grid.if_there(f"TRANSPOSE({'+'.join(parts)})", self.gone)

    def first(self, names: Sequence[str]) -> str:
        """The first line to look at."""
        is_told = "+".join(f"({name}={self.told})" for name in names)
        return f"MIN(IF({is_told}>0,{self.rows},{_NOWHERE}))"


@dataclass(frozen=True)
class Line:
    """One line of 审核: a rule, the forms it reads, what it demands in words, and its tallies.

    With ``is_of_reading`` it counts what the workbook cannot judge: what stands there is read, and refused, at night. Then
    a tally tells the first line that could not be judged.
    """

    rule: Rule
    numbers: str
    words: str
    tallies: Sequence[Tally]
    is_of_reading: bool = False


def rule_tally(
    rule: Rule, number: str, grid: Grid, listed: str, levels: tuple[Level, ...] | None, place: str
) -> Tally:
    """A rule with an expression; ``listed`` is the test of rows that count in a roster, ``levels`` what the rule speaks of."""
    answer = rule.parsed.excel(grid.cell, rule.tolerance)
    if readable := _test_readable(rule, grid):
        answer = f"IF({readable},{answer},{UNKNOWN})"
    if rule.condition is not None:
        condition = rule.condition.excel(grid.cell)
        answer = f"IF(({condition})=1,{answer},IF(({condition})>0,{UNKNOWN},{NOT_ASKED}))"
    answers = guard_answers(listed if grid.code is None else grid.at_level(levels), answer)
    return Tally(number, grid, [answers], f"ROW({grid.place(rule.operands[0])})", place)


def guard_answers(concerned: str, answer: str) -> str:
    """The answers of the rows concerned: of a cell with an error value, or of a sheet that is gone, nothing is known."""
    return f"IFERROR(IF({concerned},{answer},{NOT_ASKED}),{UNKNOWN})"


def _test_readable(rule: Rule, grid: Grid) -> str:
    """A test that no cell holds what cannot be read: then the rule is not evaluated, whatever the other cells say.

    "" where the rule cannot be decided without all of its cells.
    """
    parts = (rule.parsed, rule.condition)
    if not any(part and (part.may_ignore_operands or part.asks_for_answers) for part in parts):
        return ""
    terms = [term for term in rule.terms if term.name in grid.columns]
    tests = (f"({grid.cell(t).known}+{test_missing(grid.place(t.name))}>0)" for t in terms)
    return "*".join(dict.fromkeys(tests))
