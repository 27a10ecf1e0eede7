"""An expression as a polars expression, to evaluate it over whole columns.

Null operands give null (not evaluated); division by zero gives null.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import polars as pl
from sqlglot import exp

from warehouse.expression.nodes import (
    ARITHMETIC,
    COMPARE,
    Term,
    not_in_language,
    read_term,
)


def _number(node: exp.Literal) -> float | int:
    return int(node.this) if node.this.isdigit() else float(node.this)


def as_polars(node: exp.Expression, column: Callable[[Term], pl.Expr], tolerance: float) -> pl.Expr:  # noqa: C901, PLR0911, PLR0912
    """The node as a polars expression; ``tolerance`` loosens =, <= and >=."""

    def go(n: exp.Expression) -> pl.Expr:
        return as_polars(n, column, tolerance)

    term = read_term(node)
    if term is not None:
        return column(term)
    kind: Any = type(node)
    if kind in COMPARE:
        left, right = go(node.this), go(node.expression)
        if tolerance and kind in (exp.EQ, exp.LTE, exp.GTE):
            gap = left - right
            return {exp.EQ: gap.abs() <= tolerance, exp.LTE: gap <= tolerance, exp.GTE: gap >= -tolerance}[
                kind
            ]
        return COMPARE[kind][2](left, right)
    if kind is exp.Div:
        below = go(node.expression)
        return pl.when(below != 0).then(go(node.this) / below)
    if kind in ARITHMETIC:
        return ARITHMETIC[kind][2](go(node.this), go(node.expression))
    match node:
        case exp.Literal():
            return pl.lit(node.this) if node.is_string else pl.lit(_number(node))
        case exp.Boolean():
            return pl.lit(bool(node.this))
        case exp.Null():
            return pl.lit(None)
        case exp.Paren():
            return go(node.this)
        case exp.Neg():
            return -go(node.this)
        case exp.And():
            return go(node.this) & go(node.expression)
        case exp.Or():
            return go(node.this) | go(node.expression)
        case exp.Not():
            return ~go(node.this)
        case exp.Is() if isinstance(node.expression, exp.Null):
            return go(node.this).is_null()
        case exp.In() if node.expressions:
            tested = go(node.this)
            return reduce(operator.or_, (tested == go(option) for option in node.expressions))
        case exp.Between():
            return (go(node.this) >= go(node.args["low"])) & (go(node.this) <= go(node.args["high"]))
        case exp.Case() if node.this is None:
            default = node.args.get("default")
            result = go(default) if default is not None else pl.lit(None)
            for branch in reversed(node.args["ifs"]):
                result = pl.when(go(branch.this)).then(go(branch.args["true"])).otherwise(result)
            return result
        case exp.Coalesce():
            return pl.coalesce(go(node.this), *(go(e) for e in node.expressions))
        case exp.Abs():
            return go(node.this).abs()
        case exp.Round():
            return go(node.this).round(int(node.args["decimals"].name) if node.args.get("decimals") else 0)
    raise not_in_language(node)
