"""The lake beside the published file, on real PostgreSQL: the same rows, two writers and a reader, vintages, bad nights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from polars.testing import assert_frame_equal

from flows.lake.address import parse_address
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.lakes import address_of, make_database, office, run_catalogues, stamped_copy
from tests.integration.warehouse_content import in_fixed_order
from warehouse.lake.attached import attached
from warehouse.lake.contents import list_contents
from warehouse.lake.place import LakeFailed, LakePlace
from warehouse.lake.publish import publish_into_lake
from warehouse.lake.session import query as query_lake
from warehouse.lake.session import reading
from warehouse.store.query import query, read_only, run
from warehouse.store.schema.shapes import list_shapes
from warehouse.store.schema.tables import tables

CITY, NEIGHBOUR = "990100", "990200"
EAST, WEST = "990101", "990102"
STAMPS = """SELECT office, count(DISTINCT stamp), min(stamp), count(*) FROM (
    SELECT office, value::INTEGER AS stamp FROM lake.mart.indicator
    UNION ALL SELECT office, org_name::INTEGER FROM lake.core.org_unit
    UNION ALL SELECT office, run::INTEGER FROM lake.quality.run
) GROUP BY office ORDER BY office"""
"""Of each office: how many different stamps, which, in how many rows."""
NIGHTS = "SELECT * FROM quality.snapshot WHERE author IS NOT NULL ORDER BY snapshot_id"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with run_catalogues() as address:
        yield address


@pytest.fixture
def address(server: str, tmp_path: Path) -> str:
    return address_of(make_database(server), tmp_path / "lake")


@pytest.fixture
def place(address: str) -> LakePlace:
    return parse_address(address, {})


def publishing(place: Installation, address: str) -> Installation:
    return Installation(place.settings.model_copy(update={"publish": address, "quiet_seconds": 0}))


def receive_also(place: Installation, samples: Samples, unit: str, year: int) -> None:
    """Put another sample workbook into the inbox."""
    [file] = (samples([year], LANHE, [unit]) / unit).iterdir()
    folder = place.home.inbox / unit
    folder.mkdir(exist_ok=True)
    (folder / file.name).write_bytes(file.read_bytes())


def start_writer(address: str, code: str, database: Path, numbers: range) -> subprocess.Popen[str]:
    given = (address, code, str(database), str(numbers.start), str(numbers.stop))
    command = [sys.executable, "-m", "tests.integration.lakes", *given]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count_files(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.parquet"))


def test_rows_views_and_macros_of_the_lake_are_those_of_the_file(
    after_a_night: NewInstallation, place: LakePlace
) -> None:
    installation = after_a_night([2023, 2024])
    file, catalogue = installation.home.database, installation.catalogue
    assert publish_into_lake(file, place, catalogue) is not None
    asked = {
        t.full_name: f'FROM {t.schema}."{t.name}"' for t in (*tables().values(), *list_shapes(catalogue))
    }
    asked["changes"] = "FROM changes('2020-01-01', '2030-01-01')"
    asked["as_of"] = "FROM as_of('2030-01-01')"
    asked["trace"] = f"FROM trace('member_count', '{CITY}', 2024)"
    asked["history"] = f"FROM history('member_count', '{CITY}', 2024)"
    with read_only(file) as of_file, reading(place, CITY) as of_lake:
        for sql in asked.values():
            left, right = in_fixed_order(run(of_file, sql)), in_fixed_order(run(of_lake, sql))
            assert left.columns == right.columns
            assert_frame_equal(left, right, rel_tol=1e-12, abs_tol=0)
        filled = [
            run(of_lake, f"SELECT count(*) FROM ({asked[name]})").item() for name in ("changes", "trace")
        ]
        comments = run(of_lake, "SELECT comment FROM duckdb_tables() WHERE database_name = 'lake'")["comment"]
    assert min(filled) > 0
    assert comments.null_count() == 0
    assert comments.len() == len(list(list_contents())) + 2


def test_a_publication_without_changes_leaves_no_snapshot(
    after_a_night: NewInstallation, place: LakePlace
) -> None:
    installation = after_a_night([2024])
    first = publish_into_lake(installation.home.database, place, installation.catalogue)
    assert first is not None
    assert publish_into_lake(installation.home.database, place, installation.catalogue) is None
    found = query_lake(place, CITY, "SELECT max(snapshot_id) FROM quality.snapshot").item()
    assert found == first.snapshot


def test_each_vintage_is_a_snapshot_that_equals_as_of_its_moment(
    after_a_night: NewInstallation, samples: Samples, address: str, place: LakePlace
) -> None:
    installation = publishing(after_a_night([2023, 2024], [EAST]), address)
    night(installation)  # nothing to do but the lake
    receive_also(installation, samples, WEST, 2024)
    night(installation)
    columns = (
        "year, org_code, indicator, value, state, numerator, denominator, coverage_pct, maturity, known_from"
    )
    with reading(place, CITY) as connection:
        snapshots = run(connection, NIGHTS)
        assert snapshots.height == 2, "a night is one snapshot"
        heads = run(connection, "SELECT run, journal_hash FROM quality.run ORDER BY published_at").rows()
        seen = []
        for snapshot, head in zip(snapshots.iter_rows(named=True), heads, strict=True):
            extra = json.loads(snapshot["commit_extra_info"])
            assert (extra["office"], extra["run"], extra["journal_hash"]) == (CITY, *head)
            number, at = snapshot["snapshot_id"], snapshot["snapshot_time"].isoformat()
            as_of = in_fixed_order(run(connection, f"SELECT {columns} FROM as_of('{extra['published_at']}')"))
            for moment in (f"VERSION => {number}", f"TIMESTAMP => TIMESTAMPTZ '{at}'"):
                found = run(connection, f"SELECT {columns} FROM lake.mart.indicator AT ({moment})")
                assert_frame_equal(as_of, in_fixed_order(found))
            seen.append(as_of)
        first = snapshots["snapshot_id"][0]
        written = run(
            connection,
            f"""SELECT year, content_hash FROM lake.publication.part WHERE table_name = 'core.observation_log'
                EXCEPT SELECT year, content_hash FROM lake.publication.part AT (VERSION => {first})""",
        )
    assert not seen[0].equals(seen[1])
    assert written["year"].to_list() == [2024], "the other year is as it was"


def test_two_writers_at_once_and_a_reader_see_no_error_and_no_half_state(
    after_a_night: NewInstallation, address: str, place: LakePlace, tmp_path: Path
) -> None:
    file = after_a_night([2024]).home.database
    offices = (CITY, NEIGHBOUR)
    copies = [stamped_copy(file, tmp_path / f"{code}.duckdb", 0) for code in offices]
    for code, copy in zip(offices, copies, strict=True):
        publish_into_lake(copy, place, office(code))
    writers = [start_writer(address, *each, range(1, 11)) for each in zip(offices, copies, strict=True)]
    counts = {code: count for code, _, _, count in query_lake(place, CITY, STAMPS).rows()}
    last, seen = dict.fromkeys(counts, 0), set()
    with attached(place, "READ_ONLY") as connection:
        while any(writer.poll() is None for writer in writers):
            found = connection.execute(STAMPS).fetchall()
            assert {code: count for code, _, _, count in found} == counts
            for code, different, stamp, _ in found:
                assert different == 1, "all tables of an office are of one night"
                assert stamp >= last[code]
                last[code] = stamp
                seen.add((code, stamp))
    for writer in writers:
        said, complained = writer.communicate(timeout=60)
        assert writer.returncode == 0, complained
        assert said.split() == [str(number) for number in range(1, 11)]
    assert query_lake(place, CITY, STAMPS).rows() == [(code, 1, 10, counts[code]) for code in offices]
    assert len(seen) > 4, "the reader read while they wrote"
    assert query_lake(place, CITY, NIGHTS).height == 22


def test_a_writer_that_is_killed_leaves_the_last_snapshot_and_the_next_publishes(
    after_a_night: NewInstallation, address: str, place: LakePlace, tmp_path: Path
) -> None:
    file = stamped_copy(after_a_night([2024]).home.database, tmp_path / "file.duckdb", 0)
    publish_into_lake(file, place, office(CITY))
    before = query_lake(place, CITY, STAMPS).rows()
    known = count_files(tmp_path / "lake")
    writer = start_writer(address, CITY, file, range(1, 2))
    while writer.poll() is None and count_files(tmp_path / "lake") == known:
        time.sleep(0.002)
    assert writer.poll() is None, "it was in the middle"
    os.kill(writer.pid, signal.SIGKILL)
    said, _ = writer.communicate(timeout=30)
    assert said == ""
    assert query_lake(place, CITY, STAMPS).rows() == before
    after = stamped_copy(file, tmp_path / "next.duckdb", 2)
    assert publish_into_lake(after, place, office(CITY), wait=30) is not None
    assert {stamp for _, _, stamp, _ in query_lake(place, CITY, STAMPS).rows()} == {2}


def test_a_night_without_the_lake_says_so_and_the_next_catches_up(
    after_a_night: NewInstallation, samples: Samples, address: str, place: LakePlace, tmp_path: Path
) -> None:
    installation = after_a_night([2024], [EAST])
    receive_also(installation, samples, WEST, 2024)
    away = f"ducklake:postgresql://u:verysecret@127.0.0.1:9/lake?data={tmp_path / 'lake'}"
    report = night(publishing(installation, away))
    [said] = [trouble for trouble in report.troubles if "数据湖" in trouble]
    assert "127.0.0.1:9" in said
    assert "服务器拒绝连接" in said
    written = [path.read_bytes() for path in installation.home.root.rglob("*") if path.is_file()]
    assert any("数据湖未能更新".encode() in content for content in written), "the digest says so"
    assert not any(b"verysecret" in content for content in written)
    with pytest.raises(LakeFailed, match="还没有机构发布过"):
        query_lake(place, CITY, "SELECT 1")
    report = night(publishing(installation, address))
    assert not [trouble for trouble in report.troubles if "数据湖" in trouble]
    left = query(installation.home.database, "FROM mart.indicator")
    assert_frame_equal(in_fixed_order(left), in_fixed_order(query_lake(place, CITY, "FROM mart.indicator")))


def test_a_session_takes_no_other_statements_from_the_lake(
    after_a_night: NewInstallation, place: LakePlace, tmp_path: Path
) -> None:
    installation = after_a_night([2024])
    publish_into_lake(installation.home.database, place, installation.catalogue)
    outside = tmp_path / "outside.csv"
    with attached(place) as connection:
        connection.execute(
            "INSERT INTO lake.publication.statement VALUES (?, 99999, ?)",
            [CITY, f"COPY (SELECT 1) TO '{outside}'"],
        )
    with pytest.raises(LakeFailed, match="其他语句"):
        query_lake(place, CITY, "SELECT 1")
    assert not outside.exists()


def test_a_session_reads_nothing_but_the_lake(after_a_night: NewInstallation, place: LakePlace) -> None:
    installation = after_a_night([2024])
    publish_into_lake(installation.home.database, place, installation.catalogue)
    with reading(place, CITY) as connection:
        for sql, why in (
            ("FROM read_text('/etc/hostname')", "disabled"),
            ("DELETE FROM lake.mart.indicator", "read-only"),
            ("SET enable_external_access = true", "locked"),
        ):
            with pytest.raises(duckdb.Error, match=why):
                connection.execute(sql)
