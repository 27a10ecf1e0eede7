"""Nothing accepted is lost: what is missing or changed is told by night and doctor before anything is built on it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from flows.clock import TIME_ZONE
from flows.keeping.kept_objects import is_read_on, list_damaged
from flows.keeping.marks import GOOD_NIGHT
from flows.settings import Home, Installation, Settings, find_installation
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.journal_files import damaged
from tests.terminal import Terminal
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Journal
from warehouse.ledger.journal_head import HEAD_SUFFIX

TODAY = datetime.now(TIME_ZONE).date()
Damage = Callable[[Home], object]


def place_of(home: Path) -> Installation:
    return Installation(Settings(home=home, catalogue=LANHE, workers=2))


def text_read_on(day: date) -> bytes:
    """A file that is no workbook, and whose object a night of that day reads."""
    drawn = (f"说明 {number}".encode() for number in count())
    return next(text for text in drawn if is_read_on(day, hashlib.sha256(text).hexdigest()))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> tuple[Path, Path]:
    """A home after one night, and the same after a second, which received files that are read today and tomorrow."""
    folder = tmp_path_factory.mktemp("kept")
    place = new_installation(folder / "home", samples, [2023], catalogue=LANHE)
    night(place)
    shutil.copytree(place.home.root, folder / "older")
    shutil.copytree(samples([2024], LANHE), place.home.inbox, dirs_exist_ok=True)
    for days in (0, 1):
        text = text_read_on(TODAY + timedelta(days=days))
        (place.home.inbox / f"说明{days}.txt").write_bytes(text)
    night(place_of(place.home.root))
    return folder / "older", place.home.root


@pytest.fixture
def home(homes: tuple[Path, Path], tmp_path: Path) -> Home:
    return Home(shutil.copytree(homes[1], tmp_path / "home"))


@pytest.fixture
def nianbao(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """The command line on the home, its nights on the tests' Prefect server."""
    from prefect.settings import PREFECT_API_URL

    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(LANHE))
    monkeypatch.setenv("NIANBAO_WORKERS", "2")
    find_installation.cache_clear()
    yield Terminal(home.root, monkeypatch, capsys)
    find_installation.cache_clear()


def together(*damages: Damage) -> Damage:
    return lambda home: [damage(home) for damage in damages]


def journal(how: str) -> Damage:
    return lambda home: damaged(home.journal, how)


def no_head(home: Home) -> None:
    home.journal.with_name(home.journal.name + HEAD_SUFFIX).unlink()


def no_archive(home: Home) -> None:
    shutil.rmtree(home.archive)


def no_objects(home: Home) -> None:
    shutil.rmtree(home.archive / "objects")


def no_warehouse(home: Home) -> None:
    home.database.unlink()
    home.database.with_name(home.database.name + ".sha256").unlink()


def no_papers(home: Home) -> None:
    shutil.rmtree(home.outbox)
    shutil.rmtree(home.site)


def no_mark(home: Home) -> None:
    (home.root / GOOD_NIGHT).unlink()


def objects_read_now(home: Home) -> list[Path]:
    """The objects of the texts: the night reads one of them today, and the other when the clock passes midnight meanwhile."""
    archive = Archive(home.archive)
    texts = [text_read_on(TODAY + timedelta(days=days)) for days in (0, 1)]
    return [archive.path(hashlib.sha256(text).hexdigest()) for text in texts]


def object_deleted(home: Home) -> None:
    objects_read_now(home)[0].unlink()


def bit_flipped(home: Home) -> None:
    for file in objects_read_now(home):
        content = bytearray(file.read_bytes())
        content[0] ^= 1
        file.chmod(0o640)
        file.write_bytes(content)


STOPPING: dict[str, tuple[Damage, str]] = {
    "journal": (journal("deleted"), "登记簿缺少末尾"),
    "journal and head": (together(journal("deleted"), no_head), "登记簿缺少末尾"),
    "journal, head, warehouse": (together(journal("deleted"), no_head, no_warehouse), "登记簿缺少末尾"),
    "archive": (no_archive, "登记簿缺少末尾"),
    "archive and warehouse": (together(no_archive, no_warehouse), "登记簿缺少末尾"),
    "archive, warehouse and mark": (together(no_archive, no_warehouse, no_mark), "登记簿缺少末尾"),
    "all but the mark": (together(no_archive, no_warehouse, no_papers), "登记簿缺少末尾"),
    "last line changed": (journal("last line changed"), "登记簿曾被改写"),
    "last line changed, no head": (together(journal("last line changed"), no_head), "登记簿曾被改写"),
    "last line cut off": (journal("1"), "登记簿缺少末尾"),
    "last line cut off, no head": (together(journal("1"), no_head), "登记簿缺少末尾"),
    "last line torn, no head": (together(journal("last line without its end"), no_head), "登记簿缺少末尾"),
    "end cut off, no head": (together(journal("4"), no_head, no_mark), "登记簿缺少末尾"),
    "end cut off, no head, no warehouse": (
        together(journal("4"), no_head, no_mark, no_warehouse),
        "登记簿缺少末尾",
    ),
    "all objects": (no_objects, "全部缺失"),
    "object built upon deleted": (together(object_deleted, no_warehouse), "缺失"),
    "object built upon changed": (together(bit_flipped, no_warehouse), "内容已被改动"),
}
TOLD: dict[str, tuple[Damage, str, int]] = {
    "object deleted": (object_deleted, "档案：文件缺失，请从备份恢复", 1),
    "bit flipped": (bit_flipped, "档案：文件内容已被改动，请从备份恢复", 1),
    "head alone": (no_head, "登记簿旁的校验记录 journal.jsonl.head 缺失", 0),
}
"""Damage without which a night can do: what is said, and how the command ends."""


