"""The page of data quality: who reported, what is open, how that went night by night, what the last night changed."""

from __future__ import annotations

from typing import Any

import polars as pl

from expectations.verdicts.causes import drop_row, list_cells
from flows.site.edition import Edition, county_file, render_page
from flows.site.overview_page import tell_reporting
from flows.site.parts.charts import Point
from flows.site.programme_page import draw_points
from warehouse.published.quality import count_open_findings, read_changes, read_nights, read_reporting_rates
from warehouse.standing.questions import read_open_questions
from warehouse.standing.worklist import covering_words, with_shares
from warehouse.words import labels
from warehouse.words.day_words import moment_words
from warehouse.words.number_words import round_half_up, show_if_any

_NIGHTS, _COUNTED, _LISTED, _CHANGED = 30, 150, 40, 80


def render_quality(edition: Edition) -> bytes:
    """The page."""
    database = edition.database
    counted, nights = count_open_findings(database), read_nights(database, _NIGHTS)
    asked, changed = with_shares(read_open_questions(database)), read_changes(database, _CHANGED)
    return render_page(
        edition,
        "quality",
        "quality.html",
        "数据质量",
        published_at=edition.published_at,
        reporting=tell_reporting(edition),
        rates=read_reporting_rates(database).to_dicts(),
        severities=_sum_severities(counted),
        counted=[_tell_count(edition, row) for row in counted.head(_COUNTED).iter_rows(named=True)],
        counted_all=counted.height,
        asked=_tell_questions(edition, asked.head(_LISTED)),
        asked_all=asked.height,
        covering=covering_words(asked),
        nights=[{**row, "at": moment_words(row["started_at"])} for row in nights.to_dicts()],
        trend=_draw_trend(edition, nights),
        changes=[_tell_change(edition, row) for row in changed.iter_rows(named=True)],
        changes_all=0 if changed.is_empty() else changed["all_count"][0],
        neighbours=edition.neighbours,
    )


def _sum_severities(counted: pl.DataFrame) -> list[dict[str, Any]]:
    """How many findings are open of each severity."""
    return [
        {"word": word, "count": counted.filter(pl.col("severity") == code)["count"].sum(), "severity": code}
        for code, word in labels.SEVERITY.items()
    ]


def _tell_count(edition: Edition, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "severity_word": labels.SEVERITY[row["severity"]],
        "address": county_file(row["unit_code"]) if row["unit_code"] in edition.counties else "",
        "has_rule": row["rule"] in edition.rulebook.rules,
    }


def _tell_questions(edition: Edition, asked: pl.DataFrame) -> list[dict[str, Any]]:
    """``asked`` (columns of quality.finding_latest and ``effect_pct``) as rows of the table, each with its place."""
    placed = asked.with_columns(place=list_cells(asked, edition.catalogue), message=drop_row())
    return [_tell_question(edition, row) for row in placed.iter_rows(named=True)]


def _tell_question(edition: Edition, row: dict[str, Any]) -> dict[str, Any]:
    indicator = edition.catalogue.indicators.get(row.get("indicator") or "")
    effect = row["effect_pct"]
    return {
        "year": row["year"],
        "unit_name": row["unit_name"],
        "severity": row["severity"],
        "severity_word": labels.SEVERITY[row["severity"]],
        "place": row["place"],
        "message": row["message"],
        "status": labels.FINDING_STATUS.get(row["finding_status"], row["finding_status"]),
        "effect": None if effect is None else f"{round_half_up(effect, 2)}",
        "effect_value": effect,
        "indicator": indicator.name_zh if indicator else "",
        "nights_open": row["nights_open"],
    }


def _draw_trend(edition: Edition, nights: pl.DataFrame) -> dict[str, Any] | None:
    """What was open after each night, the oldest first."""
    points = [
        Point(
            f"{row['published_at']:%y-%m-%d %H:%M:%S}",
            labels.SEVERITY[severity],
            float(row[column]),
            str(row[column]),
        )
        for severity, column in (("critical", "open_critical_count"), ("warning", "open_warning_count"))
        for row in reversed(nights.to_dicts())
    ]
    return (
        draw_points(edition, "各次运行之后未了结的问题", "years", points, "处") if nights.height > 1 else None
    )


def _tell_change(edition: Edition, row: dict[str, Any]) -> dict[str, Any]:
    indicator = edition.catalogue.indicators.get(row["indicator"])
    decimals = None if indicator is None else indicator.decimals
    return {
        "year": row["year"],
        "unit_name": row["org_name"],
        "name": row["name_zh"],
        "indicator": row["indicator"],
        "has_entry": indicator is not None,
        "unit": row["unit"] or "",
        "old": show_if_any(row["old_value"], row["old_state"], decimals),
        "new": show_if_any(row["new_value"], row["new_state"], decimals),
        "why": row["why"],
    }
