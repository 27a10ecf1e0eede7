"""Restoring: what was lost comes back verified, what goes further is never overwritten, and what is lost is named."""

from __future__ import annotations

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from flows.backup.backup import back_up
from flows.backup.restore import RestoreReport, restore
from flows.backup.restore_plan import Plan, RestoreRefused, plan_restore
from flows.home_check import remove_leftovers, verify_shown_heads
from flows.settings import Home, Installation
from tests.journal_files import damaged
from tests.small_homes import EAST, NOON, files_below, print_receipt, small_home, take_in
from warehouse.ledger.archive import Archive
from warehouse.ledger.durability import UNFINISHED_PREFIX
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.journal_head import HEAD_SUFFIX


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = small_home(tmp_path / "home")
    take_in(made, "东", "西", "南")
    return made


@pytest.fixture
def kept(place: Installation, tmp_path: Path) -> Path:
    back_up(place, str(tmp_path / "backup"), NOON)
    return tmp_path / "backup"


def object_of(folder: Path, content: str) -> Path:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return folder / "objects" / sha256[:2] / sha256


def restored(home: Home, kept: Path, at: str = "") -> tuple[Plan, RestoreReport]:
    plan = plan_restore(home, str(kept), at)
    return plan, restore(plan, NOON + timedelta(days=9), "王主任")


def whole(home: Home) -> Journal:
    """The journal, if night and doctor would take the home as it is."""
    journal = Journal(home.journal)
    verify_shown_heads(journal, home)
    Archive(home.archive).require(str(e.submission) for e in journal.entries() if e.event == Event.RECEIVED)
    return journal


# ---------------------------------------------------------------------------------------------- a lost disk


@pytest.mark.parametrize("is_there", [True, False], ids=["an empty folder", "no folder"])
def test_a_lost_home_comes_back_as_it_was(
    place: Installation, kept: Path, tmp_path: Path, is_there: bool
) -> None:
    new = Home(tmp_path / "new")
    if is_there:
        new.root.mkdir()
    before = files_below(place.home.root)
    _, report = restored(new, kept)
    after = files_below(new.root)
    assert report.problems == []
    assert (report.object_count, report.paper_count > 3) == (3, True)
    assert {n: c for n, c in after.items() if n in before and "journal" not in n} == {
        n: c for n, c in before.items() if "journal" not in n and n != "backup_state.json"
    }
    assert new.journal.read_bytes().startswith(place.home.journal.read_bytes())
    assert report.said[-1] == "请运行 nianbao rebuild，由档案和登记簿重新建立数据仓库。"


def test_the_journal_says_that_it_was_brought_back(kept: Path, tmp_path: Path) -> None:
    plan, _ = restored(Home(tmp_path / "new"), kept)
    last = whole(Home(tmp_path / "new")).entries()[-1]
    assert (last.event, last.actor) == (Event.RESTORED, "王主任")
    assert last.payload == {"backup": plan.moment, "count": 3, "lost": []}


def test_catalogue_and_settings_of_then_lie_aside(kept: Path, tmp_path: Path) -> None:
    _, report = restored(Home(tmp_path / "new"), kept)
    aside = tmp_path / "new" / report.aside
    assert {"catalogue", "settings.json"} == {path.name for path in aside.iterdir()}


def test_what_was_restored_can_be_backed_up_to_the_same_place(
    place: Installation, kept: Path, tmp_path: Path
) -> None:
    new = small_home(tmp_path / "new")
    restored(new.home, kept)
    take_in(new, "北")
    assert back_up(new, str(kept), NOON + timedelta(days=10)).problems == []


# -------------------------------------------------------------------------------- a home that lost something


@pytest.mark.parametrize("lost", ["archive", "outbox", "archive/objects", "archive/journal.jsonl"])
def test_whatever_part_is_lost_comes_back(place: Installation, kept: Path, lost: str) -> None:
    before = files_below(place.home.root)
    gone = place.home.root / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    plan, report = restored(place.home, kept)
    after = files_below(place.home.root)
    assert (plan.lost, report.problems) == ([], [])
    assert [n for n, content in before.items() if "journal" not in n and after.get(n) != content] == []
    assert whole(place.home).head.count == 4


