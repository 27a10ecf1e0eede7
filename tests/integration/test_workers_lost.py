"""Partitions on Dask's workers: whoever of them is lost, the night gives what it gives undisturbed."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import flows.partitions.part_runner
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.dask_office import DaskOffice, open_dask_office
from tests.integration.warehouse_content import assert_same_content

YEARS = range(2023, 2025)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[DaskOffice]:
    with open_dask_office(tmp_path, 2) as running:
        yield running


@pytest.fixture
def place(installation: NewInstallation) -> Installation:
    """A small city after a night that nothing disturbed, so that others can be replayed and compared with it."""
    settled = installation(YEARS, catalogue=LANHE)
    night(settled)
    return settled


def replay_disturbed(place: Installation, office: DaskOffice, disturb: Callable[[], None]) -> None:
    """Replay the journal on Dask, a workbook a partition; ``disturb`` comes when the first partition is kept."""
    before = shutil.copy(place.home.database, place.home.root / "before.duckdb")
    parts = place.home.work / "parts"
    shutil.rmtree(parts)
    settings = place.settings.model_copy(update={"task_runner": f"dask:{office.address}", "part_size": 1})

    def wait_and_disturb() -> None:
        deadline = time.monotonic() + 120
        while not list(parts.glob("read-*/about.json")) and time.monotonic() < deadline:
            time.sleep(0.01)
        disturb()

    disturbing = threading.Thread(target=wait_and_disturb)
    disturbing.start()
    night(Installation(settings), from_scratch=True)
    disturbing.join()
    assert len(list(parts.glob("read-*/about.json"))) == len(list(place.home.archive.glob("objects/*/*")))
    assert_same_content(Path(before), place.home.database)


def test_a_worker_killed_in_the_middle_of_a_partition_loses_and_doubles_nothing(
    place: Installation, office: DaskOffice
) -> None:
    replay_disturbed(place, office, office.kill_worker)
    assert sum(worker.poll() is None for worker in office.workers) == 1


def test_when_all_workers_are_lost_the_night_does_their_work(
    place: Installation, office: DaskOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.partitions.part_runner, "DESERTED_SECONDS", 2.0)

    def kill_all() -> None:
        office.kill_worker()
        office.kill_worker()

    replay_disturbed(place, office, kill_all)
    assert all(worker.poll() is not None for worker in office.workers)


def test_a_worker_lost_with_the_answer_of_an_ended_partition_loses_nothing(
    place: Installation, office: DaskOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.partitions.part_runner, "DESERTED_SECONDS", 2.0)
    list_ended = flows.partitions.part_runner._list_ended

    def lose_workers(*given: Any) -> Iterator[Any]:
        for future in list_ended(*given):
            while any(worker.poll() is None for worker in office.workers):
                office.kill_worker()
            yield future

    monkeypatch.setattr(flows.partitions.part_runner, "_list_ended", lose_workers)
    replay_disturbed(place, office, lambda: None)
    assert all(worker.poll() is not None for worker in office.workers)


def test_a_scheduler_that_is_restarted_loses_nothing(
    place: Installation, office: DaskOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.partitions.part_runner, "DESERTED_SECONDS", 2.0)
    first = office.scheduler
    replay_disturbed(place, office, office.restart_scheduler)
    assert (first.poll() is None, office.scheduler.poll()) == (False, None)
