"""The one expression language of rules and formulas: SQL expressions over names, rendered three ways.

``parse`` reads the text once; an :class:`Expression` then renders itself as a polars expression (to evaluate), as an
Excel formula (live check in the issued workbook) and as Chinese words (finding, rule book, 填报说明). Nothing is
ever evaluated as code. What a name means (a column, a cell, a label) is the caller's business: each rendering
takes a function from :class:`Term` to that meaning.

Besides arithmetic, comparison, AND/OR/NOT, IN, BETWEEN, IS NULL, CASE, COALESCE, ABS and ROUND there are

* term functions, whose argument is one name: ``prev(x)`` last year's value, ``total(x)`` the 合计 row's value,
  ``cumulative(x)`` the sum of all years up to this one (``cumulative(x, 2020)``: since 2020);
* window functions, which stand outermost: ``rank(e)`` (1 = largest), ``rank_asc(e)`` (1 = smallest) among units of
  the same level, ``share(e)`` of the city in per cent, ``streak(condition)`` consecutive years up to this one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import Any

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

TERM_FUNCTIONS = ("prev", "total", "cumulative")
WINDOW_FUNCTIONS = ("rank", "rank_asc", "share", "streak")


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


_Sign = tuple[str, str, Callable[[pl.Expr, pl.Expr], pl.Expr]]
_COMPARE: dict[type[exp.Expression], _Sign] = {
    exp.LTE: ("<=", "≤", operator.le),
    exp.LT: ("<", "＜", operator.lt),
    exp.GTE: (">=", "≥", operator.ge),
    exp.GT: (">", "＞", operator.gt),
    exp.EQ: ("=", "＝", operator.eq),
    exp.NEQ: ("<>", "≠", operator.ne),
}
_ARITHMETIC: dict[type[exp.Expression], _Sign] = {
    exp.Add: ("+", "＋", operator.add),
    exp.Sub: ("-", "－", operator.sub),
    exp.Mul: ("*", "×", operator.mul),
    exp.Div: ("/", "÷", operator.truediv),
}
_LEAF = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Anonymous, exp.Func)


class Expression:
    """A parsed expression. Equal texts parse to equal expressions."""

    def __init__(self, node: exp.Expression) -> None:
        self.node = node

    def __repr__(self) -> str:
        """The expression as text."""
        return f"Expression({self.text!r})"

    @property
    def text(self) -> str:
        """The expression as it would be written."""
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
        name = _window_name(self.node)
        return None if name is None else (name, Expression(self.node.expressions[0]))

    @property
    def ratio(self) -> tuple[Expression, Expression] | None:
        """Numerator and denominator when the value is a quotient, possibly times a constant."""
        node = _bare(self.node)
        if isinstance(node, exp.Mul) and isinstance(_bare(node.expression), exp.Literal):
            node = _bare(node.this)
        if isinstance(node, exp.Div):
            return Expression(_bare(node.this)), Expression(_bare(node.expression))
        return None

    @property
    def is_sum(self) -> bool:
        """Whether the value is one term or a sum of terms: something of it can be known without all of it."""
        node = _bare(self.node)
        if isinstance(node, exp.Add):
            return Expression(node.this).is_sum and Expression(node.expression).is_sum
        return _term(node) is not None

    @property
    def sides(self) -> tuple[Expression, str, Expression] | None:
        """Left side, Chinese sign and right side when the expression is one comparison."""
        node = _bare(self.node)
        if type(node) in _COMPARE:
            return Expression(node.this), _COMPARE[type(node)][1], Expression(node.expression)
        return None

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

    def polars(self, column: Callable[[Term], pl.Expr], tolerance: float = 0.0) -> pl.Expr:
        """As a polars expression. Null operands give null (not evaluated); division by zero gives null."""
        return _polars(self.node, column, tolerance)

    def excel(self, cell: Callable[[Term], str], tolerance: float = 0.0) -> str:
        """As an Excel formula without the leading ``=``; ``cell`` gives the reference of a term."""
        return _excel(self.node, cell, tolerance)

    def words(self, label: Callable[[Term], str]) -> str:
        """As Chinese words; ``label`` gives the label of a name, the function's words are added here."""
        return _words(self.node, label)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression. Raises ExpressionError for anything outside the language."""
    try:
        node = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        raise ExpressionError(f"not an expression: {text!r}: {str(error).splitlines()[0]}") from None
    if not isinstance(node, exp.Expression):
        raise ExpressionError(f"not an expression: {text!r}")
    expression = Expression(node)
    _polars(_inner(node), lambda term: pl.col(term.column), 0.0)  # refuses whatever has no rendering
    return expression


def _window_name(node: exp.Expression) -> str | None:
    """The window function a node calls; sqlglot knows RANK by a class of its own."""
    name = (
        node.name.lower()
        if isinstance(node, exp.Anonymous)
        else "rank"
        if isinstance(node, exp.Rank)
        else None
    )
    return name if name in WINDOW_FUNCTIONS and node.expressions else None


def _inner(node: exp.Expression) -> exp.Expression:
    return node.expressions[0] if _window_name(node) is not None else node


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


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


def _term(node: exp.Expression) -> Term | None:
    """The term a node is, if it is one."""
    if isinstance(node, exp.Column):
        if node.table:
            raise ExpressionError(f"{node.sql()!r}: a name has no dot")
        return Term(node.name)
    if isinstance(node, exp.Anonymous) and node.name.lower() in TERM_FUNCTIONS:
        function, arguments = node.name.lower(), node.expressions
        if not arguments or not isinstance(arguments[0], exp.Column):
            raise ExpressionError(f"{function}() takes one name")
        years = arguments[1:]
        if len(years) > (function == "cumulative"):
            raise ExpressionError(f"{function}() takes fewer arguments: {node.sql()!r}")
        if not all(isinstance(y, exp.Literal) and y.this.isdigit() for y in years):
            raise ExpressionError(f"{function}(name, year) takes a year: {node.sql()!r}")
        return Term(arguments[0].name, function, int(years[0].this) if years else None)
    return None


def _walk(node: exp.Expression, found: dict[Term, None]) -> None:
    term = _term(node)
    if term is not None:
        found[term] = None
        return
    for child in node.iter_expressions():
        _walk(child, found)


def _unknown(node: exp.Expression) -> ExpressionError:
    return ExpressionError(f"{node.sql()!r} is not part of the expression language")


def _number(node: exp.Literal) -> float | int:
    return int(node.this) if node.this.isdigit() else float(node.this)


def _polars(node: exp.Expression, column: Callable[[Term], pl.Expr], tolerance: float) -> pl.Expr:  # noqa: C901, PLR0911, PLR0912
    def go(n: exp.Expression) -> pl.Expr:
        return _polars(n, column, tolerance)

    term = _term(node)
    if term is not None:
        return column(term)
    kind: Any = type(node)
    if kind in _COMPARE:
        left, right = go(node.this), go(node.expression)
        if tolerance and kind in (exp.EQ, exp.LTE, exp.GTE):
            gap = left - right
            return {exp.EQ: gap.abs() <= tolerance, exp.LTE: gap <= tolerance, exp.GTE: gap >= -tolerance}[
                kind
            ]
        return _COMPARE[kind][2](left, right)
    if kind is exp.Div:
        below = go(node.expression)
        return pl.when(below != 0).then(go(node.this) / below)
    if kind in _ARITHMETIC:
        return _ARITHMETIC[kind][2](go(node.this), go(node.expression))
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
    raise _unknown(node)


def _excel(node: exp.Expression, cell: Callable[[Term], str], tolerance: float) -> str:  # noqa: C901, PLR0911, PLR0912
    def go(n: exp.Expression) -> str:
        return _excel(n, cell, tolerance)

    def in_parens(n: exp.Expression) -> str:
        return go(n) if isinstance(n, _LEAF) else f"({go(n)})"

    term = _term(node)
    if term is not None:
        return cell(term)
    kind: Any = type(node)
    if kind in _COMPARE:
        left, right = in_parens(node.this), in_parens(node.expression)
        if tolerance and kind in (exp.EQ, exp.LTE, exp.GTE):
            loosened: dict[Any, str] = {
                exp.EQ: f"ABS({left}-{right})<={tolerance}",
                exp.LTE: f"{left}-{right}<={tolerance}",
                exp.GTE: f"{left}-{right}>=-{tolerance}",
            }
            return loosened[kind]
        return f"{left}{_COMPARE[kind][0]}{right}"
    if kind in _ARITHMETIC:
        return f"{in_parens(node.this)}{_ARITHMETIC[kind][0]}{in_parens(node.expression)}"
    match node:
        case exp.Literal():
            return '"' + node.this.replace('"', '""') + '"' if node.is_string else node.this
        case exp.Boolean():
            return "TRUE" if node.this else "FALSE"
        case exp.Null():
            return '""'
        case exp.Paren():
            return f"({go(node.this)})"
        case exp.Neg():
            return f"-{in_parens(node.this)}"
        case exp.And():
            return f"AND({go(node.this)},{go(node.expression)})"
        case exp.Or():
            return f"OR({go(node.this)},{go(node.expression)})"
        case exp.Not():
            return f"NOT({go(node.this)})"
        case exp.Is() if isinstance(node.expression, exp.Null):
            return f'{in_parens(node.this)}=""'
        case exp.In() if node.expressions:
            tested = in_parens(node.this)
            return "OR(" + ",".join(f"{tested}={go(option)}" for option in node.expressions) + ")"
        case exp.Between():
            tested = in_parens(node.this)
            return f"AND({tested}>={in_parens(node.args['low'])},{tested}<={in_parens(node.args['high'])})"
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
    raise _unknown(node)


_FUNCTION_WORDS = {"prev": "上年{}", "total": "合计行{}", "cumulative": "累计{}"}
_WINDOW_WORDS = {
    "rank": "{}的位次（由高到低）",
    "rank_asc": "{}的位次（由低到高）",
    "share": "{}占全市比重",
    "streak": "{}的连续年数",
}


def _words(node: exp.Expression, label: Callable[[Term], str]) -> str:  # noqa: C901, PLR0911, PLR0912
    def go(n: exp.Expression) -> str:
        return _words(n, label)

    def in_parens(n: exp.Expression) -> str:
        tight = isinstance(n, (exp.Mul, exp.Div, *_LEAF))
        return go(n) if tight else f"（{go(n)}）"

    term = _term(node)
    if term is not None:
        text = _FUNCTION_WORDS.get(term.function or "", "{}").format(label(term))
        return text if term.since is None else f"{term.since}年以来{text}"
    kind = type(node)
    if kind in _COMPARE:
        if isinstance(node.expression, exp.Boolean) and kind is exp.EQ:
            return f"{go(node.this)}为“{go(node.expression)}”"
        if isinstance(node.expression, exp.Literal) and node.expression.is_string:
            return f"{go(node.this)}{'为' if kind is exp.EQ else '不为'}{go(node.expression)}"
        return f"{go(node.this)} {_COMPARE[kind][1]} {go(node.expression)}"
    if kind in (exp.Add, exp.Sub):
        right = go(node.expression) if kind is exp.Add else in_parens(node.expression)
        return f"{go(node.this)} {_ARITHMETIC[kind][1]} {right}"
    if kind in _ARITHMETIC:
        return f"{in_parens(node.this)} {_ARITHMETIC[kind][1]} {in_parens(node.expression)}"
    match node:
        case exp.Literal():
            return f"“{node.this}”" if node.is_string else node.this
        case exp.Boolean():
            return "是" if node.this else "否"
        case exp.Null():
            return "空"
        case exp.Paren():
            return f"（{go(node.this)}）"
        case exp.Neg():
            return f"－{in_parens(node.this)}"
        case exp.And():
            return f"{go(node.this)}，且{go(node.expression)}"
        case exp.Or():
            return f"{go(node.this)}，或者{go(node.expression)}"
        case exp.Not() if isinstance(_bare(node.this), exp.Is):
            return f"{go(_bare(node.this).this)}已填"
        case exp.Not() if isinstance(_bare(node.this), exp.Column):
            return f"{go(node.this)}为“否”"
        case exp.Not():
            return f"并非{in_parens(node.this)}"
        case exp.Is() if isinstance(node.expression, exp.Null):
            return f"{go(node.this)}未填"
        case exp.In() if node.expressions:
            return f"{go(node.this)}为{'或'.join(go(option) for option in node.expressions)}"
        case exp.Between():
            return f"{go(node.this)}在{go(node.args['low'])}至{go(node.args['high'])}之间"
        case exp.Case() if node.this is None:
            parts = [f"{go(b.this)}时为{go(b.args['true'])}" for b in node.args["ifs"]]
            default = node.args.get("default")
            return "，".join([*parts, f"其他情况为{go(default)}"] if default is not None else parts)
        case exp.Coalesce():
            return go(node.this)
        case exp.Abs():
            return f"{in_parens(node.this)}的绝对值"
        case exp.Round():
            return f"{in_parens(node.this)}（四舍五入）"
    window = _window_name(node)
    if window is not None:
        return _WINDOW_WORDS[window].format(go(node.expressions[0]))
    raise _unknown(node)
