"""A few of the tries of tests.faults.report, drawn anew with every run; all of them with NIANBAO_FAULTS=all."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.mutants import MUTANTS
from tests.faults.nights import Nights
from tests.faults.offices import make_office
from tests.faults.points import FAULTS, Office, Point, list_points
from tests.faults.strikes import kill_after_step, strike

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace strikes the calls"),
    pytest.mark.timeout(0 if os.environ.get("NIANBAO_FAULTS") == "all" else 300),
]
DRAWN = 1


@pytest.fixture(scope="module")
def nights() -> Iterator[Nights]:
    with Nights() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def office(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return make_office(tmp_path_factory.mktemp("office"), nights)


@pytest.fixture(scope="module")
def points(office: Office, nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    return list_points(office, nights, tmp_path_factory.mktemp("traced"))


def is_order_kept(points: list[Point]) -> bool:
    """Whether object, journal line, warehouse and receipt are made durable one after the other."""
    about = [point.path for point in points if point.call == "fsync"]
    stages = ("archive/objects/", "archive/journal.jsonl", "warehouse.duckdb.building", "outbox/")
    first = [next((n for n, path in enumerate(about) if path.startswith(stage)), None) for stage in stages]
    return None not in first and first == sorted(n for n in first if n is not None)


def test_a_night_makes_objects_journal_and_warehouse_durable_in_that_order(points: list[Point]) -> None:
    assert is_order_kept(points)


@pytest.mark.deep
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_mistake_is_noticed(office: Office, nights: Nights, tmp_path: Path, mutant: str) -> None:
    try:
        is_noticed = not is_order_kept(list_points(office, nights, tmp_path, mutant))
    except AssertionError:  # the night does not even go through
        is_noticed = True
    assert is_noticed


@pytest.mark.parametrize(
    "fault", ["KILL", *(pytest.param(f, marks=pytest.mark.deep) for f in FAULTS if f != "KILL")]
)
def test_whatever_strikes_a_night_the_next_one_makes_it_whole(
    office: Office, nights: Nights, points: list[Point], tmp_path: Path, fault: str
) -> None:
    is_all = os.environ.get("NIANBAO_FAULTS") == "all"
    possible = [point for point in points if fault in point.faults]
    for number, point in enumerate(possible if is_all else random.sample(possible, DRAWN)):
        assert strike(office, nights, point, fault, tmp_path / str(number)) == [], point


def test_a_night_that_is_killed_at_the_end_of_a_step_is_made_whole_by_the_next(
    office: Office, nights: Nights, tmp_path: Path
) -> None:
    step = random.randint(1, 8)
    assert kill_after_step(office, nights, step, tmp_path / "home") == [], step
