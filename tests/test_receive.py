"""What is dropped into the inbox is archived and journaled before it leaves, and nothing on the way is lost."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from flows.receiving.receive import Arrival, Signature, list_arrivals, receive_arrivals
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Entry, Event, Journal

AT = datetime(2025, 1, 10, 22, 30, tzinfo=timezone(timedelta(hours=8)))


class Place:
    """An inbox, an archive and a journal in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.archive = Archive(root / "archive")
        (root / "archive").mkdir()
        self.journal = Journal(root / "archive" / "journal.jsonl")
        self.left: list[str] = []

    def drop(self, name: str, content: bytes = b"content", age_seconds: int = 0) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if age_seconds:
            then = path.stat().st_mtime - age_seconds
            os.utime(path, (then, then))
        return path

    def receive(self) -> tuple[list[Entry], list[Arrival]]:
        self.left.clear()
        return receive_arrivals(
            self.inbox, self.archive, self.journal, Signature("试", AT, "r1"), on_left=self.left.append
        )

    def content(self, entry: Entry) -> bytes:
        return self.archive.path(str(entry.submission)).read_bytes()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def names(entries: list[Entry]) -> list[str]:
    return [str(e.payload["file_name"]) for e in entries]


def test_a_file_is_archived_journaled_and_taken_from_the_inbox(place: Place) -> None:
    file = place.drop("371621/惠民县 年报.xlsx", b"abc")
    [entry], repeated = place.receive()
    assert (entry.event, entry.actor, entry.run, entry.at) == (Event.RECEIVED, "试", "r1", AT)
    assert entry.payload["file_name"] == "惠民县 年报.xlsx"
    assert (entry.payload["folder"], entry.payload["bytes"]) == ("371621", 3)
    assert place.content(entry) == b"abc"
    assert not file.exists()
    assert repeated == []
    assert place.left == []


def test_an_empty_inbox_writes_nothing_into_the_journal(place: Place) -> None:
    assert place.receive() == ([], [])
    assert place.journal.head.count == 0


def test_an_empty_file_is_a_submission_too(place: Place) -> None:
    place.drop("空.xlsx", b"")
    [entry], _ = place.receive()
    assert entry.payload["bytes"] == 0


def test_files_are_received_in_the_order_they_were_dropped(place: Place) -> None:
    place.drop("a.xlsx", b"newest")
    place.drop("b.xlsx", b"oldest", age_seconds=100)
    place.drop("子/c.xlsx", b"middle", age_seconds=50)
    entries, _ = place.receive()
    assert names(entries) == ["b.xlsx", "c.xlsx", "a.xlsx"]
    assert [e.seq for e in entries] == [1, 2, 3]


def test_the_same_bytes_again_are_told_as_repeated_and_journaled_once(place: Place) -> None:
    place.drop("一.xlsx", b"same", age_seconds=10)
    place.drop("二.xlsx", b"same")
    entries, repeated = place.receive()
    assert names(entries) == ["一.xlsx"]
    assert [a.name for a in repeated] == ["二.xlsx"]
    place.drop("三.xlsx", b"same")
    entries, repeated = place.receive()
    assert entries == []
    assert [a.name for a in repeated] == ["三.xlsx"]
    assert place.journal.head.count == 1
    assert list(place.inbox.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "~$年报.xlsx", ".年报.xlsx.swp", ".DS_Store", "年报.xlsx.part", "年报.xlsx.crdownload", "年报.TMP",
        "Thumbs.db", "desktop.ini", ".回收站/年报.xlsx",
    ],
)  # fmt: skip
def test_lock_files_unfinished_copies_and_system_files_are_left_alone(place: Place, name: str) -> None:
    file = place.drop(name)
    assert place.receive() == ([], [])
    assert file.exists()
    assert place.left == []


def test_refused_bytes_are_received_anew_and_held_ones_are_not(place: Place) -> None:
    for name, decision in (("甲.xlsx", Event.REFUSED), ("乙.xlsx", Event.HELD)):
        place.drop(name, name.encode())
        [entry], _ = place.receive()
        place.journal.append(decision, "试", AT, "r1", submission=entry.submission)
        assert place.journal.decisions()[entry.seq].event == decision
    for name in ("甲.xlsx", "乙.xlsx"):
        place.drop(name, name.encode())
    entries, repeated = place.receive()
    assert names(entries) == ["甲.xlsx"]
    assert [r.name for r in repeated] == ["乙.xlsx"]
    assert entries[0].seq not in place.journal.decisions()


