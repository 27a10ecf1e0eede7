"""Polars expressions of a rule: which rows of a frame it concerns, and whether it holds in them (null: not evaluated)."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import polars as pl

from expectations.rulebook.rulebook import CONTEXT_LABELS
from warehouse.expression.expression import Term, parse

DATA_ROW = "data"
TOTAL_ROW = "total"
MISSING_ROW = "missing"


def state_column(field: str) -> str:
    """The column that holds the state of a field's cell."""
    return f"{field}__state"


def unreadable_column(field: str) -> str:
    """The Boolean column: the field's cell has content that could not be read."""
    return f"{field}__is_unreadable"


@dataclass(frozen=True)
class Condition:
    """A rule over the rows of a frame that has ``row_kind``, ``year``, ``org_level`` and the expression's columns.

    ``states``: the fields with a state column in the frame. The rule is not evaluated where one of their cells is unreadable,
    which is a finding of its own.
    """

    expression: str
    when: str | None = None
    levels: tuple[str, ...] | None = None
    since: int | None = None
    until: int | None = None
    tolerance: float = 0.0
    row_kind: str = DATA_ROW
    states: tuple[str, ...] = ()

    @cached_property
    def is_concerned(self) -> pl.Expr:
        """Rows that the rule concerns, never null; a precondition that is null counts as met."""
        parts = [pl.col("row_kind") == self.row_kind]
        if self.levels is not None:
            parts.append(one_of("org_level", self.levels))
        if self.since is not None:
            parts.append(pl.col("year") >= self.since)
        if self.until is not None:
            parts.append(pl.col("year") <= self.until)
        concerned = pl.all_horizontal(part.fill_null(False) for part in parts)
        return concerned if self.when is None else concerned & self._precondition().fill_null(True)

    @cached_property
    def verdict(self) -> pl.Expr:
        """True where the rule holds, False where it is broken, null where it was not evaluated or does not apply."""
        decidable = self.is_concerned
        if self.when is not None:
            decidable = decidable & self._precondition().fill_null(False)
        if self.states:
            decidable = decidable & ~any_unreadable(self.states)
        holds = parse(self.expression).polars(lambda term: pl.col(term.column), self.tolerance)
        return pl.when(decidable).then(holds)

    def _precondition(self) -> pl.Expr:
        assert self.when is not None, "called only for a rule with a precondition"
        return parse(self.when).polars(lambda term: pl.col(term.column))


def one_of(column: str, values: Sequence[str]) -> pl.Expr:
    """Whether a column is one of a few texts; comparisons are much cheaper to build than ``is_in``."""
    return reduce(operator.or_, (pl.col(column) == value for value in values), pl.lit(False))


def any_unreadable(fields: Iterable[str]) -> pl.Expr:
    """Whether one of the fields' cells could not be read."""
    return pl.any_horizontal(pl.col(unreadable_column(f)) for f in fields)


def fields_with_state(terms: Iterable[Term]) -> tuple[str, ...]:
    """The names among ``terms`` that are fields; these have a state column in a form's frame."""
    return tuple(dict.fromkeys(t.name for t in terms if t.name not in CONTEXT_LABELS))
