"""An expression as Chinese words, for findings, the rule book and 填报说明."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from warehouse.expression.nodes import (
    ARITHMETIC,
    COMPARE,
    LEAF,
    Term,
    not_in_language,
    read_term,
    strip_parentheses,
    window_name,
)

_FUNCTION_WORDS = {
    "prev": "上年{}",
    "prev2": "前年{}",
    "mean3": "近三年平均{}",
    "total": "合计行{}",
    "cumulative": "累计{}",
}
_WINDOW_WORDS = {
    "rank": "{}的位次（由高到低）",
    "rank_asc": "{}的位次（由低到高）",
    "percentile": "{}的百分位（0—100，由低到高）",
    "share": "{}占全市比重",
    "streak": "{}的连续年数",
}


def as_words(node: exp.Expression, label: Callable[[Term], str]) -> str:  # noqa: C901, PLR0911, PLR0912
    """The node in words; ``label`` gives the label of a name, the function's words are added here."""

    def go(n: exp.Expression) -> str:
        return as_words(n, label)

    def in_parens(n: exp.Expression) -> str:
        tight = isinstance(n, (exp.Mul, exp.Div, *LEAF))
        return go(n) if tight else f"（{go(n)}）"

    term = read_term(node)
    if term is not None:
        text = _FUNCTION_WORDS.get(term.function or "", "{}").format(label(term))
        return text if term.since is None else f"{term.since}年以来{text}"
    kind = type(node)
    if kind in COMPARE:
        if isinstance(node.expression, exp.Boolean) and kind is exp.EQ:
            return f"{go(node.this)}为“{go(node.expression)}”"
        if isinstance(node.expression, exp.Literal) and node.expression.is_string:
            return f"{go(node.this)}{'为' if kind is exp.EQ else '不为'}{go(node.expression)}"
        return f"{go(node.this)} {COMPARE[kind][1]} {go(node.expression)}"
    if kind in (exp.Add, exp.Sub):
        right = go(node.expression) if kind is exp.Add else in_parens(node.expression)
        return f"{go(node.this)} {ARITHMETIC[kind][1]} {right}"
    if kind in ARITHMETIC:
        return f"{in_parens(node.this)} {ARITHMETIC[kind][1]} {in_parens(node.expression)}"
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
        case exp.Not() if isinstance(strip_parentheses(node.this), exp.Is):
            return f"{go(strip_parentheses(node.this).this)}已填"
        case exp.Not() if isinstance(strip_parentheses(node.this), exp.Column):
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
    window = window_name(node)
    if window is not None:
        return _WINDOW_WORDS[window].format(go(node.expressions[0]))
    raise not_in_language(node)
