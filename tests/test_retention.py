"""What is cleared out, and what stays: never archive or journal, never the newest digest, nothing others have put there."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from flows.answer.corrections import EARLIER
from flows.backup.retention import clear_out
from flows.error_log import ERROR_LOG
from flows.home_check import verify_shown_heads
from flows.settings import Installation
from tests.journal_files import damaged
from tests.small_homes import EAST, NOON, files_below, print_receipt, small_home, take_in
from warehouse.ledger.journal import Journal, JournalBroken
from warehouse.ledger.journal_head import HEAD_SUFFIX, head_words

TODAY = NOON.date()


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = small_home(tmp_path / "home")
    take_in(made, "东", "西")
    return made


def digest(place: Installation, day: date) -> Path:
    folder = place.home.site / "digests"
    folder.mkdir(exist_ok=True)
    file = folder / f"日报_{day:%Y%m%d}_020000.md"
    file.write_text(head_words(Journal(place.home.journal, read_only=True).head), encoding="utf-8")
    return file


def answer(place: Installation, kind: str, year: int | str, days: int, folder: str = "") -> Path:
    into = place.home.outbox / EAST / folder
    into.mkdir(parents=True, exist_ok=True)
    file = into / f"{kind}_{year}_{TODAY - timedelta(days=days):%Y%m%d}_abcdef01.xlsx"
    file.write_text(f"{kind}{year}", encoding="utf-8")
    return file


def test_a_home_with_nothing_old_is_left_alone_in_silence(place: Installation) -> None:
    digest(place, TODAY)
    answer(place, "回执", 2023, 1000)
    answer(place, "更正表", 2023, 300, EARLIER)
    before = files_below(place.home.root)
    assert clear_out(place, NOON) == []
    assert files_below(place.home.root) == before


def test_digests_go_after_two_years(place: Installation) -> None:
    old, young, today = (digest(place, TODAY - timedelta(days=days)) for days in (800, 700, 0))
    assert clear_out(place, NOON) == ["已清理2024年03月01日之前的日报 1 份。"]
    assert [old.exists(), young.exists(), today.exists()] == [False, True, True]


def test_the_newest_digest_stays_however_old(place: Installation) -> None:
    older, newest = (digest(place, TODAY - timedelta(days=days)) for days in (4001, 4000))
    clear_out(place, NOON)
    assert [older.exists(), newest.exists()] == [False, True]


def test_replaced_correction_workbooks_go_after_a_year(place: Installation) -> None:
    old, young = (answer(place, "更正表", 2024, days, EARLIER) for days in (400, 300))
    assert clear_out(place, NOON) == ["已清理2025年03月01日之前、已由新表代替的更正表 1 份。"]
    assert [old.exists(), young.exists()] == [False, True]


def test_answers_of_past_years_are_packed_by_unit_and_year(place: Installation) -> None:
    answer(place, "回执", 2021, 1500)
    answer(place, "更正表", 2021, 1400)
    answer(place, "回执", "年度不明", 1500)
    [said] = clear_out(place, NOON)
    assert said.startswith("2023年03月02日之前的以往年度回执和更正表 3 个文件已打包")
    packs = sorted((place.home.root / "earlier" / EAST).iterdir())
    assert [pack.name for pack in packs] == ["2021.zip", "2022.zip"]
    with zipfile.ZipFile(packs[0]) as pack:
        assert sorted(pack.read(name).decode() for name in pack.namelist()) == ["回执2021", "更正表2021"]
    assert not list((place.home.outbox / EAST).glob("*2021*"))


def test_a_pack_keeps_what_was_packed_before(place: Installation) -> None:
    first = answer(place, "回执", 2021, 1500)
    clear_out(place, NOON)
    second = answer(place, "回执", 2021, 1400)
    clear_out(place, NOON)
    with zipfile.ZipFile(place.home.root / "earlier" / EAST / "2021.zip") as pack:
        assert sorted(pack.namelist()) == sorted([first.name, second.name])


def test_answers_of_the_current_year_stay_however_old(place: Installation) -> None:
    file = answer(place, "回执", place.catalogue.settings.last_year, 5000)
    assert clear_out(place, NOON) == []
    assert file.exists()


def test_what_others_have_put_there_stays(place: Installation) -> None:
    files = [
        place.home.outbox / EAST / "说明_2010_20100101_x.docx",
        place.home.outbox / EAST / "回执_2010_20109999_x.md",
        place.home.outbox / "读我.txt",
    ]
    for file in files:
        file.touch()
    assert clear_out(place, NOON) == []
    assert all(file.exists() for file in files)


def test_archive_and_journal_are_never_touched(place: Installation) -> None:
    before = files_below(place.home.archive)
    digest(place, TODAY - timedelta(days=9000))
    answer(place, "回执", 2001, 9000)
    clear_out(place, datetime(2090, 1, 1, tzinfo=NOON.tzinfo))
    assert files_below(place.home.archive) == before


def test_a_cut_journal_is_still_found_by_what_stays(place: Installation) -> None:
    print_receipt(place, "回执_2001_20010101_first.md")
    take_in(place, "南")
    digest(place, TODAY - timedelta(days=4000))
    late = datetime(2090, 1, 1, tzinfo=NOON.tzinfo)
    clear_out(place, late)
    assert not list((place.home.outbox / EAST).glob("回执_2001*"))
    damaged(place.home.journal, "1")
    place.home.journal.with_name(place.home.journal.name + HEAD_SUFFIX).unlink()
    with pytest.raises(JournalBroken):
        verify_shown_heads(Journal(place.home.journal, read_only=True), place.home)


def test_the_log_of_errors_is_turned_over_when_it_has_grown_large(place: Installation) -> None:
    log = place.home.root / ERROR_LOG
    for night in range(8):
        log.write_bytes(b"%d" % night * (6 << 20))
        assert clear_out(place, NOON) == []
    logs = sorted(place.home.root.glob(f"{ERROR_LOG}*"))
    assert [(log.name[len(ERROR_LOG) :], log.read_bytes()[:1]) for log in logs] == [
        (".1", b"7"), (".2", b"6"), (".3", b"5"), (".4", b"4"), (".5", b"3"),
    ]  # fmt: skip


def test_a_small_log_is_left_alone(place: Installation) -> None:
    (place.home.root / ERROR_LOG).write_text("x", encoding="utf-8")
    clear_out(place, NOON)
    assert (place.home.root / ERROR_LOG).exists()


def test_one_thing_that_fails_does_not_stop_the_others(place: Installation) -> None:
    answer(place, "回执", 2021, 1500)
    (place.home.root / "earlier").write_text("no folder", encoding="utf-8")
    (place.home.root / ERROR_LOG).write_bytes(b"x" * (6 << 20))
    [said] = clear_out(place, NOON)
    assert said.startswith("清理旧文件未完成，下次再试。")
    assert not (place.home.root / ERROR_LOG).exists()
