"""Reminders 催报 before and after the deadline, to the clerks of units of which nothing has come.

Which were sent stands in the home: after nights that did not run, one reminder goes out and not all that were missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from flows.telling.messages import Message
from flows.telling.recipients import Recipient, list_channels
from warehouse.catalogue.contacts import Contacts
from warehouse.catalogue.settings import Deadline
from warehouse.ledger.durability import make_folder, write_durably
from warehouse.words.day_words import day_words
from warehouse.words.templates import render_text

SENT = "reminders.json"


@dataclass(frozen=True)
class Reminder:
    """A reminder on its way to one person: ``stage`` is the day it is of, counted from the unit's deadline."""

    recipient: Recipient
    message: Message
    unit: str
    year: int
    due: date
    stage: int

    @property
    def label(self) -> str:
        """Who is reminded, of which year, by what."""
        return f"reminder {self.recipient.label} {self.year} {self.recipient.channel}"

    @property
    def key(self) -> str:
        """What was sent, for SENT; a deadline that was moved is another."""
        return f"{self.year}-{self.unit}-{self.due}-{self.recipient.person}-{self.recipient.channel}"


def list_reminders(
    year: int,
    status: pl.DataFrame,
    contacts: Contacts,
    deadline: Deadline,
    folder: Path,
    letterhead: Mapping[str, object],
    today: date,
) -> Iterator[Reminder]:
    """The reminders of ``year`` that are due today or were missed; of several missed ones the last.

    ``status``: warehouse.standing.status.list_status; ``letterhead``: association and contact, as reminder.md.j2 takes them.
    """
    offsets = sorted([*(-days for days in deadline.remind_before), *deadline.remind_after])
    sent = _read_sent(folder)
    for row in status.filter(pl.col("state") == "not_received").iter_rows(named=True):
        stage = find_stage(row["due_date"], today, offsets)
        if stage is None:
            continue
        message = _write_reminder(year, row["unit_name"], row["due_date"], letterhead, today)
        for person in contacts.clerks_of(row["unit_code"]):
            for recipient in () if person.is_muted(today) else list_channels(person):
                reminder = Reminder(recipient, message, row["unit_code"], year, row["due_date"], stage)
                if stage > sent.get(reminder.key, min(offsets) - 1):
                    yield reminder


def find_stage(due: date, today: date, offsets: Sequence[int]) -> int | None:
    """The last day of reminding that has come, counted from the deadline; None before the first."""
    passed = [offset for offset in offsets if (today - due).days >= offset]
    return max(passed, default=None)


def note_reminded(folder: Path, reminder: Reminder) -> None:
    """The reminder was taken: it is not sent again."""
    make_folder(folder)
    content = {**_read_sent(folder), reminder.key: reminder.stage}
    write_durably(folder / SENT, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode())


def _read_sent(folder: Path) -> dict[str, int]:
    try:
        found = json.loads((folder / SENT).read_text(encoding="utf-8"))
        return {key: int(stage) for key, stage in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write_reminder(
    year: int, unit_name: str, due: date, letterhead: Mapping[str, object], today: date
) -> Message:
    days = (today - due).days
    title = f"关于{year}年度计生协年报{'逾期未报的催报通知' if days > 0 else '报送的提醒'}"
    text = render_text(
        "flows.telling",
        "reminder.md",
        title=title,
        unit_name=unit_name,
        year=year,
        due=day_words(due),
        days=days,
        day=day_words(today),
        **letterhead,
    )
    return Message(title, text)
