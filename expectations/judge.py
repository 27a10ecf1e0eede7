"""Is this batch believable: all rules over all its forms, findings, and a decision for each submission."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

import polars as pl

from expectations.error_localisation.findings import name_likely_cells, name_likely_numbers
from expectations.frames.form_frame import prepare
from expectations.frames.unit_frame import standing_before, unit_frame
from expectations.outliers.rules import BLOCK_CELL, locate_series, series_gates
from expectations.outliers.scores import series_frame
from expectations.rulebook.condition import TOTAL_ROW
from expectations.rulebook.rulebook import SEVERITIES, RuleBook
from expectations.verdicts.answers import bind_answers
from expectations.verdicts.checks import row_gates, unit_gates
from expectations.verdicts.column_checks import column_gates
from expectations.verdicts.consequences import folded, with_open_totals, without_followers, without_impossible
from expectations.verdicts.decision import decide
from expectations.verdicts.findings import ADDRESS, Located, locate, problem_findings, with_rows
from warehouse.catalogue.frames import (
    ANSWER,
    FINDING,
    MEASURE,
    NOTE,
    PROBLEM,
    RULE_RESULT,
    Schema,
    empty,
    finding_place,
    form_place,
    shaped,
)
from warehouse.catalogue.load import Catalogue

if TYPE_CHECKING:
    from expectations.gate.suites import SuiteRun

CROSS_FORM, SERIES = "cross_form", "series"
"""Ids of the suites over the cross-form frame and over the series of years."""

NOTHING_FILLED = "read.nothing_filled"
"""The rule that a workbook without a single number breaks."""

PLACE_ASKED: Schema = {"submission": pl.String, "org_code": pl.String, "field": pl.String}

DECLARED_EMPTY: Schema = {"submission": pl.String, "form": pl.String}


@dataclass(frozen=True)
class Judgement:
    """What the rules say of a batch. Frames: FINDING, RULE_RESULT, DECISION; ``docs`` is for expectations.gate.night_docs.

    ``answers`` (ANSWER) are those that speak of one of the findings; ``revised`` (FINDING) is what the rules over several
    years now say of the later submissions.
    """

    findings: pl.DataFrame
    results: pl.DataFrame
    decisions: pl.DataFrame
    answers: pl.DataFrame
    revised: pl.DataFrame
    docs: Sequence[SuiteRun] = field(default=(), repr=False)


ROWS_OF_A_PLACE = 5
"""How many rows are told of what is one question: same rule, form, unit, item and field."""


@dataclass(frozen=True)
class Batch:
    """What one night hands to the rules; see :func:`judge` for the frames."""

    forms: Mapping[str, pl.DataFrame]
    columns: pl.DataFrame
    problems: pl.DataFrame
    submissions: pl.DataFrame
    declared_empty: pl.DataFrame
    measures: pl.DataFrame
    prior: pl.DataFrame
    later: pl.DataFrame = field(default_factory=lambda: empty(MEASURE))
    notes: pl.DataFrame = field(default_factory=lambda: empty(NOTE))
    asked_later: pl.DataFrame = field(default_factory=lambda: empty(PLACE_ASKED))


@dataclass(frozen=True)
class Suite:
    """One suite to run: its prepared frame, and its gates with what polars locates for them."""

    name: str
    title: str
    located: list[Located]
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
    answers: pl.DataFrame | None = None,
    later: pl.DataFrame | None = None,
    asked_later: pl.DataFrame | None = None,
    notes: pl.DataFrame | None = None,
    unfilled: Collection[str] = (),
    is_gated: bool = True,
) -> Judgement:
    """Judge a batch: conformed forms (wide), column letters, PROBLEM and SUBMISSION frames.

    ``prior`` holds the MEASURE rows of the standing submissions of earlier years, ``measures`` those of the batch (without
    them cross-form rules are left out); ``declared_empty`` (submission, form) names rosters that say 无; ``answers`` is
    what clerks explain (ANSWER); ``later`` the MEASURE rows of standing submissions of later years, which are compared anew
    with what the batch says of the years before them, ``asked_later`` (submission, org_code, field) what rules over one year
    ask of them; ``notes`` (NOTE) how numbers were written; ``unfilled`` the submissions in which nobody filled in a number:
    of these one finding says so.
    Great Expectations counts, polars locates, and both must agree: RuntimeError when they do not. Without ``is_gated`` nothing
    is counted (results and docs are empty), which spares its import; the findings are polars' all the same.
    """
    batch = Batch(
        forms,
        shaped(columns, ADDRESS),
        shaped(problems, PROBLEM),
        submissions,
        shaped(empty(DECLARED_EMPTY) if declared_empty is None else declared_empty, DECLARED_EMPTY),
        shaped(empty(MEASURE) if measures is None else measures, MEASURE),
        shaped(prior, MEASURE),
        shaped(empty(MEASURE) if later is None else later, MEASURE),
        shaped(empty(NOTE) if notes is None else notes, NOTE),
        shaped(empty(PLACE_ASKED) if asked_later is None else asked_later, PLACE_ASKED),
    )
    suites, findings = examine(batch, catalogue, rulebook)
    runs = _validated(suites) if is_gated else ()
    refusals = frozenset(rule.id for rule in rulebook.of_scope("refusal"))
    told = few_of_each_place(_told_once(findings, rulebook))
    told = _of_unfilled(told, unfilled, submissions, rulebook, catalogue)
    is_later = pl.col("submission").is_in(batch.later["submission"].unique().implode())
    revised, told = told.filter(is_later), told.remove(is_later)
    bound, loose = bind_answers(empty(ANSWER) if answers is None else answers, told)
    told = pl.concat([told, problem_findings(loose, submissions, rulebook, catalogue)])
    return Judgement(
        _in_order(told, catalogue),
        _results(suites, runs),
        decide(submissions, told, refusals),
        bound,
        _in_order(revised, catalogue),
        runs,
    )


def few_of_each_place(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings (FINDING) without the rows of one question beyond the first few: a unit listed a thousand times is one."""
    place = [pl.col("submission"), *finding_place(findings)]
    return findings.filter(pl.int_range(pl.len()).over(*place) < ROWS_OF_A_PLACE)