def test_loose_csv_files_of_one_folder_are_one_submission(place: Place) -> None:
    place.drop("371621/年1表.csv", "单位代码,会员\n".encode())
    place.drop("371621/年2表.csv", "单位代码,户数\n".encode())
    [entry], _ = place.receive()
    assert entry.payload["file_name"] == "371621.csv.zip"
    with zipfile.ZipFile(io.BytesIO(place.content(entry))) as bundle:
        assert {n: bundle.read(n).decode() for n in bundle.namelist()} == {
            "年1表.csv": "单位代码,会员\n",
            "年2表.csv": "单位代码,户数\n",
        }
    assert list((place.inbox / "371621").iterdir()) == []


def test_the_same_csv_files_packed_twice_have_the_same_bytes(place: Place) -> None:
    for age in (100, 0):
        place.drop("371621/年1表.csv", b"a", age_seconds=age)
        place.drop("371621/年2表.csv", b"b", age_seconds=age)
        entries, repeated = place.receive()
    assert entries == []
    assert [a.name for a in repeated] == ["371621.csv.zip"]


def test_csv_files_named_for_a_unit_and_year_are_grouped_by_them(place: Place) -> None:
    for name in ("371621_2024_年1表.csv", "371621_2024_年2表.csv", "371622_2024_年1表.csv"):
        place.drop(name, name.encode())
    entries, _ = place.receive()
    assert sorted(names(entries)) == ["371621_2024.csv.zip", "371622_2024_年1表.csv"]


def test_a_file_name_in_gbk_is_written_in_characters(place: Place) -> None:
    raw = os.fsencode(place.inbox) + b"/" + "惠民县年报.xlsx".encode("gb18030")
    with open(raw, "wb") as file:  # noqa: PTH123 (a path that is no UTF-8)
        file.write(b"x")
    [entry], _ = place.receive()
    assert entry.payload["file_name"] == "惠民县年报.xlsx"


def test_a_file_name_with_a_line_break_becomes_one_line(place: Place) -> None:
    place.drop("年报\n2024\t.xlsx")
    [entry], _ = place.receive()
    assert entry.payload["file_name"] == "年报 2024 .xlsx"


