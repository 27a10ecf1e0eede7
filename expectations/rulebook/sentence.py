"""The texts of the placeholders in an expression rule's message: labels with numbers, sides, computed numbers.

:func:`warehouse.words.filled_sentences.fill_template` fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from expectations.rulebook.condition import state_column
from expectations.rulebook.message import value_text, with_unit
from warehouse.expression.expression import Expression, Term, parse
from warehouse.words.number_words import NOT_APPLICABLE, NOT_REPORTED, number_text

Meaning = Callable[[str], pl.Expr]
Types = Mapping[str, pl.DataType | type[pl.DataType]]

_MARK = re.compile("\x01([^\x02]*)\x02")


@dataclass(frozen=True)
class Sentence:
    """Renders the terms of one rule.

    ``labels``, ``units`` 计量单位 and ``types`` are by name, ``has_states`` for a form's frame.
    """

    expression: Expression
    labels: Mapping[str, str]
    units: Mapping[str, str]
    types: Types
    has_states: bool

    def meaning(self, placeholder: str) -> pl.Expr:
        """The text of a placeholder: ``left``, ``right``, ``x`` (label and number), ``x.value``, ``=expression``."""
        if placeholder == "unit":
            return pl.col("unit_text")
        if placeholder == "item":
            return pl.col("item")
        if placeholder == "year" and "year" not in self.expression.names:
            return pl.col("year").cast(pl.String)
        if placeholder.startswith("="):
            return number_text(parse(placeholder[1:]).polars(lambda term: pl.col(term.column)))
        if placeholder in ("left", "right"):
            sides = self.expression.sides
            assert sides is not None, "the rule book refuses {left} where there are no sides"
            return self._write_side(sides[0] if placeholder == "left" else sides[2])
        name, _, wanted = placeholder.partition(".")
        texts = {"value": self.text, "change": self._write_change, "lacking": self._label_missing}
        return texts.get(wanted, self._label_value)(_find_term(name))

    def text(self, term: Term) -> pl.Expr:
        """The value of a term as a clerk writes it, with its unit; without a value, the mark of its state."""
        return self._fill_with_mark(term, with_unit(self._write_value(term), self.units.get(term.name, "")))

    def _write_after_label(self, term: Term) -> pl.Expr:
        """The text that follows the term's label, without a unit that ends the label: 活动场次4, not 活动场次4场次."""
        unit = self.units.get(term.name, "")
        is_said = bool(unit) and self.labels[term.name].removesuffix("合计").endswith(unit)
        return self.operand(term) if is_said else self.text(term)

    def operand(self, term: Term) -> pl.Expr:
        """As :meth:`text`, without the unit: the value that an explanation is bound to."""
        return self._fill_with_mark(term, self._write_value(term))

    def _write_value(self, term: Term) -> pl.Expr:
        return value_text(pl.col(term.column), self.types.get(term.name, pl.Float64))

    def _fill_with_mark(self, term: Term, shown: pl.Expr) -> pl.Expr:
        if not self.has_states or term.name in ("year", "org_level"):
            return shown.fill_null(NOT_REPORTED)
        is_not_applicable = (pl.col(state_column(term.name)) == "not_applicable").fill_null(False)
        mark = pl.when(is_not_applicable).then(pl.lit(NOT_APPLICABLE)).otherwise(pl.lit(NOT_REPORTED))
        return pl.coalesce(shown, mark)

    def _label_missing(self, term: Term) -> pl.Expr:
        """The label of a Boolean field that says no; else null."""
        return pl.when(~pl.col(term.column)).then(pl.lit(self.labels[term.name]))

    def _write_change(self, term: Term) -> pl.Expr:
        """``比上年（85人）增长105.9%``: how this year's number of a measure compares with last year's."""
        last = Term(term.name, "prev")
        percent = ((pl.col(term.column) / pl.col(last.column) - 1) * 100).round(1)
        moved = pl.when(percent < 0).then(pl.lit("下降")).otherwise(pl.lit("增长"))
        return pl.format("比上年（{}）{}{}%", self.text(last), moved, number_text(percent.abs()))

    def _label_value(self, term: Term) -> pl.Expr:
        function = {"prev": "上年"}.get(term.function or "", "")
        return pl.format(function + self.labels[term.name] + "{}", self._write_after_label(term))

    def _write_side(self, side: Expression) -> pl.Expr:
        """One side in words, a number after each label, and the result where the side is computed."""
        words = side.words(lambda term: f"\x01{term.column}\x02")
        pieces: list[pl.Expr] = []
        for index, piece in enumerate(_MARK.split(words)):
            if index % 2:
                term = _find_term(piece)
                pieces.append(pl.format(self.labels[term.name] + "{}", self._write_after_label(term)))
            elif piece:
                pieces.append(pl.lit(piece))
        whole = pl.concat_str(pieces)
        if _is_bare(side):
            return whole
        result = number_text(side.polars(lambda term: pl.col(term.column)))
        units = {self.units.get(term.name, "") for term in side.terms}
        return pl.format("{} ＝ {}", whole, with_unit(result, units.pop() if len(units) == 1 else ""))


def _find_term(column: str) -> Term:
    """The term of a column; prev is the only function of a rule's terms."""
    return Term(column.removesuffix("__prev"), "prev") if column.endswith("__prev") else Term(column)


def _is_bare(side: Expression) -> bool:
    """Whether a side is a single name or constant."""
    return side.words(lambda term: "\x01\x02").count("\x01") == len(side.terms) <= 1 and not re.search(
        r"[＋－×÷绝]", side.words(lambda term: "")
    )
