"""What a receipt lists of a submission's findings, and how: at the cells in which the unit works, with what became of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from expectations.rulebook.rulebook import RuleBook
from flows.answer.corrections import Correction
from warehouse.catalogue.load import Catalogue
from warehouse.words.workbook_texts import UNREAD_SHEET


class SortedFindings(NamedTuple):
    """The findings of a submission: all, those that follow from others, and those that a receipt lists, with ``status``."""

    all: pl.DataFrame
    folded: pl.DataFrame
    asked: pl.DataFrame


def partition_by_submission(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Submission -> its rows."""
    parts = frame.partition_by("submission", as_dict=True, maintain_order=True)
    return {str(submission): part for (submission,), part in parts.items()}


def sort_findings(
    row: dict[str, Any],
    found: pl.DataFrame,
    correction: Correction | None,
    catalogue: Catalogue,
    rulebook: RuleBook,
) -> SortedFindings:
    """``found``, the findings of the submission ``row``; ``correction``: the workbook that goes with the receipt."""
    is_folded = pl.col("is_folded").fill_null(False)
    unsettled = found.remove(pl.col("finding_status") == "accepted")
    asked = _format_values(unsettled.remove(is_folded), correction, catalogue, rulebook)
    status = _status_words(row["previous"] is not None)
    return SortedFindings(found, unsettled.filter(is_folded), asked.with_columns(status=status))


def _format_values(
    found: pl.DataFrame, correction: Correction | None, catalogue: Catalogue, rulebook: RuleBook
) -> pl.DataFrame:
    """Findings at the cells of the correction workbook, which the unit works in, and with what is left to do there."""
    if correction is None or found.is_empty():
        return found
    left_to_do = {rule.id: rule.in_correction for rule in rulebook.rules.values() if rule.in_correction}
    numbers = {form.id: form.number for form in catalogue.forms.values()}
    key = ["finding", "sheet", "cell"]
    shown = correction.shown.unique(key, keep="first").with_columns(is_shown=pl.lit(True))
    found = found.join(shown, on=key, how="left", nulls_equal=True, maintain_order="left")
    is_shown = pl.col("is_shown").fill_null(False)
    # What could not be taken over stands on a sheet of its own, which does not tell where it came from.
    came_from = pl.format("原{} {}", pl.col("form").replace_strict(numbers, default=""), "cell")
    return found.with_columns(
        org_name=pl.when(pl.col("shown_sheet") == UNREAD_SHEET).then(came_from).otherwise("org_name"),
        fix=pl.when(is_shown)
        .then(pl.col("rule").replace_strict(left_to_do, default=None, return_dtype=pl.String))
        .fill_null(pl.col("fix")),
        sheet=pl.when(is_shown).then("shown_sheet").otherwise("sheet"),
        cell=pl.when(is_shown).then("shown_cell").otherwise("cell"),
    ).drop("shown_sheet", "shown_cell", "is_shown")


def _status_words(is_second: bool) -> pl.Expr:
    """What is said of each finding: waiting, refused, asked before."""
    status, new = pl.col("finding_status"), pl.lit("新出现" if is_second else "")
    return (
        pl.when(status == "explained")
        .then(pl.lit("已说明，待审核"))
        .when(pl.col("reason").fill_null("") != "")
        .then(pl.format("说明未获认可：{}", "reason"))
        .when(pl.col("severity") == "info")
        .then(pl.lit(""))  # there is nothing to be done about it, so nothing that was left undone
        .when(status == "reopened")
        .then(pl.lit("再次出现"))
        .when(pl.col("is_new").fill_null(True))
        .then(new)
        .otherwise(pl.lit("上次已指出" if is_second else ""))
    )