def kept(home: Home) -> dict[Path, bytes]:
    """Journal, objects and published file, as far as they are there."""
    files = [home.journal, home.database, *(p for p in (home.archive / "objects").rglob("*") if p.is_file())]
    return {file: file.read_bytes() for file in files if file.exists()}


@pytest.mark.parametrize("command", ["nightly", "doctor"])
@pytest.mark.parametrize("how", STOPPING)
def test_what_is_lost_stops_the_night_and_is_told_by_doctor(
    home: Home, nianbao: Terminal, how: str, command: str
) -> None:
    damage, words = STOPPING[how]
    damage(home)
    before = kept(home)
    answer = nianbao(command)
    assert words in answer.err
    assert "备份" in answer.err or "请恢复档案" in answer.err
    assert answer.code == (2 if command == "nightly" else 1)
    assert kept(home) == before


@pytest.mark.parametrize("command", ["nightly", "doctor"])
@pytest.mark.parametrize("older", [False, True], ids=["with head", "without head"])
@pytest.mark.parametrize("without", [no_head, no_warehouse], ids=["", "no warehouse"])
def test_an_older_journal_put_back_stops_the_night(
    homes: tuple[Path, Path], home: Home, nianbao: Terminal, command: str, older: bool, without: Damage
) -> None:
    shutil.copy(Home(homes[0]).journal, home.journal)
    if older:
        head = home.journal.name + HEAD_SUFFIX
        shutil.copy(homes[0] / "archive" / head, home.archive / head)
    without(home)
    before = kept(home)
    answer = nianbao(command)
    assert "登记簿缺少末尾" in answer.err
    assert answer.code == (2 if command == "nightly" else 1)
    assert kept(home) == before


@pytest.mark.parametrize("how", TOLD)
def test_damage_that_the_night_can_do_without_is_told_by_both(
    home: Home, nianbao: Terminal, how: str
) -> None:
    damage, words, code = TOLD[how]
    damage(home)
    published = home.database.read_bytes()
    assert words in nianbao("doctor").err
    answer = nianbao("nightly")
    assert words in answer.err
    assert answer.code == code
    assert words in (home.site / "digest.md").read_text(encoding="utf-8")
    assert home.database.read_bytes() == published


def test_a_damaged_object_is_told_every_night_until_it_is_back(home: Home, nianbao: Terminal) -> None:
    whole = {file: file.read_bytes() for file in objects_read_now(home)}
    bit_flipped(home)
    assert [nianbao("nightly").code for _ in range(2)] == [1, 1]
    for file, content in whole.items():
        file.write_bytes(content)
    assert nianbao("nightly").code == 0
    assert nianbao("nightly").err == ""


def test_the_other_units_are_taken_in_though_an_object_is_damaged(
    home: Home, nianbao: Terminal, samples: Samples
) -> None:
    object_deleted(home)
    shutil.copytree(samples([2025], LANHE, ["990102"]), home.inbox, dirs_exist_ok=True)
    before = Journal(home.journal, read_only=True).head.count
    assert "990102" in nianbao("nightly", "--json").out
    assert Journal(home.journal, read_only=True).head.count > before


def test_an_object_that_no_line_names_is_told_once_by_the_night_and_by_doctor_until_it_is_gone(
    home: Home, nianbao: Terminal
) -> None:
    submission = Archive(home.archive).put("没有登记的文件".encode())
    assert submission in nianbao("doctor").err
    answer = nianbao("nightly")
    assert submission in answer.err
    assert answer.code == 0
    assert submission not in nianbao("nightly").err
    Archive(home.archive).path(submission).unlink()
    assert "档案" not in nianbao("doctor").err


def test_an_object_of_a_night_that_was_cut_off_before_its_line_is_not_told(
    home: Home, nianbao: Terminal
) -> None:
    content = "写入档案之后、登记之前断电".encode()
    Archive(home.archive).put(content)
    (home.inbox / "断电.txt").write_bytes(content)
    assert "没有" not in nianbao("nightly").err
    assert "档案" not in nianbao("doctor").err


@pytest.mark.parametrize("flipped", [0, 5], ids=["first", "last"])
def test_every_object_is_read_once_in_seven_nights(
    homes: tuple[Path, Path], tmp_path: Path, flipped: int
) -> None:
    archive = Archive(shutil.copytree(homes[1] / "archive", tmp_path / "archive"))
    name = list(archive)[flipped]
    archive.path(name).chmod(0o640)
    archive.path(name).write_bytes(b"other")
    week = [list_damaged(archive, list(archive), date(2026, 1, 1) + timedelta(days=n)) for n in range(7)]
    assert [found.path.name for night_ in week for found in night_] == [name]


def test_a_decision_is_not_written_into_a_journal_that_lost_its_end(home: Home, nianbao: Terminal) -> None:
    together(journal("1"), no_head)(home)
    before = kept(home)
    answer = nianbao("review", "approve", "--year", "2024", "--yes")
    assert "登记簿缺少末尾" in answer.err
    assert answer.code == 2
    assert kept(home) == before
