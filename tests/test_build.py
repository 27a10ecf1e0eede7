"""A night's file is yesterday's logs and today's batch; what stands is the last accepted submission."""

from __future__ import annotations

import resource
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.system_words import explain_machine_fault
from tests.published_nights import night
from tests.warehouse_samples import NOON, batch, finding, indicator, note, refused, sha, submission
from warehouse.catalogue.frames import COMPARISON, shaped
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.built_upon import PreviousUnreadable
from warehouse.store.publish import build_path, new_database, publish
from warehouse.store.query import query, read_standing_measures


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def standing_value(path: Path) -> float | None:
    return read_standing_measures(path).filter(measure="activity_count")["value"].item()


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    names = [
        "core.observation_log",
        "core.measure_log",
        "quality.submission",
        "quality.finding",
        "quality.rule_result",
    ]
    return {name: sorted(query(path, f"FROM {name}").rows(), key=str) for name in names}


def test_the_same_workbook_twice_is_the_same_as_once(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    once = content(path)
    night(tmp_path, catalogue, batch("a", 1))
    assert content(path) == once
    night(tmp_path, catalogue, batch("a", 9, value=77), batch("a", 1))
    assert content(path) == once


def test_a_known_workbook_in_a_batch_with_a_new_one_is_left_out(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    both = {k: pl.concat([v, batch("b", 2, unit="371603")[k]]) for k, v in batch("a", 9, value=77).items()}
    night(tmp_path, catalogue, both)
    assert query(path, "SELECT unit_code, value FROM core.measure_log ORDER BY 1").rows() == [
        ("371602", 3),
        ("371603", 3),
    ]


def test_a_refused_file_received_again_takes_the_place_of_its_first_receipt(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, refused("a", 1))
    night(tmp_path, catalogue, batch("a", 2))
    night(tmp_path, catalogue, refused("a", 1))
    assert query(path, "SELECT received_seq, decision, is_standing FROM quality.submission").rows() == [
        (2, "accepted", True)
    ]
    assert standing_value(path) == 3


def test_a_later_submission_restates_the_unit_and_year_whole(tmp_path: Path, catalogue: Catalogue) -> None:
    first = batch("a", 1)
    first["measures"] = pl.concat(
        [first["measures"], first["measures"].with_columns(measure=pl.lit("class_count"))]
    )
    path = night(tmp_path, catalogue, first)
    night(tmp_path, catalogue, batch("b", 2, value=5))
    assert read_standing_measures(path).select("measure", "value").rows() == [("activity_count", 5.0)]
    restated = query(path, "SELECT measure, old_value, new_value FROM quality.restatement ORDER BY measure")
    assert restated.rows() == [("activity_count", 3.0, 5.0), ("class_count", 3.0, None)]


def test_latest_is_the_order_of_receipt_and_not_of_loading(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, batch("b", 2, value=5), batch("a", 1))
    assert standing_value(path) == 5


@pytest.mark.parametrize(
    ("later", "is_looked_at"),
    [
        (batch("b", 2, value=5, decision="held"), True),
        (batch("b", 2, value=5, decision="held", rule="held.year_locked"), False),
        (batch("b", 2, value=None, decision="held", rule="held.empty", filled_count=0), False),
        (refused("b", 2), False),
    ],
    ids=["held", "locked", "empty", "refused"],
)
def test_what_is_not_accepted_leaves_the_earlier_one_standing_and_only_a_readable_one_is_looked_at(
    tmp_path: Path, catalogue: Catalogue, later: dict[str, pl.DataFrame], is_looked_at: bool
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1), later)
    assert standing_value(path) == 3
    found = query(
        path, "SELECT is_standing, is_latest, is_last_file FROM quality.submission ORDER BY received_seq"
    )
    assert found.rows() == [(True, not is_looked_at, False), (False, is_looked_at, True)]


def test_a_held_submission_stands_once_its_explanation_is_accepted(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1), batch("b", 2, value=5, decision="held"))
    with NightBuild(build_path(path), path, catalogue) as build:
        build.set_decisions(pl.DataFrame({"submission": [sha("b")], "decision": ["accepted"]}))
        assert build.read_standing_measures()["value"].to_list() == [5]
        build.check()


