"""The lake beside the published file, on real PostgreSQL: the same rows, two writers and a reader, vintages, bad nights."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer
from polars.testing import assert_frame_equal

from flows.health.doctor import examine_home
from flows.lake.address import parse_address
from flows.lake.publish import publish_into_lake, publish_lake
from flows.night import open_night
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.lakes import (
    CITY,
    NEIGHBOUR,
    NIGHTS,
    STAMPS,
    address_of,
    make_database,
    office,
    stamped_copy,
)
from tests.integration.postgres import PostgresServer
from tests.integration.warehouse_content import in_fixed_order
from warehouse.lake.attached import attached
from warehouse.lake.contents import list_contents
from warehouse.lake.place import LakeFailed, LakePlace
from warehouse.lake.session import query as query_lake
from warehouse.lake.session import reading, write_session
from warehouse.store.publish import publish
from warehouse.store.query import query, read_only, run
from warehouse.store.schema.shapes import list_shapes
from warehouse.store.schema.tables import tables

EAST, WEST = "990101", "990102"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of an S3 server, as the environment leads to it."""
    storage = ThreadedMotoServer("127.0.0.1", port=0)
    storage.start()
    host, port = storage.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.resource("s3").Bucket("lake").create()
    yield "lake"
    storage.stop()


def publishing(place: Installation, address: str) -> Installation:
    return Installation(place.settings.model_copy(update={"publish": address, "quiet_seconds": 0}))


def receive_also(place: Installation, samples: Samples, unit: str, year: int) -> None:
    """Put another sample workbook into the inbox."""
    [file] = (samples([year], LANHE, [unit]) / unit).iterdir()
    folder = place.home.inbox / unit
    folder.mkdir(exist_ok=True)
    (folder / file.name).write_bytes(file.read_bytes())


def test_rows_views_and_macros_of_the_lake_are_those_of_the_file(
    after_a_night: NewInstallation, lake: LakePlace
) -> None:
    installation = after_a_night([2023, 2024])
    file, catalogue = installation.home.database, installation.catalogue
    assert publish_into_lake(file, lake, catalogue) is not None
    asked = {
        t.full_name: f'FROM {t.schema}."{t.name}"' for t in (*tables().values(), *list_shapes(catalogue))
    }
    asked["changes"] = "FROM changes('2020-01-01', '2030-01-01')"
    asked["as_of"] = "FROM as_of('2030-01-01')"
    asked["trace"] = f"FROM trace('member_count', '{CITY}', 2024)"
    asked["history"] = f"FROM history('member_count', '{CITY}', 2024)"
    with read_only(file) as of_file, reading(lake, CITY) as of_lake:
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
    after_a_night: NewInstallation, lake: LakePlace
) -> None:
    installation = after_a_night([2024])
    first = publish_into_lake(installation.home.database, lake, installation.catalogue)
    assert first is not None
    assert publish_into_lake(installation.home.database, lake, installation.catalogue) is None
    found = query_lake(lake, CITY, "SELECT max(snapshot_id) FROM quality.snapshot").item()
    assert found == first.snapshot


def test_each_vintage_is_a_snapshot_that_equals_as_of_its_moment(
    after_a_night: NewInstallation, samples: Samples, lake_address: str, lake: LakePlace
) -> None:
    installation = publishing(after_a_night([2023, 2024], [EAST]), lake_address)
    night(installation)  # nothing to do but the lake
    receive_also(installation, samples, WEST, 2024)
    night(installation)
    columns = (
        "year, org_code, indicator, value, state, numerator, denominator, coverage_pct, maturity, known_from"
    )
    with reading(lake, CITY) as connection:
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
    with attached(lake) as connection:  # the upkeep that docs/lakehouse.md gives
        connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
        connection.execute("CALL ducklake_delete_orphaned_files('lake', older_than => now())")
    kept = query_lake(lake, CITY, f"SELECT {columns} FROM lake.mart.indicator AT (VERSION => {first})")
    assert_frame_equal(seen[0], in_fixed_order(kept))
    assert written["year"].to_list() == [2024], "the other year is as it was"


