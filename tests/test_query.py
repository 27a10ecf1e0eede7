"""The published warehouse is read by anyone, changed by nobody, and shows nothing but itself."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.warehouse_samples import batch, finding, observation, refused, submission
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.standing.outcomes import read_outcome
from warehouse.standing.status import list_status
from warehouse.store.build import NightBuild
from warehouse.store.connection import attach_read_only
from warehouse.store.publish import build_path, publish
from warehouse.store.query import (
    QueryError,
    WarehouseMissing,
    kept_open,
    query,
    read_known_submissions,
    read_only,
    read_standing_entries,
    read_standing_measures,
    run,
    stream,
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def night(home: Path, catalogue: Catalogue, *batches: dict[str, pl.DataFrame]) -> Path:
    published = home / "warehouse.duckdb"
    with NightBuild(build_path(published), published, catalogue) as build:
        for each in batches:
            build.add_batch(**each)
        build.check()
    publish(build_path(published), published)
    return published


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


def entries(tmp_path: Path, catalogue: Catalogue, *cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    one = batch("a", 1)
    one["observations"] = pl.concat(cells)
    one["measures"] = one["measures"].clear()
    return read_standing_entries(night(tmp_path, catalogue, one), "371602", 2024)


def test_last_years_entries_come_back_as_a_clerk_would_type_them(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    def cell(field: str, value: Any, row: int = 6) -> pl.DataFrame:
        org = "371602001" if row == 6 else "371602002"
        return observation(
            "a", field, value, form="organisation", org_code=org, row=row, cell=f"{field}{row}"
        )

    found = entries(
        tmp_path,
        catalogue,
        cell("volunteer_count", None, row=7),
        cell("volunteer_count", 7),
        cell("has_association", True),
        cell("has_association", False, row=7),
        cell("term_renewed_date", "2023-04-05"),
        cell("president_post", "其他"),
        cell("president_post", "不适用", row=7),
        cell("member_count", 0),
        cell("member_count", "不适用", row=7),
    )
    assert found.keys() == {"organisation"}
    assert found["organisation"].rows(named=True) == [
        {
            "org_code": "371602001",
            "has_association": True,
            "term_renewed_date": date(2023, 4, 5),
            "president_post": "其他",
            "member_count": 0.0,
            "volunteer_count": 7.0,
        },
        {
            "org_code": "371602002",
            "has_association": False,
            "term_renewed_date": None,
            "president_post": "不适用",
            "member_count": "不适用",
            "volunteer_count": None,
        },
    ]


def test_two_entries_of_a_roster_with_one_name_stay_two(tmp_path: Path, catalogue: Catalogue) -> None:
    def site(row: int, tier: str) -> list[pl.DataFrame]:
        more = {"form": "sunflower_site", "item": "同名小屋", "row": row}
        return [
            observation("a", "name", "同名小屋", cell=f"B{row}", **more),
            observation("a", "tier", tier, cell=f"C{row}", **more),
            observation("a", "opened_year", 2020, cell=f"D{row}", **more),
        ]

    found = entries(tmp_path, catalogue, *site(7, "省级"), *site(6, "市级"))
    assert found["sunflower_site"].rows() == [
        ("371602001", "同名小屋", "市级", 2020.0),
        ("371602001", "同名小屋", "省级", 2020.0),
    ]


def test_a_unit_of_which_nothing_stands_has_no_entries(warehouse: Path) -> None:
    assert read_standing_entries(warehouse, "371602", 2023) == {}


def test_the_status_has_one_row_for_each_expected_unit(tmp_path: Path, catalogue: Catalogue) -> None:
    held = batch("c", 3, value=9, decision="held", reason="有1处强制性问题。")
    held["findings"] = pl.concat([finding("c", "critical"), finding("c")])
    path = night(
        tmp_path,
        catalogue,
        batch("b", 1),
        held,
        batch("d", 4, unit="371603"),
        refused("e", 5, unit="371621"),
        refused("f", 6, unit=None, year=None),
    )
    found = list_status(path, 2024, catalogue)
    assert found.height == 8
    assert found["unit_code"][-1] == "371600"
    assert found["unit_name"][-1] == "滨州市本级"
    rows = found.select(
        "unit_name", "status", "file_name", "critical_count", "warning_count", "is_standing", "has_standing"
    )
    assert rows.head(4).rows() == [
        ("滨城区", "已接收（最后一份暂存）", "c.xlsx", 1, 1, False, True),
        ("沾化区", "已接收", "d.xlsx", 0, 0, True, True),
        ("惠民县", "收到但无法读取", "e.xlsx", 0, 0, False, False),
        ("阳信县", "未报送", None, 0, 0, False, False),
    ]
    assert list(read_known_submissions(path).values()) == [1, 3, 4, 5, 6]
    later = catalogue.settings.model_copy(update={"last_year": 2025})  # opened since that night
    opened = list_status(path, 2025, replace(catalogue, settings=later))
    assert set(opened.select("status", "due_date").iter_rows()) == {("未报送", date(2026, 1, 20))}
    assert read_known_submissions(path)[submission("b", 1)["submission"][0]] == 1


def test_the_outcome_says_of_each_submission_whether_another_counts(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    held = batch("c", 3, decision="held")
    held["findings"] = finding("c", "critical")
    path = night(
        tmp_path,
        catalogue,
        batch("a", 1),
        batch("b", 2),
        held,
        batch("d", 4, unit="371603"),
        refused("e", 5, unit=None, year=None),
    )
    found = read_outcome(path)
    assert found.submissions.select("received_seq", "has_earlier", "is_superseded").rows() == [
        (1, False, True),
        (2, True, False),
        (3, True, False),
        (4, False, False),
        (5, False, False),
    ]
    assert found.findings["submission"].to_list() == held["submissions"]["submission"].to_list()
    later = read_outcome(path, after=3)
    assert later.submissions["received_seq"].to_list() == [4, 5]
    assert later.findings.is_empty()


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
