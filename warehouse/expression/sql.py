"""An expression as DuckDB SQL, so that the published file can evaluate it by itself.

Null operands give null (not evaluated); division by zero gives null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from warehouse.expression.nodes import ARITHMETIC, COMPARE, Term, not_in_language, read_term


def as_sql(node: exp.Expression, column: Callable[[Term], str]) -> str:  # noqa: C901, PLR0911, PLR0912
    """The node as DuckDB SQL; ``column`` gives the SQL of a term."""

    def go(n: exp.Expression) -> str:
        return as_sql(n, column)

    term = read_term(node)
    if term is not None:
        return column(term)
    kind: Any = type(node)
    if kind is exp.Div:
        return f"({go(node.this)} / nullif({go(node.expression)}, 0))"
    if sign := COMPARE.get(kind) or ARITHMETIC.get(kind):
        return f"({go(node.this)} {sign[0]} {go(node.expression)})"
    match node:
        case exp.Literal() | exp.Boolean() | exp.Null():
            return str(node.sql(dialect="duckdb"))
        case exp.Paren():
            return go(node.this)
        case exp.Neg():
            return f"(-{go(node.this)})"
        case exp.And():
            return f"({go(node.this)} AND {go(node.expression)})"
        case exp.Or():
            return f"({go(node.this)} OR {go(node.expression)})"
        case exp.Not():
            return f"(NOT {go(node.this)})"
        case exp.Is() if isinstance(node.expression, exp.Null):
            return f"({go(node.this)} IS NULL)"
        case exp.In() if node.expressions:
            return f"({go(node.this)} IN ({', '.join(map(go, node.expressions))}))"
        case exp.Between():
            return f"({go(node.this)} BETWEEN {go(node.args['low'])} AND {go(node.args['high'])})"
        case exp.Case() if node.this is None:
            branches = " ".join(f"WHEN {go(b.this)} THEN {go(b.args['true'])}" for b in node.args["ifs"])
            default = node.args.get("default")
            return f"CASE {branches} ELSE {'NULL' if default is None else go(default)} END"
        case exp.Coalesce():
            return f"coalesce({', '.join(map(go, (node.this, *node.expressions)))})"
        case exp.Abs():
            return f"abs({go(node.this)})"
        case exp.Round():
            decimals = node.args.get("decimals")
            return f"round({go(node.this)}, {0 if decimals is None else int(decimals.name)})"
    raise not_in_language(node)