@pytest.mark.parametrize("how", ["1", "last line without its end", "emptied"])
def test_a_journal_that_is_the_beginning_of_the_backups_is_completed(
    place: Installation, kept: Path, how: str
) -> None:
    damaged(place.home.journal, how)
    restored(place.home, kept)
    assert whole(place.home).head.count == 4


def test_a_damaged_object_is_replaced_and_kept_aside(place: Installation, kept: Path) -> None:
    own = object_of(place.home.archive, "西")
    own.chmod(0o640)
    own.write_bytes(b"something else")
    _, report = restored(place.home, kept)
    assert own.read_text(encoding="utf-8") == "西"
    aside = object_of(place.home.root / report.aside / "archive", "西")
    assert aside.read_bytes() == b"something else"


def test_an_object_comes_back_to_a_home_that_has_gone_on_since(place: Installation, kept: Path) -> None:
    take_in(place, "北")
    journal = place.home.journal.read_bytes()
    object_of(place.home.archive, "西").unlink()
    _, report = restored(place.home, kept)
    assert (report.object_count, report.paper_count) == (1, 0)
    assert place.home.journal.read_bytes() == journal
    assert whole(place.home).head.count == 4


@pytest.mark.parametrize("is_lost", [True, False], ids=["entries are lost", "nothing is lost"])
def test_what_was_told_lately_is_known_still_unless_entries_are_lost(
    place: Installation, tmp_path: Path, is_lost: bool
) -> None:
    state, kept = place.home.root / "fetched.json", tmp_path / "backup"
    state.write_text("then", encoding="utf-8")
    back_up(place, str(kept), NOON)
    state.write_text("now", encoding="utf-8")
    if is_lost:
        take_in(place, "北")
    shutil.rmtree(place.home.archive)
    restored(place.home, kept)
    assert state.read_text(encoding="utf-8") == ("then" if is_lost else "now")


# ------------------------------------------------------------------------------------------ what is refused


def test_a_home_that_has_gone_on_and_is_whole_is_left_alone(place: Installation, kept: Path) -> None:
    take_in(place, "北")
    before = files_below(place.home.root)
    with pytest.raises(RestoreRefused, match="本机的登记簿比备份"):
        plan_restore(place.home, str(kept))
    assert files_below(place.home.root) == before


def test_another_installations_home_is_left_alone(kept: Path, tmp_path: Path) -> None:
    other = small_home(tmp_path / "other")
    take_in(other, "另")
    before = files_below(other.home.root)
    with pytest.raises(RestoreRefused, match="不是同一份的先后"):
        plan_restore(other.home, str(kept))
    assert files_below(other.home.root) == before