def start_great_expectations() -> None:
    """Import Great Expectations now, which takes seconds, so that :func:`judge` need not; a second call costs nothing."""
    import_module("expectations.gate.suites")


def examine(batch: Batch, catalogue: Catalogue, rulebook: RuleBook) -> tuple[list[Suite], pl.DataFrame]:
    """Every suite with what polars locates for it, and the findings (FINDING), not yet in order."""
    if batch.submissions.is_empty():
        return [], empty(FINDING)
    found = [problem_findings(batch.problems, batch.submissions, rulebook, catalogue)]
    suites, of_forms = [], []
    for form in catalogue.forms.values():
        frame = prepare(
            form,
            batch.forms.get(form.id),
            batch.columns,
            batch.submissions,
            batch.declared_empty,
            batch.problems,
            catalogue,
        )
        if frame.is_empty():
            continue
        has_totals = bool((frame["row_kind"] == TOTAL_ROW).any())
        gates = [
            *column_gates(form, rulebook, catalogue, has_totals),
            *row_gates(form, rulebook, catalogue),
        ]
        located, findings = locate(gates, frame, batch.columns)
        suites.append(Suite(form.id, f"{form.number} {form.title}", located, frame))
        of_forms.append((form, gates, without_impossible(findings, rulebook)))
    standing = _standing(batch, pl.concat([*found, *(findings for _, _, findings in of_forms)]))
    frames = {suite.name: suite.frame for suite in suites}
    found += [
        name_likely_cells(findings, gates, frames[form.id], form, standing, catalogue, rulebook, batch.notes)
        for form, gates, findings in of_forms
    ]
    measures = pl.concat([batch.measures, batch.later])
    gates = unit_gates(rulebook, catalogue)
    frame = unit_frame(rulebook.of_scope("unit"), measures, standing, catalogue)
    located, of_units = locate(gates, frame, batch.columns) if frame.height else ([], empty(FINDING))
    if frame.height:
        suites.append(Suite(CROSS_FORM, "表间和年度间审核", located, frame))
    of_series = series_gates(rulebook)
    numbers = series_frame(measures, standing, catalogue) if of_series else pl.DataFrame()
    blocks = empty(BLOCK_CELL)
    if numbers.height:
        located, breaches, blocks = locate_series(of_series, numbers)
        others = pl.concat([_asked_places(pl.concat([*found, of_units])), batch.asked_later])
        asked = _not_asked(pl.concat(breaches), others, rulebook)
        found.append(with_rows(asked, frames, batch.columns))
        suites.append(Suite(SERIES, "年度数列审核", located, numbers))
    cells = pl.concat([_asked_places(pl.concat(found)), batch.asked_later])
    of_units = without_followers(of_units, cells, gates, measures, standing, catalogue)
    of_units = name_likely_numbers(of_units, gates, frame, standing, catalogue)
    found.append(with_rows(of_units, frames, batch.columns))
    return suites, with_open_totals(folded(pl.concat(found), blocks, rulebook), blocks, rulebook)


