"""Checks: a rule applied to one field (or row) of one frame; each is a column of VERDICT.

This module makes the checks of expression rules, :mod:`expectations.verdicts.column_checks` those generated from the
catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

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

ACROSS_FIELDS, ACROSS_FORMS = "各栏之间", "各表、各年度之间"
"""Labels in the Data Docs for rules about more than one column."""


@dataclass(frozen=True)
class Check:
    """A rule applied to one field (or row) of a frame.

    ``id``: unique in its suite. ``is_concerned``: rows to which the rule applies. ``verdict``: True where it holds, False
    where it is broken, null where it was not evaluated. ``meaning``: placeholder of the message -> text. ``value``,
    ``operands``: make the texts of the value shown and of all values read, for broken rows only. ``label``, ``words``: the
    column and the demand in the Data Docs.
    """

    id: str
    rule: Rule
    form: str
    fields: tuple[str, ...]
    finding_field: str | None
    is_concerned: pl.Expr
    verdict: pl.Expr
    meaning: Meaning
    value: Callable[[], pl.Expr]
    operands: Callable[[], pl.Expr]
    label: str
    words: str


def row_checks(form: Form, rulebook: RuleBook, catalogue: Catalogue) -> list[Check]:
    """One check for every row rule of ``form``."""
    types = {**field_schema(form), **CONTEXT_TYPES}
    checks = []
    for rule in rulebook.row_rules(form.id):
        labels = label_of(rule, catalogue, form.id)
        levels = rule.levels or _common_levels(form, rule)
        condition = _condition(rule, levels, fields_with_state(rule.terms))
        sentence = Sentence(
            rule.requirement, labels, unit_of(rule, catalogue, form.id), types, has_states=True
        )
        checks.append(_expression_check(rule, form.id, condition, sentence, types, ACROSS_FIELDS))
    return checks


def unit_checks(rulebook: RuleBook, catalogue: Catalogue) -> list[Check]:
    """One check for every unit rule, over the cross-form frame of :mod:`expectations.frames.unit_frame`."""
    types = {**dict.fromkeys(catalogue.measures, pl.Float64), **CONTEXT_TYPES}
    checks = []
    for rule in rulebook.of_scope("unit"):
        assert rule.levels is not None, "the rule book refuses a unit rule without levels"
        form = catalogue.measures[rule.finding_field].form
        condition = _condition(rule, rule.levels, ())
        sentence = Sentence(
            rule.requirement, label_of(rule, catalogue), unit_of(rule, catalogue), types, has_states=False
        )
        checks.append(_expression_check(rule, form, condition, sentence, types, ACROSS_FORMS))
    return checks


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
    rule: Rule, form: str, condition: Condition, sentence: Sentence, types: Mapping[str, Any], label: str
) -> Check:
    return Check(
        id=rule.id,
        rule=rule,
        form=form,
        fields=rule.operands,
        finding_field=rule.finding_field,
        is_concerned=condition.is_concerned,
        verdict=condition.verdict,
        meaning=sentence.meaning,
        value=partial(plain_text, rule.finding_field, types[rule.finding_field]),
        operands=lambda: operands_text(
            {t.column: sentence.operand(t) for t in rule.terms if t.name not in CONTEXT_LABELS}
        ),
        label=label,
        words=rule.words,
    )


def operands_text(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """``a=1;b=2``: the values that a verdict read, as one text."""
    parts = [pl.format(f"{name}={{}}", value.fill_null("")) for name, value in values.items()]
    return pl.concat_str(parts, separator=";") if parts else pl.lit("")


def plain_text(column: str, dtype: Any) -> pl.Expr:
    """The value of a cell as in a sentence, without quotation marks."""
    text = value_text(pl.col(column), dtype)
    return text.str.strip_chars("“”") if dtype in (pl.String, pl.Boolean) else text


def _common_levels(form: Form, rule: Rule) -> tuple[str, ...]:
    """The levels at which every field of the rule is asked."""
    asked = [set(form.levels_of(form.field(name))) for name in rule.operands]
    return tuple(level for level in form.levels if all(level in levels for levels in asked))
