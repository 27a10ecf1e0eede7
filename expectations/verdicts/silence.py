"""Leaves out or folds findings that follow from another one, so that each mistake is asked about once.

What each step leaves out stands in :mod:`expectations.verdicts.silence_table`, from which docs/silences.md is made; in what
order the steps are taken, in :mod:`expectations.judge`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from expectations.frames.unit_frame import list_previous_values, unit_frame
from expectations.rulebook.rulebook import SEVERITIES, CheckName, Rule, RuleBook
from expectations.rulebook.series_names import SEVERAL
from expectations.verdicts.locate_findings import ONLY_ONE, locate_problems
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import (
    PROBLEM,
    Findings,
    Measures,
    Schema,
    Submissions,
    finding_key,
    shaped,
    with_finding_id,
)
from warehouse.catalogue.load import Catalogue

ROWS_OF_A_QUESTION = 5
"""How many rows one question (same rule, form, unit, item and field) may have."""

NOTHING_FILLED = "read.nothing_filled"
"""The rule that a workbook without any number breaks."""

CELL_ASKED: Schema = {"submission": pl.String, "org_code": pl.String, "field": pl.String}
"""A cell that a finding of severity critical or warning asks about."""

_IMPOSSIBLE: tuple[CheckName, ...] = ("range", "whole", "codes")
_ROW = ["submission", "form", "org_code", "item"]
_ROWS_FIRST = "本栏各行另有疑问，请先核对改正各行，再核对合计。"


def leave_out_impossible(findings: Findings, rulebook: RuleBook) -> Findings:
    """Drop findings of row rules that read a cell which breaks range, whole or codes. FINDING of a form."""
    impossible = [rule.id for check in _IMPOSSIBLE if (rule := rulebook.of_check(check)) is not None]
    named = findings.filter(pl.col("rule").is_in(impossible)).select(*_ROW, bad="field")
    if named.is_empty():
        return findings
    numbered = findings.with_row_index("finding_number")
    follows = (
        numbered.filter(pl.col("rule").is_in([rule.id for rule in rulebook.of_scope("row")]))
        .join(named, on=_ROW, nulls_equal=True)
        .filter(pl.col("fields").list.contains(pl.col("bad")))
    )
    return numbered.join(follows, on="finding_number", how="anti", maintain_order="left").drop(
        "finding_number"
    )


def fold_into_blocks(findings: Findings, blocks: pl.DataFrame, rulebook: RuleBook) -> Findings:
    """Set ``follows``, in findings that read a cell of a block, to the id of the question about the block. FINDING.

    ``blocks``: BLOCK_CELL. Findings of row rules, unit rules, range, whole and codes are folded; the question's message
    states how many.
    """
    foldable = [rule.id for rule in rulebook.of_scope("row", "unit")]
    foldable += [rule.id for check in _IMPOSSIBLE if (rule := rulebook.of_check(check)) is not None]
    numbered = findings.with_row_index("finding_number")
    read = (
        numbered.filter(pl.col("rule").is_in(foldable))
        .select("finding_number", "submission", "org_code", pl.concat_list("fields", "field").alias("field"))
        .explode("field")
        .join(blocks, on=["submission", "org_code", "field"])
        .unique("finding_number", keep="first", maintain_order=True)
        .select("finding_number", "follows")
    )
    joined = numbered.drop("follows").join(read, on="finding_number", how="left", maintain_order="left")
    counts = (
        joined.group_by("submission", finding="follows")
        .agg(follower_count=pl.len(), critical_count=(pl.col("severity") == "critical").sum())
        .drop_nulls("finding")
    )
    grave = pl.when(pl.col("critical_count") > 0).then(pl.format("，含强制性{}处", "critical_count"))
    return (
        with_finding_id(joined)
        .join(counts, on=["submission", "finding"], how="left", maintain_order="left")
        .with_columns(
            message=pl.when(pl.col("follower_count") > 0)
            .then(
                pl.format(
                    "{}（由此还引起{}处问题{}，改正后一并消除）",
                    "message",
                    "follower_count",
                    grave.fill_null(""),
                )
            )
            .otherwise("message")
        )
        .select(findings.columns)
    )


def doubt_totals(findings: Findings, blocks: pl.DataFrame, rulebook: RuleBook) -> Findings:
    """Replace the suggestion to change a total by advice to check its rows first, where one of them is in question.

    FINDING; ``blocks``: BLOCK_CELL.
    """
    is_total = pl.col("rule").is_in([rule.id for rule in rulebook.of_scope("total")])
    column = ["submission", "field"]
    in_question = pl.concat(
        [
            findings.filter(~is_total, pl.col("severity") != "info").select(column),
            blocks.select(column),
        ]
    ).drop_nulls()
    numbered = findings.with_row_index("finding_number")
    doubted = numbered.filter(is_total & pl.col("likely").str.starts_with(ONLY_ONE)).join(
        in_question.unique(), on=column, how="semi"
    )["finding_number"]
    advice = pl.when(pl.col("finding_number").is_in(doubted.implode())).then(pl.lit(_ROWS_FIRST))
    return numbered.with_columns(likely=advice.otherwise("likely")).select(findings.columns)


def leave_out_followers(
    findings: Findings,
    asked: pl.DataFrame,
    checks: Sequence[Check],
    measures: Measures,
    standing: pl.DataFrame,
    catalogue: Catalogue,
) -> Findings:
    """Drop warnings of unit rules with ``prev`` that hold once last year's numbers replace the ``asked`` cells.

    FINDING of the cross-form suite. ``asked``: CELL_ASKED of other rules; ``measures``, ``standing``: as for
    :func:`expectations.frames.unit_frame.unit_frame`.
    """
    yearly = [check for check in checks if any(term.function == "prev" for term in check.rule.terms)]
    open_to = findings.filter(
        pl.col("severity") == "warning", pl.col("rule").is_in([check.rule.id for check in yearly])
    )
    doubted = asked.rename({"field": "measure"}).unique()
    if open_to.is_empty() or doubted.is_empty():
        return findings
    ours = measures.join(open_to.select("submission").unique(), on="submission", how="semi")
    years = ours["year"].unique().drop_nulls().to_list()
    usual = doubted.join(
        ours.select("submission", "org_code", "measure", "year"), on=["submission", "org_code", "measure"]
    ).join(list_previous_values(standing, years, catalogue), on=["org_code", "measure", "year"])
    as_usual = (
        ours.join(
            usual.select("submission", "org_code", "measure", "previous_value"),
            on=["submission", "org_code", "measure"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            value=pl.coalesce("previous_value", "value"),
            state=pl.when(pl.col("previous_value").is_not_null()).then(pl.lit("value")).otherwise("state"),
        )
        .drop("previous_value")
    )
    frame = unit_frame([check.rule for check in yearly], as_usual, standing, catalogue)
    explained = [
        frame.filter(check.verdict.fill_null(value=False)).select(
            "submission", "org_code", rule=pl.lit(check.rule.id)
        )
        for check in yearly
    ]
    return findings.join(
        pl.concat(explained), on=["submission", "org_code", "rule"], how="anti", maintain_order="left"
    )


def ask_widest(
    rules: Sequence[Rule], broken: Sequence[pl.DataFrame], reach: Mapping[str, Sequence[str]]
) -> list[pl.DataFrame]:
    """Drop rows that a wider question covers, and all questions about a number but the gravest.

    ``broken``: for each of the series ``rules`` the rows that break it. ``reach``: subject of a rule -> the columns whose
    values its rows share.
    """
    order = {subject: index for index, subject in enumerate((*SEVERAL, "number"))}
    rank = {severity: index for index, severity in enumerate(SEVERITIES)}
    kept: dict[str, pl.DataFrame] = {}
    asked_before: list[tuple[Rule, pl.DataFrame]] = []
    pairs = zip(rules, broken, strict=True)
    for rule, asked in sorted(pairs, key=lambda one: (order[one[0].subject], rank[one[0].severity])):
        rows = asked
        for other, whole in asked_before:
            if other.subject != rule.subject or rule.subject == "number":
                rows = rows.join(whole, on=reach[other.subject], how="anti", maintain_order="left")
        kept[rule.id] = rows
        asked_before.append((rule, rows))
    return [kept[rule.id] for rule in rules]


def leave_out_asked(series: pl.DataFrame, asked: pl.DataFrame, rulebook: RuleBook) -> Findings:
    """Drop questions about a single number from ``series`` where another rule asks about that cell.

    ``series``: FINDING of series rules; ``asked``: CELL_ASKED.
    """
    of_numbers = [rule.id for rule in rulebook.of_scope("series") if rule.subject == "number"]
    is_single = pl.col("rule").is_in(of_numbers)
    single = series.filter(is_single).join(
        asked, on=list(CELL_ASKED), how="anti", nulls_equal=True, maintain_order="left"
    )
    return pl.concat([series.filter(~is_single), single])


def list_asked_cells(findings: Findings) -> pl.DataFrame:
    """CELL_ASKED of ``findings``."""
    return findings.filter(pl.col("severity") != "info").select(*CELL_ASKED)


def leave_out_settled(findings: Findings, settled: pl.DataFrame) -> Findings:
    """Drop the findings of settled totals; ``settled``: their TOTAL_FINDING_KEY."""
    return findings.join(settled, on=settled.columns, how="anti", maintain_order="left", nulls_equal=True)


def leave_out_blank(findings: Findings, rulebook: RuleBook) -> Findings:
    """Drop findings of the required check in cells where a row rule has a finding of at least that severity."""
    is_blank = pl.col("rule").is_in(
        [r.id for r in rulebook.of_scope("column") if r.check in ("required", "key_required")]
    )
    is_of_row = pl.col("rule").is_in([rule.id for rule in rulebook.of_scope("row")])
    rank = pl.col("severity").replace_strict({s: i for i, s in enumerate(SEVERITIES)}, return_dtype=pl.Int64)
    gravest = pl.when(is_of_row).then(rank).min().over("submission", "form", "sheet", "cell")
    return findings.filter(
        (is_blank & pl.col("cell").is_not_null() & (gravest <= rank)).fill_null(False).not_()
    )


def leave_out_repeated(findings: Findings) -> Findings:
    """Keep the first ROWS_OF_A_QUESTION findings of each question."""
    question = [pl.col("submission"), *finding_key(findings)]
    return findings.filter(pl.int_range(pl.len()).over(*question) < ROWS_OF_A_QUESTION)


def ask_once_of_empty(
    findings: Findings,
    unfilled: Collection[str],
    submissions: Submissions,
    rulebook: RuleBook,
    catalogue: Catalogue,
) -> Findings:
    """Replace all findings of each submission in ``unfilled`` by one of NOTHING_FILLED."""
    empty_ones = pl.DataFrame({"submission": list(unfilled)}, schema={"submission": pl.String})
    problems = shaped(empty_ones.with_columns(rule=pl.lit(NOTHING_FILLED)), PROBLEM)
    rest = findings.remove(pl.col("submission").is_in(list(unfilled)))
    return pl.concat([rest, locate_problems(problems, submissions, rulebook, catalogue)])
