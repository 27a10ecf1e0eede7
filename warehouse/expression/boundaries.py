"""The boundaries of an expression: for each comparison the difference that is zero where it changes its answer."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from warehouse.expression.nodes import COMPARE, strip_parentheses


def list_boundaries(node: exp.Expression) -> Iterator[exp.Expression]:
    """For each comparison of numbers, the difference of its sides, without the denominators.

    ``a / b <= 3`` has the boundary ``a - 3 * b``; ``x BETWEEN 1 AND y`` has ``x - 1`` and ``x - y``. Comparisons of texts or
    Booleans have none.
    """
    for part in node.walk():
        if type(part) in COMPARE:
            yield from _difference(part.this, part.expression)
        elif isinstance(part, exp.Between):
            yield from _difference(part.this, part.args["low"])
            yield from _difference(part.this, part.args["high"])


def _difference(left: exp.Expression, right: exp.Expression) -> Iterator[exp.Expression]:
    left, right = strip_parentheses(left), strip_parentheses(right)
    if any(
        isinstance(side, exp.Boolean) or (isinstance(side, exp.Literal) and side.is_string)
        for side in (left, right)
    ):
        return
    if isinstance(left, exp.Div):
        left, right = left.this, exp.Mul(this=_parenthesise(right), expression=_parenthesise(left.expression))
    elif isinstance(right, exp.Div):
        left, right = (
            exp.Mul(this=_parenthesise(left), expression=_parenthesise(right.expression)),
            right.this,
        )
    yield exp.Sub(this=_parenthesise(left), expression=_parenthesise(right))


def _parenthesise(node: exp.Expression) -> exp.Expression:
    return exp.Paren(this=node.copy())
