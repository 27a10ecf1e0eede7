"""A few of the tries of tests.faults.report, drawn anew with every run; all of them with NIANBAO_FAULTS=all."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.mishaps import MISHAPS, Skipped
from tests.faults.mutants import MUTANTS
from tests.faults.nights import Nights
from tests.faults.offices import make_office
from tests.faults.order import find_disorder
from tests.faults.points import FAULTS, Call, Office, list_points, trace_night
from tests.faults.strikes import (
    NOT_STRUCK,
    cut_power_in_rename,
    kill_after,
    kill_after_step,
    measure_night,
    strike,
)
from tests.faults.tries import Work

IS_ALL = os.environ.get("NIANBAO_FAULTS") == "all"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace strikes the calls"),
    pytest.mark.timeout(0 if IS_ALL else 300),
]
DRAWN = 1
MOMENTS = 100 if IS_ALL else DRAWN
STEPS = 12
OFTEN = {"no fsync of folders", "journal before object"}
"""The mutants that every run plants."""


def deep(*values: object) -> list[object]:
    return [pytest.param(value, marks=pytest.mark.deep) for value in values]


@pytest.fixture(scope="module")
def nights() -> Iterator[Nights]:
    with Nights() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def office(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return make_office(tmp_path_factory.mktemp("office"), nights)


@pytest.fixture(scope="module")
def calls(office: Office, nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    return trace_night(office, nights, tmp_path_factory.mktemp("traced"))


def test_a_night_makes_everything_durable_before_it_builds_upon_it(calls: list[Call]) -> None:
    assert find_disorder(calls) == []


@pytest.mark.parametrize("mutant", [*sorted(OFTEN), *deep(*sorted(MUTANTS.keys() - OFTEN))])
def test_a_planted_mistake_is_noticed(office: Office, nights: Nights, tmp_path: Path, mutant: str) -> None:
    try:
        is_noticed = find_disorder(trace_night(office, nights, tmp_path, mutant)) != []
    except AssertionError:  # the night does not even go through
        is_noticed = True
    assert is_noticed


@pytest.mark.parametrize("fault", ["KILL", *deep(*sorted(FAULTS.keys() - {"KILL"}))])
def test_whatever_strikes_a_night_the_next_one_makes_it_whole(
    office: Office, nights: Nights, calls: list[Call], tmp_path: Path, fault: str
) -> None:
    possible = [point for point in list_points(calls) if fault in point.faults]
    for number, point in enumerate(possible if IS_ALL else random.sample(possible, DRAWN)):
        # Threads share their work otherwise every night: not every night makes every call.
        assert strike(office, nights, point, fault, tmp_path / str(number)) in ([], [NOT_STRUCK]), point


def test_a_night_that_is_killed_at_the_end_of_a_step_is_made_whole_by_the_next(
    office: Office, nights: Nights, tmp_path: Path
) -> None:
    for step in range(1, STEPS + 1) if IS_ALL else [random.randint(1, STEPS)]:
        assert kill_after_step(office, nights, step, tmp_path / "home") == [], step


@pytest.mark.deep
def test_a_night_that_is_killed_at_any_moment_is_made_whole_by_the_next(
    office: Office, nights: Nights, tmp_path: Path
) -> None:
    length = measure_night(office, nights, tmp_path / "home")
    for _ in range(MOMENTS):
        seconds = random.uniform(0, length)
        assert kill_after(office, nights, seconds, tmp_path / "home") in ([], [NOT_STRUCK]), seconds


@pytest.mark.deep
def test_a_file_that_a_power_cut_left_empty_is_made_whole_by_the_next_night(
    office: Office, nights: Nights, calls: list[Call], tmp_path: Path
) -> None:
    points = [point for point in list_points(calls) if point.call == "rename"]
    for point in points if IS_ALL else random.sample(points, DRAWN):
        assert cut_power_in_rename(office, nights, point, tmp_path / "home") == [], point


@pytest.mark.parametrize("mishap", deep(*MISHAPS))
def test_whatever_happens_to_disk_clock_files_or_readers_nothing_is_lost(
    office: Office, nights: Nights, tmp_path: Path, mishap: Work
) -> None:
    try:
        assert mishap(office, nights, tmp_path / "home") == []
    except Skipped as reason:
        pytest.skip(str(reason))