def test_a_file_of_which_not_even_the_unit_is_known_stands_in_the_list(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(
        tmp_path, catalogue, refused("a", 1, unit=None, year=None), refused("b", 2, unit=None, year=None)
    )
    rows = query(
        path,
        "SELECT sha256, decision, status, reason, is_latest FROM quality.submission ORDER BY received_seq",
    )
    assert rows.rows() == [(sha(n), "refused", "refused", "文件已损坏。", False) for n in "ab"]


def test_a_night_on_yesterdays_file_gives_what_a_rebuild_gives(tmp_path: Path, catalogue: Catalogue) -> None:
    batches = [batch("a", 1), batch("b", 2, value=5), batch("c", 3, unit="371603"), refused("d", 4)]
    batches[1]["findings"] = pl.concat([finding("b"), finding("b", "critical")])
    for each in batches:
        incremental = night(tmp_path, catalogue, each)
    (tmp_path / "again").mkdir()
    rebuilt = night(tmp_path / "again", catalogue, *batches)
    assert content(incremental) == content(rebuilt)


def test_findings_and_notes_are_counted_with_their_submission(tmp_path: Path, catalogue: Catalogue) -> None:
    one = batch("a", 1)
    one["findings"] = pl.concat([finding("a"), finding("a", "info"), finding("a", "info")])
    one["notes"] = note("a", "３", "3")
    path = night(tmp_path, catalogue, one)
    counts = query(
        path, "SELECT critical_count, warning_count, info_count, note_count FROM quality.submission"
    )
    assert counts.rows() == [(0, 1, 2, 1)]
    assert query(path, "SELECT fields FROM quality.finding_latest LIMIT 1").item().to_list() == [
        "activity_count"
    ]
    assert query(
        path, "SELECT submission_count, accepted_count, finding_count, catalogue_version FROM quality.run"
    ).rows() == [(1, 1, 3, catalogue.version)]


def test_every_table_view_and_column_has_a_comment(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    night(tmp_path, catalogue)  # copies yesterday's tables: comments must survive that
    columns = query(
        path,
        """SELECT schema_name || '.' || table_name, column_name, comment FROM duckdb_columns()
           WHERE schema_name IN ('core', 'quality', 'mart', 'mart_zh') AND database_name = 'warehouse'""",
    )
    assert columns.height > 1000
    assert columns.filter(pl.col("comment").is_null() | ~pl.col("comment").str.contains("：")).height == 0
    named = query(
        path,
        """SELECT schema_name || '.' || table_name AS name, comment FROM duckdb_tables() WHERE NOT internal
           UNION ALL SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal""",
    )
    assert set(named["name"]) == set(columns.to_series(0))
    assert named.filter(~pl.col("comment").fill_null("").str.contains("每行为")).height == 0


def test_the_published_file_is_one_that_older_clients_open(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["warehouse.duckdb", "warehouse.duckdb.sha256"]
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{path}' AS looked_at (READ_ONLY)")
        found = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'looked_at'"
        ).fetchone()
    assert found is not None
    assert str(found[0]).startswith("v1.0.0")


def test_expected_reports_are_the_counties_and_the_citys_own_level(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1), batch("b", 2, unit="371603", decision="held"))
    rows = query(
        path,
        """SELECT unit_name, report_state, is_reported, is_on_time, is_accepted
           FROM mart.reporting WHERE year = 2024 ORDER BY unit_code""",
    )
    assert rows.height == 8
    assert rows.rows()[:3] == [
        ("滨州市本级", "not_received", False, None, False),
        ("滨城区", "accepted", True, True, True),
        ("沾化区", "held", True, True, False),
    ]
    rates = query(path, "FROM mart.reporting_rate WHERE year = 2024")
    assert rates.rows() == [(2024, 8, 2, 2, 1, 25.0, 25.0, 12.5)]


def test_a_number_is_held_only_where_it_would_come_from_the_held_report(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    """年9表 is filled in by counties and city alike, but followers are asked of the city alone."""
    names = ["leaflet_cumulative_count", "wechat_follower_count", "wechat_follower_per_10k"]
    path = night(
        tmp_path,
        catalogue,
        batch("a", 1, unit="371603", decision="held"),
        indicators=pl.concat(indicator(name, None) for name in names),
    )
    states = dict(query(path, "SELECT indicator, state FROM mart.indicator").rows())
    assert states == dict(zip(names, ["held", "not_reported", "held"], strict=True))


@pytest.mark.parametrize("what", ["text", "other_tables", "missing_column"])
def test_a_previous_file_that_cannot_be_built_upon_is_refused(
    tmp_path: Path, catalogue: Catalogue, what: str
) -> None:
    previous = tmp_path / "warehouse.duckdb"
    if what == "text":
        previous.write_text("not a database")
    else:
        with new_database(previous) as connection:
            column = ", a INTEGER" if what == "missing_column" else ""
            connection.execute(
                f"CREATE SCHEMA quality; CREATE TABLE quality.submission_log (submission VARCHAR{column})"
            )
    with (
        pytest.raises(PreviousUnreadable, match="nianbao rebuild"),
        NightBuild(build_path(previous), previous, catalogue),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["warehouse.duckdb"]


def test_a_previous_file_that_is_not_there_is_a_first_night(tmp_path: Path, catalogue: Catalogue) -> None:
    assert standing_value(night(tmp_path, catalogue, batch("a", 1))) == 3


def test_rows_of_a_foreign_submission_are_a_mistake_of_ours(tmp_path: Path, catalogue: Catalogue) -> None:
    one = batch("a", 1)
    one["notes"] = note("z", "３", "3")
    with (
        pytest.raises(ValueError, match="outside the batch"),
        NightBuild(tmp_path / "n.duckdb", None, catalogue) as build,
    ):
        build.add_batch(**one)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_with_an_unknown_decision_is_a_mistake_of_ours(tmp_path: Path, catalogue: Catalogue) -> None:
    with (
        pytest.raises(ValueError, match="not a decision"),
        NightBuild(tmp_path / "n.duckdb", None, catalogue) as build,
    ):
        build.add_batch(**{**batch("a", 1), "submissions": submission("a", 1, decision="maybe")})


@pytest.mark.parametrize(
    ("unit", "kind", "says"),
    [
        ("人", "stock", (50.0, "人", 25.0)),
        ("%", "rate", (50.0, "百分点", None)),
        ("位", "rank", (50.0, "位", None)),
    ],
)
def test_a_change_is_said_in_points_in_places_or_in_per_cent(
    tmp_path: Path, catalogue: Catalogue, unit: str, kind: str, says: tuple[float, str, float | None]
) -> None:
    stated = indicator("x", 260.0, unit=unit, kind=kind)
    comparison = pl.DataFrame(
        {
            "year": [2024],
            "org_code": ["371600"],
            "indicator": ["x"],
            "comparable_value": [250.0],
            "previous_value": [200.0],
            "previous_coverage_pct": [90.0],
        }
    )
    path = tmp_path / "warehouse.duckdb"
    with NightBuild(build_path(path), None, catalogue) as build:
        build.set_indicators(stated, shaped(comparison, COMPARISON), at=NOON)
    publish(build_path(path), path)
    row = query(path, "FROM mart.indicator_change").row(0, named=True)
    assert (row["change"], row["change_unit"], row["change_pct"]) == says
    assert (row["value"], row["previous_coverage_pct"]) == (260, 90)


@pytest.mark.parametrize("limit", [100_000, 600_000, 2_000_000])
def test_a_disk_that_fails_during_the_take_over_is_not_blamed_on_the_previous_file(
    tmp_path: Path, catalogue: Catalogue, limit: int
) -> None:
    path = night(tmp_path, catalogue, batch("a", 1))
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with (
            pytest.raises((OSError, duckdb.Error)) as failed,
            NightBuild(build_path(path), path, catalogue) as build,
        ):
            build.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert explain_machine_fault(failed.value) == "文件超过系统允许的大小，无法继续写入。"
    assert path.read_bytes() == before
    assert not build_path(path).exists()


def test_a_refused_file_of_a_year_nobody_reports_for_leaves_the_years_of_reports_alone(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    for name, batches in {
        "beside": [batch("a", 1), refused("b", 2, year=2031)],
        "alone": [refused("b", 1, year=2031)],
    }.items():
        home = tmp_path / name
        home.mkdir()
        path = night(home, catalogue, *batches)
        assert query(path, "SELECT DISTINCT year FROM core.contribution")["year"].to_list() == [2024]
