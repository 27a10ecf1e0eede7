"""The published warehouse is read by anyone, changed by nobody, and shows nothing but itself."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.published_nights import night
from tests.warehouse_samples import batch
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.standing.outcomes import read_outcome
from warehouse.store.connection import attach_read_only
from warehouse.store.query import (
    QueryError,
    WarehouseMissing,
    kept_open,
    query,
    read_known_submissions,
    read_only,
    read_standing_measures,
    run,
    stream,
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(params=[contextlib.nullcontext, kept_open], ids=["opened for one question", "kept open"])
def asked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each question opens the file, or several share what was opened."""
    with request.param():
        yield


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    return night(tmp_path_factory.mktemp("q"), catalogue, batch("a", 1))


def test_a_query_gives_a_frame(warehouse: Path) -> None:
    found = query(warehouse, "SELECT org_name, value FROM core.observation WHERE value > ?", [1])
    assert found.rows() == [("市中街道", 3.0)]


def test_a_file_that_is_kept_open_is_opened_once(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
        opened.append(path)
        attach_read_only(connection, path, name)

    monkeypatch.setattr("warehouse.store.query.attach_read_only", attach)
    with kept_open():
        first = query(warehouse, "FROM mart.programme")
        with read_only(warehouse) as one, read_only(warehouse) as other:
            one.register("mine", first.to_arrow())
            with pytest.raises(QueryError):
                run(other, "FROM mine")
        assert query(warehouse, "FROM mart.programme").equals(first)
        assert opened == [warehouse]
    query(warehouse, "FROM mart.programme")
    assert opened == [warehouse, warehouse]


def test_a_file_that_is_kept_open_makes_room_for_its_successor(tmp_path: Path, catalogue: Catalogue) -> None:
    warehouse = night(tmp_path, catalogue, batch("a", 1))

    def is_open() -> bool:
        return any(str(fd.resolve()).startswith(str(warehouse)) for fd in Path("/proc/self/fd").iterdir())

    with kept_open():
        assert len(read_known_submissions(warehouse)) == 1
        assert is_open()
        night(tmp_path, catalogue, batch("b", 2))
        assert len(read_known_submissions(warehouse)) == 2
        warehouse.unlink()
        with pytest.raises(WarehouseMissing):
            query(warehouse, "FROM mart.programme")
    assert not is_open()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO mart.programme VALUES ('a', 'b')",
        "DELETE FROM quality.finding",
        "CREATE TABLE core.a AS SELECT 1 AS b",
        "DROP VIEW core.measure",
        "COPY mart.programme TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "RESET lock_configuration",
        "CREATE SECRET (TYPE s3)",
        "EXPORT DATABASE 'out'",
        "IMPORT DATABASE 'out'",
        "PREPARE a AS SELECT 1",
        "CHECKPOINT",
        "PRAGMA enable_profiling",
        "EXPLAIN COPY mart.programme TO 'out.csv'",
        "EXPLAIN ANALYZE CREATE TABLE memory.a AS SELECT 1",
        "EXPLAIN (ANALYZE, FORMAT json) DELETE FROM quality.finding",
        "FROM enable_logging(storage='file', storage_path='out')",
        "FROM enable_profiling(format='json', save_location='out.json'), mart.programme",
        "EXPLAIN ANALYZE FROM enable_logging(storage='file', storage_path='out')",
        "SELECT write_log('a')",
        "FROM query('FROM enable_' || 'logging()')",
        "FROM mart.programme; DROP TABLE mart.programme",
        "",
    ],
)
@pytest.mark.usefixtures("asked")
def test_a_query_cannot_write(
    warehouse: Path, sql: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = warehouse.read_bytes()
    with pytest.raises(QueryError):
        query(warehouse, sql)
    assert warehouse.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_csv('{file}')",
        "FROM '{file}'",
        "SELECT * FROM read_text('{file}')",
        "FROM glob('{folder}/*')",
        "FROM '{file}' LIMIT 1",
        'FROM "{file}"',
        "FROM read_blob('{file}')",
        "FROM read_json('{file}')",
        "FROM read_parquet('{file}')",
        "FROM sniff_csv('{file}')",
        "FROM parquet_metadata('{file}')",
        "FROM read_duckdb('{file}')",
        "FROM query_table('{file}')",
        "FROM query('FROM read_text(''{file}'')')",
        "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{file}'')'))",
        "FROM mart.programme WHERE 1 = (SELECT count(*) FROM read_text('{file}'))",
        "WITH a AS (FROM read_text('{file}')) FROM a",
        "FROM read_csv('http://127.0.0.1:1/a.csv')",
        "FROM duckdb_secrets()",
        "FROM which_secret('s3://a', 's3')",
        "SELECT getenv('HOME')",
    ],
)
@pytest.mark.usefixtures("asked")
def test_a_query_cannot_read_another_file(warehouse: Path, tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    with pytest.raises(QueryError):
        query(warehouse, sql.format(file=tmp_path / "secret.csv", folder=tmp_path))


@pytest.mark.parametrize(
    "function",
    ["pandas_scan(NULL)", '"pandas_scan"/**/(NULL)', "arrow_scan(1, 1, 1)", "python_map_function()"],
)
def test_a_query_cannot_point_into_memory(warehouse: Path, function: str) -> None:
    with pytest.raises(QueryError, match="不能使用函数"):
        query(warehouse, f"FROM mart.programme, {function}")


def test_a_query_does_not_see_the_frames_of_the_program(warehouse: Path) -> None:
    secret = pl.DataFrame({"a": [1]})
    with pytest.raises(QueryError, match=r"没有(这个)?表"):
        query(warehouse, "FROM secret")
    assert secret.height == 1


@pytest.mark.parametrize(
    "sql",
    [
        "DESCRIBE mart.programme",
        "FROM (DESCRIBE mart.programme)",
        "SUMMARIZE mart.programme",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE FROM mart.programme",
        "EXPLAIN (FORMAT json) SELECT 1",
        "WITH a AS (FROM range(3)) SELECT * FROM a -- all of it",
        "SELECT unnest([1, 2]); ",
        "FROM mart.programme PIVOT (count(*) FOR programme IN ('youth_health'))",
        "SELECT " + "(" * 300 + "1" + ")" * 300,
    ],
)
def test_what_only_reads_is_allowed(warehouse: Path, sql: str) -> None:
    assert query(warehouse, sql).height > 0


@pytest.mark.parametrize("sql", ["FROM mart.programme -- all of it", "FROM mart.programme ; "])
def test_an_export_takes_what_a_query_takes(warehouse: Path, sql: str) -> None:
    with read_only(warehouse) as connection, stream(connection, sql, 5) as (count, parts):
        assert count == sum(part.height for part in parts) > 5


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_text('/etc/passwd')",
        "FROM enable_profiling(save_location='a.txt')",
        "COPY mart.programme TO 'a'",
    ],
)
def test_an_export_reads_nothing_else_and_writes_nothing(warehouse: Path, sql: str) -> None:
    with pytest.raises(QueryError), read_only(warehouse) as connection, stream(connection, sql, 5):
        pass


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELEC 1", "语法错误"),
        ("FROM mart.indicators", "没有表 indicators，是否为 mart.indicator"),
        ("SELECT valeu FROM mart.indicator", "没有列 valeu，是否为 mart.indicator 的 value"),
        ("SELECT 'a'::INTEGER", "未能执行"),
        ("DROP TABLE mart.indicator", "只供查询"),
    ],
)
def test_a_wrong_query_is_told_in_chinese(warehouse: Path, sql: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence):
        query(warehouse, sql)


