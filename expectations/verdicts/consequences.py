"""Questions that only follow from another question are not asked: one mistake is asked about once.

* A number that is impossible (out of its range, no whole number, no option) breaks other rules of its row as well.
* Numbers that stand where others belong break rules of their rows: these findings are folded beneath the question about
  the block (``follows``); those that block come up again should it be explained and accepted.
* A doubtful cell moves every sum above it: where a sum would be as usual with last year's number in the doubtful
  cells, it is no question of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.frames.unit_frame import last_years, unit_frame
from expectations.rulebook.rulebook import Check, RuleBook
from expectations.verdicts.checks import Gate
from expectations.verdicts.findings import ONLY_ONE
from warehouse.catalogue.frames import with_place
from warehouse.catalogue.load import Catalogue

_IMPOSSIBLE: tuple[Check, ...] = ("range", "whole", "codes")
_ROW = ["submission", "form", "org_code", "item"]
_ROWS_FIRST = "本栏各行另有疑问，请先核对改正各行，再核对合计。"


def without_impossible(findings: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """``findings`` (FINDING of a form) without those of expression rules that read an impossible number of their row."""
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


def folded(findings: pl.DataFrame, blocks: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """``findings`` (FINDING) with ``follows`` where a rule reads a number that a question about several speaks of.

    ``blocks``: BLOCK_CELL. Only what rules of one row or one unit find is folded, not what could not be read, nor totals.
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
        joined.group_by("submission", place="follows")
        .agg(follower_count=pl.len(), critical_count=(pl.col("severity") == "critical").sum())
        .drop_nulls("place")
    )
    grave = pl.when(pl.col("critical_count") > 0).then(pl.format("，含强制性{}处", "critical_count"))
    return (
        with_place(joined)
        .join(counts, on=["submission", "place"], how="left", maintain_order="left")
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


def with_open_totals(findings: pl.DataFrame, blocks: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """``findings`` (FINDING) without the right total named, where the rows that it sums up are in question themselves.

    ``blocks``: BLOCK_CELL.
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
    said = pl.when(pl.col("finding_number").is_in(doubted.implode())).then(pl.lit(_ROWS_FIRST))
    return numbered.with_columns(likely=said.otherwise("likely")).select(findings.columns)


def without_followers(
    findings: pl.DataFrame,
    asked: pl.DataFrame,
    gates: Sequence[Gate],
    measures: pl.DataFrame,
    standing: pl.DataFrame,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """``findings`` (FINDING of the cross-form suite) without the warnings that the ``asked`` cells explain.

    ``asked``: submission, org_code, field of what other rules ask; ``measures``, ``standing``: as for
    :func:`expectations.frames.unit_frame.unit_frame`. Only rules that compare with last year are looked into.
    """
    yearly = [gate for gate in gates if any(term.function == "prev" for term in gate.rule.terms)]
    open_to = findings.filter(
        pl.col("severity") == "warning", pl.col("rule").is_in([gate.rule.id for gate in yearly])
    )
    doubted = asked.rename({"field": "measure"}).unique()
    if open_to.is_empty() or doubted.is_empty():
        return findings
    ours = measures.join(open_to.select("submission").unique(), on="submission", how="semi")
    years = ours["year"].unique().drop_nulls().to_list()
    usual = doubted.join(
        ours.select("submission", "org_code", "measure", "year"), on=["submission", "org_code", "measure"]
    ).join(last_years(standing, years, catalogue), on=["org_code", "measure", "year"])
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
    frame = unit_frame([gate.rule for gate in yearly], as_usual, standing, catalogue)
    explained = [
        frame.filter(check.verdict.fill_null(value=False)).select(
            "submission", "org_code", rule=pl.lit(check.rule.id)
        )
        for gate in yearly
        for check in gate.checks
    ]
    return findings.join(
        pl.concat(explained), on=["submission", "org_code", "rule"], how="anti", maintain_order="left"
    )
