"""Journals of a few lines, and every kind of damage that may be done to them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from warehouse.ledger.journal import Event, Journal

NOON = datetime(2025, 1, 10, 12, 0, tzinfo=timezone(timedelta(hours=8)))
SHA = "ab" * 32


def written(path: Path, count: int = 4) -> Journal:
    journal = Journal(path)
    for n in range(count):
        name = f"滨城区 {n}.xlsx"
        journal.append(Event.RECEIVED, "nightly", NOON, run="r1", submission=SHA, file_name=name)
    return journal


def rewrite_line(path: Path, line: int, **changes: Any) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    record = {**json.loads(lines[line - 1]), **changes}
    lines[line - 1] = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    path.write_bytes(b"".join(lines))


def damaged(path: Path, how: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    match how:
        case "deleted":
            path.unlink()
        case "emptied":
            path.write_bytes(b"")
        case "last line changed":
            rewrite_line(path, len(lines), actor="somebody else")
        case "last line garbled":
            path.write_bytes(b"".join(lines[:-1]) + lines[-1].replace(b'"', b"", 1))
        case "last line without its end":
            path.write_bytes(b"".join(lines)[:-20])
        case _:
            path.write_bytes(b"".join(lines[: -int(how)]))


DAMAGES = (
    "1",
    "5",
    "60",
    "deleted",
    "emptied",
    "last line changed",
    "last line garbled",
    "last line without its end",
)
