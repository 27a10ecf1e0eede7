"""Is this batch believable: all rules over all its forms, and the findings.

The submissions of one region (warehouse.registry.regions) are judged by nobody else's numbers but for the totals of the whole
city, so that a batch may be judged in parts; what Great Expectations counts is the union of their verdicts (expectations.count).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import polars as pl

from expectations.error_localisation.likely_cells import name_likely_cells, name_likely_numbers
from expectations.frames.form_frame import prepare
from expectations.frames.unit_frame import select_earlier_measures, unit_frame
from expectations.outliers.effects import list_published_totals
from expectations.outliers.rules import SERIES, examine_numbers, series_checks
from expectations.rulebook.condition import TOTAL_ROW
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts import silence
from expectations.verdicts.bound_explanations import bind_answers
from expectations.verdicts.column_checks import column_checks
from expectations.verdicts.locate_findings import ADDRESS, locate, locate_problems, with_rows
from expectations.verdicts.rule_checks import Check, row_checks, unit_checks
from expectations.verdicts.verdicts import Suite, evaluate
from warehouse.catalogue.frames import (
    ANSWER,
    DECLARED_EMPTY,
    FINDING,
    MEASURE,
    NOTE,
    PROBLEM,
    RULE_RESULT,
    SUBMISSION,
    Answers,
    Findings,
    Measures,
    Notes,
    Problems,
    Schema,
    Submissions,
    empty,
    form_position,
    shaped,
    with_finding_id,
)
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form

if TYPE_CHECKING:
    from expectations.gate.suites import SuiteRun


CROSS_FORM = "cross_form"
"""The suite of the rules over a unit's numbers; every other suite but SERIES has the name of its form."""


@dataclass(frozen=True)
class Evidence:
    """What the rules are shown of a batch.

    ``forms``: conformed rows by form (wide); ``columns`` (ADDRESS): column letters; ``problems`` (PROBLEM): what could not
    be read; ``submissions`` (SUBMISSION). ``measures`` (MEASURE) are the batch's own, without which rules across forms are
    left out; ``prior`` (MEASURE) those of standing submissions of other years, ``later`` (MEASURE) of later years, which
    are compared anew with what the batch says of the years before them; ``asked_later`` (CELL_ASKED) is what rules over one
    year ask of these. ``declared_empty`` names rosters that say 无; ``notes`` (NOTE) how numbers were written; ``answers``
    (ANSWER) what clerks explain; ``unfilled`` the submissions in which nobody filled in a number. ``totals``: what the whole
    city had (expectations.outliers.effects); None where the batch is whole, so that it can be summed from the measures.
    """

    forms: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    columns: pl.DataFrame = field(default_factory=partial(empty, ADDRESS))
    problems: Problems = field(default_factory=partial(empty, PROBLEM))
    submissions: Submissions = field(default_factory=partial(empty, SUBMISSION))
    declared_empty: pl.DataFrame = field(default_factory=partial(empty, DECLARED_EMPTY))
    measures: Measures = field(default_factory=partial(empty, MEASURE))
    prior: pl.DataFrame = field(default_factory=partial(empty, MEASURE))
    later: pl.DataFrame = field(default_factory=partial(empty, MEASURE))
    notes: Notes = field(default_factory=partial(empty, NOTE))
    asked_later: pl.DataFrame = field(default_factory=partial(empty, silence.CELL_ASKED))
    answers: Answers = field(default_factory=partial(empty, ANSWER))
    unfilled: Collection[str] = ()
    totals: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        for name, schema in _SCHEMAS.items():
            object.__setattr__(self, name, shaped(getattr(self, name), schema))


_SCHEMAS: dict[str, Schema] = {
    "columns": ADDRESS,
    "problems": PROBLEM,
    "declared_empty": DECLARED_EMPTY,
    "measures": MEASURE,
    "prior": MEASURE,
    "later": MEASURE,
    "notes": NOTE,
    "asked_later": silence.CELL_ASKED,
    "answers": ANSWER,
}
"""The frames that Evidence brings into exactly these columns when it is made."""


