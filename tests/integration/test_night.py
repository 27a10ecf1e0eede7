"""Whole nights: published figures come out, each submission is decided once, and a broken night is made good."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import flows.answer.outgoing
import flows.partitions.read_part
import flows.publication
from flows.night import open_night
from flows.nightly import run_night
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from warehouse.ledger.journal import Event, Journal
from warehouse.store.publish import AlreadyRunning
from warehouse.store.query import query

PUBLISHED = Path(__file__).parent.parent / "published_figures.csv"
YEARS = range(2019, 2025)
YANGXIN, WUDI = "371622", "371623"
EAST, WEST = "990101", "990102"  # of the small city


def fingerprint(file: Path) -> tuple[int, int, str]:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest()


def submissions(place: Installation) -> pl.DataFrame:
    return query(place.home.database, "FROM quality.submission ORDER BY received_seq")


def events(place: Installation) -> list[str]:
    return [str(e.event) for e in Journal(place.home.journal, read_only=True).entries()]


def member_count(place: Installation, unit: str, year: int = 2024) -> float:
    """Members of the associations of a county, from what stands."""
    [value] = query(
        place.home.database,
        "SELECT sum(value) FROM core.observation WHERE unit_code = ? AND year = ? AND field = 'member_count'",
        [unit, year],
    ).to_series()
    return float(value)


def receipts(place: Installation) -> list[str]:
    return [p.read_text(encoding="utf-8") for p in sorted(place.home.outbox.rglob("*.md"))]


def changed(source: Path, target: Path, count: float | str) -> Path:
    """A copy of a workbook with another member count for its first village."""
    book = ClerkWorkbook(source)
    village = book.villages()[0]
    if isinstance(count, str):
        book.cell("年1表", "个人会员数", org=village).value = count
    else:
        book.enter("年1表", "个人会员数", org=village, value=count)
    return book.save(target)


def workbook(samples: Samples, unit: str, year: int = 2024) -> Path:
    [path] = (samples([year], units=[unit]) / unit).glob(f"{unit}_{year}_*.xlsx")
    return path


# --------------------------------------------------------------------------------------- what stands


@pytest.mark.deep
def test_of_two_submissions_in_one_night_the_later_stands_and_both_are_kept(
    installation: NewInstallation, samples: Samples
) -> None:
    place = installation()
    first = changed(workbook(samples, YANGXIN), place.home.inbox / "乙.xlsx", 100)
    second = changed(workbook(samples, YANGXIN), place.home.inbox / "甲.xlsx", 200)
    os.utime(first, ns=(1, 1))  # dropped long before the second
    del second
    report = night(place)
    assert report.submissions["decision"].to_list() == ["accepted", "accepted"]
    assert submissions(place).select("file_name", "is_standing").rows() == [
        ("乙.xlsx", False),
        ("甲.xlsx", True),
    ]
    change = query(
        place.home.database,
        "SELECT new_value - old_value AS change FROM quality.restatement WHERE measure = 'member_count'",
    )
    assert change["change"].to_list() == [100.0]
    superseded, standing = sorted(receipts(place), key=lambda text: "甲.xlsx" in text)
    assert "以后收到的为准" in superseded
    assert "以后收到的为准" not in standing


def test_a_critical_finding_holds_only_itself_and_the_previous_version_stands(
    installation: NewInstallation, samples: Samples
) -> None:
    place = installation([2024], units=[YANGXIN, WUDI])
    night(place)
    before = {unit: member_count(place, unit) for unit in (YANGXIN, WUDI)}
    changed(workbook(samples, YANGXIN), place.home.inbox / YANGXIN / "阳信县更正.xlsx", "约三百")
    changed(workbook(samples, WUDI), place.home.inbox / WUDI / "无棣县更正.xlsx", 301)
    report = night(place)
    decisions = dict(report.submissions.select("unit_code", "decision").iter_rows())
    assert decisions == {YANGXIN: "held", WUDI: "accepted"}
    assert member_count(place, YANGXIN) == before[YANGXIN]
    assert member_count(place, WUDI) != before[WUDI]
    [held] = [text for text in receipts(place) if "阳信县更正.xlsx" in text]
    assert "此前已接收的版本继续有效" in held
    assert "约三百" in held
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    missing = next(line for line in digest.splitlines() if line.startswith("  ") and "邹平市、" in line)
    assert "阳信县" not in missing


# ------------------------------------------------------------------------------------- interrupted nights


def test_a_second_night_at_the_same_time_says_so(installation: NewInstallation) -> None:
    place = installation([2024], units=[EAST], catalogue=LANHE)
    said: list[str] = []

    def second_night(_key: str, _result: object) -> None:
        with pytest.raises(AlreadyRunning) as refused, open_night(place):
            pass
        said.append(str(refused.value))

    from flows.running.embedded_server import run_as_flow

    run_as_flow("nightly", lambda: run_night(place, on_done=second_night))
    [sentence] = said
    assert re.search("另一个年报任务正在.*运行，本次不再启动，未作任何改动", sentence)
    assert submissions(place)["decision"].to_list() == ["accepted"]


def test_a_night_that_broke_off_before_publishing_is_made_good_by_the_next(
    after_a_night: NewInstallation, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = after_a_night([2024], units=[WEST])
    published = fingerprint(place.home.database)
    shutil.copy(next((samples([2024], LANHE) / EAST).iterdir()), place.home.inbox)

    def broken(*_: object) -> pl.DataFrame:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(flows.publication, "compute", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            night(place)
    assert fingerprint(place.home.database) == published
    assert not place.home.building.exists()
    assert events(place).count(Event.ACCEPTED) == 2

    report = night(place)
    assert report.submissions["unit_code"].to_list() == [EAST]
    assert submissions(place)["is_standing"].to_list() == [True, True]
    assert events(place).count(Event.ACCEPTED) == 2
    assert len([text for text in receipts(place) if "东岸县" in text]) == 1


def test_a_night_that_broke_off_right_after_receiving_is_made_good_by_the_next(
    installation: NewInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = installation([2024], units=[EAST], catalogue=LANHE)

    def broken(*_: object) -> object:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(flows.partitions.read_part, "read_batch", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            night(place)
    assert events(place) == [Event.RECEIVED]
    assert not place.home.database.exists()
    assert night(place).submissions["decision"].to_list() == ["accepted"]


def test_receipts_of_a_night_that_broke_off_after_publishing_are_written_by_the_next(
    installation: NewInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = installation([2024], units=[EAST], catalogue=LANHE)

    def broken(*_: object) -> object:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(flows.answer.outgoing, "Office", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            night(place)
    night(place)
    assert len(receipts(place)) == 1


def test_a_torn_journal_line_is_mended_and_noted(after_a_night: NewInstallation) -> None:
    place = after_a_night([2024], units=[EAST])
    with place.home.journal.open("ab") as journal:
        journal.write(b'{"seq":3,"prev":"')
    night(place)
    assert events(place)[-1] == Event.MENDED


# ---------------------------------------------------------------------------------- the real command line


def test_the_command_line_runs_a_night_on_its_own_server(installation: NewInstallation) -> None:
    place = installation([2024], units=[YANGXIN])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"NIANBAO_HOME": str(place.home.root), "COLUMNS": "200"}
    command = [sys.executable, "-c", "from flows.cli.app import main; main()", "nightly"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "阳信县" in ended.stdout
    assert "接收" in ended.stdout
    assert ended.stderr == ""
    assert place.home.database.exists()
