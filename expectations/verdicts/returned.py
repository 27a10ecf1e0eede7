"""Problems of returned correction workbooks: nothing was changed in them, or they undo a newer submission.

A correction workbook names the submission it answers. A clerk may send it more than once; that is a problem only if a cell
that a newer submission changed has its old value again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from expectations.rulebook.rulebook import RuleBook
from warehouse.catalogue.frames import (
    PROBLEM,
    RECEIVED,
    Observations,
    Submissions,
    empty,
    form_position,
    shaped,
)

UNCHANGED_RULE = "read.nothing_corrected"
UNDOING_RULE = "read.undoes_newer"

_CELL = ("form", "org_code", "item", "field")


def find_unanswered_returns(
    answered: Mapping[str, str],
    submissions: Submissions,
    observations: Observations,
    received: pl.DataFrame,
    earlier: Observations,
    rulebook: RuleBook,
    forms: Sequence[str] = (),
) -> pl.DataFrame:
    """PROBLEM of the correction workbooks among ``submissions`` (SUBMISSION) with ``observations`` (OBSERVATION).

    ``answered``: submission -> the one it answers; unknown ones are ignored. ``received``: RECEIVED before this batch.
    ``earlier``: OBSERVATION of the submissions that may be answered. ``forms``: ids in order.
    """
    own = shaped(submissions.with_columns(critical_rules=pl.lit([], pl.List(pl.String))), RECEIVED)
    known = pl.concat([received, own])
    answers = pl.DataFrame(
        list(answered.items()), schema={"submission": pl.String, "answered": pl.String}, orient="row"
    )
    returned = (
        own.join(answers, on="submission")
        .join(known.rename({"submission": "answered"}), on=["answered", "unit_code", "year"], suffix="_then")
        .join(_find_newest_before(own, known), on="submission", how="left")
    )
    if returned.is_empty():
        return empty(PROBLEM)
    said = _join_state_and_text(pl.concat([observations, earlier]))
    pairs = returned.select("submission", "answered", "newest", "received_at_then", "critical_rules_then")
    cells = (
        pairs.join(_suffix_columns(said, "submission", "now"), on="submission")
        .join(_suffix_columns(said, "answered", "then"), on=["answered", *_CELL], how="full", coalesce=True)
        .join(_suffix_columns(said, "newest", "since"), on=["newest", *_CELL], how="left")
        .drop_nulls("submission")
    )
    return pl.concat([_select_untouched(pairs, cells, rulebook), _select_undoing(cells, forms)])


def _find_newest_before(own: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """submission, newest: the last submission of the same unit and year received before it."""
    return (
        own.join(known, on=["unit_code", "year"], suffix="_other")
        .filter(pl.col("received_seq_other") < pl.col("received_seq"))
        .sort("received_seq_other")
        .unique("submission", keep="last")
        .select("submission", newest="submission_other")
    )


def _join_state_and_text(observations: Observations) -> pl.DataFrame:
    text = pl.concat_str("state", pl.col("value").cast(pl.String), "text", separator="|", ignore_nulls=True)
    return observations.select("submission", *_CELL, "sheet", "cell", said=text).unique(
        ["submission", *_CELL], keep="first", maintain_order=True
    )


def _suffix_columns(said: pl.DataFrame, key: str, suffix: str) -> pl.DataFrame:
    names = {
        "submission": key,
        "said": f"said_{suffix}",
        "sheet": f"sheet_{suffix}",
        "cell": f"cell_{suffix}",
    }
    return said.rename(names)


def _select_untouched(pairs: pl.DataFrame, cells: pl.DataFrame, rulebook: RuleBook) -> pl.DataFrame:
    """PROBLEM of the workbooks in which no cell was changed although one had to be.

    Not counted as cells to change: totals, and what the layout of the correction workbook has mended.
    """
    others = [rule.id for rule in rulebook.rules.values() if rule.scope == "total" or rule.in_correction]
    had = pl.col("critical_rules_then").list.set_difference(pl.lit(others, pl.List(pl.String)))
    changed = cells.filter(pl.col("said_now").ne_missing(pl.col("said_then")))
    same = pairs.filter(had.list.len() > 0).join(changed, on="submission", how="anti")
    return shaped(
        same.select("submission", rule=pl.lit(UNCHANGED_RULE), detail=_moment("received_at_then")), PROBLEM
    )


def _select_undoing(cells: pl.DataFrame, forms: Sequence[str]) -> pl.DataFrame:
    """PROBLEM of the workbooks in which a cell has the answered value again that a newer submission had changed."""
    undone = cells.filter(
        pl.col("newest") != pl.col("answered"),
        pl.col("said_now").eq_missing(pl.col("said_then")),
        pl.col("said_since").ne_missing(pl.col("said_then")),
    )
    return shaped(
        undone.sort("submission", form_position(forms), "org_code", "field")
        .group_by("submission", maintain_order=True)
        .agg(
            pl.col("sheet_now").first().alias("sheet"),
            pl.col("cell_now").first().alias("cell"),
            pl.len().cast(pl.String).alias("value"),
            _moment("received_at_then").first().alias("detail"),
        )
        .with_columns(rule=pl.lit(UNDOING_RULE)),
        PROBLEM,
    )


def _moment(column: str) -> pl.Expr:
    """``2025年01月12日 02:03`` of an ISO time, in its own offset."""
    return pl.col(column).str.replace(r"^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2}).*$", "${1}年${2}月${3}日 ${4}")