def _not_asked(series: pl.DataFrame, asked: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """Leave out what another rule already asks of the same number; what is asked of a column or run stays."""
    of_numbers = [rule.id for rule in rulebook.of_scope("series") if rule.speaks_of == "number"]
    is_single = pl.col("rule").is_in(of_numbers)
    single = series.filter(is_single).join(
        asked, on=list(PLACE_ASKED), how="anti", nulls_equal=True, maintain_order="left"
    )
    return pl.concat([series.filter(~is_single), single])


def _asked_places(findings: pl.DataFrame) -> pl.DataFrame:
    """PLACE_ASKED of findings, hints left out."""
    return findings.filter(pl.col("severity") != "info").select(*PLACE_ASKED)


def _standing(batch: Batch, findings: pl.DataFrame) -> pl.DataFrame:
    """The measures of all years that may be compared with: submissions of the batch count that no rule holds so far."""
    held = findings.filter(severity="critical")["submission"].unique()
    believed = batch.measures.filter(~pl.col("submission").is_in(held.implode()))
    return standing_before(batch.prior, believed, batch.submissions)


def _validated(suites: list[Suite]) -> Sequence[SuiteRun]:
    ready = [suite for suite in suites if suite.located]
    if not ready:
        return ()
    from expectations.gate.suites import (
        run_suites,  # takes seconds to import: only when there is something to check
    )

    return run_suites([(s.name, s.title, [place.gate for place in s.located], s.frame) for s in ready])


def _results(suites: Sequence[Suite], runs: Sequence[SuiteRun]) -> pl.DataFrame:
    """RULE_RESULT: counts and severity as Great Expectations gives them, one row per rule and form."""
    located = {suite.name: suite.located for suite in suites}
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


def _of_unfilled(
    findings: pl.DataFrame,
    unfilled: Collection[str],
    submissions: pl.DataFrame,
    rulebook: RuleBook,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """One finding for each submission in which nobody filled in a number, in place of one for every blank cell."""
    said = shaped(
        pl.DataFrame({"submission": list(unfilled)}, schema={"submission": pl.String}).with_columns(
            rule=pl.lit(NOTHING_FILLED)
        ),
        PROBLEM,
    )
    rest = findings.remove(pl.col("submission").is_in(list(unfilled)))
    return pl.concat([rest, problem_findings(said, submissions, rulebook, catalogue)])


def _in_order(findings: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """By submission, form and row, so that the order of files or rows in the batch does not matter."""
    row = pl.col("cell").str.extract(r"(\d+)$").cast(pl.UInt32)
    return findings.sort(
        "submission",
        form_place(catalogue.forms),
        row,
        "rule",
        "field",
        "org_code",
        "message",
        nulls_last=True,
    )
