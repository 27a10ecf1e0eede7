"""Backups: only what is new is copied, what is kept is read back, and no backup makes a better one worse."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from flows.backup.backup import BackupRefused, BackupReport, back_up
from flows.backup.backup_health import examine_backup
from flows.backup.restore_plan import plan_restore
from flows.health.health import Health
from flows.places.destination import DestinationFailed, describe_address
from flows.settings import Installation
from tests.journal_files import DAMAGES, damaged
from tests.small_homes import NOON, files_below, print_receipt, small_home, take_in
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Journal, JournalBroken
from warehouse.ledger.journal_head import HEAD_SUFFIX


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = small_home(tmp_path / "home")
    take_in(made, "东", "西", "南")
    return made


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def object_of(kept: Path, content: str) -> Path:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return kept / "objects" / sha256[:2] / sha256


def overwrite(file: Path, content: bytes) -> None:
    file.chmod(0o640)
    file.write_bytes(content)


def backed_up(place: Installation, kept: Path, days: int = 0, **how: bool) -> BackupReport:
    return back_up(place, str(kept), NOON + timedelta(days=days), **how)


# ------------------------------------------------------------------------------------------- what is copied


def test_a_backup_holds_objects_journal_papers_catalogue_and_settings(
    place: Installation, kept: Path
) -> None:
    report = backed_up(place, kept)
    plan = plan_restore(small_home(kept.parent / "new").home, str(kept))
    assert report.problems == []
    assert plan.snapshot.raw == place.home.journal.read_bytes()
    assert [object_of(kept, content).read_bytes().decode() for content in "东西南"] == ["东", "西", "南"]
    assert plan.files is not None
    paths = {file.path for file in plan.files}
    assert {"settings.json", "catalogue/catalogue.yaml"} <= paths
    assert sum(path.startswith("home/outbox/990101东山县/回执_") for path in paths) == 3


def test_a_second_backup_writes_nothing_but_its_manifest(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    before = files_below(kept)
    again = backed_up(place, kept, days=1)
    after = files_below(kept)
    assert again.copied_count == 0
    assert [name for name in after if name not in before] == [f"backups/{again.moment}.json"]
    assert {name: after[name] for name in before} == before


def test_only_what_came_since_is_copied(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    take_in(place, "北")
    assert backed_up(place, kept).copied_count == 3  # the file, its receipt, the list of papers


def test_a_line_that_is_being_written_is_left_to_the_next_backup(place: Installation, kept: Path) -> None:
    whole = place.home.journal.read_bytes()
    with place.home.journal.open("ab") as journal:
        journal.write(b'{"seq":4,"prev":"')
    backed_up(place, kept)
    assert plan_restore(small_home(kept.parent / "new").home, str(kept)).snapshot.raw == whole


def test_a_receipt_printed_after_the_journal_was_read_is_left_to_the_next_backup(
    place: Installation, kept: Path
) -> None:
    """As when the night writes on between: the receipt of then knows more than the journal that is kept."""
    journal, head = place.home.journal, place.home.journal.with_name(place.home.journal.name + HEAD_SUFFIX)
    then = journal.read_bytes(), head.read_bytes()
    take_in(place, "北")
    late = print_receipt(place, "回执_2024_20260302_late.md")
    journal.write_bytes(then[0])
    head.write_bytes(then[1])
    backed_up(place, kept)
    plan = plan_restore(small_home(kept.parent / "new").home, str(kept))
    assert plan.files is not None
    assert late.name not in {Path(file.path).name for file in plan.files}
    assert (len(plan.snapshot.entries), plan.lost) == (3, [])


def test_no_secret_of_the_settings_is_kept(place: Installation, kept: Path) -> None:
    place.settings.alerts = "wecombot://geheim"
    place.settings.backup = "sftp://jsx:geheim@backup.example.cn/nianbao"
    backed_up(place, kept)
    assert [name for name, content in files_below(kept).items() if b"geheim" in content] == []
    assert any(b"sftp://jsx@backup.example.cn/nianbao" in content for content in files_below(kept).values())


def test_the_warehouse_is_kept_when_it_is_asked_for(place: Installation, kept: Path) -> None:
    place.home.database.write_bytes(b"numbers")
    backed_up(place, kept)
    assert not object_of(kept, "numbers").exists()
    backed_up(place, kept, with_warehouse=True)
    assert object_of(kept, "numbers").read_bytes() == b"numbers"


def test_what_was_told_already_is_kept(place: Installation, kept: Path) -> None:
    for state in ("last_good_night.json", "fetched/sftp.json"):
        (place.home.root / state).parent.mkdir(exist_ok=True)
        (place.home.root / state).write_text(f'"{state}"', encoding="utf-8")
    backed_up(place, kept)
    plan = plan_restore(small_home(kept.parent / "new").home, str(kept))
    assert plan.files is not None
    assert {"home/last_good_night.json", "home/fetched/sftp.json"} <= {file.path for file in plan.files}


# ------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("has_head", [True, False], ids=["with its head", "without its head"])
def test_a_journal_that_lost_its_end_does_not_spoil_the_backup(
    place: Installation, kept: Path, how: str, has_head: bool
) -> None:
    take_in(place, *(f"{number}号" for number in range(60)))
    backed_up(place, kept)
    damaged(place.home.journal, how)
    if not has_head:
        place.home.journal.with_name(place.home.journal.name + HEAD_SUFFIX).unlink()
    before = files_below(kept)
    with pytest.raises((BackupRefused, JournalBroken), match="登记簿"):
        backed_up(place, kept)
    assert files_below(kept) == before


def test_another_installation_does_not_get_into_the_backup(
    place: Installation, kept: Path, tmp_path: Path
) -> None:
    backed_up(place, kept)
    other = small_home(tmp_path / "other")
    take_in(other, "另", "一", "套", "数")
    before = files_below(kept)
    with pytest.raises(BackupRefused, match="不是由它续写的"):
        backed_up(other, kept)
    assert files_below(kept) == before


def test_a_backup_within_the_home_is_refused(place: Installation) -> None:
    with pytest.raises(BackupRefused, match="不能放在数据目录"):
        backed_up(place, place.home.root / "backup")


def test_a_home_without_a_journal_has_nothing_to_keep(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(BackupRefused, match="没有可备份的内容"):
        backed_up(small_home(tmp_path / "empty"), kept)
    assert not kept.exists()


def test_a_place_that_is_empty_all_of_a_sudden_is_not_written_to(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    kept.rename(kept.with_name("unmounted"))
    with pytest.raises(BackupRefused, match="可能是磁盘没有挂载"):
        backed_up(place, kept)
    assert not kept.exists()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("gopher://backup.example.cn/x", "地址无法识别"),
        ("sftp://127.0.0.1:1/x", "服务器拒绝连接"),
    ],
)
def test_a_place_that_cannot_be_reached_is_named_with_the_reason(
    place: Installation, address: str, reason: str
) -> None:
    with pytest.raises(DestinationFailed, match=reason) as failed:
        back_up(place, address, NOON)
    assert address in str(failed.value)


def test_an_address_is_shown_without_its_password() -> None:
    shown = describe_address("sftp://jsx:geheim@backup.example.cn:2222/nianbao")
    assert shown == "sftp://jsx@backup.example.cn:2222/nianbao"


# --------------------------------------------------------------------------------------- damage, found and mended


def test_everything_is_read_back_within_a_week(place: Installation, kept: Path) -> None:
    first = backed_up(place, kept)
    week = [backed_up(place, kept, days=day).verified_count for day in range(1, 8)]
    assert sum(week) == first.verified_count
    assert max(week) < first.verified_count


def test_a_damaged_object_of_the_backup_is_written_again_and_told(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    overwrite(object_of(kept, "西"), "东".encode())  # as long as before
    report = backed_up(place, kept, is_read_whole=True)
    assert object_of(kept, "西").read_text(encoding="utf-8") == "西"
    assert "备份中 “西.xlsx” 的内容已损坏，已由本机重新写入。" in report.said
    assert report.problems == []


def test_an_object_cut_short_is_found_on_any_day(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    overwrite(object_of(kept, "西"), b"")
    for_all_days = backed_up(place, kept, days=1)
    assert any("“西.xlsx” 的内容已损坏" in sentence for sentence in for_all_days.said)


def test_a_damaged_journal_of_the_backup_is_written_again_and_told(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    [journal] = (kept / "journal").iterdir()
    overwrite(journal, journal.read_bytes()[:-1] + b"x")
    report = backed_up(place, kept)
    assert journal.read_bytes() == place.home.journal.read_bytes()
    assert "备份中的登记簿已损坏，已由本机重新写入。" in report.said


def test_an_object_damaged_here_and_there_is_told_once(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    overwrite(Archive(place.home.archive).path(object_of(kept, "西").name), b"something else")
    overwrite(object_of(kept, "西"), b"x")
    [problem] = backed_up(place, kept, is_read_whole=True).problems
    assert "请取得原文件放入收件箱" in problem


def test_a_damaged_journal_of_an_earlier_backup_is_written_again_too(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    [journal] = (kept / "journal").iterdir()
    whole = journal.read_bytes()
    take_in(place, "北")
    backed_up(place, kept, days=1)
    overwrite(journal, whole[:-1] + b"x")
    assert backed_up(place, kept, is_read_whole=True).problems == []
    assert journal.read_bytes() == whole


def test_a_damaged_paper_that_is_gone_here_is_told(place: Installation, kept: Path) -> None:
    receipt = print_receipt(place, "回执_2024_20260302_gone.md")
    text = receipt.read_text(encoding="utf-8") + "另"
    receipt.write_text(text, encoding="utf-8")
    backed_up(place, kept)
    receipt.unlink()
    overwrite(object_of(kept, text), b"x")
    [problem] = backed_up(place, kept, is_read_whole=True).problems
    assert problem.startswith("备份中有 1 个只属于较早备份的文件已损坏")


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_an_object_damaged_at_home_does_not_reach_the_backup(
    place: Installation, kept: Path, how: str
) -> None:
    backed_up(place, kept)
    own = Archive(place.home.archive).path(object_of(kept, "西").name)
    if how == "missing":
        own.unlink()
    else:
        overwrite(own, b"something else")
    [problem] = backed_up(place, kept).problems
    assert "“西.xlsx”" in problem
    assert "备份中的完好，请运行 nianbao restore" in problem
    assert object_of(kept, "西").read_text(encoding="utf-8") == "西"


def test_an_object_that_is_nowhere_does_not_keep_the_others_from_the_backup(
    place: Installation, kept: Path
) -> None:
    overwrite(Archive(place.home.archive).path(object_of(kept, "西").name), b"something else")
    [problem] = backed_up(place, kept).problems
    assert "请取得原文件放入收件箱" in problem
    assert object_of(kept, "东").exists()
    [manifest] = (kept / "backups").iterdir()
    assert json.loads(manifest.read_bytes())["missing"] == [object_of(kept, "西").name]


# ------------------------------------------------------------------------------------------------- doctor


def examined(place: Installation, kept: Path, days: int = 0) -> Health:
    place.settings.backup = str(kept)
    health = Health()
    examine_backup(place, health, NOON + timedelta(days=days))
    return health


def test_doctor_is_content_with_a_backup_of_yesterday(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    health = examined(place, kept, days=1)
    assert health.problems == []
    assert health.facts == ["备份：最近一份 2026年3月2日 12:00，登记簿 3 条，收到的文件 3 个"]


def test_doctor_names_a_backup_that_is_old(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    assert examined(place, kept, days=4).problems == ["备份：最近一份已是 4 天之前，请运行 nianbao backup。"]


def test_doctor_names_a_place_without_any_backup(place: Installation, kept: Path) -> None:
    assert examined(place, kept).problems == [f"备份：{kept} 中还没有备份，请运行 nianbao backup。"]


def test_doctor_counts_what_the_backup_lacks(place: Installation, kept: Path) -> None:
    backed_up(place, kept)
    take_in(place, "北")
    assert examined(place, kept).problems == ["备份：有 1 个收到的文件不在备份中，请运行 nianbao backup。"]


def test_doctor_says_nothing_where_no_backup_is_wanted(place: Installation) -> None:
    health = Health()
    examine_backup(place, health, NOON)
    assert (health.facts, health.problems, health.hints) == ([], [], [])


def test_nothing_of_a_backup_needs_the_writers_lock(place: Installation, kept: Path) -> None:
    from warehouse.store.publish import writer_lock

    with writer_lock(place.home.root):
        assert backed_up(place, kept).problems == []
    assert Journal(place.home.journal, read_only=True).head.count == 3
