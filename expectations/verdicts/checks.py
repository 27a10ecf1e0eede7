"""Checks: a rule applied to one frame, ready to be counted by Great Expectations and located by polars.

A :class:`Gate` is one expectation of a suite; its checks (one for each field it speaks of) locate together exactly
the rows it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import polars as pl

from expectations.rulebook.condition import Condition, fields_with_state
from expectations.rulebook.message import value_text
from expectations.rulebook.rulebook import (
    CONTEXT_LABELS,
    CONTEXT_TYPES,
    Rule,
    RuleBook,
    field_schema,
    label_of,
    unit_of,
)
from expectations.rulebook.sentence import Meaning, Sentence
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form

GateKind = Literal["answers", "codes", "range", "unique", "rows", "conditions"]


@dataclass(frozen=True)
class Check:
    """A rule at one field (or row) of a frame.

    ``verdict`` is True where it holds, False where it is broken, null otherwise; ``concerned`` tells rows that were
    not evaluated from rows that are none of its business. ``operands`` is the text of all values concerned.
    """

    rule: Rule
    form: str
    fields: tuple[str, ...]
    shown_at: str | None
    concerned: pl.Expr
    verdict: pl.Expr
    meaning: Meaning
    value: pl.Expr
    operands: pl.Expr


@dataclass(frozen=True)
class Gate:
    """One expectation: its kind and settings, and the checks that locate what it counts.

    ``label`` and ``words`` are what the Data Docs call the column and what is expected of it.
    """

    name: str
    rule: Rule
    form: str
    kind: GateKind
    columns: tuple[str, ...]
    settings: Mapping[str, Any]
    checks: tuple[Check, ...]
    label: str
    words: str


def condition_gate(
    name: str, rule: Rule, form: str, conditions: list[Condition], checks: list[Check]
) -> Gate:
    """A gate that evaluates conditions; it counts the rows that break each of them, all together."""
    columns = dict.fromkeys(column for condition in conditions for column in condition.columns)
    settings = {"conditions": [_without_defaults(condition) for condition in conditions]}
    return Gate(name, rule, form, "conditions", tuple(columns), settings, tuple(checks), "", rule.words)


def _without_defaults(condition: Condition) -> dict[str, Any]:
    return {key: value for key, value in asdict(condition).items() if value not in (None, (), 0.0)}


def row_gates(form: Form, rulebook: RuleBook, catalogue: Catalogue) -> list[Gate]:
    """One gate for every row rule of ``form``."""
    types = {**field_schema(form), **CONTEXT_TYPES}
    gates = []
    for rule in rulebook.row_rules(form.id):
        labels = label_of(rule, catalogue, form.id)
        levels = rule.levels or _common_levels(form, rule)
        condition = _condition(rule, levels, fields_with_state(rule.terms))
        sentence = Sentence(rule.parsed, labels, unit_of(rule, catalogue, form.id), types, has_states=True)
        check = _expression_check(rule, form.id, condition, sentence, types)
        gates.append(condition_gate(rule.id, rule, form.id, [condition], [check]))
    return gates


def unit_gates(rulebook: RuleBook, catalogue: Catalogue) -> list[Gate]:
    """One gate for every unit rule, over the cross-form frame of :mod:`expectations.frames.unit_frame`."""
    types = {**dict.fromkeys(catalogue.measures, pl.Float64), **CONTEXT_TYPES}
    gates = []
    for rule in rulebook.of_scope("unit"):
        assert rule.levels is not None, "the rule book refuses a unit rule without levels"
        form = catalogue.measures[rule.shown_at].form
        condition = _condition(rule, rule.levels, ())
        sentence = Sentence(
            rule.parsed, label_of(rule, catalogue), unit_of(rule, catalogue), types, has_states=False
        )
        check = _expression_check(rule, form, condition, sentence, types)
        gates.append(condition_gate(rule.id, rule, form, [condition], [check]))
    return gates


def _condition(rule: Rule, levels: tuple[str, ...], states: tuple[str, ...]) -> Condition:
    assert rule.expression is not None, "only expression rules have conditions"
    return Condition(
        rule.expression,
        when=rule.when,
        levels=levels,
        since=rule.since,
        until=rule.until,
        tolerance=rule.tolerance,
        states=states,
    )


def _expression_check(
    rule: Rule, form: str, condition: Condition, sentence: Sentence, types: Mapping[str, Any]
) -> Check:
    return Check(
        rule=rule,
        form=form,
        fields=rule.operands,
        shown_at=rule.shown_at,
        concerned=condition.concerned,
        verdict=condition.verdict,
        meaning=sentence.meaning,
        value=plain_text(rule.shown_at, types[rule.shown_at]),
        operands=operands_text(
            {t.column: sentence.operand(t) for t in rule.terms if t.name not in CONTEXT_LABELS}
        ),
    )


def operands_text(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """``a=1;b=2``: the values a verdict rests on, in one text that changes when one of them does."""
    parts = [pl.format(f"{name}={{}}", value.fill_null("")) for name, value in values.items()]
    return pl.concat_str(parts, separator=";") if parts else pl.lit("")


def plain_text(column: str, dtype: Any) -> pl.Expr:
    """The value of a cell for the finding's own column: as in a sentence, without quotation marks."""
    text = value_text(pl.col(column), dtype)
    return text.str.strip_chars("“”") if dtype in (pl.String, pl.Boolean) else text


def _common_levels(form: Form, rule: Rule) -> tuple[str, ...]:
    """The levels at which every field of the rule is asked."""
    asked = [set(form.levels_of(form.field(name))) for name in rule.operands]
    return tuple(level for level in form.levels if all(level in levels for levels in asked))
