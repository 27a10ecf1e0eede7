"""A file is finished before it is taken, and what is taken away is what was archived; the walk itself is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.receiving import inbox as walk
from flows.receiving.finished import hold_off_writers, is_quiet
from flows.receiving.inbox import list_files, read_mark
from flows.receiving.receive import MAX_SET, Signature, list_arrivals, receive_arrivals
from tests.test_receive import AT, Place, names
from transforms.reading.formats.book import MAX_BYTES
from warehouse.ledger.journal import Entry

QUIET = 0.6
UNFINISHED = "年报.xlsx：文件刚刚放入或仍在写入，留待下次收取。"

# Each writes until its standard input ends.
HELD_OPEN = """
import select, sys
with open(sys.argv[1], "wb", buffering=0) as file:
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        file.write(b"4096 bytes" * 409)
"""
REOPENED = """
import select, sys
while not select.select([sys.stdin], [], [], 0.02)[0]:
    with open(sys.argv[1], "ab") as file:
        file.write(b"4096 bytes" * 409)
"""
PAUSING = """
import sys
with open(sys.argv[1], "wb", buffering=0) as file:
    file.write(b"first half, ")
    sys.stdin.read()
    file.write(b"second half")
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def night(place: Place) -> list[Entry]:
    place.left.clear()
    return receive_arrivals(
        place.inbox,
        place.archive,
        place.journal,
        Signature("试", AT, "r1"),
        on_left=place.left.append,
        quiet_seconds=QUIET,
    )[0]


@pytest.mark.parametrize("writer", [HELD_OPEN, REOPENED, PAUSING], ids=["held open", "reopened", "pausing"])
def test_a_file_copied_slowly_arrives_whole(place: Place, writer: str) -> None:
    file = place.inbox / "年报.xlsx"
    command = [sys.executable, "-c", writer, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as copying:
        while not file.exists():
            time.sleep(0.01)
        assert night(place) == []
        assert place.left == [UNFINISHED]
        assert copying.poll() is None
        copying.communicate()
    whole = file.read_bytes()
    [entry] = night(place)
    assert place.content(entry) == whole
    assert not file.exists()
    assert place.left == []


def test_a_file_dropped_just_now_is_given_the_time_to_show_that_it_is_finished(place: Place) -> None:
    place.drop("年报.xlsx")
    assert names(night(place)) == ["年报.xlsx"]


def test_a_sheet_that_is_still_copied_holds_its_whole_set(place: Place) -> None:
    place.drop("371621/年1表.csv")
    with place.drop("371621/年2表.csv").open("ab"):
        assert night(place) == []
        assert place.left == ["371621.csv.zip：文件刚刚放入或仍在写入，留待下次收取。"]
    [entry] = night(place)
    assert entry.payload["file_name"] == "371621.csv.zip"


def test_a_time_from_elsewhere_says_nothing_about_when_a_file_was_finished(place: Place) -> None:
    long_ago, to_come = place.drop("旧.xlsx", age_seconds=10**6), place.drop("新.xlsx", age_seconds=-(10**6))
    assert not is_quiet(read_mark(long_ago), QUIET)
    time.sleep(QUIET)
    assert is_quiet(read_mark(to_come), QUIET)


def test_who_reads_a_file_does_not_hold_it_up(place: Place) -> None:
    file = place.drop("年报.xlsx")
    with file.open("rb"), hold_off_writers(file) as is_nobody_writing:
        assert is_nobody_writing


@pytest.mark.parametrize("changed", [b"other", b"longer than before"], ids=["same size", "longer"])
def test_what_is_not_the_archived_bytes_is_never_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch, changed: bytes
) -> None:
    """Even with the old time put back, as some copying programs do."""
    file = place.drop("年报.xlsx", b"first")
    append = type(place.journal).append_many

    def append_many(self: object, drafts: object) -> list[Entry]:
        before = file.stat()
        with file.open("r+b") as opened:
            opened.write(changed)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return append(self, drafts)  # type: ignore[arg-type]

    monkeypatch.setattr(type(place.journal), "append_many", append_many)
    [entry], _ = place.receive()
    assert place.content(entry) == b"first"
    assert file.read_bytes() == changed
    assert place.left == ["年报.xlsx：收取之后又有改动，改动后的文件留待下次收取。"]
    monkeypatch.undo()
    [entry], _ = place.receive()
    assert place.content(entry) == changed


@pytest.mark.parametrize(
    "ending", ["part", "PARTIAL", "crdownload", "download", "downloading", "xltd", "filepart"]
)
def test_names_of_partial_copies_are_left_alone(place: Place, ending: str) -> None:
    file = place.drop(f"年报.xlsx.{ending}")
    assert night(place) == []
    assert file.exists()


def test_folders_too_deep_stop_nobody_else(place: Place) -> None:
    here = os.open(place.inbox, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("深", dir_fd=here)  # a path this long has no name
        deeper = os.open("深", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    place.drop("371621/年报.xlsx")
    assert names(place.receive()[0]) == ["年报.xlsx"]
    assert place.left == ["文件夹 深：超过 8 层，更深处的文件未收取。请移到收件箱下的单位文件夹。"]
    subprocess.run(["rm", "-r", place.inbox / "深"], check=True)  # pytest cannot


def test_the_walk_ends_however_many_files_there_are(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_ENTRIES", 10)
    for number in range(30):
        place.drop(f"{number:02}.xlsx", str(number).encode())
    assert len(place.receive()[0]) == 10
    assert place.left == ["收件箱内超过 10 个文件，其余留待下次收取。请移走无关的文件。"]
    assert [len(place.receive()[0]) for _ in range(3)] == [10, 10, 0]


def test_a_file_too_large_is_not_archived(place: Place) -> None:
    file = place.drop("大.xlsx")
    os.truncate(file, MAX_BYTES + 1)
    place.drop("好.xlsx", b"good")
    assert names(place.receive()[0]) == ["好.xlsx"]
    [said] = place.left
    assert said.startswith("大.xlsx：共 64 兆字节，超过 64 兆字节的上限，未收取，仍在收件箱。请")
    assert file.exists()
    assert len(list(place.archive)) == 1


def test_a_set_of_csv_files_too_large_together_is_not_read(place: Place) -> None:
    for number in range(3):
        os.truncate(place.drop(f"371621/年{number}表.csv"), MAX_BYTES // 2)
    assert place.receive() == ([], [])
    [said] = place.left
    assert said.startswith("371621.csv.zip：共 96 兆字节")
    assert list(place.archive) == []


def test_a_folder_of_very_many_csv_files_is_no_submission(place: Place) -> None:
    for number in range(MAX_SET + 1):
        place.drop(f"散/{number}.csv")
    assert place.receive() == ([], [])
    assert place.left == [
        "散.csv.zip：同一文件夹中有 201 个 CSV 文件，超过 200 个，未收取。请按单位分文件夹放入。"
    ]


def test_a_link_put_in_a_files_place_is_not_followed(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not of the inbox")
    file = place.drop("年报.xlsx")
    found = list_arrivals(place.inbox)
    file.unlink()
    file.symlink_to(secret)
    assert [a.files for a in found] == [(file,)]
    with pytest.raises(OSError, match=r"symbolic|loop"):
        place.archive.put(file)
    assert [p for p, _ in list_files(place.inbox, place.left.append)] == []