def test_a_night_without_the_lake_says_so_and_the_next_catches_up(
    after_a_night: NewInstallation, samples: Samples, lake_address: str, lake: LakePlace, tmp_path: Path
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
        query_lake(lake, CITY, "SELECT 1")
    report = night(publishing(installation, lake_address))
    assert not [trouble for trouble in report.troubles if "数据湖" in trouble]
    left = query(installation.home.database, "FROM mart.indicator")
    assert_frame_equal(in_fixed_order(left), in_fixed_order(query_lake(lake, CITY, "FROM mart.indicator")))


def test_a_session_takes_no_other_statements_from_the_lake(
    after_a_night: NewInstallation, lake: LakePlace, tmp_path: Path
) -> None:
    installation = after_a_night([2024])
    publish_into_lake(installation.home.database, lake, installation.catalogue)
    outside = tmp_path / "outside.csv"
    with attached(lake) as connection:
        connection.execute(
            "INSERT INTO lake.publication.statement VALUES (?, 99999, ?)",
            [CITY, f"COPY (SELECT 1) TO '{outside}'"],
        )
    with pytest.raises(LakeFailed, match="其他语句"):
        query_lake(lake, CITY, "SELECT 1")
    assert not outside.exists()


def test_a_session_reads_nothing_but_the_lake(after_a_night: NewInstallation, lake: LakePlace) -> None:
    installation = after_a_night([2024])
    publish_into_lake(installation.home.database, lake, installation.catalogue)
    with reading(lake, CITY) as connection:
        for sql, why in (
            ("FROM read_text('/etc/hostname')", "disabled"),
            ("DELETE FROM lake.mart.indicator", "read-only"),
            ("SET enable_external_access = true", "locked"),
        ):
            with pytest.raises(duckdb.Error, match=why):
                connection.execute(sql)


def test_the_restricted_file_never_reaches_the_lake(
    after_a_night: NewInstallation, lake_address: str, lake: LakePlace
) -> None:
    installation = publishing(after_a_night([2024]), lake_address)
    published, restricted = installation.home.database, installation.home.restricted
    for target, number in ((restricted, 2), (published, 1)):
        publish(stamped_copy(published, target.with_suffix(".new"), number), target)
    with open_night(installation) as opened:
        assert publish_lake(opened) == []
    assert {stamp for _, _, stamp, _ in query_lake(lake, CITY, STAMPS).rows()} == {1}


def test_files_on_s3_are_read_as_those_in_a_folder(
    after_a_night: NewInstallation, postgres: PostgresServer, bucket: str, tmp_path: Path
) -> None:
    installation = after_a_night([2024])
    there = parse_address(address_of(make_database(postgres), f"s3://{bucket}/lake"), os.environ)
    assert publish_into_lake(installation.home.database, there, installation.catalogue) is not None
    left = query(installation.home.database, "FROM mart.indicator")
    right = query_lake(there, CITY, "FROM mart.indicator")
    assert_frame_equal(in_fixed_order(left), in_fixed_order(right))
    missing = parse_address(address_of(make_database(postgres), "s3://missing/lake"), os.environ)
    with pytest.raises(LakeFailed, match="存储桶"):
        publish_into_lake(installation.home.database, missing, installation.catalogue)


def test_a_lake_of_one_machine_needs_no_server(after_a_night: NewInstallation, tmp_path: Path) -> None:
    installation = after_a_night([2024])
    there = parse_address(f"ducklake:{tmp_path}/lake.ducklake?data={tmp_path}/lake", {})
    assert publish_into_lake(installation.home.database, there, installation.catalogue) is not None
    assert publish_into_lake(installation.home.database, there, installation.catalogue) is None
    found = query_lake(there, CITY, "SELECT count(*) FROM as_of('2030-01-01')").item()
    assert found == query(installation.home.database, "SELECT count(*) FROM mart.indicator").item()


def test_the_script_for_duckdbs_shell_opens_the_lake_and_holds_no_password(
    after_a_night: NewInstallation, postgres: PostgresServer, tmp_path: Path
) -> None:
    installation = after_a_night([2024])
    database = make_database(postgres).replace("prefect@", "prefect:verysecret@")
    there = parse_address(address_of(database, tmp_path / "lake"), {})
    publish_into_lake(installation.home.database, there, installation.catalogue)
    script = write_session(there, CITY)
    assert "verysecret" not in script
    with duckdb.connect() as connection:
        connection.execute(script)
        found = connection.execute("SELECT count(*) FROM as_of('2030-01-01')").fetchone()
    assert found == query(installation.home.database, "SELECT count(*) FROM mart.indicator").row(0)


def test_a_lake_of_an_earlier_version_is_widened_and_another_type_is_refused(
    after_a_night: NewInstallation, tmp_path: Path
) -> None:
    installation = after_a_night([2024])
    file, there = installation.home.database, parse_address(f"ducklake:{tmp_path}/l?data={tmp_path}/lake", {})
    publish_into_lake(file, there, office(NEIGHBOUR))
    with attached(there) as connection:
        connection.execute("ALTER TABLE lake.mart.indicator DROP COLUMN peer_count")
    assert publish_into_lake(file, there, installation.catalogue) is not None
    counts = (
        "SELECT office, count(org_code), count(peer_count) > 0 FROM lake.mart.indicator GROUP BY 1 ORDER BY 1"
    )
    rows = query(file, "SELECT count(*) FROM mart.indicator").item()
    assert query_lake(there, CITY, counts).rows() == [(CITY, rows, True), (NEIGHBOUR, rows, False)]
    with attached(there) as connection:
        connection.execute("ALTER TABLE lake.mart.indicator DROP COLUMN peer_count")
        connection.execute("ALTER TABLE lake.mart.indicator ADD COLUMN peer_count VARCHAR")
    with pytest.raises(LakeFailed, match="peer_count"):
        publish_into_lake(stamped_copy(file, tmp_path / "next.duckdb", 2), there, installation.catalogue)


def test_doctor_says_whether_the_lake_has_what_is_published(
    after_a_night: NewInstallation, lake_address: str, samples: Samples
) -> None:
    installation = publishing(after_a_night([2023]), lake_address)
    [hint] = [hint for hint in examine_home(installation).hints if "数据湖" in hint]
    assert "还没有机构发布过" in hint
    with open_night(installation) as opened:
        assert publish_lake(opened) == []
    health = examine_home(installation)
    assert any(fact.startswith("数据湖：") for fact in health.facts)
    assert not [said for said in (*health.hints, *health.problems) if "数据湖" in said]
    receive_also(installation, samples, EAST, 2024)
    night(Installation(installation.settings.model_copy(update={"publish": ""})))
    [hint] = [hint for hint in examine_home(installation).hints if "数据湖" in hint]
    assert "nianbao lake publish" in hint
    assert hint.count("公布的") == 2


def test_doctor_names_a_lake_that_cannot_be_reached(after_a_night: NewInstallation) -> None:
    installation = publishing(
        after_a_night([2023]), "ducklake:postgresql://nobody@127.0.0.1:9/lake?data=/tmp/lake"
    )
    [problem] = [said for said in examine_home(installation).problems if "数据湖" in said]
    assert "服务器拒绝连接" in problem
