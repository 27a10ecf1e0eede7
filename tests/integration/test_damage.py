"""Damage of every kind to what an installation rests on: found by night and doctor alike, mended or named."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from flows.health.doctor import examine_home
from flows.health.health import Health
from flows.home_check import HomeUnfit
from flows.settings import Installation, Settings
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.integration.warehouse_content import assert_same_content
from tests.journal_files import DAMAGES, damaged
from warehouse.ledger.archive import Archive
from warehouse.ledger.archive_damage import ArchiveDamaged
from warehouse.ledger.journal import Journal, JournalBroken
from warehouse.ledger.journal_head import HEAD_SUFFIX
from warehouse.store.query import query
from warehouse.store.soundness import examine

EAST, WEST = "990101", "990102"


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> tuple[Path, Path]:
    """A home after two nights, with a unit that reported several times; and after four, its journal over sixty lines."""
    folder = tmp_path_factory.mktemp("settled")
    place = new_installation(folder / "home", samples, [2023], catalogue=LANHE)
    night(place)
    workbook = next((samples([2024], LANHE) / EAST).iterdir())
    for count in range(28):
        book = ClerkWorkbook(workbook)
        book.enter("兰1表", "会员数", org="990101001001", value=300 + count)
        book.save(place.home.inbox / f"{count}.xlsx")
        if count in {2, 14, 27}:
            night(place)
        if count == 2:
            shutil.copytree(place.home.root, folder / "young")
    assert Journal(place.home.journal).head.count > 61
    return folder / "young", place.home.root


@pytest.fixture
def place(homes: tuple[Path, Path], tmp_path: Path) -> Installation:
    """A copy of the home with the long journal."""
    home = shutil.copytree(homes[1], tmp_path / "home")
    return Installation(Settings(home=home, catalogue=LANHE, workers=2))


@pytest.fixture
def whole(homes: tuple[Path, Path]) -> Path:
    """The warehouse of the young home, to which nothing has happened."""
    return homes[0] / "warehouse.duckdb"


@pytest.fixture
def young(homes: tuple[Path, Path], tmp_path: Path) -> Installation:
    """A copy of the young home, whose warehouse is soon made anew: each of its nights is run again then."""
    home = shutil.copytree(homes[0], tmp_path / "home")
    return Installation(Settings(home=home, catalogue=LANHE, workers=2))


def health(place: Installation) -> Health:
    """What doctor finds, but for what it says of the small city's catalogue, which has no rules of its own."""
    found = examine_home(place)
    found.problems = [
        problem for problem in found.problems if not problem.startswith("目录册没有本市的审核关系")
    ]
    return found


def said_by_both(place: Installation, error: type[Exception]) -> str:
    """What stops the night, which doctor says too."""
    with pytest.raises(error) as stopped:
        night(place)
    sentence = str(stopped.value)
    assert sentence in " ".join(health(place).problems)
    return sentence


_TOLD = {"nianbao-error.log", "nianbao.jsonl", "metrics.prom"}


def files_of(place: Installation) -> dict[Path, bytes]:
    """What a night must leave alone when it stops: every file of the home but its logs and figures."""
    found = (path for path in place.home.root.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in found if path.name not in _TOLD}


def test_a_whole_installation_is_well(place: Installation) -> None:
    assert health(place).problems == health(place).hints == []


# ---------------------------------------------------------------------------------------------- the journal


@pytest.mark.parametrize("how", DAMAGES)
def test_a_journal_that_lost_what_was_shown_stops_night_and_doctor(place: Installation, how: str) -> None:
    damaged(place.home.journal, how)
    before = place.home.database.read_bytes()
    sentence = said_by_both(place, JournalBroken)
    assert "请从备份中恢复最新的 journal.jsonl" in sentence
    assert place.home.database.read_bytes() == before


@pytest.mark.parametrize("how", ["5", "60", "deleted", "emptied"])
@pytest.mark.parametrize("witness", ["outbox", "site", "warehouse.duckdb"])
def test_each_of_the_papers_tells_alone(place: Installation, how: str, witness: str) -> None:
    """The head beside the journal is gone with it, as when the whole folder is put back from an old backup."""
    place.home.journal.with_name(place.home.journal.name + HEAD_SUFFIX).unlink()
    for paper in {"outbox", "site", "warehouse.duckdb"} - {witness}:
        gone = place.home.root / paper
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    damaged(place.home.journal, how)
    before = files_of(place)
    assert "请从备份中恢复最新的 journal.jsonl" in said_by_both(place, JournalBroken)
    assert before.items() <= files_of(place).items()


