"""A new night takes the place of the old one in one step, or not at all."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest

from warehouse.store.publish import (
    AlreadyRunning,
    NotPublishable,
    build_path,
    new_database,
    publish,
    writer_lock,
)
from warehouse.store.soundness import checksum, examine, record_checksum


def build(path: Path, value: int) -> Path:
    with new_database(path) as connection:
        connection.execute("CREATE SCHEMA mart")
        connection.execute(f"CREATE TABLE mart.indicator AS SELECT {value} AS value FROM range(5000)")
        connection.execute("CREATE VIEW mart.headline AS SELECT DISTINCT value FROM mart.indicator")
        connection.execute("COMMENT ON COLUMN mart.indicator.value IS '值'")
    return path


def headline(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        row = connection.execute("SELECT value FROM mart.headline").fetchone()
    assert row is not None
    return int(row[0])


def storage_version(path: Path) -> str:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{path}' AS looked_at (READ_ONLY)")
        row = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'looked_at'"
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_a_new_database_is_checkpointed_and_open_to_older_clients(tmp_path: Path) -> None:
    built = build(tmp_path / "new.duckdb", 1)
    assert [p.name for p in tmp_path.iterdir()] == ["new.duckdb"]
    assert storage_version(built).startswith("v1.0.0")
    assert headline(built) == 1


def test_an_open_transaction_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    def leave_open() -> None:
        with new_database(tmp_path / "new.duckdb") as connection:
            connection.execute("BEGIN; CREATE TABLE t AS SELECT 1 AS a")

    with pytest.raises(duckdb.Error):
        leave_open()
    assert list(tmp_path.iterdir()) == []


def test_a_night_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with new_database(tmp_path / "new.duckdb") as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_database_is_not_built_upon(tmp_path: Path) -> None:
    build(tmp_path / "warehouse.duckdb", 1)
    with pytest.raises(FileExistsError), new_database(tmp_path / "warehouse.duckdb"):
        pass
    assert headline(tmp_path / "warehouse.duckdb") == 1


def test_what_a_cut_off_night_left_is_replaced(tmp_path: Path) -> None:
    unfinished = build_path(tmp_path / "warehouse.duckdb")
    unfinished.write_bytes(b"half")
    unfinished.with_name(unfinished.name + ".wal").write_bytes(b"half")
    assert headline(build(unfinished, 3)) == 3
    assert [p.name for p in tmp_path.iterdir()] == [unfinished.name]


def test_a_copy_is_added_to_and_the_copied_file_stays(tmp_path: Path) -> None:
    old = build(tmp_path / "warehouse.duckdb", 1)
    before = old.read_bytes()
    with new_database(build_path(old), copied_from=old) as connection:
        connection.execute("UPDATE mart.indicator SET value = 2")
    assert (headline(old), headline(build_path(old))) == (1, 2)
    assert old.read_bytes() == before
    assert storage_version(build_path(old)).startswith("v1.0.0")


def test_a_copy_is_its_owners_alone_before_anything_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(tmp_path / "warehouse.duckdb", 1)
    modes = []
    copy = shutil.copyfile

    def look(source: Path, target: Path) -> Path:
        modes.append(target.stat().st_mode & 0o777)
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", look)
    with new_database(build_path(old), copied_from=old):
        pass
    assert modes == [0o600]


def test_a_path_with_a_quote_is_only_a_path(tmp_path: Path) -> None:
    assert headline(build(tmp_path / "a'b.duckdb", 4)) == 4


def test_publishing_replaces_the_file_and_makes_it_read_only(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    for value in (1, 2):
        publish(build(build_path(published), value), published)
        assert headline(published) == value
        assert published.stat().st_mode & 0o777 == 0o440
        assert sorted(p.name for p in tmp_path.iterdir()) == ["warehouse.duckdb", "warehouse.duckdb.sha256"]


def test_a_file_is_whole_however_often_its_successor_was_only_announced(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    publish(build(build_path(published), 1), published)
    for value in (2, 3, 4):  # nights that are cut off before the swap
        record_checksum(published, checksum(build(build_path(published), value)))
        assert examine(published) == "whole"
    publish(build_path(published), published)
    recorded = tmp_path / "warehouse.duckdb.sha256"
    assert recorded.read_text() == f"{checksum(published)}  warehouse.duckdb\n"
    assert examine(published) == "whole"


def test_a_reader_keeps_the_night_it_opened(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    publish(build(build_path(published), 1), published)
    with duckdb.connect(str(published), read_only=True) as reader:
        publish(build(build_path(published), 2), published)
        assert reader.execute("SELECT value FROM mart.headline").fetchone() == (1,)
    assert headline(published) == 2


def test_changes_left_beside_the_built_file_stop_the_swap(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    publish(build(build_path(published), 1), published)
    built = build(build_path(published), 2)
    (tmp_path / (built.name + ".wal")).write_bytes(b"x")
    with pytest.raises(NotPublishable, match="不能发布"):
        publish(built, published)
    assert headline(published) == 1


def test_changes_left_beside_the_published_file_are_put_aside(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    publish(build(build_path(published), 1), published)
    for value in (2, 3, 4, 5):
        (tmp_path / "warehouse.duckdb.wal").write_bytes(str(value).encode())
        publish(build(build_path(published), value), published)
        assert headline(published) == value
    kept = sorted(p.read_bytes() for p in tmp_path.glob("warehouse.duckdb.wal.aside-*"))
    assert kept == [b"3", b"4", b"5"]


def test_what_is_no_database_is_not_published(tmp_path: Path) -> None:
    published = tmp_path / "warehouse.duckdb"
    publish(build(build_path(published), 1), published)
    build_path(published).write_bytes(b"not a database at all")
    with pytest.raises(NotPublishable, match="不是 DuckDB"):
        publish(build_path(published), published)
    assert headline(published) == 1


def hold(home: Path, taken: Event, done: Event) -> None:
    with writer_lock(home):
        taken.set()
        done.wait(30)


def lock_is_held(home: Path) -> bool:
    try:
        with writer_lock(home):
            return False
    except AlreadyRunning:
        return True


def test_a_second_run_says_so_and_stops(tmp_path: Path) -> None:
    again = writer_lock(tmp_path / "home")
    with writer_lock(tmp_path / "home"), pytest.raises(AlreadyRunning, match="另一个年报任务正在"):
        again.__enter__()
    with writer_lock(tmp_path / "home"):
        pass


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, taken, done))
    other.start()
    try:
        assert taken.wait(30)
        with pytest.raises(AlreadyRunning), writer_lock(tmp_path):
            pass
    finally:
        other.kill()
        other.join()
    with writer_lock(tmp_path):
        pass


def test_the_lock_may_be_given_back_by_another_thread(tmp_path: Path) -> None:
    lock = writer_lock(tmp_path)
    lock.__enter__()
    assert lock_is_held(tmp_path)
    thread = threading.Thread(target=lock.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    assert not thread.is_alive()
    assert not lock_is_held(tmp_path)
    with writer_lock(tmp_path):
        assert lock_is_held(tmp_path)
