"""What lies in another folder comes into the inbox whole, and leads nowhere else; what was fetched is out of the way."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.fetching.fetch_files import Errand, fetch_files
from flows.fetching.opened_source import LocalFolder
from flows.fetching.remote_folder import MAX_NAME_BYTES, RemoteEntry, RemoteFile, is_safe_name, walk
from flows.fetching.seen import Seen
from flows.receiving.inbox import MAX_DEPTH, MAX_ENTRIES

AT = datetime(2025, 1, 10, 22, 30, tzinfo=UTC)


class Share:
    """A folder that is fetched from, beside an inbox."""

    def __init__(self, root: Path) -> None:
        self.folder, self.inbox, self.notes = root / "share", root / "inbox", root / "fetched"
        self.folder.mkdir()
        self.inbox.mkdir()
        self.told: list[str] = []

    def put(self, path: str, content: bytes = b"content") -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def fetch(self, quiet_seconds: float = 0.0) -> int:
        errand = Errand(self.inbox, quiet_seconds, AT, self.told.append, self.told.append)
        return fetch_files(LocalFolder(self.folder), Seen(self.notes, "share"), errand)

    def list_inbox(self) -> list[str]:
        return sorted(p.relative_to(self.inbox).as_posix() for p in self.inbox.rglob("*") if p.is_file())


@pytest.fixture
def share(tmp_path: Path) -> Share:
    return Share(tmp_path)


def test_a_file_keeps_its_folder_and_moves_out_of_the_way(share: Share):
    share.put("990101/年报.xlsx", b"bytes")
    assert share.fetch() == 1
    assert share.list_inbox() == ["990101/年报.xlsx"]
    assert (share.inbox / "990101/年报.xlsx").read_bytes() == b"bytes"
    assert [p.name for p in share.folder.rglob("*.xlsx") if "已收取" in p.parts] == ["年报.xlsx"]
    assert share.fetch() == 0


def test_a_file_that_somebody_has_open_for_writing_stays(share: Share):
    file = share.put("990101/年报.xlsx")
    with file.open("ab"):
        assert share.fetch() == 0
    assert share.list_inbox() == []
    assert share.told == ["990101/年报.xlsx：文件刚刚放入或仍在写入，留待下次收取。"]
    assert share.fetch() == 1


def test_a_link_in_the_inbox_is_not_followed(share: Share, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (share.inbox / "990101").symlink_to(outside)
    for file in (outside, share.folder / "990101"):
        file.mkdir(exist_ok=True)
        (file / "年报.xlsx").write_bytes(b"the same")
    share.put("990101/另一份.xlsx")
    assert share.fetch() == 0
    assert [path.name for path in outside.iterdir()] == ["年报.xlsx"]
    assert len([said for said in share.told if "已有同名的文件或链接" in said]) == 2
    assert (share.folder / "990101" / "年报.xlsx").exists()


def test_a_file_where_the_inbox_needs_a_folder_hinders_that_folder_alone(share: Share):
    (share.inbox / "990101").write_bytes(b"")
    share.put("990101/年报.xlsx")
    share.put("990102/年报.xlsx")
    assert share.fetch() == 1
    assert share.list_inbox() == ["990101", "990102/年报.xlsx"]


def test_what_was_left_by_a_night_that_was_cut_off_is_removed(share: Share):
    left = share.inbox / ".fetching" / "0"
    left.parent.mkdir()
    left.write_bytes(b"half")
    share.put("年报.xlsx", b"whole")
    share.fetch()
    assert [path.name for path in share.inbox.iterdir()] == ["年报.xlsx"]
    assert (share.inbox / "年报.xlsx").read_bytes() == b"whole"


def test_what_stays_is_noted_until_it_changes_or_goes(tmp_path: Path):
    file = RemoteFile("990101/年报.xlsx", 7, 1.5)
    Seen(tmp_path, "share").add([file])
    seen = Seen(tmp_path, "share")
    assert file in seen
    assert file._replace(size=8) not in seen
    assert file._replace(modified=2.0) not in seen
    seen.keep_only([])
    assert file not in Seen(tmp_path, "share")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": 1}'])
def test_a_note_that_cannot_be_read_costs_a_fetch_and_nothing_else(tmp_path: Path, content: bytes):
    (tmp_path / "share.json").write_bytes(content)
    assert RemoteFile("a", 1, 1.0) not in Seen(tmp_path, "share")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "a\nb", "a\u2028b", "长" * MAX_NAME_BYTES])
def test_a_name_that_leads_elsewhere_or_cannot_be_is_not_safe(name: str):
    assert not is_safe_name(name)


def test_chinese_names_and_names_in_gbk_are_safe():
    assert is_safe_name("东岸县 2024 年报（终稿）.xlsx")
    assert is_safe_name(os.fsdecode("年报.xlsx".encode("gbk")))


def test_a_walk_ends_at_a_depth_and_at_a_number():
    told: list[str] = []
    endless = walk(lambda folder: [RemoteEntry("deeper", "directory", 0, 0.0)], told.append)
    assert list(endless) == []
    assert told == [
        f"{'/'.join(['deeper'] * (MAX_DEPTH + 1))}：超过 {MAX_DEPTH} 层，更深处的文件未收取。请移到单位文件夹。"
    ]
    many = [RemoteEntry(f"{number}.xlsx", "file", 1, 0.0) for number in range(MAX_ENTRIES + 5)]
    assert len(list(walk(lambda folder: many, told.append))) == MAX_ENTRIES
    assert told[-1].startswith(f"超过 {MAX_ENTRIES} 个文件")
