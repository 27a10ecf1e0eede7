"""S3 that answers 503: a night waits for it a while; when it stays away, the night ends clean and the next one makes it good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import flows.places.destination
from flows.keeping.marks import read_failure
from flows.nightly import run_night
from flows.places.destination import Destination, DestinationFailed
from flows.running.embedded_server import run_as_flow
from flows.settings import Installation
from tests.compare_warehouses import COMPARED, differences
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.unsteady_s3 import UnsteadyS3, run_unsteady_s3
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event

BUCKET = "unsteady"
FOLDERS = ("archive", "work", "outbox")


@pytest.fixture(scope="module")
def undisturbed(settled: NewInstallation) -> Installation:
    return settled([2024], None, LANHE)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[UnsteadyS3]:
    with run_unsteady_s3(monkeypatch, BUCKET) as door:
        yield door


@pytest.fixture
def place(installation: NewInstallation, s3: UnsteadyS3) -> Installation:
    """A small city with a year in its inbox; archive, work and outbox on S3."""
    addresses = {folder: f"s3://{BUCKET}/{folder}" for folder in FOLDERS}
    made = installation([2024], catalogue=LANHE)
    return Installation(made.settings.model_copy(update=addresses))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries of each request instead of eight: nobody waits for what does not come."""
    patient = flows.places.destination._OPTIONS["s3"]
    config = {**patient["config_kwargs"], "retries": {"mode": "standard", "max_attempts": 2}}
    monkeypatch.setitem(flows.places.destination._OPTIONS, "s3", {**patient, "config_kwargs": config})


def assert_same_numbers(one: Installation, other: Installation) -> None:
    found = {table: len(differences(one.home.database, other.home.database, table)) for table in COMPARED}
    assert found == dict.fromkeys(COMPARED, 0)


def received(place: Installation) -> set[str]:
    return {str(e.submission) for e in place.home.read_journal().entries() if e.event == Event.RECEIVED}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def shared(folder: str) -> set[str]:
    return set(Destination(f"s3://{BUCKET}").list_sizes(folder))


def test_a_night_waits_for_a_store_that_is_away_for_a_while(
    place: Installation, s3: UnsteadyS3, undisturbed: Installation
) -> None:
    for folder in FOLDERS:
        s3.close(folder, seconds=2)
    report = night(place)
    assert set(s3.refused) == set(FOLDERS)
    assert report.troubles == []
    assert_same_numbers(undisturbed, place)
    assert {name.rpartition("/")[2] for name in shared("archive")} == received(place)
    assert shared("outbox") == names(place.home.outbox)


def run_with(place: Installation, on_done: Callable[[str, object], None] | None) -> None:
    run_as_flow("nightly", lambda: run_night(place, on_done=on_done))


@pytest.mark.parametrize("folder", ["archive", "work"])
def test_a_store_that_stays_away_ends_the_night_clean_and_the_next_one_makes_it_good(
    place: Installation, s3: UnsteadyS3, undisturbed: Installation, folder: str, impatient: None
) -> None:
    waiting = names(place.home.inbox)
    if folder == "archive":
        s3.close(folder)
    with pytest.raises(DestinationFailed) as broken:
        run_with(place, None if folder == "archive" else lambda _key, _result: s3.close(folder))
    assert "服务器暂时无法提供服务，请稍后重新运行。" in str(broken.value)
    failure = read_failure(place.home.root)
    assert failure is not None
    assert failure.reason == str(broken.value)
    assert not place.home.database.exists()
    assert Archive(place.home.archive).verify(received(place)) == []
    if folder == "archive":  # nothing says that anything was received
        assert (received(place), names(place.home.inbox)) == (set(), waiting)
    s3.open()
    night(place)
    assert_same_numbers(undisturbed, place)
    assert {name.rpartition("/")[2] for name in shared("archive")} == received(place)


def test_an_outbox_that_stays_away_is_told_and_filled_by_the_next_night(
    place: Installation, s3: UnsteadyS3, undisturbed: Installation, impatient: None
) -> None:
    s3.close("outbox")
    [said] = night(place).troubles
    assert said.startswith(f"共用发件箱 s3://{BUCKET}/outbox：服务器暂时无法提供服务")
    assert said in (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert_same_numbers(undisturbed, place)
    s3.open()
    assert night(place).troubles == []
    assert shared("outbox") == names(place.home.outbox) != set()
