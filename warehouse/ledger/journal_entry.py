"""One line of the journal: its content and writing, and the difference between a damaged and a torn one.

A line is a JSON object with seq, prev, at, actor, run, event, then the payload's keys in order. `prev` is the
SHA-256 of the line before *including its newline* (`sed -n 7p journal.jsonl | sha256sum` gives the `prev` of
line 8); the first line's `prev` is 64 zeros. `seq` is the line number, from 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

NO_HASH = "0" * 64


class Event(StrEnum):
    """All kinds of events; a journal with any other is broken."""

    RECEIVED = "received"
    REFUSED = "refused"
    CHECKED = "checked"
    HELD = "held"
    ACCEPTED = "accepted"
    EXPLAINED = "explained"
    EXPLANATION_ACCEPTED = "explanation_accepted"
    EXPLANATION_REFUSED = "explanation_refused"
    RETURNED = "returned"
    YEAR_CONFIRMED = "year_confirmed"  # a past year on the cover is meant: the submission counts
    APPROVED = "approved"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    YEAR_OPENED = "year_opened"
    DEADLINE_MOVED = "deadline_moved"
    REGISTRY_CHANGED = "registry_changed"
    COMPUTED = (
        "computed"  # all indicators, from what the lines before this one say: a vintage, published after it
    )
    SUPPRESSED = (
        "suppressed"  # counts that are not published from now on: ``cells`` {year: {measure: [org_code]}}
    )
    RELEASED = "released"  # the published figures were given a name, ``name``
    ACKNOWLEDGED = "acknowledged"  # what the administrator wants to hear no more of, or not before a day
    RUN_FINISHED = "run_finished"
    MENDED = "mended"  # a torn last line was cut off when the journal was opened
    RESTORED = "restored"  # brought back from a backup; ``lost``: [count, hash] of the heads known to be lost


_ABOUT_A_SUBMISSION = frozenset(
    {
        Event.RECEIVED,
        Event.REFUSED,
        Event.CHECKED,
        Event.HELD,
        Event.ACCEPTED,
        Event.RETURNED,
        Event.YEAR_CONFIRMED,
        Event.EXPLAINED,
    }
)
_ABOUT_A_YEAR = frozenset(
    {
        Event.APPROVED,
        Event.LOCKED,
        Event.UNLOCKED,
        Event.YEAR_OPENED,
        Event.DEADLINE_MOVED,
        Event.REGISTRY_CHANGED,
    }
)
_SUBJECTS: tuple[tuple[str, type, frozenset[Event]], ...] = (
    ("submission", str, _ABOUT_A_SUBMISSION),
    ("unit_code", str, frozenset()),
    ("year", int, _ABOUT_A_YEAR),
    ("explanation", int, frozenset({Event.EXPLANATION_ACCEPTED, Event.EXPLANATION_REFUSED})),
)
_OWN_KEYS = ("seq", "prev", "at", "actor", "run", "event")
_SURROGATE = re.compile("[\ud800-\udfff]")


class JournalBroken(Exception):
    """The journal is not a whole chain; `line` is the first line that does not fit (from 1), if one is
    known."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is written.

    `at` must carry a time zone. `payload` is plain JSON; where it says submission (sha256), unit_code or
    year, these are text, text and a whole number. Events about a submission (received, refused, checked,
    held, accepted, returned, explained) must say submission; approved, locked and unlocked must say year; a
    decision on an explanation must name it (the seq of its entry).
    """

    event: Event | str
    actor: str
    at: datetime
    run: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `hash` is the SHA-256 of the line itself, that is the `prev` of the next."""

    seq: int
    prev: str
    at: datetime
    actor: str
    run: str | None
    event: Event
    payload: Mapping[str, Any]
    hash: str

    @property
    def submission(self) -> str | None:
        return self.payload.get("submission")

    @property
    def unit_code(self) -> str | None:
        return self.payload.get("unit_code")

    @property
    def year(self) -> int | None:
        return self.payload.get("year")


