"""An archive with a shared place: what counts as kept rests in both, and is sent once."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.places.destination import DestinationFailed
from flows.places.shared_objects import SharedObjects
from warehouse.ledger.archive import Archive


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


@pytest.fixture
def archive(tmp_path: Path, there: Path) -> Archive:
    return Archive(tmp_path / "here", SharedObjects(str(there)))


def kept(archive: Archive, there: Path, sha256: str) -> Path:
    return there / archive.path(sha256).relative_to(archive.root)


def test_what_is_put_rests_in_both_places_when_put_returns(archive: Archive, there: Path) -> None:
    sha256 = archive.put(b"county workbook")
    assert archive.path(sha256).read_bytes() == b"county workbook"
    assert kept(archive, there, sha256).read_bytes() == b"county workbook"
    assert not list(there.rglob(".unfinished-*"))


def test_what_is_put_together_is_sent_together(archive: Archive, there: Path) -> None:
    with archive.putting_many():
        sent = [archive.put(f"workbook {number}".encode()) for number in range(20)]
        assert not there.exists()
    assert sorted(path.name for path in there.glob("objects/*/*")) == sorted(sent)


def test_what_lies_there_is_not_sent_again(archive: Archive, there: Path, tmp_path: Path) -> None:
    sha256 = archive.put(b"twice")
    before = kept(archive, there, sha256).stat()
    Archive(tmp_path / "other", SharedObjects(str(there))).put(b"twice")
    assert archive.send_missing([sha256]) == 0
    after = kept(archive, there, sha256).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_missing_here_is_brought_when_it_is_asked_for(
    archive: Archive, there: Path, tmp_path: Path
) -> None:
    sha256 = archive.put(b"received elsewhere")
    other = Archive(tmp_path / "other", SharedObjects(str(there)))
    assert sha256 not in other
    found = other.path(sha256)
    assert (found.read_bytes(), found.stat().st_mode & 0o777) == (b"received elsewhere", 0o440)
    assert (other.verify([sha256]), other.mended) == ([], [])


def test_what_was_put_before_the_place_was_shared_is_sent_later(tmp_path: Path, there: Path) -> None:
    alone = Archive(tmp_path / "here")
    sent, damaged = alone.put(b"early"), alone.put(b"damaged since")
    alone.path(damaged).chmod(0o640)
    alone.path(damaged).write_bytes(b"something else")
    sharing = Archive(tmp_path / "here", SharedObjects(str(there)))
    sharing.send_missing([sent, damaged])
    assert [path.name for path in there.glob("objects/*/*")] == [sent]


def test_a_place_that_cannot_be_written_to_is_told_and_what_was_put_is_here(
    archive: Archive, there: Path
) -> None:
    there.write_text("a file where the share was", encoding="utf-8")
    with pytest.raises(DestinationFailed, match=r"^共用档案 "):
        archive.put(b"county workbook")
    [found] = archive
    assert archive.verify() == []
    there.unlink()
    assert archive.send_missing([found]) == 1
    assert kept(archive, there, found).read_bytes() == b"county workbook"
