"""The order in which a night makes its home durable, as strace saw it: what a power cut may find at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.faults.points import Call

_JOURNAL, _PUBLISHED, _MARK = "archive/journal.jsonl", "warehouse.duckdb", "last_good_night.json"
_CHANGES = {"write", "pwrite64", "ftruncate", "chmod", "fchmod"}
_MAY_BE_LOST = ("logs", "work", "warehouse.restricted.duckdb.building.wal")
"""What nobody needs after a power cut: what parts left in work/ is taken only where it has its hash, and else made again."""


def find_disorder(calls: list[Call]) -> list[str]:
    """What is wrong with the order of a night's calls."""
    worked = [call for call in calls if call.has_worked]
    return [*_find_hasty_names(worked), *_find_lost_names(worked), *_find_stages_out_of_order(worked)]


def _find_hasty_names(calls: list[Call]) -> Iterator[str]:
    """Files that got their name before their content was durable, or whose content never was."""
    changed: set[str] = set()
    for call in calls:
        path = call.paths[0]
        if call.name in _CHANGES and not path.startswith(_MAY_BE_LOST):
            changed.add(path)
        elif call.name in {"fsync", "unlink"}:
            changed.discard(path)
        elif call.name == "rename" and path in changed:
            yield f"{path} is renamed before its content is durable"
            changed.discard(path)
    yield from (f"{path} is never made durable" for path in sorted(changed))


def _find_lost_names(calls: list[Call]) -> Iterator[str]:
    """Names that were not durable when something else was built upon them."""
    waiting: dict[str, str] = {}  # folder -> the name in it
    for call in calls:
        if call.name == "fsync":
            waiting.pop(call.paths[0], None)
        elif _builds_upon(call):
            yield from (
                f"{name} is not durable before {call.name} {call.paths[0]}" for name in waiting.values()
            )
            waiting.clear()
        if call.name in {"rename", "mkdir"} and not call.paths[-1].startswith(_MAY_BE_LOST):
            waiting[str(Path(call.paths[-1]).parent)] = call.paths[-1]
    yield from (f"{name} is never made durable" for name in waiting.values())


def _builds_upon(call: Call) -> bool:
    """Whether what was named before must not be lost from here on; objects are named together, before any line tells of them."""
    if call.name == "rename":
        return not call.paths[-1].startswith("archive/objects/")
    return _leaves_inbox(call) or (call.name, call.paths[0]) == ("write", _JOURNAL)


def _find_stages_out_of_order(calls: list[Call]) -> Iterator[str]:
    """Object, journal line, inbox, decisions, warehouse, receipts, journal line, mark: one after the other."""
    lines = [n for n, call in enumerate(calls) if (call.name, call.paths[0]) == ("fsync", _JOURNAL)]
    names = [(n, call.paths[-1]) for n, call in enumerate(calls) if call.name == "rename"]
    answered = next((n for n, name in names if name.startswith("outbox/")), None)
    stages = {
        "the last object": max((n for n, name in names if name.startswith("archive/objects/")), default=None),
        "the line of receipt": min(lines, default=None),
        "the inbox": next((n for n, call in enumerate(calls) if _leaves_inbox(call)), None),
        "the line of decisions": max((n for n in lines[1:] if answered and n < answered), default=None),
        "the warehouse": next((n for n, name in names if name == _PUBLISHED), None),
        "the first receipt": answered,
        "the line of the end": max(lines, default=None),
        "the mark of a good night": next((n for n, name in names if name == _MARK), None),
    }
    before = ("the beginning", -1)
    for stage, place in stages.items():
        if place is None:
            yield f"{stage} is missing"
        elif place <= before[1]:
            yield f"{stage} does not come after {before[0]}"
        else:
            before = (stage, place)


def _leaves_inbox(call: Call) -> bool:
    name = Path(call.paths[0])
    return call.name == "unlink" and name.parts[0] == "inbox" and not name.name.startswith(".")