def test_a_link_is_not_followed_and_stays(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(b"not of the inbox")
    link = place.inbox / "年报.xlsx"
    link.symlink_to(secret)
    (place.inbox / "坏链接.xlsx").symlink_to(tmp_path / "nowhere")
    (place.inbox / "文件夹").symlink_to(tmp_path, target_is_directory=True)
    place.drop("好.xlsx")
    entries, _ = place.receive()
    assert names(entries) == ["好.xlsx"]
    assert sorted(place.left) == [
        f"{name}：是链接（快捷方式），未收取。请放入文件本身。"
        for name in sorted(("坏链接.xlsx", "年报.xlsx", "文件夹"))
    ]
    assert link.is_symlink()


def test_a_pipe_does_not_stop_the_night(place: Place) -> None:
    os.mkfifo(place.inbox / "管道.xlsx")
    place.drop("好.xlsx")
    entries, _ = place.receive()
    assert names(entries) == ["好.xlsx"]
    assert place.left == ["管道.xlsx：不是普通文件，未收取。请放入文件本身。"]


def failing(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Let the archive fail on the file called ``name``."""
    keep = Archive.put

    def put(self: Archive, content: Any) -> str:
        if isinstance(content, Path) and content.name == name:
            if isinstance(error, OSError) and error.filename == "itself":
                error.filename = str(content)
            raise error
        return keep(self, content)

    monkeypatch.setattr(Archive, "put", put)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "denied", "itself"), "没有读取权限"),
        (FileNotFoundError(errno.ENOENT, "gone", "itself"), "可能已被移走"),
        (OSError(errno.EIO, "Input/output error"), "读取出错（错误号 5）"),
        (ValueError("a pipe took its place"), "不是普通文件"),
    ],
    ids=["unreadable", "vanished", "broken disk", "turned into a pipe"],
)
def test_a_file_that_cannot_be_read_stays_and_the_others_go_on(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    bad = place.drop("坏.xlsx", b"bad", age_seconds=10)
    place.drop("好.xlsx", b"good")
    failing(monkeypatch, "坏.xlsx", error)
    entries, _ = place.receive()
    assert names(entries) == ["好.xlsx"]
    assert bad.exists()
    [said] = place.left
    assert said.startswith("坏.xlsx：")
    assert sentence in said
    assert said.endswith("。")
    monkeypatch.undo()
    entries, _ = place.receive()
    assert names(entries) == ["坏.xlsx"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_and_a_folder_without_permission_are_named(place: Place) -> None:
    place.drop("密.xlsx").chmod(0)
    closed = place.drop("锁/年报.xlsx").parent
    closed.chmod(0)
    entries, _ = place.receive()
    closed.chmod(0o700)
    assert entries == []
    assert len(place.left) == 2
    assert all("权限" in sentence for sentence in place.left)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        PermissionError(errno.EACCES, "denied", "/archive/objects"),
    ],
    ids=["disk full", "archive not writable"],
)
def test_an_archive_that_fails_stops_the_night_and_the_inbox_stays_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    place.drop("甲.xlsx", b"1", age_seconds=10)
    place.drop("乙.xlsx", b"2")
    failing(monkeypatch, "乙.xlsx", error)
    with pytest.raises(OSError, match=str(error.errno)):
        place.receive()
    assert sorted(p.name for p in place.inbox.iterdir()) == ["乙.xlsx", "甲.xlsx"]
    assert place.journal.head.count == 0


def test_a_disk_that_does_not_confirm_what_the_archive_wrote_stops_the_night(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an error names no file: it was taken for one of the file that was received, and the others went on."""

    def fail(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    dropped = place.drop("甲.xlsx", b"1")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="archive"):
        place.receive()
    assert dropped.exists()
    assert place.left == []


def test_one_unreadable_csv_holds_its_whole_group(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("年1表.csv", "年2表.csv"):
        place.drop(f"371621/{name}")
    read = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        if self.name == "年2表.csv":
            raise PermissionError(errno.EACCES, "denied", str(self))
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert place.receive() == ([], [])
    assert len(list((place.inbox / "371621").iterdir())) == 2
    assert len(place.left) == 1


def test_a_file_still_being_written_waits_for_the_next_night(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.drop("大.xlsx", b"first half")
    keep = Archive.put

    def put(self: Archive, content: Any) -> str:
        sha256 = keep(self, content)
        with file.open("ab") as writer:
            writer.write(b", second half")
        return sha256

    monkeypatch.setattr(Archive, "put", put)
    assert place.receive() == ([], [])
    assert place.left == ["大.xlsx：文件刚刚放入或仍在写入，留待下次收取。"]
    monkeypatch.undo()
    [entry], _ = place.receive()
    assert place.content(entry) == b"first half, second half"


def test_a_newer_file_of_the_same_name_is_not_taken_away_unread(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.drop("年报.xlsx", b"first")
    append = Journal.append_many

    def append_many(self: Journal, drafts: Any) -> list[Entry]:
        newer = file.with_name(".new")
        newer.write_bytes(b"second")
        newer.replace(file)
        return append(self, drafts)

    monkeypatch.setattr(Journal, "append_many", append_many)
    [entry], _ = place.receive()
    assert place.content(entry) == b"first"
    assert file.read_bytes() == b"second"
    assert place.left == ["年报.xlsx：收取之后又有改动，改动后的文件留待下次收取。"]


def test_a_file_gone_after_it_was_archived_is_received_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.drop("年报.xlsx", b"x")
    append = Journal.append_many

    def append_many(self: Journal, drafts: Any) -> list[Entry]:
        file.unlink()
        return append(self, drafts)

    monkeypatch.setattr(Journal, "append_many", append_many)
    [entry], _ = place.receive()
    assert place.content(entry) == b"x"
    assert place.left == []


def test_a_journal_that_fails_leaves_the_inbox_as_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.drop("年报.xlsx", b"x")

    def append_many(self: Journal, drafts: Any) -> list[Entry]:
        raise OSError(errno.EIO, "power cut")

    monkeypatch.setattr(Journal, "append_many", append_many)
    with pytest.raises(OSError, match="power cut"):
        place.receive()
    assert file.read_bytes() == b"x"
    monkeypatch.undo()
    [entry], _ = place.receive()
    assert place.content(entry) == b"x"


def test_an_inbox_that_cannot_be_emptied_is_told_and_the_file_received_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.drop("年报.xlsx", b"x")

    def unlink(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "denied", str(self))

    with monkeypatch.context() as patched:
        # Only the removal from the inbox: the archive tidies its own unfinished files with the same call.
        patched.setattr("flows.receiving.receive.Path.unlink", unlink, raising=True)
        patched.setattr(Archive, "put", lambda self, content: hashlib.sha256(b"x").hexdigest())
        entries, _ = place.receive()
    assert names(entries) == ["年报.xlsx"]
    assert place.left == ["年报.xlsx：已收取，但无法从收件箱移走，请检查收件箱文件夹的写入权限。"]


def test_looking_at_the_inbox_changes_nothing(place: Place) -> None:
    file = place.drop("371621/年报.xlsx")
    assert list_arrivals(place.inbox) == [Arrival((file,), "年报.xlsx", "371621")]
    assert file.exists()
