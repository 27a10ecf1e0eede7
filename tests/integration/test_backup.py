"""Backup and restore around real nights: a lost disk, an older backup, and a backup while a night runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from flows.backup.backup import back_up
from flows.backup.restore import restore
from flows.backup.restore_plan import plan_restore
from flows.clock import TIME_ZONE
from flows.home_check import verify_shown_heads
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, copied, new_installation, night
from tests.integration.warehouse_content import content
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event, Journal

EAST = "990101"
NIGHTLY = [sys.executable, "-c", "from flows.cli.app import main; main()", "nightly"]
OF_THE_RECEIPT = {
    "received_seq",
    "received_at",
    "explanation",
    "explained_at",
    "run",
    "first_run",
    "seq",
    "known_from",
}
"""Columns that tell when a file came in and at which place of the journal; a file sent once more comes in later."""


def numbers(place: Installation) -> dict[str, list[dict[str, object]]]:
    """What an analyst reads: indicators, observations and findings, without the moment at which they came in."""
    tables = content(place.home.database)
    wanted = ("mart.indicator", "core.observation", "quality.finding", "quality.submission")
    return {
        name: sorted(tables[name].drop(*OF_THE_RECEIPT, strict=False).to_dicts(), key=repr) for name in wanted
    }


def send(place: Installation, workbook: Path, value: int) -> Path:
    book = ClerkWorkbook(workbook)
    book.enter("兰1表", "会员数", org="990101001001", value=value)
    return book.save(place.home.inbox / f"{value}.xlsx")


def moved_in(place: Installation, home: Path) -> Installation:
    return Installation(place.settings.model_copy(update={"home": home}))


@pytest.fixture
def place(after_a_night: NewInstallation) -> Installation:
    return after_a_night([2023])


def test_after_a_lost_disk_the_numbers_are_those_of_before(place: Installation, tmp_path: Path) -> None:
    kept, before = str(tmp_path / "backup"), numbers(place)
    assert back_up(place, kept, datetime.now(TIME_ZONE)).problems == []
    receipts = sorted(path.name for path in place.home.outbox.rglob("*") if path.is_file())
    shutil.rmtree(place.home.root)
    restore(plan_restore(place.home, kept), datetime.now(TIME_ZONE), "王主任")
    night(place, from_scratch=True)
    assert numbers(place) == before
    told = night(place)
    assert told.submissions.is_empty()  # nobody is told twice
    assert sorted(path.name for path in place.home.outbox.rglob("*") if path.is_file()) == receipts


def test_after_an_older_backup_the_files_sent_again_give_the_undisturbed_numbers(
    place: Installation, tmp_path: Path, samples: Samples
) -> None:
    workbook = next((samples([2024], LANHE) / EAST).iterdir())
    kept = str(tmp_path / "backup")
    back_up(place, kept, datetime.now(TIME_ZONE))
    sent = []
    for value in (301, 302):  # two nights that no backup knows
        sent.append(shutil.copy2(send(place, workbook, value), tmp_path))
        night(place)
    undisturbed = numbers(place)
    shutil.rmtree(place.home.archive)
    plan = plan_restore(place.home, kept)
    report = restore(plan, datetime.now(TIME_ZONE), "王主任")
    assert plan.lost[-1].count > plan.snapshot.head.count
    assert any("此后收到的文件须重新报送" in sentence for sentence in report.said)
    night(place, from_scratch=True)
    for file in sent:
        shutil.copy2(file, place.home.inbox)
        night(place)
    assert numbers(place) == undisturbed
    assert back_up(place, kept, datetime.now(TIME_ZONE)).problems == []


def test_a_file_whose_copy_was_damaged_heals_when_it_is_sent_again(
    place: Installation, tmp_path: Path
) -> None:
    kept, before = tmp_path / "backup", numbers(place)
    back_up(place, str(kept), datetime.now(TIME_ZONE))
    entry = next(e for e in Journal(place.home.journal).entries() if e.event == Event.RECEIVED)
    sha256 = str(entry.submission)
    original = (place.home.archive / "objects" / sha256[:2] / sha256).read_bytes()
    copy = kept / "objects" / sha256[:2] / sha256
    copy.chmod(0o640)
    copy.write_bytes(original[:-1])
    new = moved_in(place, tmp_path / "new")
    report = restore(plan_restore(new.home, str(kept)), datetime.now(TIME_ZONE), "王主任")
    assert str(entry.payload["file_name"]) in report.problems[0]
    (new.home.inbox / str(entry.payload["file_name"])).write_bytes(original)
    night(new)
    assert numbers(new) == before


def test_a_night_backs_up_what_it_did_and_what_it_told(
    installation: NewInstallation, samples: Samples, tmp_path: Path
) -> None:
    place = installation([2023], catalogue=LANHE)
    place.settings.backup = str(tmp_path / "backup")
    assert night(place).notes == []
    new = moved_in(place, tmp_path / "new")
    plan = plan_restore(new.home, place.settings.backup)
    assert plan.snapshot.entries[-1].event == Event.RUN_FINISHED
    assert plan.files is not None
    assert "home/site/digest.md" in {file.path for file in plan.files}


def test_a_backup_that_fails_does_not_fail_the_night(
    installation: NewInstallation, samples: Samples, tmp_path: Path
) -> None:
    place = installation([2023], catalogue=LANHE)
    (tmp_path / "file").touch()
    place.settings.backup = str(tmp_path / "file" / "backup")
    report = night(place)
    assert report.submissions.height == 3
    assert place.home.database.exists()
    [note] = report.notes
    assert note.startswith("本次夜间作业已完成，但备份有问题：备份位置 ")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """A home with a night behind it and a dozen workbooks in its inbox; that night was the real command's."""
    place = new_installation(tmp_path_factory.mktemp("busy") / "home", samples, [2023], catalogue=LANHE)
    ended = subprocess.run(
        NIGHTLY, env=environment(place), capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr
    workbook = next((samples([2024], LANHE) / EAST).iterdir())
    for value in range(300, 312):
        send(place, workbook, value)
    return place


def environment(place: Installation) -> dict[str, str]:
    known = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return known | {"NIANBAO_HOME": str(place.home.root), "NIANBAO_CATALOGUE": str(LANHE)}


@pytest.mark.deep
def test_every_backup_taken_while_a_night_runs_can_be_restored(busy: Installation, tmp_path: Path) -> None:
    place, kept = copied(busy, tmp_path / "home"), str(tmp_path / "backup")
    moments = []
    with subprocess.Popen(
        NIGHTLY, env=environment(place), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        while running.poll() is None:
            report = back_up(place, kept, datetime.now(TIME_ZONE))
            assert report.problems == []
            moments.append(report.moment)
        assert running.returncode == 0
    moments.append(back_up(place, kept, datetime.now(TIME_ZONE)).moment)
    plans = {m: plan_restore(moved_in(place, tmp_path / m).home, kept, m) for m in moments}
    by_count = {len(plan.snapshot.entries): m for m, plan in plans.items()}  # the last of each length
    assert len(by_count) > 2, "the night wrote nothing while backups were taken"
    for moment in by_count.values():
        new = moved_in(place, tmp_path / moment)
        restored = restore(plans[moment], datetime.now(TIME_ZONE), "王主任")
        assert restored.problems == []
        journal = Journal(new.home.journal, read_only=True)
        verify_shown_heads(journal, new.home)
        received = [str(e.submission) for e in journal.entries() if e.event == Event.RECEIVED]
        Archive(new.home.archive).require(received)
    night(new, from_scratch=True)
    assert numbers(new) == numbers(place)
