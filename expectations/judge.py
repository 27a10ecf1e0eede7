"""Is this batch believable: all rules over all its forms, findings, and a decision for each submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from expectations.checks import Gate, row_gates, unit_gates
from expectations.column_checks import column_gates
from expectations.condition import TOTAL_ROW
from expectations.data_docs import Page, write_pages
from expectations.decision import decide
from expectations.findings import ADDRESS, Located, locate, problem_findings, with_rows
from expectations.form_frame import prepare
from expectations.rulebook import SEVERITIES, RuleBook
from expectations.unit_frame import standing_before, unit_frame
from warehouse.catalogue.frames import FINDING, MEASURE, PROBLEM, RULE_RESULT, Schema, empty, shaped
from warehouse.catalogue.load import Catalogue

if TYPE_CHECKING:
    from expectations.suites import SuiteRun

CROSS_FORM = "cross_form"
"""Id of the suite over the cross-form frame."""

DECLARED_EMPTY: Schema = {"submission": pl.String, "form": pl.String}


@dataclass(frozen=True)
class Judgement:
    """What the rules say of a batch. Frames: FINDING, RULE_RESULT, DECISION; ``docs`` is for :func:`publish_docs`."""

    findings: pl.DataFrame
    results: pl.DataFrame
    decisions: pl.DataFrame
    docs: Sequence[SuiteRun] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Work:
    """One suite to run: its gates and the prepared frame they look at."""

    name: str
    title: str
    gates: list[Gate]
    frame: pl.DataFrame


def judge(
    forms: Mapping[str, pl.DataFrame],
    columns: pl.DataFrame,
    problems: pl.DataFrame,
    submissions: pl.DataFrame,
    catalogue: Catalogue,
    rulebook: RuleBook,
    prior: pl.DataFrame,
    *,
    measures: pl.DataFrame | None = None,
    declared_empty: pl.DataFrame | None = None,
) -> Judgement:
    """Judge a batch: conformed forms (wide), column letters, PROBLEM and SUBMISSION frames.

    ``prior`` holds the MEASURE rows of the standing submissions of earlier years, ``measures`` those of the batch (without
    them cross-form rules are left out); ``declared_empty`` (submission, form) names rosters that say 无. Great
    Expectations counts, polars locates, and both must agree: RuntimeError when they do not.
    """
    if submissions.is_empty():
        return Judgement(empty(FINDING), empty(RULE_RESULT), decide(submissions, empty(FINDING)))
    columns = shaped(columns, ADDRESS)
    nothing_to_list = shaped(
        empty(DECLARED_EMPTY) if declared_empty is None else declared_empty, DECLARED_EMPTY
    )
    found = [problem_findings(shaped(problems, PROBLEM), submissions, rulebook, catalogue)]
    works: list[_Work] = []
    counted: dict[str, list[Located]] = {}
    for work in _form_works(forms, columns, submissions, nothing_to_list, catalogue, rulebook):
        located, findings = locate(work.gates, work.frame, columns)
        works.append(work)
        counted[work.name] = located
        found.append(findings)
    if measures is not None and measures.height:
        held = pl.concat(found).filter(pl.col("severity") == "critical")["submission"].unique()
        believed = measures.filter(~pl.col("submission").is_in(held.implode()))
        standing = standing_before(prior, believed, submissions)
        work = _unit_work(shaped(measures, MEASURE), standing, catalogue, rulebook)
        located, findings = locate(work.gates, work.frame, columns)
        works.append(work)
        counted[work.name] = located
        found.append(with_rows(findings, {w.name: w.frame for w in works[:-1]}, columns))
    runs = _validated(works)
    results = _results(counted, runs)
    findings = _in_order(_told_once(pl.concat(found), rulebook), catalogue)
    refusals = frozenset(rule.id for rule in rulebook.of_scope("refusal"))
    return Judgement(findings, results, decide(submissions, findings, refusals), runs)


def publish_docs(judgement: Judgement, folder: Path) -> None:
    """Write the Data Docs of the judgement's suites into ``folder``: index.html and a page for each suite.

    Nothing is written when no suite ran. The pages stand alone: no script, nothing fetched from elsewhere.
    """
    if judgement.docs:
        from expectations.suites import page_of

        write_pages([Page(run.name, run.title, run.counts, page_of(run)) for run in judgement.docs], folder)


def _form_works(
    forms: Mapping[str, pl.DataFrame],
    columns: pl.DataFrame,
    submissions: pl.DataFrame,
    declared_empty: pl.DataFrame,
    catalogue: Catalogue,
    rulebook: RuleBook,
) -> list[_Work]:
    works = []
    for form in catalogue.forms.values():
        frame = prepare(form, forms.get(form.id), columns, submissions, declared_empty, catalogue)
        if frame.is_empty():
            continue
        has_totals = bool((frame["row_kind"] == TOTAL_ROW).any())
        gates = [
            *column_gates(form, rulebook, catalogue, has_totals),
            *row_gates(form, rulebook, catalogue),
        ]
        works.append(_Work(form.id, f"{form.number} {form.title}", gates, frame))
    return works


def _unit_work(
    measures: pl.DataFrame, standing: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook
) -> _Work:
    rules = rulebook.of_scope("unit")
    frame = unit_frame(rules, measures, standing, catalogue)
    return _Work(CROSS_FORM, "表间和年度间审核", unit_gates(rulebook, catalogue), frame)


def _validated(works: list[_Work]) -> Sequence[SuiteRun]:
    ready = [work for work in works if work.gates and work.frame.height]
    if not ready:
        return ()
    from expectations.suites import (
        run_suites,
    )  # takes seconds to import: only when there is something to check

    return run_suites([(work.name, work.title, work.gates, work.frame) for work in ready])


def _results(located: Mapping[str, Sequence[Located]], runs: Sequence[SuiteRun]) -> pl.DataFrame:
    """RULE_RESULT: counts and severity as Great Expectations gives them, one row per rule and form."""
    rows = []
    for run in runs:
        for place, count in zip(located[run.name], run.counts, strict=True):
            if count.failed != place.failed:
                raise RuntimeError(
                    f"{place.gate.name}: Great Expectations counts {count.failed} failures, "
                    f"polars locates {place.failed}"
                )
            skipped = (
                place.concerned - count.evaluated if count.not_evaluated is None else count.not_evaluated
            )
            rows.append(
                (
                    place.gate.rule.id,
                    place.gate.form,
                    count.severity,
                    count.evaluated,
                    count.failed,
                    max(skipped, 0),
                )
            )
    frame = pl.DataFrame(rows, schema=RULE_RESULT, orient="row")
    return frame.group_by("rule", "form", "severity", maintain_order=True).agg(
        pl.col("evaluated", "failed", "not_evaluated").sum()
    )


def _told_once(findings: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """Leave out "not filled in" where a rule of at least that severity says so of the same cell in its own words."""
    is_blank = pl.col("rule").is_in(
        [r.id for r in rulebook.of_scope("column") if r.check in ("required", "key_required")]
    )
    is_said = pl.col("rule").is_in([rule.id for rule in rulebook.of_scope("row")])
    rank = pl.col("severity").replace_strict({s: i for i, s in enumerate(SEVERITIES)}, return_dtype=pl.Int64)
    gravest = pl.when(is_said).then(rank).min().over("submission", "form", "sheet", "cell")
    return findings.filter(
        (is_blank & pl.col("cell").is_not_null() & (gravest <= rank)).fill_null(False).not_()
    )


def _in_order(findings: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """By submission, form and row, so that the order of files or rows in the batch does not matter."""
    order = {form: place for place, form in enumerate(catalogue.forms)}
    row = pl.col("cell").str.extract(r"(\d+)$").cast(pl.UInt32)
    return findings.sort(
        "submission",
        pl.col("form").replace_strict(order, default=-1, return_dtype=pl.Int64),
        row,
        "rule",
        "field",
        "org_code",
        "message",
        nulls_last=True,
    )
