"""The status of a year's report by unit: the last file, its decision, and decisions that take effect tonight."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.ledger.journal import Entry, Event
from warehouse.ledger.review_entries import is_locked
from warehouse.store.query import query
from warehouse.store.statements import statement
from warehouse.words import labels

_TONIGHT = {
    Event.RETURNED: "退回",
    Event.APPROVED: "审定",
    Event.YEAR_CONFIRMED: "年度确认",
    Event.LOCKED: "锁定",
    Event.UNLOCKED: "解锁",
}
"""Event -> words for a decision that the next night carries out."""


def list_status(path: Path, year: int, catalogue: Catalogue, entries: Iterable[Entry] = ()) -> pl.DataFrame:
    """One row per unit expected to report in ``year``: how its report stands, and the last file received from it.

    ``entries`` are the journal's: whether the year is locked, and what was decided after the last night.

    unit_code (key), unit_name, unit_level, due_date, report_state, last_file_state, is_reported, is_on_time and counts
    as in mart.reporting; ``state`` (a key of labels.REPORT_STATE: report_state told apart further), ``status`` (in
    Chinese and, where the last file fared otherwise, that), ``tonight`` (decisions that the warehouse does not hold yet,
    '' for none); file_name, received_at, decision, reason, submission of the last file; is_standing (this file counts),
    has_standing (some accepted file of this unit and year counts), is_approved (the one that counts is approved).
    """
    entries = list(entries)
    roster = catalogue.registry.roster(year).with_columns(
        unit_name=pl.when(pl.col("unit_level") == "city")
        .then(pl.lit(catalogue.settings.city.own_level_name))
        .otherwise("unit_name")
    )
    reports = query(path, statement("warehouse.standing", "reports"), [catalogue.settings.last_year, year])
    known = int(query(path, "SELECT coalesce(max(seq), 0) FROM quality.event").item())
    tonight = _describe_decisions([e for e in entries if e.seq > known], year, roster["unit_code"].to_list())
    report, last = pl.col("report_state"), pl.col("last_file_state")
    joined = roster.join(reports, on="unit_code", how="left", maintain_order="left").with_columns(
        pl.col("is_reported", "is_standing", "has_standing", "is_approved").fill_null(False),
        pl.col("critical_count", "warning_count", "info_count").fill_null(0),
        report.fill_null("not_received"),
        # What the warehouse does not say of a year that was opened since the last night.
        pl.col("due_date").fill_null(catalogue.settings.deadline.due_date(year)),
    )
    is_held = report == "held"
    return (
        joined.with_columns(
            state=pl.when(pl.col("is_approved") & is_locked(entries, year))
            .then(pl.lit("locked"))
            .when("is_approved")
            .then(pl.lit("approved"))
            .when((report == "not_received") & pl.col("doubted_year").is_not_null())
            .then(pl.lit("year_doubted"))
            .when(is_held & (pl.col("rule") == "held.returned"))
            .then(pl.lit("returned"))
            .when(is_held & (pl.col("rule") == "held.year_doubted"))
            .then(pl.lit("year_doubted"))
            .otherwise(report)
        )
        .with_columns(
            status=pl.concat_str(
                _label_state(pl.col("state")),
                pl.when((pl.col("state") == "year_doubted") & pl.col("doubted_year").is_not_null())
                .then(pl.format("（封面写的是{}年度）", "doubted_year"))
                .when(report != last)
                .then(pl.format("（最后一份{}）", _label_state(last)))
                .fill_null(""),
            ),
            tonight=pl.col("unit_code").replace_strict(tonight, default="", return_dtype=pl.String),
        )
        .select(
            "unit_code", "unit_name", "unit_level", "due_date", "status", "tonight", "state", "report_state",
            "last_file_state", "is_reported", "is_on_time", "file_name", "received_at", "decision", "reason",
            "critical_count", "warning_count", "info_count", "submission", "is_standing", "has_standing",
            "is_approved",
        )
    )  # fmt: skip


def _label_state(code: pl.Expr) -> pl.Expr:
    return code.replace_strict(labels.REPORT_STATE, default=None, return_dtype=pl.String)


def _describe_decisions(entries: list[Entry], year: int, units: list[str]) -> dict[str, str]:
    """unit_code -> the decisions about its ``year`` in ``entries``, in words."""
    said: dict[str, list[str]] = {}
    for entry in entries:
        if entry.event in _TONIGHT and entry.year == year:
            for unit in [entry.unit_code] if entry.unit_code else units:
                said.setdefault(unit, []).append(_TONIGHT[entry.event])
    return {unit: f"{'、'.join(dict.fromkeys(words))}（今晚生效）" for unit, words in said.items()}
