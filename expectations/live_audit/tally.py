"""Array formulas that count, for one rule over one table, where it is broken, passed or cannot be evaluated.

The rule's formula is long and the slow part, so it stands once in a tally: one number carries three counts (broken from
1, evaluated from 100,000, not evaluated from 10,000,000,000). A second formula finds the first broken row, and is only
computed where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.live_audit.grid import Grid, missing
from expectations.rulebook.rulebook import Rule
from warehouse.registry.levels import Level

ONE_EVALUATED, ONE_NOT_EVALUATED = 100_000, 10_000_000_000
HELD, FAILED = ONE_EVALUATED, ONE_EVALUATED + 1
NOWHERE = 1_000_000  # more than any row


@dataclass(frozen=True)
class Tally:
    """``counts``: the packed counts; ``first``: the line of the first broken row, NOWHERE for none, 0 for a whole sheet.

    ``number`` is the form's, "" for none in particular; ``place`` a formula of what stands at ``{line}`` of it.
    """

    number: str
    counts: str
    first: str
    place: str = '""'


@dataclass(frozen=True)
class Line:
    """One line of 审核: a rule, the forms it reads, what it demands in words, and its tallies.

    With ``is_of_reading`` it counts what the workbook cannot judge: what stands there is read, and refused, at night. Then
    ``first`` of a tally is the first line that could not be judged.
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
    truth = rule.parsed.excel(grid.cell, rule.tolerance)
    concerned = listed if grid.code is None else grid.at_level(levels)
    readable = _readable(rule, grid)
    weight = f"LOOKUP({truth},{{0,0.000000001,1}},{{{FAILED},{ONE_NOT_EVALUATED},{HELD}}})"
    fails = f"({truth})=0"
    if readable:
        weight, fails = f"IF({readable},{weight},{ONE_NOT_EVALUATED})", f"{readable}*({fails})"
    if rule.condition is not None:
        condition = rule.condition.excel(grid.cell)
        weight = f"IF(({condition})=1,{weight},IF(({condition})>0,{ONE_NOT_EVALUATED},0))"
        fails = f"(({condition})=1)*({fails})"
    rows = f"ROW({grid.place(rule.operands[0])})"
    return Tally(
        number,
        grid.if_there(counted(concerned, weight), ONE_NOT_EVALUATED),
        f"MIN({first_row(concerned, fails, rows)})",
        place,
    )


def counted(concerned: str, weight: str) -> str:
    """The packed counts of the rows concerned: a cell with an error value, or of a sheet that is gone, is not evaluated."""
    return f"SUM(IFERROR(IF({concerned},{weight},0),{ONE_NOT_EVALUATED}))"


def first_row(concerned: str, breaks: str, rows: str) -> str:
    """The lines of the rows that break something, NOWHERE for the others: for MIN."""
    return f"IFERROR(IF({concerned},IF({breaks},{rows},{NOWHERE}),{NOWHERE}),{NOWHERE})"


def _readable(rule: Rule, grid: Grid) -> str:
    """A test that no cell holds what cannot be read: then the rule is not evaluated, whatever the other cells say.

    "" where the rule cannot be decided without all of its cells.
    """
    parts = (rule.parsed, rule.condition)
    if not any(part and (part.may_ignore_operands or part.asks_for_answers) for part in parts):
        return ""
    terms = [term for term in rule.terms if term.name in grid.columns]
    tests = (f"({grid.cell(t).known}+{missing(grid.place(t.name))}>0)" for t in terms)
    return "*".join(dict.fromkeys(tests))
