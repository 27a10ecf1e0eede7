"""What the journal has shown of itself, beside it and on paper, tells what is gone from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journal_files import DAMAGES, damaged, written
from tests.receipt_office import HEAD, Office, submission
from warehouse.ledger.journal import NO_HASH, Head, Journal, JournalBroken
from warehouse.ledger.journal_head import HEAD_SUFFIX, PrintedHead, head_words, keep_head, read_printed_heads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("read_only", [True, False], ids=["reader", "writer"])
def test_what_was_kept_once_and_is_gone_is_noticed_and_nothing_touched(
    path: Path, how: str, read_only: bool
) -> None:
    written(path, 70)
    damaged(path, how)
    before = {p: p.read_bytes() for p in path.parent.iterdir()}
    for _ in range(2):  # it stays noticed
        with pytest.raises(
            JournalBroken, match=r"请从备份中恢复最新的 journal.jsonl，放回 .*nianbao doctor"
        ) as broken:
            Journal(path, read_only=read_only)
        if how in {"1", "5", "60"}:
            assert f"记有 70 条，现存 {70 - int(how)} 条" in str(broken.value)
    assert {p: p.read_bytes() for p in path.parent.iterdir()} == before


def test_a_journal_put_back_from_the_backup_goes_on(path: Path) -> None:
    written(path, 3)
    backup = path.read_bytes()
    damaged(path, "deleted")
    path.write_bytes(backup)
    assert written(path, 1).head.count == 4


@pytest.mark.parametrize("how", DAMAGES)
def test_a_head_shown_on_paper_tells_what_is_gone_without_the_head_beside_it(path: Path, how: str) -> None:
    receipt = path.with_name("回执.md")
    receipt.write_text(f"…\n{head_words(written(path, 70).head)}\n", encoding="utf-8")
    damaged(path, how)
    path.with_name(path.name + HEAD_SUFFIX).unlink()
    journal = Journal(path)
    [shown] = read_printed_heads([receipt, path.with_name("nowhere.md")])
    with pytest.raises(JournalBroken, match=r"回执\.md"):
        journal.verify_head(shown)


def test_a_file_that_is_named_like_a_head_shows_none(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.write([submission(f"{head_words(Head(99_999, 'c' * 64))}.xlsx")])
    assert [shown.head for shown in read_printed_heads(office.paths)] == [HEAD]


def test_a_shortened_hash_on_paper_is_compared_as_far_as_it_goes(path: Path) -> None:
    journal = written(path)
    journal.verify_head(PrintedHead(Head(3, journal.entries()[2].hash[:16]), "日报"))
    with pytest.raises(JournalBroken, match="登记簿第 3 条与 日报 中的校验值不符"):
        journal.verify_head(PrintedHead(Head(3, journal.entries()[3].hash[:16]), "日报"))


def test_an_earlier_head_still_holds_after_more_was_written(path: Path) -> None:
    heads = [Head(0, NO_HASH), *(written(path, 1).head for _ in range(3))]
    journal = Journal(path)
    for head in heads:
        journal.verify_head(PrintedHead(head, "回执"))
    assert [Head(entry.seq, entry.hash) for entry in journal.entries()] == heads[1:]
    assert journal.head == heads[-1]


def test_a_head_that_lags_behind_is_brought_up_by_the_next_writer(path: Path) -> None:
    head = written(path, 2).head
    last = written(path, 2).head
    keep_head(path, head)
    assert Journal(path, read_only=True).head == last
    assert Journal(path).head == last
    damaged(path, "1")
    with pytest.raises(JournalBroken, match="第 4 条已丢失"):
        Journal(path)
