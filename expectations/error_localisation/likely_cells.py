"""Adds to a suite's findings which cells are most likely wrong; see :mod:`expectations.error_localisation.smallest_sets`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.error_localisation.mends import Variable, make_variable
from expectations.error_localisation.smallest_sets import ROW_FINDING_KEY, find_likely_cells
from expectations.error_localisation.totals import TOTAL_FINDING_KEY, find_likely_totals
from expectations.frames.unit_frame import list_previous_values, sum_previous_values
from expectations.rulebook.rulebook import RuleBook, is_below, label_at
from expectations.verdicts.rule_checks import Check
from expectations.verdicts.silence import leave_out_settled
from expectations.verdicts.verdicts import Suite
from warehouse.catalogue.frames import Findings, Notes
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form, Measure
from warehouse.registry.levels import Level


def name_likely_cells(
    findings: Findings,
    suite: Suite,
    form: Form,
    standing: pl.DataFrame,
    catalogue: Catalogue,
    rulebook: RuleBook,
    notes: Notes,
) -> Findings:
    """``findings`` (FINDING) of a form's suite with ``likely`` filled, without settled totals.

    ``standing``: the MEASURE rows of other years to compare with; ``notes``: NOTE of the batch.
    """
    checks, frame = _select_expression_checks(suite.checks), suite.rows
    totals = {str(rule.check): rule.id for rule in rulebook.of_scope("total")}
    rules = [check.rule.id for check in checks]
    if not findings["rule"].is_in([*rules, *totals.values()]).any():
        return findings
    variables = [
        make_variable(f, catalogue.code_lists[f.codes].labels if f.codes else ()) for f in form.fields
    ]
    history = list_previous_values(standing, frame["year"].unique().drop_nulls().to_list(), catalogue)
    findings = _join_sentences(
        findings, find_likely_cells(checks, frame, variables, history), ROW_FINDING_KEY
    )
    said = find_likely_totals(totals, form, checks, frame, history, notes)
    asked = leave_out_settled(findings, said.filter("is_settled").select(TOTAL_FINDING_KEY))
    return _join_sentences(asked, said.drop("is_settled"), TOTAL_FINDING_KEY)


def name_likely_numbers(
    findings: Findings,
    suite: Suite,
    standing: pl.DataFrame,
    catalogue: Catalogue,
) -> Findings:
    """As :func:`name_likely_cells`, for the cross-form suite, whose cells are measures summed up to a unit."""
    if findings.is_empty():
        return findings
    # A measure that counts rows is not a cell whose number could be changed.
    counted = {measure.id for measure in catalogue.measures.values() if measure.where is not None}
    checks = [check for check in _select_expression_checks(suite.checks) if counted.isdisjoint(check.fields)]
    frame = suite.rows
    names = [name for name in catalogue.measures if name in frame.columns]
    years = frame["year"].unique().drop_nulls().to_list()
    history = sum_previous_values(names, standing, years, catalogue)
    said = [
        find_likely_cells(
            checks, part, [_describe_variable(catalogue.measures[n], level) for n in names], history
        )
        for (level,), part in frame.partition_by("org_level", as_dict=True, maintain_order=True).items()
    ]
    return _join_sentences(findings, pl.concat(said), ROW_FINDING_KEY)


def _describe_variable(measure: Measure, level: Level) -> Variable:
    """The variable of a measure at a unit of ``level``: the unit's own number, or a sum over the units below it."""
    is_own = measure.where is None and not is_below(measure, level)
    is_whole = measure.unit != "元"
    return Variable(
        measure.id, label_at(measure, level), is_number=True, is_whole=is_whole, low=0.0, is_typed=is_own
    )


def _select_expression_checks(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.rule.expression is not None]


def _join_sentences(findings: Findings, sentences: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    joined = findings.join(
        sentences, on=list(key), how="left", maintain_order="left", nulls_equal=True, suffix="_said"
    )
    assert joined.height == findings.height, "a finding has one sentence"
    return joined.with_columns(likely=pl.coalesce("likely", "likely_said")).drop("likely_said")
