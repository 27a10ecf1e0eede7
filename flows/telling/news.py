"""What one recipient is told tonight: what is new, what is settled, what has waited too long; or nothing.

A message goes out when there is something that was not told, or something told that is settled, or something happened.
What is as it was is a number in a message that goes out for another reason, and is told again once a week.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import polars as pl

from flows.telling.matters import MATTER
from warehouse.catalogue.frames import empty
from warehouse.words.day_words import day_words

REPEAT_DAYS = 7
"""After so many days what is still open, or that all is well, is told again."""
OVERDUE = "-overdue"
"""Ends the ids of what was passed on."""


@dataclass(frozen=True)
class Known:
    """A matter that was told: since when, and what is said of it once it is settled."""

    since: date
    subject: str
    who: str
    topic: str
    severity: str


@dataclass(frozen=True)
class Told:
    """What a recipient was told last: the matters open then, by id, and when.

    ``waiting``: sentences about what happened since, which no channel has taken yet.
    """

    matters: Mapping[str, Known] = field(default_factory=dict)
    at: datetime | None = None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class News:
    """What a recipient is to be told. ``new`` and ``kept``: MATTER; ``solved``: what was told and is settled.

    ``events``: sentences about what happened this night. ``is_all_well``: nothing is open, and nothing was said for a week.
    """

    new: pl.DataFrame
    kept: pl.DataFrame
    solved: tuple[Known, ...]
    events: tuple[str, ...]
    is_all_well: bool

    @property
    def open(self) -> pl.DataFrame:
        """MATTER of all that is open."""
        return pl.concat([self.new, self.kept])


def find_news(
    told: Told | None,
    matters: pl.DataFrame,
    events: tuple[str, ...],
    acknowledged: Mapping[str, date | None],
    at: datetime,
    still_open: Set[str] = frozenset(),
) -> News | None:
    """What is to be told of ``matters`` (MATTER) at a moment; None when nothing is.

    ``acknowledged``: matters of which nothing more is to be said, until a day or (None) until they are settled. One whose
    day has come since the last message is told as if it were new. ``still_open``: subjects that others hear of: what the
    recipient no longer hears of, units that went to a colleague, say, is not settled by that.
    """
    before = told or Told()
    events = (*before.waiting, *events)
    today = at.date()
    quiet = {m for m, until in acknowledged.items() if until is None or today < until}
    woken = {
        m
        for m, until in acknowledged.items()
        if until is not None and before.at is not None and before.at.date() < until <= today
    }
    is_known = pl.col("matter").is_in(list((before.matters.keys() - woken) | quiet))
    new, kept = matters.filter(~is_known), matters.filter(is_known)
    subjects = {*matters["subject"], *still_open}
    solved = tuple(known for _, known in sorted(before.matters.items()) if known.subject not in subjects)
    # Counted in days: a night that begins a second earlier than a week ago is a week later all the same. A message that was
    # sent on a day to come was sent by a clock that was wrong.
    is_due = before.at is not None and not 0 <= (today - before.at.date()).days < REPEAT_DAYS
    is_all_well = matters.is_empty() and not solved and not events and is_due
    is_reminder = is_due and not kept.filter(~pl.col("matter").is_in(list(quiet))).is_empty()
    if new.is_empty() and not solved and not events and not is_reminder and not is_all_well:
        return None
    return News(new, kept, solved, events, is_all_well)


def remember(told: Told | None, news: News, at: datetime) -> Told:
    """What the recipient knows once a message with ``news`` was taken."""
    before = told.matters if told else {}
    rows = news.open.select("matter", "subject", "who", "topic", "severity").iter_rows(named=True)
    return Told(
        {
            row["matter"]: Known(
                min(before[row["matter"]].since, at.date()) if row["matter"] in before else at.date(),
                row["subject"],
                row["who"],
                row["topic"],
                row["severity"],
            )
            for row in rows
        },
        at,
    )


def put_off(told: Told | None, news: News, at: datetime) -> Told:
    """What the recipient knows when a message with ``news`` was not taken: what happened waits, with its day."""
    before = told or Told()
    tonight = news.events[len(before.waiting) :]
    return replace(
        before,
        waiting=(*before.waiting, *(f"{day_words(at)}：{sentence}" for sentence in tonight)),
    )


def find_overdue(
    told: Told | None,
    matters: pl.DataFrame,
    nights: int,
    acknowledged: Mapping[str, date | None],
    today: date,
) -> pl.DataFrame:
    """MATTER of what somebody was told ``nights`` nights ago or more and has left open, for the person it is passed on to.

    It is another matter there (its id says so), and ``what`` says for how long it has waited.
    """
    if told is None:
        return empty(MATTER)
    quiet = {m for m, until in acknowledged.items() if until is None or today < until}
    waited = {m: (today - known.since).days for m, known in told.matters.items() if m not in quiet}
    overdue = {m: days for m, days in waited.items() if days >= nights}
    found = matters.filter(pl.col("matter").is_in(list(overdue)))
    if found.is_empty():
        return empty(MATTER)
    days = pl.col("matter").replace_strict(overdue, return_dtype=pl.Int64)
    return found.with_columns(
        what=pl.format("已通知{}天仍未处理：{}", days, "what"),
        topic=pl.format("久未处理：{}", "topic"),
        matter=pl.concat_str("matter", pl.lit(OVERDUE)),
        subject=pl.concat_str("subject", pl.lit(OVERDUE)),
    )
