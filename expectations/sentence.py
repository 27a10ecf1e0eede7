"""What the places of an expression rule's message stand for: labels with numbers, sides, computed numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from expectations.condition import state_column
from expectations.message import NOT_APPLICABLE, NOT_REPORTED, number_text, value_text
from warehouse.catalogue.expression import Expression, Term, parse

Meaning = Callable[[str], pl.Expr]
Types = Mapping[str, pl.DataType | type[pl.DataType]]

_MARK = re.compile("\x01([^\x02]*)\x02")


@dataclass(frozen=True)
class Sentence:
    """Renders the terms of one rule. ``labels`` and ``types`` are by name, ``has_states`` for a form's frame."""

    expression: Expression
    labels: Mapping[str, str]
    types: Types
    has_states: bool

    def meaning(self, place: str) -> pl.Expr:
        """The text of a place: ``left``, ``right``, ``x`` (label and number), ``x.value``, ``=expression``."""
        if place == "unit":
            return pl.col("unit_text")
        if place == "item":
            return pl.col("item")
        if place == "year" and "year" not in self.expression.names:
            return pl.col("year").cast(pl.String)
        if place.startswith("="):
            return number_text(parse(place[1:]).polars(lambda term: pl.col(term.column)))
        if place in ("left", "right"):
            sides = self.expression.sides
            assert sides is not None, "the rule book refuses {left} where there are no sides"
            return self._side(sides[0] if place == "left" else sides[2])
        name, _, wanted = place.partition(".")
        term = _term(name)
        return self.text(term) if wanted == "value" else self._labelled(term)

    def text(self, term: Term) -> pl.Expr:
        """The value of a term as a clerk writes it; where there is none, the mark of its state."""
        shown = value_text(pl.col(term.column), self.types.get(term.name, pl.Float64))
        if not self.has_states or term.name in ("year", "org_level"):
            return shown.fill_null(NOT_REPORTED)
        is_not_applicable = (pl.col(state_column(term.name)) == "not_applicable").fill_null(False)
        mark = pl.when(is_not_applicable).then(pl.lit(NOT_APPLICABLE)).otherwise(pl.lit(NOT_REPORTED))
        return pl.coalesce(shown, mark)

    def _labelled(self, term: Term) -> pl.Expr:
        function = {"prev": "上年"}.get(term.function or "", "")
        return pl.format(function + self.labels[term.name] + self._gap(term) + "{}", self.text(term))

    def _gap(self, term: Term) -> str:
        """A space before numbers; quoted texts follow their label directly."""
        return "" if self.types.get(term.name) in (pl.String, pl.Boolean) else " "

    def _side(self, side: Expression) -> pl.Expr:
        """Words of one side with a number after each label, and the result where something is computed."""
        words = side.words(lambda term: f"\x01{term.column}\x02")
        pieces: list[pl.Expr] = []
        for index, piece in enumerate(_MARK.split(words)):
            if index % 2:
                term = _term(piece)
                pieces.append(pl.format(self.labels[term.name] + self._gap(term) + "{}", self.text(term)))
            elif piece:
                pieces.append(pl.lit(piece))
        whole = pl.concat_str(pieces)
        if _is_bare(side):
            return whole
        return pl.format("{} ＝ {}", whole, number_text(side.polars(lambda term: pl.col(term.column))))


def _term(column: str) -> Term:
    """The term that has this column; rules know no other term function than prev."""
    return Term(column.removesuffix("__prev"), "prev") if column.endswith("__prev") else Term(column)


def _is_bare(side: Expression) -> bool:
    """Whether a side is one name or one constant, so that nothing is computed."""
    return side.words(lambda term: "\x01\x02").count("\x01") == len(side.terms) <= 1 and not re.search(
        r"[＋－×÷绝]", side.words(lambda term: "")
    )
