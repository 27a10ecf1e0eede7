"""The Data Docs of a night: one page per suite over all batches, with the submissions and the time."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from expectations.gate.data_docs import Head, Page, UnitLine, Write, write_pages
from warehouse.catalogue.frames import Findings, Submissions
from warehouse.words import labels

if TYPE_CHECKING:
    from expectations.gate.suites import SuiteRun
    from expectations.judge import Judgement

Judged = Sequence[tuple["Judgement", pl.DataFrame]]
"""The judgement of every batch of a night, with its submissions (SUBMISSION)."""


def publish_docs(
    judged: Judged, folder: Path, names: Mapping[str, str], at: str, write: Write = Path.write_bytes
) -> None:
    """Write the Data Docs of a night into ``folder``: index.html and a page for each suite.

    ``names``: what reporting units are called; ``at``: the moment of the night, in words; ``write`` puts a page into its
    place. Nothing is written when no suite ran. The pages stand alone: no script, nothing fetched from elsewhere.
    """
    runs = merge_suite_runs(run for judgement, _ in judged for run in judgement.docs)
    if not runs:
        return
    from expectations.gate.suites import render_page

    findings = pl.concat(judgement.findings for judgement, _ in judged)
    submissions = pl.concat(of_batch for _, of_batch in judged)
    pages = [
        Page(
            run.name,
            run.title,
            run.counts,
            render_page(run),
            _list_units(submissions, findings.filter(_is_of_suite(run)), names),
        )
        for run in runs
    ]
    write_pages(pages, folder, Head(at, _list_units(submissions, findings, names)), write)


def merge_suite_runs(runs: Iterable[SuiteRun]) -> list[SuiteRun]:
    """One run for each suite: the counts of all batches added up, expectation by expectation."""
    whole: dict[str, SuiteRun] = {}
    for run in runs:
        whole[run.name] = _add_counts(whole[run.name], run) if run.name in whole else run
    return list(whole.values())


def _add_counts(one: SuiteRun, other: SuiteRun) -> SuiteRun:
    result = copy.deepcopy(one.result)
    known = {_check_id(outcome): outcome for outcome in result.results}
    for outcome in other.result.results:
        if (found := known.get(_check_id(outcome))) is None:
            result.results.append(copy.deepcopy(outcome))
            continue
        for name in ("element_count", "unexpected_count", "missing_count"):
            if name in found.result or name in outcome.result:
                found.result[name] = (found.result.get(name) or 0) + (outcome.result.get(name) or 0)
        found.success = bool(found.success and outcome.success)
    kept = sum(bool(outcome.success) for outcome in result.results)
    size = len(result.results)
    result.success = kept == size
    result.statistics = {
        "evaluated_expectations": size,
        "successful_expectations": kept,
        "unsuccessful_expectations": size - kept,
        "success_percent": 100 * kept / size if size else None,
    }
    counts = {count.check: count for count in one.counts}
    for count in other.counts:
        so_far = counts.get(count.check)
        counts[count.check] = (
            count
            if so_far is None
            else replace(
                so_far, evaluated=so_far.evaluated + count.evaluated, failed=so_far.failed + count.failed
            )
        )
    return replace(one, counts=list(counts.values()), result=result)


def _check_id(outcome: object) -> str:
    return str(outcome.expectation_config.meta["check"])  # type: ignore[attr-defined]


def _is_of_suite(run: SuiteRun) -> pl.Expr:
    """Whether a finding is of the suite: of one of its rules and, for rules that apply to any form, in its form."""
    metas = [outcome.expectation_config.meta for outcome in run.result.results if outcome.expectation_config]
    rules, forms = {meta["rule"] for meta in metas}, {meta["form"] for meta in metas} - {""}
    is_of = pl.col("rule").is_in(sorted(rules))
    return is_of & pl.col("form").is_in(sorted(forms)) if forms == {run.name} else is_of


def _list_units(submissions: Submissions, findings: Findings, names: Mapping[str, str]) -> list[UnitLine]:
    """One line for each submission, by year and unit: how many findings of each severity."""
    counts = findings.group_by("submission").agg(
        (pl.col("severity") == severity).sum().alias(severity) for severity in labels.SEVERITY
    )
    rows = submissions.join(counts, on="submission", how="left").sort("year", "unit_code", "received_seq")
    return [
        UnitLine(
            names.get(row["unit_code"], row["unit_code"]),
            row["year"],
            tuple(row[severity] or 0 for severity in labels.SEVERITY),
        )
        for row in rows.iter_rows(named=True)
    ]
