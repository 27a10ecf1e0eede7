"""An expression as an Excel formula with three answers, for the live checks of the issued workbook.

The formula gives 1 where the expression holds, 0 where it does not and a number between where it is unknown. Products of such
numbers are SQL's three-valued logic (AND is the product, OR the opposite of the product of opposites). They work element by
element over ranges in an array formula, where Excel's AND and OR would give one answer for the whole range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlglot import exp

from warehouse.expression.nodes import (
    ARITHMETIC,
    COMPARE,
    LEAF,
    Term,
    not_in_language,
    read_term,
    strip_parentheses,
)

UNKNOWN = "0.5"


class Cell(NamedTuple):
    """A term in a formula: its value (1 and 0 for yes and no), and the test that it is known ("": always)."""

    value: str
    known: str = ""


class _Value(NamedTuple):
    """A value and the tests that must be true, in this order, before it can be computed."""

    formula: str
    known: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()  # divisors are not zero; evaluated only once the operands are known


def as_excel(  # noqa: PLR0911
    node: exp.Expression, cell: Callable[[Term], Cell], tolerance: float = 0.0
) -> str:
    """A condition as a formula without the leading ``=``; ``cell``: term -> its value and test in the sheet."""

    def truth(n: exp.Expression) -> str:
        return as_excel(n, cell, tolerance)

    match strip_parentheses(node):
        case exp.And() as both:
            return f"({truth(both.this)})*({truth(both.expression)})"
        case exp.Or() as either:
            return _join_by_or([truth(either.this), truth(either.expression)])
        case exp.Not() as opposite:
            return f"1-({truth(opposite.this)})"
        case exp.Is() as asked if isinstance(asked.expression, exp.Null):
            return _is_missing(asked.this, cell)
        case exp.In() as listed if listed.expressions:
            return _join_by_or(
                [truth(exp.EQ(this=listed.this, expression=option)) for option in listed.expressions]
            )
        case exp.Between() as span:
            low = exp.GTE(this=span.this, expression=span.args["low"])
            high = exp.LTE(this=span.this, expression=span.args["high"])
            return f"({truth(low)})*({truth(high)})"
        case exp.Boolean() as constant:
            return "1" if constant.this else "0"
        case other if type(other) in COMPARE:
            return _leaf(_comparison(other, cell, tolerance))
        case other:
            return _leaf(_value(other, cell))


def _comparison(node: Any, cell: Callable[[Term], Cell], tolerance: float) -> _Value:
    left, right = _operand(node.this, cell), _operand(node.expression, cell)
    known, guards = _join_tests(left, right)
    sign = COMPARE[type(node)][0]
    if tolerance and type(node) in (exp.EQ, exp.LTE, exp.GTE):
        gap = f"{left.formula}-{right.formula}"
        loosened = {
            exp.EQ: f"ABS({gap})<={tolerance}",
            exp.LTE: f"{gap}<={tolerance}",
            exp.GTE: f"{gap}>=-{tolerance}",
        }
        return _Value(loosened[type(node)], known, guards)
    return _Value(f"{left.formula}{sign}{right.formula}", known, guards)


def _leaf(value: _Value) -> str:
    """1 or 0 where the condition can be computed, else unknown; never an Excel error."""
    formula = f"IF({value.formula},1,0)"
    for guard in reversed(value.guards):
        formula = f"IF({guard},{formula},{UNKNOWN})"
    return f"IF({'*'.join(value.known)},{formula},{UNKNOWN})" if value.known else formula


def _is_missing(node: exp.Expression, cell: Callable[[Term], Cell]) -> str:
    term = read_term(strip_parentheses(node))
    if term is None:
        raise not_in_language(node)
    found = cell(term)
    return f"IF({found.known},0,1)" if found.known else "0"


def _join_by_or(truths: list[str]) -> str:
    return f"1-{'*'.join(f'(1-({t}))' for t in truths)}"


def _operand(node: exp.Expression, cell: Callable[[Term], Cell]) -> _Value:
    value = _value(node, cell)
    return value if isinstance(node, LEAF) else value._replace(formula=f"({value.formula})")


def _join_tests(*values: _Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known = dict.fromkeys(test for value in values for test in value.known)
    return tuple(known), tuple(dict.fromkeys(test for value in values for test in value.guards))


def _value(node: exp.Expression, cell: Callable[[Term], Cell]) -> _Value:  # noqa: PLR0911
    term = read_term(node)
    if term is not None:
        found = cell(term)
        return _Value(found.value, (found.known,) if found.known else ())
    if type(node) in ARITHMETIC:
        left, right = _operand(node.this, cell), _operand(node.expression, cell)
        known, guards = _join_tests(left, right)
        if isinstance(node, exp.Div):
            guards = (*guards, f"{right.formula}<>0")
        return _Value(f"{left.formula}{ARITHMETIC[type(node)][0]}{right.formula}", known, guards)
    match node:
        case exp.Literal():
            return _Value('"' + node.this.replace('"', '""') + '"' if node.is_string else str(node.this))
        case exp.Boolean():
            return _Value("1" if node.this else "0")  # LibreOffice saves TRUE as 1, which Excel tells apart
        case exp.Paren():
            inner = _value(node.this, cell)
            return inner._replace(formula=f"({inner.formula})")
        case exp.Neg():
            inner = _operand(node.this, cell)
            return inner._replace(formula=f"-{inner.formula}")
        case exp.Case() if node.this is None:
            return _case(node, cell)
        case exp.Coalesce():
            return _coalesce([node.this, *node.expressions], cell)
        case exp.Abs():
            inner = _value(node.this, cell)
            return inner._replace(formula=f"ABS({inner.formula})")
        case exp.Round():
            inner = _value(node.this, cell)
            digits = node.args["decimals"].name if node.args.get("decimals") else 0
            return inner._replace(formula=f"ROUND({inner.formula},{digits})")
    raise not_in_language(node)


def _case(node: exp.Case, cell: Callable[[Term], Cell]) -> _Value:
    """The branch whose condition holds; a condition that is unknown counts as one that does not."""
    default = node.args.get("default")
    value = _value(default, cell) if default is not None else _Value('""', ("FALSE",))
    formula, known = value.formula, _all_of(value)
    for branch in reversed(node.args["ifs"]):
        holds = f"{as_excel(branch.this, cell)}=1"
        then = _value(branch.args["true"], cell)
        formula = f"IF({holds},{then.formula},{formula})"
        known = f"IF({holds},{_all_of(then)},{known})"
    return _Value(formula, (known,))


def _coalesce(nodes: list[exp.Expression], cell: Callable[[Term], Cell]) -> _Value:
    """The first value that is known."""
    *values, last = (_value(n, cell) for n in nodes)
    formula, known = last.formula, _all_of(last)
    for value in reversed(values):
        test = _all_of(value)
        formula, known = f"IF({test},{value.formula},{formula})", f"IF({test},TRUE,{known})"
    return _Value(formula, (known,))


def _all_of(value: _Value) -> str:
    test = "*".join(value.known) or "TRUE"
    for guard in value.guards:
        test = f"IF({test},{guard},FALSE)"
    return test