# -------------------------------------------------------------------------------------------- the warehouse


def assert_made_anew(place: Installation, whole: Path, words: str) -> None:
    report = night(place)
    [note] = report.notes
    assert words in note
    assert report.submissions.is_empty()
    assert note in (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert_same_content(whole, place.home.database)
    assert health(place).problems == []
    assert night(place).notes == []


@pytest.mark.parametrize("seed", range(3))
def test_one_byte_changed_anywhere_is_found_and_the_warehouse_made_anew(
    young: Installation, whole: Path, seed: int
) -> None:
    content = bytearray(young.home.database.read_bytes())
    drawn = random.Random(seed)
    at = drawn.randrange(len(content) * seed // 5, len(content) * (seed + 1) // 5)
    content[at] ^= drawn.randrange(1, 256)
    young.home.database.chmod(0o640)
    young.home.database.write_bytes(content)
    [problem] = health(young).problems
    assert "已损坏，或被其他程序改动过，请运行 nianbao rebuild" in problem
    assert_made_anew(young, whole, "并由档案和登记簿重新建立")
    [aside] = young.home.root.glob("warehouse.duckdb.damaged-*")
    assert aside.read_bytes() == content


@pytest.mark.parametrize("what", ["cut off", "emptied", "other bytes", "a folder"])
def test_what_is_no_warehouse_is_put_aside(young: Installation, whole: Path, what: str) -> None:
    database = young.home.database
    content = database.read_bytes()
    database.unlink()
    match what:
        case "cut off":
            database.write_bytes(content[: len(content) // 2])
        case "emptied":
            database.touch()
        case "other bytes":
            database.write_text("not a database")
        case _:
            database.mkdir()
            (database / "notes.txt").write_text("kept")
    assert len(health(young).problems) == 1
    assert_made_anew(young, whole, "已移为 warehouse.duckdb.damaged-")


def test_a_warehouse_whose_content_is_not_that_of_the_archive_is_found_by_doctor(young: Installation) -> None:
    """The checksum is right, the numbers are not: a mistake of the program, or somebody who knew what to do."""
    from warehouse.store.soundness import checksum, record_checksum

    young.home.database.chmod(0o640)
    with duckdb.connect(str(young.home.database)) as connection:
        connection.execute("UPDATE core.observation_log SET value = value + 1 WHERE field = 'member_count'")
    record_checksum(young.home.database, checksum(young.home.database))
    problems = health(young).problems
    assert problems
    assert all("的数据与档案中的文件不符，请运行 nianbao rebuild" in sentence for sentence in problems)
    night(young, from_scratch=True)
    assert health(young).problems == []


def test_a_warehouse_without_a_checksum_is_made_anew_in_silence(young: Installation, whole: Path) -> None:
    young.home.database.with_name("warehouse.duckdb.sha256").unlink()
    assert examine(young.home.database) == "unrecorded"
    assert len(health(young).hints) == 0
    assert night(young).notes == []
    assert_same_content(whole, young.home.database)
    assert examine(young.home.database) == "whole"


_WRITER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
if sys.argv[2] == "changes":
    connection.execute("CREATE TABLE core.mine AS SELECT 1 AS a")
print("open", flush=True)
sys.stdin.readline()
connection.execute("CREATE TABLE core.mine_later AS SELECT 1 AS a")
connection.close()
"""


@contextmanager
def held_for_writing(database: Path, changes: bool) -> Iterator[subprocess.Popen[str]]:
    """Another program that has the warehouse open for writing, and changes it at the end if it is still there."""
    database.chmod(0o640)
    command = [sys.executable, "-c", _WRITER, str(database), "changes" if changes else "nothing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        yield other
        other.communicate("\n")


@pytest.mark.parametrize("changes", [False, True], ids=["open only", "with changes"])
def test_who_holds_the_warehouse_open_for_writing_does_not_stop_the_night(
    young: Installation, samples: Samples, changes: bool
) -> None:
    shutil.copy(next((samples([2024], LANHE) / WEST).iterdir()), young.home.inbox)
    with held_for_writing(young.home.database, changes):
        [problem] = health(young).problems
        assert "正被其他程序以可写方式打开" in problem
        report = night(young)
        assert report.submissions["unit_code"].to_list() == [WEST]
        assert "正被其他程序以可写方式打开" in report.notes[0]
        assert query(young.home.database, "FROM quality.standing")["unit_code"].to_list().count(WEST) == 2
    # What that program writes when it ends goes into the file it had opened, or into a .wal that nobody needs.
    night(young)
    assert query(young.home.database, "FROM duckdb_tables() WHERE table_name LIKE 'mine%'").is_empty()
    assert health(young).problems == []


# ------------------------------------------------------------------------------- the archive and the folders


def test_a_rebuild_without_its_bytes_stops_and_says_which(place: Installation) -> None:
    received = next(iter(Archive(place.home.archive)))
    file = Archive(place.home.archive).path(received)
    file.unlink()
    with pytest.raises(ArchiveDamaged, match=r"缺失。已停止运行，数据仓库未改动。请从备份恢复后重新运行。"):
        night(place, from_scratch=True)
    assert night(place).submissions.is_empty()  # nothing is needed from it tonight
    [problem] = health(place).problems
    assert problem == f"档案：文件缺失，请从备份恢复 {file}"


def test_strangers_in_the_archive_are_named(place: Installation, tmp_path: Path) -> None:
    archive = Archive(place.home.archive)
    one, other = list(archive)[:2]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(archive.path(one).read_bytes())
    archive.path(one).unlink()
    (archive.objects / one[:2] / one).symlink_to(elsewhere)
    (archive.objects / "说明.txt").write_text("stray")
    (archive.objects / "zz").symlink_to(tmp_path)
    (archive.objects / ".unfinished-abc").write_text("half")
    found = health(place)
    assert len(found.problems) == 3
    assert all(sentence.startswith("档案：") and sentence.endswith("。") for sentence in found.problems)
    assert sum("链接" in sentence for sentence in found.problems) == 2
    assert sum("说明.txt" in sentence for sentence in found.problems) == 1
    with pytest.raises(ArchiveDamaged, match="链接"):
        night(place, from_scratch=True)
    assert not (archive.objects / ".unfinished-abc").exists()
    assert archive.path(other).is_file()


@pytest.mark.parametrize("name", ["inbox", "outbox", "archive", "site"])
def test_a_file_where_a_folder_should_be_is_one_sentence(place: Installation, name: str) -> None:
    folder = place.home.root / name
    folder.rename(place.home.root / "put away")
    folder.write_text("a file")
    sentence = said_by_both(place, HomeUnfit)
    assert sentence.endswith("应是文件夹，却是文件或失效的链接，请移走后重新运行。")


def test_a_folder_where_the_journal_should_be_is_one_sentence(place: Installation) -> None:
    place.home.journal.unlink()
    place.home.journal.mkdir()
    assert "应是文件，却是文件夹" in said_by_both(place, HomeUnfit)


def test_what_a_night_that_was_cut_off_left_is_removed_by_the_next(place: Installation) -> None:
    left = [
        place.home.root / "warehouse.duckdb.building",
        place.home.archive / ".unfinished-1",
        place.home.site / ".unfinished-2",
        next(place.home.outbox.iterdir()) / ".unfinished-3",
        place.home.site / "digests" / ".unfinished-4",
        place.home.site / "data_docs" / ".unfinished-5",
        place.home.told / "waiting" / ".unfinished-6",
    ]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("half")
    night(place)
    assert [file for file in left if file.exists()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_disk_that_takes_nothing_is_one_sentence(place: Installation, tmp_path: Path, fault: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk], check=False).returncode:
        pytest.skip("may not mount")
    try:
        home = shutil.copytree(place.home.root, disk / "home")
        if fault == "full":
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            (disk / "ballast").write_bytes(b"x" * (free - 4096 * 16))
        else:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        small = Installation(Settings(home=home, catalogue=LANHE, workers=2))
        sentence = said_by_both(small, HomeUnfit)
        assert ("磁盘空间不足" if fault == "full" else "磁盘只读，无法写入。") in sentence
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        environment |= {"NIANBAO_HOME": str(home), "NIANBAO_CATALOGUE": str(LANHE), "COLUMNS": "200"}
        command = [sys.executable, "-c", "from flows.cli.app import main; main()", "nightly"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert ended.stderr.startswith("错误：")
        assert ended.stdout == ""
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
