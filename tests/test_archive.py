"""The archive keeps what was received, once, unchanged."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.ledger.archive import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def test_bytes_come_back_under_their_hash(archive: Archive) -> None:
    sha256 = archive.put(b"county workbook")
    assert sha256 == hashlib.sha256(b"county workbook").hexdigest()
    assert archive.path(sha256).read_bytes() == b"county workbook"
    assert archive.path(sha256) == archive.root / "objects" / sha256[:2] / sha256
    assert sha256 in archive
    assert list(archive) == [sha256]


def test_a_file_and_its_bytes_are_the_same_object(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "年报.xlsx"
    file.write_bytes(b"x" * 3_000_000)
    assert archive.put(file) == archive.put(b"x" * 3_000_000) == archive.put(str(file))
    assert file.read_bytes() == b"x" * 3_000_000


def test_an_object_is_readable_by_its_group_and_writable_by_nobody(archive: Archive) -> None:
    assert archive.path(archive.put(b"x")).stat().st_mode & 0o777 == 0o440


def test_the_same_bytes_again_do_not_touch_the_object(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.put(b"twice")
    before = archive.path(sha256).stat()
    file = tmp_path / "twice"
    file.write_bytes(b"twice")
    archive.put(file)
    archive.put(b"twice")
    after = archive.path(sha256).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [p.name for p in archive.objects.iterdir()] == [sha256[:2]]


@pytest.mark.parametrize("how", ["emptied", "changed", "a link"])
def test_a_damaged_object_is_whole_again_when_its_bytes_come_again(
    archive: Archive, tmp_path: Path, how: str
) -> None:
    """A disk that forgot what it had confirmed left an empty object, for which the county's file was thrown away."""
    file = tmp_path / "年报.xlsx"
    file.write_bytes(b"county workbook")
    for content in (file, b"county workbook"):
        kept = archive.path(archive.put(content))
        kept.unlink()
        if how == "a link":
            kept.symlink_to(file)
        else:
            kept.write_bytes(b"" if how == "emptied" else b"county workb00k")
        assert archive.put(content) == kept.name
        assert archive.verify([kept.name]) == []


def test_a_put_that_fails_leaves_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    before = archive.put(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        archive.put(b"x")
    assert [found.name for found in archive.objects.rglob("*") if found.is_file()] == [before]


def test_what_is_no_regular_file_is_refused_without_waiting(archive: Archive, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="不是普通文件"):
        archive.put(pipe)


def test_only_a_hash_names_an_object(archive: Archive) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        archive.path("../../etc/passwd")
    with pytest.raises(FileNotFoundError, match="归档中没有"):
        archive.path("0" * 64)


def test_verify_reports_every_kind_of_difference(archive: Archive) -> None:
    whole, changed, moved = archive.put(b"whole"), archive.put(b"changed"), archive.put(b"moved")
    assert archive.verify(expected=[whole, changed, moved]) == []
    archive.path(changed).chmod(0o640)
    archive.path(changed).write_bytes(b"chanGed")
    astray = archive.objects / "zz" / moved
    astray.parent.mkdir()
    archive.path(moved).rename(astray)
    (archive.objects / ".unfinished-x").write_bytes(b"")
    found = {d.problem: d for d in archive.verify(expected=[whole, changed, moved])}
    assert set(found) == {"changed", "stray", "missing", "unfinished"}
    assert found["changed"].expected == changed
    assert found["changed"].found == hashlib.sha256(b"chanGed").hexdigest()
    assert found["stray"].path == astray
    assert found["missing"].expected == moved


def test_an_archive_that_does_not_exist_yet_is_whole(archive: Archive) -> None:
    assert archive.verify() == []


def test_a_huge_file_is_never_held_in_memory(archive: Archive, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(256 << 20)
    program = (
        "import sys\nfrom warehouse.ledger.archive import Archive\n"
        "archive = Archive(sys.argv[1])\narchive.put(sys.argv[2])\nassert not archive.verify()"
    )
    limit = 128 << 20
    subprocess.run(
        [sys.executable, "-c", program, archive.root, huge],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    [stored] = archive
    assert archive.path(stored).stat().st_size == huge.stat().st_size
    assert archive.verify(expected=[stored]) == []


@given(contents=st.lists(st.binary(max_size=64)))
def test_the_archive_holds_each_distinct_content_once(
    contents: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for content in contents:
        archive.put(content)
    assert list(archive) == sorted({hashlib.sha256(content).hexdigest() for content in contents})
    assert archive.verify() == []
