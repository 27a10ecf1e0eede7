"""An expression as an Excel formula, for the live checks of the issued workbook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from warehouse.catalogue.expression_nodes import (
    ARITHMETIC,
    COMPARE,
    LEAF,
    Term,
    not_in_language,
    term_of,
)


def as_excel(  # noqa: C901, PLR0911, PLR0912
    node: exp.Expression, cell: Callable[[Term], str], tolerance: float, over_ranges: bool = False
) -> str:
    """The node as a formula without the leading ``=``; ``cell`` gives the reference of a term."""

    def go(n: exp.Expression) -> str:
        return as_excel(n, cell, tolerance, over_ranges)

    def in_parens(n: exp.Expression) -> str:
        return go(n) if isinstance(n, LEAF) else f"({go(n)})"

    term = term_of(node)
    if term is not None:
        return cell(term)
    kind: Any = type(node)
    if kind in COMPARE:
        left, right = in_parens(node.this), in_parens(node.expression)
        if tolerance and kind in (exp.EQ, exp.LTE, exp.GTE):
            loosened: dict[Any, str] = {
                exp.EQ: f"ABS({left}-{right})<={tolerance}",
                exp.LTE: f"{left}-{right}<={tolerance}",
                exp.GTE: f"{left}-{right}>=-{tolerance}",
            }
            return loosened[kind]
        return f"{left}{COMPARE[kind][0]}{right}"
    if kind in ARITHMETIC:
        return f"{in_parens(node.this)}{ARITHMETIC[kind][0]}{in_parens(node.expression)}"
    match node:
        case exp.Literal():
            return '"' + node.this.replace('"', '""') + '"' if node.is_string else str(node.this)
        case exp.Boolean():
            return "TRUE" if node.this else "FALSE"
        case exp.Null():
            return '""'
        case exp.Paren():
            return f"({go(node.this)})"
        case exp.Neg():
            return f"-{in_parens(node.this)}"
        case exp.And():
            return _all([go(node.this), go(node.expression)], over_ranges)
        case exp.Or():
            return _any([go(node.this), go(node.expression)], over_ranges)
        case exp.Not():
            return f"(1-({go(node.this)})>0)" if over_ranges else f"NOT({go(node.this)})"
        case exp.Is() if isinstance(node.expression, exp.Null):
            return f'{in_parens(node.this)}=""'
        case exp.In() if node.expressions:
            tested = in_parens(node.this)
            return _any([f"{tested}={go(option)}" for option in node.expressions], over_ranges)
        case exp.Between():
            tested = in_parens(node.this)
            low, high = in_parens(node.args["low"]), in_parens(node.args["high"])
            return _all([f"{tested}>={low}", f"{tested}<={high}"], over_ranges)
        case exp.Case() if node.this is None:
            default = node.args.get("default")
            result = go(default) if default is not None else '""'
            for branch in reversed(node.args["ifs"]):
                result = f"IF({go(branch.this)},{go(branch.args['true'])},{result})"
            return result
        case exp.Coalesce():
            first, *others = [node.this, *node.expressions]
            rest = go(exp.Coalesce(this=others[0], expressions=others[1:])) if others else '""'
            return f'IF({in_parens(first)}<>"",{go(first)},{rest})'
        case exp.Abs():
            return f"ABS({go(node.this)})"
        case exp.Round():
            return f"ROUND({go(node.this)},{node.args['decimals'].name if node.args.get('decimals') else 0})"
    raise not_in_language(node)


def _all(tests: list[str], over_ranges: bool) -> str:
    return f"({'*'.join(f'({t})' for t in tests)}>0)" if over_ranges else f"AND({','.join(tests)})"


def _any(tests: list[str], over_ranges: bool) -> str:
    return f"({'+'.join(f'({t})' for t in tests)}>0)" if over_ranges else f"OR({','.join(tests)})"
