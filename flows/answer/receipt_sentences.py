"""The sentences of a receipt: what became of a file and what it means, in the words of sentences.j2."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from flows.telling.markdown_page import escape_text
from warehouse.ledger.review_entries import EMPTY, RETURNED, YEAR_DOUBTED, YEAR_LOCKED
from warehouse.words import labels
from warehouse.words.day_words import day_words, moment_words
from warehouse.words.templates import render_lines

_FATES = {YEAR_LOCKED: "locked", EMPTY: "empty", RETURNED: "returned", YEAR_DOUBTED: "year_doubted"}
"""What the templates call the fate of a submission that is held for one of these."""


def describe_due_dates(due: date, today: date, is_over: bool = False) -> str:
    """By when a unit is to report: ``2025年1月20日，还有 10 天``; without the days when it ``is_over``."""
    [words] = render_lines(
        "flows.answer",
        "sentences",
        "due",
        day=day_words(due),
        days=(due - today).days,
        is_over=is_over,
    )
    return words


def describe_result(row: dict[str, Any]) -> str:
    """What became of the file, in a few words."""
    [words] = write_sentences("result", row)
    return words


def describe_decision(
    row: dict[str, Any], asked: pl.DataFrame, folded: pl.DataFrame, found: pl.DataFrame
) -> list[str]:
    """What became of the submission and what it means, sentence by sentence.

    Of all that was ``found``, ``asked`` is listed; what is ``folded`` follows from what is listed.
    """
    status, severity = pl.col("finding_status"), pl.col("severity")
    is_open = status.is_in(["open", "reopened"])
    return write_sentences(
        "verdict",
        row,
        open_count=asked.filter(is_open, severity == "warning").height,
        grave_count=asked.filter(is_open, severity == "critical").height,
        following_count=folded.filter(severity == "critical").height,
        explained_count=found.filter(status == "explained").height,
        accepted_count=found.filter(status == "accepted").height,
    )


def describe_refusal(row: dict[str, Any]) -> list[str]:
    """What a unit is told of a file that was refused."""
    asked = ("open_count", "grave_count", "following_count", "explained_count", "accepted_count")
    return [
        *write_sentences("verdict", row, **dict.fromkeys(asked, 0)),
        *write_sentences("what_to_do", row, correction=None),
    ]


def describe_repeat(row: dict[str, Any]) -> list[str]:
    """What a unit is told whose file had been received before."""
    return write_sentences("said_again", row)


def write_sentences(macro: str, row: dict[str, Any], **told: object) -> list[str]:
    """Sentences about the file of a submission, in the words of sentences.j2."""
    is_held = row["decision"] == "held"
    file = {
        "fate": _FATES.get(row["rule"], "held") if is_held else row["decision"],
        "label": labels.FILE_STATE[row["file_state"]],
        "file_name": escape_text(row["file_name"]),
        "received_at": moment_words(row["received_at"]),
        "reason": escape_text(row["reason"]),
        **{name: row[name] for name in ("year", "critical_count", "has_earlier", "is_superseded")},
    }
    return render_lines("flows.answer", "sentences", macro, file=file, **told)
