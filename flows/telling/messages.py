"""News in words: in full for a mail, and briefly for a chat, where no number of a unit's data may stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from flows.telling.markdown_page import escape_text
from flows.telling.news import Known, News
from warehouse.words import labels
from warehouse.words.day_words import day_words
from warehouse.words.templates import render_text

_LISTED = {True: 15, False: 100}
"""Lines of a section in a chat (True) and in a mail; the rest is a count."""
_PLACES = 3
_LINE = ("severity", "unit_code", "year", "who", "topic", "todo", "todo_by")


@dataclass(frozen=True)
class Message:
    """A text with its title; ``text`` is Markdown in a mail and plain in a chat."""

    title: str
    text: str


def strip_markdown(text: str) -> str:
    """A page of Markdown for a chat: without its title, which the message has, and without rules between parts."""
    kept = [line for line in text.splitlines() if not line.startswith("# ") and line != "---"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def write_message(news: News, association: str, at: datetime, *, is_brief: bool) -> Message:
    """The message to one recipient. ``is_brief``: for a chat."""
    title = f"{association}年报日报　{day_words(at)}"
    lines = _join_alike(news.new)
    listed = lines.head(_LISTED[is_brief])
    solved = _count_alike(news.solved)
    text = render_text(
        "flows.telling",
        "chat" if is_brief else "mail.md",
        title=title,
        association=association,
        day=day_words(at),
        events=[escape_text(sentence) for sentence in news.events],
        is_all_well=news.is_all_well,
        new_count=news.new.height,
        new=[_describe_line(row) for row in listed.iter_rows(named=True)],
        unlisted_count=sum(lines["count"]) - sum(listed["count"]),
        kept_count=news.kept.height,
        kept=_count_by_severity(news.kept),
        kept_unit_count=news.kept["unit_code"].drop_nulls().n_unique(),
        solved_count=len(news.solved),
        solved=solved[: _LISTED[is_brief]],
    )
    return Message(title, text)


def _join_alike(matters: pl.DataFrame) -> pl.DataFrame:
    """One line for the matters of one unit that are alike, in the order of the first: with count, place and what."""
    places = pl.col("place").filter(pl.col("place") != "")
    joined = places.head(_PLACES).str.join("、") + pl.when(places.len() > _PLACES).then(
        pl.format(" 等{}处", places.len())
    ).otherwise(pl.lit(""))
    return matters.group_by(_LINE, maintain_order=True).agg(
        count=pl.len().cast(pl.Int64), place=joined, what=pl.col("what").first()
    )


def _describe_line(row: dict[str, object]) -> dict[str, object]:
    texts = {name: escape_text(row[name]) for name in ("who", "topic", "place", "what", "todo")}
    return {
        **texts,
        "severity": labels.SEVERITY[str(row["severity"])],
        "count": row["count"],
        "is_ours": row["todo_by"] == "administrator",
    }


def _count_by_severity(matters: pl.DataFrame) -> list[tuple[str, int]]:
    counts = Counter(matters["severity"])
    return [(label, counts[severity]) for severity, label in labels.SEVERITY.items() if counts[severity]]


def _count_alike(solved: Sequence[Known]) -> list[dict[str, object]]:
    """What was settled: who, topic and how many of each, the gravest first."""
    ranks = {severity: rank for rank, severity in enumerate(labels.SEVERITY)}
    counts = Counter((ranks[known.severity], known.who, known.topic) for known in solved)
    return [
        {"who": escape_text(who), "topic": escape_text(topic), "count": count}
        for (_, who, topic), count in sorted(counts.items())
    ]