def test_a_folder_of_somebody_else_is_left_alone(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").touch()
    with pytest.raises(RestoreRefused, match="也不是年报的数据目录"):
        plan_restore(Home(tmp_path / "letters"), str(kept))


def test_a_place_without_backups_is_named(tmp_path: Path) -> None:
    with pytest.raises(RestoreRefused, match="没有备份"):
        plan_restore(Home(tmp_path / "new"), str(tmp_path / "nothing"))


def test_a_time_without_a_backup_names_those_there_are(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(RestoreRefused, match="最近的有：20260302T120000000000"):
        plan_restore(Home(tmp_path / "new"), str(kept), "2019")


@pytest.mark.parametrize("part", ["backups", "journal"])
def test_a_damaged_backup_names_the_one_before(
    place: Installation, kept: Path, tmp_path: Path, part: str
) -> None:
    take_in(place, "北")
    back_up(place, str(kept), NOON + timedelta(days=1))
    newest = max((kept / part).iterdir(), key=lambda file: file.name)
    newest.write_bytes(newest.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(RestoreRefused, match="已损坏，未作改动。请用 --at 指定另一份：20260302T1200"):
        plan_restore(Home(tmp_path / "new"), str(kept))


# ----------------------------------------------------------------------------------------- damage of the backup


def test_a_damaged_object_is_not_brought_back_and_the_others_are(kept: Path, tmp_path: Path) -> None:
    bad = object_of(kept, "西")
    bad.chmod(0o640)
    bad.write_text("东", encoding="utf-8")
    new = Home(tmp_path / "new")
    _, report = restored(new, kept)
    assert report.problems == [
        "备份中的 “西.xlsx”缺失或已损坏，没有恢复；请取得原文件放入收件箱，下次夜间作业即可补回。"
    ]
    assert not object_of(new.archive, "西").exists()
    assert object_of(new.archive, "南").read_text(encoding="utf-8") == "南"


def test_a_damaged_paper_is_told_and_the_others_come_back(
    place: Installation, kept: Path, tmp_path: Path
) -> None:
    receipt = min((place.home.outbox / EAST).iterdir(), key=lambda file: file.name)
    bad = object_of(kept, receipt.read_text(encoding="utf-8"))
    bad.chmod(0o640)
    bad.write_bytes(b"x")
    new = Home(tmp_path / "new")
    _, report = restored(new, kept)
    assert report.problems == [f"备份中的 outbox/{EAST}/{receipt.name} 缺失或已损坏，没有恢复。"]
    assert len(list((new.outbox / EAST).iterdir())) == 2


def test_a_manifest_cannot_write_outside_the_home() -> None:
    from flows.backup.manifest import KeptFile

    for path in ("home/../../x", "/etc/x", "home/a\0b"):
        with pytest.raises(ValueError, match="leads out"):
            KeptFile(path=path, sha256="0" * 64, bytes=1)


# ------------------------------------------------------------------------------------------- an older backup


def test_an_older_backup_names_what_is_lost_and_puts_its_witnesses_aside(
    place: Installation, kept: Path
) -> None:
    take_in(place, "北", "中")
    later = print_receipt(place, "回执_2024_20260303_later.md")
    head = Journal(place.home.journal).head
    shutil.rmtree(place.home.archive)
    plan, report = restored(place.home, kept)
    assert (plan.lost[-1].count, plan.lost[-1].hash) == (head.count, head.hash)
    assert [h.count for h in plan.lost] == [4, 5]
    assert any("第 4 至 5 条" in sentence for sentence in report.said)
    assert not later.exists()
    assert (place.home.root / report.aside / "outbox" / EAST / later.name).exists()
    journal = whole(place.home)
    assert journal.entries()[-1].payload["lost"][-1] == [head.count, head.hash]


def test_of_two_backups_the_older_can_be_chosen_and_the_next_backup_knows(
    place: Installation, kept: Path, tmp_path: Path
) -> None:
    take_in(place, "北", "中")
    back_up(place, str(kept), NOON + timedelta(days=1))
    new = small_home(tmp_path / "new")
    plan, _ = restored(new.home, kept, "20260302")
    assert [h.count for h in plan.lost] == [5]
    take_in(new, "新", "旧")
    assert back_up(new, str(kept), NOON + timedelta(days=10)).problems == []
    again, _ = restored(Home(tmp_path / "again"), kept)
    assert again.lost == []  # given up once, and not to be asked again


def test_the_home_that_was_given_up_does_not_get_into_the_backup_any_more(
    place: Installation, kept: Path, tmp_path: Path
) -> None:
    new = small_home(tmp_path / "new")
    restored(new.home, kept)
    back_up(new, str(kept), NOON + timedelta(days=10))
    take_in(place, "北")
    with pytest.raises(Exception, match="不是由它续写的"):
        back_up(place, str(kept), NOON + timedelta(days=11))


def test_a_head_file_that_knows_more_is_put_aside(place: Installation, kept: Path) -> None:
    take_in(place, "北")
    beside = place.home.journal.with_name(place.home.journal.name + HEAD_SUFFIX)
    place.home.journal.unlink()
    shutil.rmtree(place.home.outbox)
    assert beside.exists()
    plan, report = restored(place.home, kept)
    assert [h.count for h in plan.lost] == [4]
    assert (place.home.root / report.aside / "archive" / beside.name).exists()
    assert whole(place.home).head.count == 4


def test_a_restore_that_broke_off_is_cleared_away_by_the_night_and_done_again(
    kept: Path, tmp_path: Path
) -> None:
    new = Home(tmp_path / "new").make()
    left = new.root / f"{UNFINISHED_PREFIX}restore-x"
    left.mkdir()
    (left / "half").touch()
    remove_leftovers(new)
    assert not left.exists()
    restored(new, kept)
    assert whole(new).head.count == 4
