"""Two offices write into a lake at once while somebody reads; a writer is killed; one that waits too long says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.lake.publish import publish_into_lake
from flows.lake.turn import taking_turn
from tests.integration.conftest import NewInstallation
from tests.integration.lakes import (
    CITY,
    NEIGHBOUR,
    NIGHTS,
    STAMPS,
    office,
    stamped_copy,
)
from warehouse.lake.attached import attached
from warehouse.lake.place import LakeFailed, LakePlace
from warehouse.lake.session import query as query_lake


def start_writer(address: str, code: str, database: Path, numbers: range) -> subprocess.Popen[str]:
    given = (address, code, str(database), str(numbers.start), str(numbers.stop))
    command = [sys.executable, "-m", "tests.integration.lakes", *given]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count_files(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.parquet"))


def test_two_writers_at_once_and_a_reader_see_no_error_and_no_half_state(
    after_a_night: NewInstallation, lake_address: str, lake: LakePlace, tmp_path: Path
) -> None:
    file = after_a_night([2024]).home.database
    offices = (CITY, NEIGHBOUR)
    copies = [stamped_copy(file, tmp_path / f"{code}.duckdb", 0) for code in offices]
    for code, copy in zip(offices, copies, strict=True):
        publish_into_lake(copy, lake, office(code))
    writers = [start_writer(lake_address, *each, range(1, 11)) for each in zip(offices, copies, strict=True)]
    counts = {code: count for code, _, _, count in query_lake(lake, CITY, STAMPS).rows()}
    last, seen = dict.fromkeys(counts, 0), set()
    with attached(lake, "READ_ONLY") as connection:
        while any(writer.poll() is None for writer in writers):
            found = connection.execute(STAMPS).fetchall()
            assert {code: count for code, _, _, count in found} == counts
            for code, different, stamp, _ in found:
                assert different == 1, "all tables of an office are of one night"
                assert stamp >= last[code]
                last[code] = stamp
                seen.add((code, stamp))
            time.sleep(0.02)
    for writer in writers:
        said, complained = writer.communicate(timeout=60)
        assert writer.returncode == 0, complained
        assert said.split() == [str(number) for number in range(1, 11)]
    assert query_lake(lake, CITY, STAMPS).rows() == [(code, 1, 10, counts[code]) for code in offices]
    assert len(seen) > 4, "the reader read while they wrote"
    assert query_lake(lake, CITY, NIGHTS).height == 22


def test_a_writer_that_is_killed_leaves_the_last_snapshot_and_the_next_publishes(
    after_a_night: NewInstallation, lake_address: str, lake: LakePlace, tmp_path: Path
) -> None:
    file = stamped_copy(after_a_night([2024]).home.database, tmp_path / "file.duckdb", 0)
    publish_into_lake(file, lake, office(CITY))
    before = query_lake(lake, CITY, STAMPS).rows()
    known = count_files(tmp_path / "lake")
    writer = start_writer(lake_address, CITY, file, range(1, 2))
    while writer.poll() is None and count_files(tmp_path / "lake") == known:
        time.sleep(0.002)
    assert writer.poll() is None, "it was in the middle"
    os.kill(writer.pid, signal.SIGKILL)
    said, _ = writer.communicate(timeout=30)
    assert said == ""
    assert query_lake(lake, CITY, STAMPS).rows() == before
    after = stamped_copy(file, tmp_path / "next.duckdb", 2)
    assert publish_into_lake(after, lake, office(CITY), wait=30) is not None
    assert {stamp for _, _, stamp, _ in query_lake(lake, CITY, STAMPS).rows()} == {2}


def test_a_writer_that_others_keep_waiting_says_so(lake: LakePlace, after_a_night: NewInstallation) -> None:
    file = after_a_night([2024]).home.database
    with taking_turn(lake), pytest.raises(LakeFailed, match="没有等到"):
        publish_into_lake(file, lake, office(CITY), wait=0.2)
    assert publish_into_lake(file, lake, office(CITY), wait=5) is not None