def entry_line(draft: Draft, seq: int, prev: str) -> bytes:
    """The line, with its newline, that holds this draft at this position. ValueError, TypeError for a faulty
    draft."""
    event = Event(draft.event)
    if key := _find_fault(event, draft.payload):
        raise ValueError(f"a {event} entry needs {key} of the right type")
    if draft.at.tzinfo is None:
        raise ValueError("an entry's time needs a time zone")
    if not draft.actor:
        raise ValueError("an entry needs an actor")
    if clash := set(draft.payload) & set(_OWN_KEYS):
        raise ValueError(f"payload keys that belong to the journal itself: {sorted(clash)}")
    own = {"seq": seq, "prev": prev, "at": draft.at.isoformat(), "actor": draft.actor, "run": draft.run}
    payload = json.loads(canonical_json(draft.payload))  # sorts the keys at every depth
    return (canonical_json({**own, "event": event.value, **payload}, sort_keys=False) + "\n").encode()


def canonical_json(value: Any, *, sort_keys: bool = True) -> str:
    """JSON without spaces, keys in order at every depth (unless told otherwise), Chinese as it is."""
    text = json.dumps(
        dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys
    )
    # A file name in GBK on a UTF-8 system holds lone surrogates, which UTF-8 cannot write; as escapes it can.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read_entry(raw: bytes, seq: int, prev: str) -> Entry:
    """The entry of one whole line, checked against its position (else JournalBroken)."""

    def make_error(why: str) -> JournalBroken:
        return JournalBroken(f"登记簿第 {seq} 行{why}，已停止运行。请从备份恢复登记簿，切勿手工修改。", seq)

    try:
        record = json.loads(raw.decode())
    except ValueError as error:
        raise make_error("不是完整的 JSON") from error
    if not raw.endswith(b"\n") or not isinstance(record, dict) or not record.keys() >= set(_OWN_KEYS):
        raise make_error("缺少应有的项目")
    if record["seq"] != seq:
        raise make_error(f"的序号应为 {seq}，实为 {record['seq']}")
    if record["prev"] != prev:
        raise make_error("与上一行不衔接（上一行已被改动、插入或删除）")
    try:
        at = datetime.fromisoformat(record["at"])
        event = Event(record["event"])
    except (ValueError, TypeError) as error:
        raise make_error("的时间或事件无法识别") from error
    if at.tzinfo is None or not isinstance(record["actor"], str) or not isinstance(record["run"], str | None):
        raise make_error("的时间、操作人或运行编号不合规定")
    payload = {key: value for key, value in record.items() if key not in _OWN_KEYS}
    if key := _find_fault(event, payload):
        raise make_error(f"（{event}）的 {key} 缺失或类型不符")
    return Entry(seq, prev, at, record["actor"], record["run"], event, payload, hash_line(raw))


def read_chain(lines: Iterable[bytes], count: int = 0, prev: str = NO_HASH) -> Iterator[Entry]:
    """The entries of whole lines that go on from a head (else JournalBroken)."""
    for raw in lines:
        entry = read_entry(raw, count + 1, prev)
        yield entry
        count, prev = entry.seq, entry.hash


def hash_line(raw: bytes) -> str:
    """The hash of a line with its newline, which the next one names."""
    return hashlib.sha256(raw).hexdigest()


def _find_fault(event: Event, payload: Mapping[str, Any]) -> str | None:
    """The key that the entry's payload lacks or has with the wrong type; None when it is right."""
    for key, kind, events in _SUBJECTS:
        if (key in payload or event in events) and type(payload.get(key)) is not kind:
            return key
    return None


def is_torn(raw: bytes) -> bool:
    """Whether the last line looks like a write that was cut off, rather than a whole line that was damaged.

    A write breaks off before or at its newline, or leaves zeros where a power cut lost a block. A whole
    record followed by anything else is two lines run together: damage, not a tear.
    """
    text = raw.decode(errors="replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return True
    rest = text[end:]
    return rest != "\n" and rest.strip("\0") in ("", "\n")
