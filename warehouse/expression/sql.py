"""An expression as SQL for DuckDB, for people who want to ask the published file themselves.

The language is SQL already; what a name means is put in, and a division by zero gives null, as everywhere in the house.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from warehouse.expression.nodes import Term, read_term


def as_sql(node: exp.Expression, column: Callable[[Term], str]) -> str:
    """The node as an SQL expression; ``column``: term -> the SQL that stands for it."""

    def put_in(part: exp.Expression) -> exp.Expression:
        term = read_term(part)
        return part if term is None else exp.Var(this=column(term))

    whole = exp.Paren(this=node.copy()).transform(put_in)  # so that a node that is a term itself has a parent
    for division in list(whole.find_all(exp.Div)):
        division.set("expression", exp.Nullif(this=division.expression, expression=exp.Literal.number(0)))
    return str(whole.this.sql(dialect="duckdb"))