@dataclass(frozen=True)
class Judgement:
    """What the rules say of a batch. Frames: FINDING, RULE_RESULT; ``docs`` is for expectations.gate.night_docs.

    ``answers`` (ANSWER) are those that speak of one of the findings; ``revised`` (FINDING) is what the rules over several
    years now say of the later submissions.
    """

    findings: Findings = field(default_factory=partial(empty, FINDING))
    results: pl.DataFrame = field(default_factory=partial(empty, RULE_RESULT))
    answers: Answers = field(default_factory=partial(empty, ANSWER))
    revised: Findings = field(default_factory=partial(empty, FINDING))
    docs: Sequence[SuiteRun] = field(default=(), repr=False)


def judge(evidence: Evidence, catalogue: Catalogue, rulebook: RuleBook) -> Judgement:
    """Judge a whole batch. RuntimeError where Great Expectations does not count in VERDICT what polars does."""
    suites, judgement = judge_apart(evidence, catalogue, rulebook)
    runs = run_gate(suites)
    return replace(judgement, results=collect_results(suites, runs), docs=runs)


def judge_apart(
    evidence: Evidence, catalogue: Catalogue, rulebook: RuleBook
) -> tuple[list[Suite], Judgement]:
    """Examine a batch or a part of one, tell each mistake once, and bind the clerks' answers.

    The suites are still to be counted by Great Expectations, whose import takes seconds: results and docs are empty.
    """
    suites, findings = examine(evidence, catalogue, rulebook)
    asked = silence.leave_out_repeated(silence.leave_out_blank(findings, rulebook))
    asked = silence.ask_once_of_empty(asked, evidence.unfilled, evidence.submissions, rulebook, catalogue)
    is_later = pl.col("submission").is_in(evidence.later["submission"].unique().implode())
    revised, asked = asked.filter(is_later), asked.remove(is_later)
    bound, loose = bind_answers(evidence.answers, asked)
    asked = pl.concat([asked, locate_problems(loose, evidence.submissions, rulebook, catalogue)])
    return suites, Judgement(
        findings=_in_order(asked, catalogue), answers=bound, revised=_in_order(revised, catalogue)
    )


def start_great_expectations() -> None:
    """Import Great Expectations now, which takes seconds, so that :func:`judge` need not; a second call costs nothing."""
    import_module("expectations.gate.suites")


def examine(evidence: Evidence, catalogue: Catalogue, rulebook: RuleBook) -> tuple[list[Suite], pl.DataFrame]:
    """Every suite with its verdicts, and the findings (FINDING) but for what follows from others; not yet in order."""
    if evidence.submissions.is_empty():
        return [], empty(FINDING)
    found = [locate_problems(evidence.problems, evidence.submissions, rulebook, catalogue)]
    of_forms = [
        (form, suite)
        for form in catalogue.forms.values()
        if (suite := _examine_form(form, evidence, catalogue, rulebook)) is not None
    ]
    rows = {suite.name: suite.rows for _, suite in of_forms}
    broken = [
        silence.leave_out_impossible(locate(suite, evidence.columns), rulebook) for _, suite in of_forms
    ]
    standing = _select_standing(evidence, pl.concat([*found, *broken]))
    found += [
        name_likely_cells(findings, suite, form, standing, catalogue, rulebook, evidence.notes)
        for (form, suite), findings in zip(of_forms, broken, strict=True)
    ]
    measures = pl.concat([evidence.measures, evidence.later])
    units = unit_frame(rulebook.of_scope("unit"), measures, standing, catalogue)
    of_units = evaluate(CROSS_FORM, "表间和年度间审核", unit_checks(rulebook, catalogue), units)
    found_of_units = locate(of_units, evidence.columns)
    totals = list_published_totals(standing, catalogue) if evidence.totals is None else evidence.totals
    of_series, series, blocks = examine_numbers(rulebook, measures, standing, totals, catalogue)
    others = [silence.list_asked_cells(pl.concat([*found, found_of_units])), evidence.asked_later]
    series = silence.leave_out_asked(series, pl.concat(others), rulebook)
    found.append(with_rows(series, rows, evidence.columns))
    asked = pl.concat([silence.list_asked_cells(pl.concat(found)), evidence.asked_later])
    found_of_units = silence.leave_out_followers(
        found_of_units, asked, of_units.checks, measures, standing, catalogue
    )
    found_of_units = name_likely_numbers(found_of_units, of_units, standing, catalogue)
    found.append(with_rows(found_of_units, rows, evidence.columns))
    folded = silence.fold_into_blocks(pl.concat(found), blocks, rulebook)
    suites = [suite for _, suite in of_forms] + [s for s in (of_units, of_series) if s.rows.height]
    return suites, silence.doubt_totals(folded, blocks, rulebook)


