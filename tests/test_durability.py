"""Files are replaced whole or not at all. (That they survive a power cut is seen by tests/faults.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.ledger.durability import PAPER_MODE, make_folder, write_durably, writing_durably


def write_half(file: Path) -> None:
    with writing_durably(file) as unfinished:
        unfinished.write_bytes(b"half")
        raise ValueError("broke off")


def test_a_file_that_is_written_by_name_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "更正表.xlsx"
    write_durably(file, b"before")
    with writing_durably(file) as unfinished:
        unfinished.write_bytes(b"after")
        assert file.read_bytes() == b"before"
    assert file.read_bytes() == b"after"
    assert file.stat().st_mode & 0o777 == PAPER_MODE
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_whose_writing_breaks_off_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "更正表.xlsx"
    write_durably(file, b"before")
    with pytest.raises(ValueError, match="broke off"):
        write_half(file)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_nobody_may_write_is_written_once(tmp_path: Path) -> None:
    write_durably(tmp_path / "sealed", b"content", mode=0o440)
    assert (tmp_path / "sealed").read_bytes() == b"content"
    assert (tmp_path / "sealed").stat().st_mode & 0o777 == 0o440


def test_a_folder_is_made_with_all_above_it_and_may_be_there(tmp_path: Path) -> None:
    folder = tmp_path / "发件箱" / "单位" / "以前的更正表"
    make_folder(folder)
    make_folder(folder)
    assert folder.is_dir()


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "发件箱").write_bytes(b"")
    with pytest.raises(OSError, match="发件箱"):
        make_folder(tmp_path / "发件箱")
