"""The parts of the expression language that all renderings share: terms, signs and syntax nodes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
from sqlglot import exp

TERM_FUNCTIONS = ("prev", "prev2", "mean3", "total", "cumulative")
WINDOW_FUNCTIONS = ("rank", "rank_asc", "percentile", "share", "streak")
YEARS_BACK = {"prev": 1, "prev2": 2}
"""Term functions that read one other year -> how many years back."""
FUNCTIONS = (*TERM_FUNCTIONS, *WINDOW_FUNCTIONS, "abs", "round", "coalesce")
"""Every function a formula or rule may use."""


class ExpressionError(Exception):
    """The text is not an expression of the language; the message says which part."""


@dataclass(frozen=True)
class Term:
    """A name, or a term function of a name: what an expression reads."""

    name: str
    function: str | None = None
    since: int | None = None

    @property
    def column(self) -> str:
        """The column such a term has in a frame: ``x``, ``x__prev``, ``x__total``, ``x__cumulative_2020``."""
        suffix = "" if self.since is None else f"_{self.since}"
        return self.name if self.function is None else f"{self.name}__{self.function}{suffix}"


Sign = tuple[str, str, Callable[[pl.Expr, pl.Expr], pl.Expr]]
COMPARE: dict[type[exp.Expression], Sign] = {
    exp.LTE: ("<=", "≤", operator.le),
    exp.LT: ("<", "＜", operator.lt),
    exp.GTE: (">=", "≥", operator.ge),
    exp.GT: (">", "＞", operator.gt),
    exp.EQ: ("=", "＝", operator.eq),
    exp.NEQ: ("<>", "≠", operator.ne),
}
ARITHMETIC: dict[type[exp.Expression], Sign] = {
    exp.Add: ("+", "＋", operator.add),
    exp.Sub: ("-", "－", operator.sub),
    exp.Mul: ("*", "×", operator.mul),
    exp.Div: ("/", "÷", operator.truediv),
}
LEAF = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Anonymous, exp.Func)


def window_name(node: exp.Expression) -> str | None:
    """The window function a node calls; sqlglot knows RANK by a class of its own."""
    name = (
        node.name.lower()
        if isinstance(node, exp.Anonymous)
        else "rank"
        if isinstance(node, exp.Rank)
        else None
    )
    return name if name in WINDOW_FUNCTIONS and node.expressions else None


def strip_parentheses(node: exp.Expression) -> exp.Expression:
    """The node without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def read_term(node: exp.Expression) -> Term | None:
    """The term a node is, if it is one."""
    if isinstance(node, exp.Column):
        if node.table:
            raise ExpressionError(f"“{node.sql()}”：名称中不能有点")
        return Term(node.name)
    if isinstance(node, exp.Anonymous) and node.name.lower() in TERM_FUNCTIONS:
        function, arguments = node.name.lower(), node.expressions
        if not arguments or not isinstance(arguments[0], exp.Column):
            raise ExpressionError(f"{function}() 的括号内应是一个名称")
        years = arguments[1:]
        if len(years) > (function == "cumulative"):
            raise ExpressionError(f"“{node.sql()}”：{function}() 的括号内写多了")
        if not all(isinstance(y, exp.Literal) and y.this.isdigit() for y in years):
            raise ExpressionError(f"“{node.sql()}”：{function}(名称, 年份) 的第二项应是年份")
        return Term(arguments[0].name, function, int(years[0].this) if years else None)
    return None


def not_in_language(node: exp.Expression) -> ExpressionError:
    """The error about a part that has no rendering."""
    called = node.name if isinstance(node, exp.Anonymous) else ""
    if isinstance(node, exp.Func):
        called = called or str(node.sql_name())
    if called:
        return ExpressionError(
            f"公式中不能这样用 {called.lower()}()，可用的函数有：{'、'.join(f'{f}()' for f in FUNCTIONS)}"
            f"；{'、'.join(f'{f}()' for f in WINDOW_FUNCTIONS)} 只能写在公式最外层"
        )
    return ExpressionError(f"公式中不能写“{node.sql()}”")
