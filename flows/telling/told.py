"""What each recipient was told, kept in the home: one JSON file a person and channel, written after the channel took it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path

from flows.telling.news import REPEAT_DAYS, Known, Told
from warehouse.ledger.durability import make_folder, write_durably

FAILURES = "undelivered.json"
_NAME = re.compile(r"[^a-z0-9_-]+")


def read_told(folder: Path, person: str, channel: str) -> Told | None:
    """What was told last; None when nothing ever was, or when the file cannot be read: then all is told again."""
    try:
        content = json.loads(_find_file(folder, person, channel).read_text(encoding="utf-8"))
        matters = {
            matter: Known(date.fromisoformat(k["since"]), k["subject"], k["who"], k["topic"], k["severity"])
            for matter, k in content["matters"].items()
        }
        at = datetime.fromisoformat(content["at"]) if content["at"] else None
        return Told(matters, at, tuple(content.get("waiting", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_told(folder: Path, person: str, channel: str, told: Told) -> None:
    """Write what was told, durably."""
    make_folder(folder)
    content = {
        "at": told.at.isoformat() if told.at else None,
        "waiting": told.waiting,
        "matters": {
            matter: {**asdict(known), "since": known.since.isoformat()}
            for matter, known in told.matters.items()
        },
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    write_durably(_find_file(folder, person, channel), text.encode())


def _find_file(folder: Path, person: str, channel: str) -> Path:
    return folder / f"{_NAME.sub('_', person)}.{_NAME.sub('_', channel)}.json"


def is_news_of_failures(folder: Path, sentences: Sequence[str], at: datetime) -> bool:
    """Whether ``sentences`` about what could not be sent are others than at the last telling, or it was a week ago.

    What is news is noted as told.
    """
    file = folder / FAILURES
    try:
        last = json.loads(file.read_text(encoding="utf-8"))
        age = at.date() - datetime.fromisoformat(last["at"]).date()
        is_same = last["sentences"] == list(sentences) and timedelta(0) <= age < timedelta(days=REPEAT_DAYS)
    except (OSError, ValueError, KeyError, TypeError):
        is_same = not sentences
    if not is_same:
        make_folder(folder)
        content = {"at": at.isoformat(), "sentences": list(sentences)}
        write_durably(file, json.dumps(content, ensure_ascii=False, indent=1).encode())
    return not is_same