def test_a_missing_warehouse_is_told_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissing, match="还没有数据仓库"):
        query(tmp_path / "warehouse.duckdb", "SELECT 1")
    assert list(tmp_path.iterdir()) == []
    assert read_known_submissions(tmp_path / "warehouse.duckdb") == {}
    assert read_outcome(tmp_path / "warehouse.duckdb").submissions.is_empty()


def test_a_file_that_is_no_warehouse_is_told_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("not a database")
    with pytest.raises(WarehouseMissing, match="无法打开"):
        query(tmp_path / "warehouse.duckdb", "SELECT 1")


def hold(path: Path, opened: Event, done: Event) -> None:
    with read_only(path) as connection:
        connection.execute("FROM core.measure").fetchall()
        opened.set()
        done.wait(30)


def test_the_published_file_is_read_while_another_process_reads_it_and_a_night_replaces_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    context = multiprocessing.get_context("spawn")
    opened, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(path, opened, done))
    other.start()
    try:
        assert opened.wait(30)
        assert read_standing_measures(path)["value"].to_list() == [3]
        night(tmp_path, catalogue, batch("b", 2, value=5))
        assert read_standing_measures(path)["value"].to_list() == [5]
    finally:
        done.set()
        other.join()
    assert other.exitcode == 0


def test_a_reader_who_stays_open_does_not_hide_the_new_night_from_the_next(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    with read_only(path) as connection:
        night(tmp_path, catalogue, batch("b", 2, value=5))
        assert connection.execute("SELECT value FROM core.measure").fetchall() == [(3,)]
        assert read_standing_measures(path)["value"].to_list() == [5]


RESERVED_LATER = {"at"}
"""Words that DuckDB 1.1 takes for a column and 2.0 does not; no version takes the others of its own list."""


def test_every_column_works_unquoted(warehouse: Path) -> None:
    columns = query(
        warehouse,
        """SELECT schema_name || '.' || table_name AS place, column_name AS name FROM duckdb_columns()
           WHERE schema_name IN ('core', 'quality', 'mart')""",
    )
    assert columns.height > 200
    assert set(columns["name"]) & RESERVED_LATER == set()
    for (place,), names in columns.partition_by("place", as_dict=True).items():
        each = ", ".join(f"x.{n}, {n}, count({n}) AS {n}" for n in names["name"])
        query(warehouse, f"SELECT {each} FROM {place} AS x GROUP BY ALL LIMIT 0")
