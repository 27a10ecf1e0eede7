"""The journal is one unbroken chain; what was torn is cut off, what was changed is noticed."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal_files import NOON, SHA, rewrite_line, written
from warehouse.ledger.journal import JOURNAL_FRAME, NO_HASH, Draft, Event, Head, Journal, JournalBroken
from warehouse.ledger.journal_head import PrintedHead, keep_head
from warehouse.ledger.review_entries import list_returns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_journal_that_does_not_exist_yet_is_empty_and_not_created(path: Path) -> None:
    journal = Journal(path)
    assert journal.head == Head(0, NO_HASH)
    assert journal.entries() == []
    assert not path.exists()


def test_an_entry_comes_back_as_it_was_written(path: Path) -> None:
    more = {"说明": {"b": [1.5, None], "a": "人口普查"}}
    payload = {"submission": SHA, "unit_code": "371602", "year": 2024, **more}
    entry = Journal(path).append("accepted", "张三", NOON, run="r1", **payload)
    assert Journal(path).entries() == [entry]
    assert (entry.seq, entry.prev, entry.at, entry.actor, entry.run) == (1, NO_HASH, NOON, "张三", "r1")
    assert entry.event is Event.ACCEPTED
    assert entry.payload == payload
    assert (entry.submission, entry.unit_code, entry.year) == (SHA, "371602", 2024)


def test_each_line_holds_the_hash_of_the_line_before_with_its_newline(path: Path) -> None:
    journal = written(path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    assert json.loads(lines[0])["prev"] == NO_HASH
    assert json.loads(lines[2])["prev"] == hashlib.sha256(lines[1]).hexdigest()
    assert journal.head == Head(3, hashlib.sha256(lines[2]).hexdigest())
    assert list(json.loads(lines[0])) == [
        *("seq", "prev", "at", "actor", "run", "event"),
        *("file_name", "submission"),
    ]
    assert "滨城区".encode() in lines[0]


def test_a_batch_is_one_write_and_one_fsync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = written(path, 1)
    calls: list[str] = []
    write, fsync = os.write, os.fsync

    def noted_write(handle: int, data: bytes) -> int:
        calls.append("write")
        return write(handle, data)

    def noted_fsync(handle: int) -> None:
        calls.append("fsync")
        fsync(handle)

    monkeypatch.setattr(os, "write", noted_write)
    monkeypatch.setattr(os, "fsync", noted_fsync)
    drafts = [Draft("checked", "nightly", NOON, "r1", {"submission": SHA, "n": n}) for n in range(50)]
    entries = journal.append_many(drafts)
    assert calls[:2] == ["write", "fsync"]
    assert calls.count("write") == 1  # the rest keeps the head beside it
    assert [entry.payload["n"] for entry in entries] == list(range(50))
    assert Journal(path).head == journal.head == Head(51, entries[-1].hash)


def test_a_second_opening_goes_on_with_the_chain(path: Path) -> None:
    written(path, 2)
    assert written(path, 2).head.count == 4
    assert Journal(path).head.count == 4


@pytest.mark.parametrize(
    "torn",
    [
        b'{"seq":5,"prev":"',
        b"{}",
        b"garbage\n",
        b"\0" * 40,
        b'{"seq":5,"pr\0\0\0\0\0\n',
        "滨".encode()[:2],
        b"\n",
    ],
)
def test_a_torn_last_line_is_cut_off_and_kept_aside(path: Path, torn: bytes) -> None:
    head = written(path).head
    with path.open("ab") as file:
        file.write(torn)
    journal = Journal(path)
    assert journal.head == head
    assert journal.torn is not None
    assert (journal.torn.line, journal.torn.bytes) == (5, len(torn))
    assert journal.torn.kept_in is not None
    assert journal.torn.kept_in.read_bytes() == torn
    assert journal.append("mended", "nightly", NOON, line=journal.torn.line).seq == 5
    assert Journal(path).torn is None


def test_a_whole_last_line_without_its_newline_is_torn(path: Path) -> None:
    head = written(path, 3).head
    written(path, 1)
    keep_head(path, head)  # the power was cut before the fourth line was known to be kept
    path.write_bytes(path.read_bytes()[:-1])
    journal = Journal(path)
    assert journal.torn is not None
    assert journal.head.count == 3


def test_a_reader_leaves_a_torn_line_where_it_is(path: Path) -> None:
    written(path)
    with path.open("ab") as file:
        file.write(b'{"seq":5')
    before = path.read_bytes()
    journal = Journal(path, read_only=True)
    assert journal.head.count == 4
    assert journal.torn is not None
    assert journal.torn.kept_in is None
    assert path.read_bytes() == before
    with pytest.raises(RuntimeError, match="read-only"):
        journal.append("mended", "nightly", NOON)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_changed_line_is_noticed_at_the_next_one(path: Path, line: int) -> None:
    written(path)
    rewrite_line(path, line, actor="somebody else")
    with pytest.raises(JournalBroken, match=rf"第 {line + 1} 行.*不衔接") as broken:
        Journal(path)
    assert broken.value.line == line + 1


def test_a_missing_line_is_noticed(path: Path) -> None:
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    with pytest.raises(JournalBroken, match="第 2 行的序号应为 2，实为 3"):
        Journal(path)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_bad_json_before_the_last_line_is_a_break_not_a_tear(path: Path, line: int) -> None:
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:20] + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalBroken, match=f"第 {line} 行不是完整的 JSON"):
        Journal(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "abolished"},
        {"at": "2025-01-10T12:00:00"},
        {"at": 5},
        {"submission": None},
        {"run": 7},
        {"seq": 9},
    ],
)
def test_a_whole_last_line_that_makes_no_sense_is_a_break_not_a_tear(
    path: Path, changes: dict[str, Any]
) -> None:
    written(path)
    rewrite_line(path, 4, **changes)
    with pytest.raises(JournalBroken, match="第 4 行"):
        Journal(path)


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (Draft("abolished", "a", NOON), "abolished"),
        (Draft("run_finished", "", NOON), "actor"),
        (Draft("run_finished", "a", NOON.replace(tzinfo=None)), "time zone"),
        (Draft("run_finished", "a", NOON, payload={"prev": "x"}), "prev"),
        (Draft("run_finished", "a", NOON, payload={"share": float("nan")}), "JSON"),
        (Draft("run_finished", "a", NOON, payload={"year": "2024"}), "year"),
        (Draft("accepted", "a", NOON), "submission"),
        (Draft("locked", "a", NOON), "year"),
    ],
)
def test_a_batch_with_a_faulty_draft_writes_nothing(path: Path, draft: Draft, why: str) -> None:
    journal = written(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=why):
        journal.append_many([Draft("run_finished", "a", NOON), draft])
    assert path.read_bytes() == before
    assert journal.append("run_finished", "a", NOON).seq == 5


def test_a_write_that_fails_leaves_no_half_batch(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = written(path)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data, write=os.write: write(fd, data[:10]))
        with pytest.raises(OSError, match="only 10 of"):
            journal.append("run_finished", "a", NOON)
    assert path.read_bytes() == before
    assert journal.head.count == 4
    with pytest.raises(RuntimeError, match="open it anew"):
        journal.append("run_finished", "a", NOON)
    assert Journal(path).append("run_finished", "a", NOON).seq == 5


def test_two_writers_do_not_fork_the_chain(path: Path) -> None:
    one, other = written(path), Journal(path)
    one.append("run_finished", "one", NOON)
    with pytest.raises(JournalBroken, match="被其他程序改动"):
        other.append("run_finished", "other", NOON)
    assert Journal(path).head == one.head


def test_a_journal_that_vanished_does_not_begin_anew(path: Path) -> None:
    journal = written(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        journal.append("run_finished", "a", NOON)
    assert not path.exists()


def test_a_file_name_that_is_no_utf8_survives(path: Path) -> None:
    name = os.fsdecode("滨城区.xlsx".encode("gbk"))
    written(path).append("received", "nightly", NOON, submission=SHA, file_name=name)
    assert Journal(path).entries()[-1].payload["file_name"] == name
    assert Journal(path).frame().height == 5


def test_the_frame_has_one_row_per_entry(path: Path) -> None:
    journal = written(path, 1)
    journal.append("locked", "李四", NOON, year=2024)
    frame = journal.frame()
    assert frame.schema == JOURNAL_FRAME
    assert frame.select("seq", "at", "event", "submission", "year").rows() == [
        (1, "2025-01-10T12:00:00+08:00", "received", SHA, None),
        (2, "2025-01-10T12:00:00+08:00", "locked", None, 2024),
    ]
    assert json.loads(frame["payload"][0]) == {"file_name": "滨城区 0.xlsx", "submission": SHA}
    assert journal.frame(after=1).equals(frame.tail(1))
    assert Journal(path.with_name("none.jsonl")).frame().schema == JOURNAL_FRAME


SUBJECTS = {"explanation", "submission", "unit_code", "year", "seq", "prev", "at", "actor", "run", "event"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
drafts = st.builds(
    lambda event, actor, at, run, year, more: Draft(
        event, actor, at, run, {**more, "submission": SHA, "year": year, "explanation": 1}
    ),
    event=st.sampled_from(Event),
    actor=st.text(min_size=1),
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    run=st.none() | st.text(),
    year=st.integers(1900, 2100),
    more=st.dictionaries(st.text().filter(lambda key: key not in SUBJECTS), json_values, max_size=4),
)


@given(batches=st.lists(st.lists(drafts, max_size=4), max_size=4))
def test_any_sequence_of_events_verifies(
    batches: list[list[Draft]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    for batch in batches:
        journal.append_many(batch)
    again = Journal(path)
    assert again.entries() == journal.entries()
    assert again.torn is None
    again.verify_head(PrintedHead(journal.head, "日报"))
    assert [(e.event, e.actor, e.at, e.run, e.payload) for e in again.entries()] == [
        (d.event, d.actor, d.at, d.run, d.payload) for batch in batches for d in batch
    ]
    assert again.frame().height == len(again.entries())


@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_byte_flipped_is_detected(
    position: float, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    written(path, 3)
    damaged = bytearray(path.read_bytes())
    damaged[int(position * len(damaged))] ^= flip
    path.write_bytes(damaged)
    with pytest.raises(JournalBroken):
        Journal(path)
    assert path.read_bytes() == damaged


def test_a_newline_changed_before_the_last_line_is_no_tear(path: Path) -> None:
    written(path, 3)
    whole = path.read_bytes()
    before, after = whole[: whole.rindex(b"\n", 0, -1)], whole[whole.rindex(b"\n", 0, -1) + 1 :]
    for byte in set(range(256)) - {ord("\n")}:
        path.write_bytes(before + bytes([byte]) + after)
        with pytest.raises(JournalBroken):
            Journal(path)


@given(kept=st.floats(0, 1, exclude_max=True), data=st.data())
def test_a_write_cut_off_anywhere_keeps_a_first_part_of_its_batch(
    kept: float, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = written(path, 1)
    start, head = path.stat().st_size, journal.head
    journal.append_many(data.draw(st.lists(drafts, min_size=1, max_size=3)))
    whole = path.read_bytes()
    path.write_bytes(whole[: start + int(kept * (len(whole) - start))])
    keep_head(path, head)  # whoever wrote never came to keep the new one
    after = Journal(path)
    assert after.entries() == journal.entries()[: after.head.count]
    assert after.head.count < journal.head.count


def test_the_published_journal_has_no_number_of_a_person_and_the_kept_one_is_as_it_was(path: Path) -> None:
    reason = "请王某13812345678核对。"
    entry = Journal(path).append(
        "returned", "张三", NOON, submission=SHA, unit_code="371602", year=2024, reason=reason
    )
    [published] = Journal(path).frame()["payload"]
    assert json.loads(published) == {**entry.payload, "reason": "请王某138****5678核对。"}
    assert Journal(path).entries()[0].payload["reason"] == reason
    [(_, _, said, _)] = list_returns(Journal(path).entries()).iter_rows()
    assert "138****5678" in said
