"""The one expression language of rules and formulas: SQL expressions over names, rendered four ways.

``parse`` reads the text once; an :class:`Expression` then renders itself as a polars expression (to evaluate), as an
Excel formula (live check in the issued workbook), as DuckDB SQL (for the published file and for analysts) and as Chinese words
(finding, rule book, 填报说明). Nothing is ever evaluated as code. The caller decides what a name means (a column, a cell,
a label): each rendering takes a function from :class:`Term` to that meaning.

Besides arithmetic, comparison, AND/OR/NOT, IN, BETWEEN, IS NULL, CASE, COALESCE, ABS and ROUND there are

* term functions, whose argument is one name: ``prev(x)`` last year's value, ``prev2(x)`` that of the year before it,
  ``mean3(x)`` the mean of three years up to this one (of units that reported in all three), ``total(x)`` the 合计 row's value,
  ``cumulative(x)`` the sum of all years up to this one (``cumulative(x, 2020)``: since 2020);
* window functions, which stand outermost: ``rank(e)`` (1 = largest), ``rank_asc(e)`` (1 = smallest) and
  ``percentile(e)`` (100 = largest, 0 = smallest) among units of the same level, ``share(e)`` of the city in per cent,
  ``streak(condition)`` consecutive years up to this one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from warehouse.expression.boundaries import list_boundaries
from warehouse.expression.chinese import as_words
from warehouse.expression.excel import Cell, as_excel
from warehouse.expression.nodes import (
    COMPARE,
    TERM_FUNCTIONS,
    ExpressionError,
    Term,
    read_term,
    strip_parentheses,
    window_name,
)
from warehouse.expression.polars import as_polars
from warehouse.expression.sql import as_sql

__all__ = ["Cell", "Expression", "ExpressionError", "Term", "parse"]


class Expression:
    """A parsed expression. Equal texts parse to equal expressions."""

    def __init__(self, node: exp.Expression) -> None:
        self.node = node

    def __repr__(self) -> str:
        """The expression as text."""
        return f"Expression({self.text!r})"

    @property
    def text(self) -> str:
        """The expression in normalised form."""
        return str(self.node.sql(dialect="duckdb"))

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term read, once each, in order of appearance."""
        found: dict[Term, None] = {}
        _walk(self.node, found)
        return tuple(found)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name read."""
        return frozenset(term.name for term in self.terms)

    @property
    def window(self) -> tuple[str, Expression] | None:
        """The outermost window function and what it is applied to, if there is one."""
        name = window_name(self.node)
        return None if name is None else (name, Expression(self.node.expressions[0]))

    @property
    def ratio(self) -> tuple[Expression, Expression] | None:
        """Numerator and denominator when the value is a quotient, possibly times a constant."""
        node = strip_parentheses(self.node)
        if isinstance(node, exp.Mul) and isinstance(strip_parentheses(node.expression), exp.Literal):
            node = strip_parentheses(node.this)
        if isinstance(node, exp.Div):
            return Expression(strip_parentheses(node.this)), Expression(strip_parentheses(node.expression))
        return None

    @property
    def is_sum(self) -> bool:
        """Whether the value is one term or a sum of terms, so that a partial sum makes sense."""
        node = strip_parentheses(self.node)
        if isinstance(node, exp.Add):
            return Expression(node.this).is_sum and Expression(node.expression).is_sum
        return read_term(node) is not None

    @property
    def sides(self) -> tuple[Expression, str, Expression] | None:
        """Left side, Chinese sign and right side when the expression is one comparison."""
        node = strip_parentheses(self.node)
        if type(node) in COMPARE:
            return Expression(node.this), COMPARE[type(node)][1], Expression(node.expression)
        return None

    @cached_property
    def boundaries(self) -> tuple[Expression, ...]:
        """The differences, without denominators, at whose zero one of the comparisons changes its answer."""
        return tuple(Expression(difference) for difference in list_boundaries(self.node))

    @property
    def may_ignore_operands(self) -> bool:
        """Whether the answer may be known while some operands are not."""
        return self.node.find(exp.And, exp.Or, exp.Case, exp.Coalesce) is not None

    @property
    def asks_for_answers(self) -> bool:
        """Whether it tests that a value is missing (IS NULL)."""
        return self.node.find(exp.Is) is not None

    def substitute(self, meaning: Callable[[str], Expression | None]) -> Expression:
        """The expression with names replaced by expressions; ``prev`` of one becomes ``prev`` of each of its names."""

        def replace(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Column):
                inner = meaning(node.name)
                return node if inner is None else exp.Paren(this=inner.node.copy())
            if isinstance(node, exp.Anonymous) and node.name.lower() in TERM_FUNCTIONS:
                column = node.expressions[0]
                inner = meaning(column.name) if isinstance(column, exp.Column) else None
                if inner is None:
                    return node
                rest = node.expressions[1:]
                return exp.Paren(this=inner.node.copy().transform(lambda n: _wrap(n, node.name, rest)))
            return node

        return Expression(_replace_outer(self.node, replace))

    @property
    def long_form(self) -> Expression:
        """The expression with ``mean3(x)`` written out as a sum of three years, for those who compute it."""
        return Expression(self.node.copy().transform(_spell_out_node))

    def polars(self, column: Callable[[Term], pl.Expr], tolerance: float = 0.0) -> pl.Expr:
        """As a polars expression. Null operands give null (not evaluated); division by zero gives null."""
        return as_polars(self.node, column, tolerance)

    def excel(self, cell: Callable[[Term], Cell], tolerance: float = 0.0) -> str:
        """A condition as an Excel formula without the leading ``=``: 1 it holds, 0 it does not, between: unknown.

        ``cell``: term -> its value and test in the sheet; over ranges the formula is an array formula, one answer per row.
        """
        return as_excel(self.node, cell, tolerance)

    def sql(self, column: Callable[[Term], str]) -> str:
        """As an SQL expression for DuckDB; ``column``: term -> the SQL that stands for it."""
        return as_sql(self.node, column)

    def words(self, label: Callable[[Term], str]) -> str:
        """As Chinese words; ``label`` gives the label of a name, the function's words are added here."""
        return as_words(self.node, label)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression. Raises ExpressionError for anything outside the language."""
    try:
        node = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        raise ExpressionError(f"公式“{text}”写得不完整或有错，请检查括号和运算符") from error
    if not isinstance(node, exp.Expression):
        raise ExpressionError(f"公式“{text}”写得不完整或有错，请检查括号和运算符")
    expression = Expression(node)
    as_polars(_write_inside(node), lambda term: pl.col(term.column), 0.0)  # refuses whatever has no rendering
    return expression


def _spell_out_node(node: exp.Expression) -> exp.Expression:
    term = read_term(node)
    if term is None or term.function != "mean3":
        return node
    sum_of_three = f"{term.name} + prev({term.name}) + prev2({term.name})"
    return parse(f"(({sum_of_three}) / 3)").node.copy()


def _write_inside(node: exp.Expression) -> exp.Expression:
    return node.expressions[0] if window_name(node) is not None else node


def _wrap(node: exp.Expression, function: str, rest: list[exp.Expression]) -> exp.Expression:
    if isinstance(node, exp.Column):
        return exp.Anonymous(this=function, expressions=[node.copy(), *(r.copy() for r in rest)])
    return node


def _replace_outer(
    node: exp.Expression, replace: Callable[[exp.Expression], exp.Expression]
) -> exp.Expression:
    """Apply ``replace`` from the top; below a replaced node nothing is visited again."""
    new = replace(node)
    if new is not node:
        return new
    if isinstance(node, exp.Anonymous) and node.name.lower() in TERM_FUNCTIONS:
        return node
    copy = node.copy()
    for child in list(copy.iter_expressions()):
        child.replace(_replace_outer(child, replace))
    return copy


def _walk(node: exp.Expression, found: dict[Term, None]) -> None:
    term = read_term(node)
    if term is not None:
        found[term] = None
        return
    for child in node.iter_expressions():
        _walk(child, found)