def _examine_form(form: Form, evidence: Evidence, catalogue: Catalogue, rulebook: RuleBook) -> Suite | None:
    """The form's rows and verdicts; None where nobody in the batch fills it in."""
    rows = prepare(
        form,
        evidence.forms.get(form.id),
        evidence.columns,
        evidence.submissions,
        evidence.declared_empty,
        evidence.problems,
        catalogue,
    )
    if rows.is_empty():
        return None
    has_totals = bool((rows["row_kind"] == TOTAL_ROW).any())
    return evaluate(
        form.id, f"{form.number} {form.title}", _list_form_checks(form, rulebook, catalogue, has_totals), rows
    )


def list_checks(suite: str, catalogue: Catalogue, rulebook: RuleBook) -> list[Check]:
    """Every check that a suite of :func:`judge_apart` may have, by the suite's name; those of totals too."""
    if suite == CROSS_FORM:
        return unit_checks(rulebook, catalogue)
    if suite == SERIES:
        return series_checks(rulebook)
    return _list_form_checks(catalogue.forms[suite], rulebook, catalogue, has_totals=True)


def _list_form_checks(form: Form, rulebook: RuleBook, catalogue: Catalogue, has_totals: bool) -> list[Check]:
    return [*column_checks(form, rulebook, catalogue, has_totals), *row_checks(form, rulebook, catalogue)]


def _select_standing(evidence: Evidence, findings: Findings) -> pl.DataFrame:
    """The measures of all years that may be compared with: submissions of the batch count that no rule holds so far."""
    held = findings.filter(severity="critical")["submission"].unique()
    believed = evidence.measures.filter(~pl.col("submission").is_in(held.implode()))
    return select_earlier_measures(evidence.prior, believed, evidence.submissions)


def run_gate(suites: Sequence[Suite]) -> Sequence[SuiteRun]:
    """The suites as Great Expectations counts them."""
    ready = [suite for suite in suites if suite.checks]
    if not ready:
        return ()
    from expectations.gate.suites import (
        run_suites,  # takes seconds to import: only when there is something to check
    )

    return run_suites(ready)


def collect_results(suites: Sequence[Suite], runs: Sequence[SuiteRun]) -> pl.DataFrame:
    """RULE_RESULT: counts and severity as Great Expectations gives them, one row per rule and form."""
    by_name = {suite.name: suite for suite in suites}
    rows = []
    for run in runs:
        suite = by_name[run.name]
        failed = suite.count_failures()
        for check, count in zip(suite.checks, run.counts, strict=True):
            if count.failed != failed[check.id]:
                raise RuntimeError(
                    f"{check.id}: Great Expectations counts {count.failed} failures, "
                    f"polars locates {failed[check.id]}"
                )
            rows.append(
                (
                    check.rule.id,
                    check.form,
                    count.severity,
                    count.evaluated,
                    count.failed,
                    count.not_evaluated,
                )
            )
    frame = pl.DataFrame(rows, schema=RULE_RESULT, orient="row")
    return frame.group_by("rule", "form", "severity", maintain_order=True).agg(
        pl.col("evaluated", "failed", "not_evaluated").sum()
    )


def _in_order(findings: Findings, catalogue: Catalogue) -> pl.DataFrame:
    """By submission, form and row, so that the order of files or rows in the batch does not matter."""
    row = pl.col("cell").str.extract(r"(\d+)$").cast(pl.UInt32)
    return with_finding_id(findings).sort(
        "submission",
        form_position(catalogue.forms),
        row,
        "rule",
        "field",
        "org_code",
        "message",
        nulls_last=True,
    )
