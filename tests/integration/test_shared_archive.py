"""An archive in a place that several machines reach: what one has received the other rebuilds; what is lost here comes back."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from flows.health.doctor import examine_home
from flows.partitions.read_part import ReadingJob, list_reading_jobs, read_part
from flows.partitions.work import WorkPlace
from flows.partitions.world import World, keep_world
from flows.places.destination import DestinationFailed
from flows.settings import Installation
from flows.steps.batch import describe_file
from tests.integration.conftest import NewInstallation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.ledger.archive_damage import ArchiveDamaged
from warehouse.ledger.journal import Event


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def sharing(place: Installation, **addresses: object) -> Installation:
    """The same installation, read anew, with places that it shares."""
    return Installation(place.settings.model_copy(update={k: str(v) for k, v in addresses.items()}))


@pytest.fixture
def received(after_a_night: NewInstallation, there: Path) -> Installation:
    """An installation whose files were received before it shared its archive, and which had a night since."""
    place = sharing(after_a_night([2024]), archive=there)
    night(place)
    return place


def overwrite(file: Path, content: bytes) -> None:
    file.chmod(0o640)
    file.write_bytes(content)


def objects(folder: Path) -> set[str]:
    return {file.name for file in (folder / "objects").glob("*/*")}


def test_what_was_received_before_is_in_the_shared_archive_after_a_night(
    received: Installation, there: Path
) -> None:
    assert objects(there) == objects(received.home.archive) != set()


def test_a_home_without_objects_is_rebuilt_from_the_shared_archive(
    received: Installation, there: Path
) -> None:
    before = shutil.copy(received.home.database, there / "before.duckdb")
    shutil.rmtree(received.home.archive / "objects")
    night(received, from_scratch=True)
    assert objects(received.home.archive) == objects(there)
    assert_same_content(Path(before), received.home.database)


def test_an_object_that_is_damaged_here_is_mended_and_told(received: Installation, there: Path) -> None:
    one = next((received.home.archive / "objects").glob("*/*"))
    whole = one.read_bytes()
    overwrite(one, b"something else")
    health = examine_home(received)
    assert one.read_bytes() == whole
    [said] = [each for each in health.problems if str(one) in each]
    assert said.endswith(f"已由共用档案 {there} 补回。请检查本机的存储设备。")


def test_what_is_in_neither_place_is_damage(received: Installation, there: Path) -> None:
    one = next((received.home.archive / "objects").glob("*/*"))
    (there / one.relative_to(received.home.archive)).unlink()
    one.unlink()
    assert any("缺失" in each and str(one) in each for each in examine_home(received).problems)
    with pytest.raises(ArchiveDamaged, match="缺失"):
        received.home.find_archive().require([one.name])


def test_an_object_that_is_damaged_there_is_not_brought_and_is_sent_anew_when_it_is_put(
    received: Installation, there: Path
) -> None:
    archive = received.home.find_archive()
    one = next((received.home.archive / "objects").glob("*/*"))
    kept = there / one.relative_to(received.home.archive)
    whole = one.read_bytes()
    overwrite(kept, b"something else")
    one.unlink()
    assert archive.bring([one.name]) == [one.name]
    assert not one.exists()
    assert archive.put(whole) == one.name
    assert kept.read_bytes() == whole


def test_doctor_says_where_the_archive_rests_and_that_it_cannot_be_reached(
    received: Installation, there: Path
) -> None:
    assert f"共用档案：{there}，本机留有副本" in examine_home(received).facts
    shutil.rmtree(there)
    there.write_text("a file where the share was", encoding="utf-8")
    assert any(each.startswith(f"共用档案 {there}：") for each in examine_home(received).problems)


def test_doctor_names_what_workers_on_other_machines_need(
    received: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    away = sharing(received, task_runner="dask:tcp://scheduler:8786")
    assert any("没有设置 NIANBAO_WORK、PREFECT_API_URL" in hint for hint in examine_home(away).hints)


# ------------------------------------------------------------------------------------------- workers elsewhere


@pytest.fixture
def elsewhere(received: Installation, there: Path, tmp_path: Path) -> ReadingJob:
    """Files to read by somebody who does not see the home they rest in."""
    world = World(received.catalogue, received.rulebook)
    place = WorkPlace(str(tmp_path / "work elsewhere"))
    kept = keep_world(place, world)
    entries = [e for e in received.home.read_journal().entries() if e.event == Event.RECEIVED]
    files = [describe_file(entry, Path("/nowhere") / str(entry.submission)) for entry in entries]
    [job] = list_reading_jobs(files, world, kept, place, size=100, workers=1, archive=str(there))
    return pickle.loads(pickle.dumps(job))


def test_a_worker_that_does_not_see_the_home_brings_the_files_and_leaves_the_same_part(
    received: Installation, elsewhere: ReadingJob
) -> None:
    left = read_part(elsewhere)
    here = WorkPlace(str(received.home.work)).find(left.key)
    assert here is not None, "the night has left it under the same key"
    assert sorted(left.names) == sorted(here.names) != []
    for name in left.names:
        assert_frame_equal(left.find(name), here.find(name))


def test_a_worker_that_has_nothing_to_bring_files_from_says_so(elsewhere: ReadingJob) -> None:
    with pytest.raises(DestinationFailed, match="请设置 NIANBAO_ARCHIVE"):
        read_part(replace(elsewhere, archive=""))


def test_a_worker_reads_no_file_that_has_changed_in_the_shared_archive(
    elsewhere: ReadingJob, there: Path
) -> None:
    overwrite(next((there / "objects").glob("*/*")), b"something else")
    with pytest.raises(DestinationFailed, match="缺失或已损坏的文件有 1 个"):
        read_part(elsewhere)
