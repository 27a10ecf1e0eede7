"""The log of the nights: HOME/logs/nianbao.jsonl, one JSON object a line, for programs that collect logs.

A line has time, event and run (null where the night broke off before it was open); where it is about a submission,
submission, unit_code and year. No names of people or files, no sentences: those may hold what a clerk wrote.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from flows.clock import TIME_ZONE

LOG = Path("logs", "nianbao.jsonl")
"""Its place below the home."""
_MOST_BYTES = 10_000_000
_KEPT = 5  # older ones beside it


class _QuietHandler(RotatingFileHandler):
    """Loses a line that cannot be written: of a disk that is full the night itself speaks, in one sentence."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing."""


class NightLog:
    """The log of one run, open until it is closed. OSError."""

    def __init__(self, home: Path, run: str | None) -> None:
        path = home / LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._handler = _QuietHandler(
            path, maxBytes=_MOST_BYTES, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace"
        )

    def note(self, event: str, about: Mapping[str, object], at: datetime | None = None) -> None:
        """Write a line; ``at``: when it happened, if not now."""
        moment = (at or datetime.now(TIME_ZONE)).isoformat(timespec="milliseconds")
        line = json.dumps({"time": moment, "event": event, "run": self._run, **about}, ensure_ascii=False)
        self._handler.emit(logging.LogRecord(LOG.name, logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
