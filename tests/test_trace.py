"""Every number can be taken apart into the cells it is made of, and the parts add up to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl
import pytest

from tests.traced_numbers import FORMULAS, build, cells, traced, traced_catalogue, two_counties
from tests.warehouse_samples import observation, sha, submission
from warehouse.catalogue.frames import COUNTED_ROW, MEASURE, shaped
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.store.query import QueryError
from warehouse.trace.text import format_trace
from warehouse.trace.trace import trace


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return traced_catalogue()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    return two_counties(tmp_path_factory.mktemp("t"), catalogue)


@pytest.mark.parametrize("org", ["371600", "371602", "371602001"])
@pytest.mark.parametrize("indicator", [n for n in FORMULAS if n != "associations"])
def test_the_parts_make_up_the_number(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str
) -> None:
    found = traced(warehouse, catalogue, indicator, org)
    assert found.is_exact, found.remarks
    assert format_trace(found)


def test_a_sum_names_every_cell_with_its_file(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served")
    rows = found.used_cells.filter(pl.col("contribution") > 0)
    assert found.value == 35
    assert rows.select("org_name", "sheet", "cell", "contribution", "raw", "file_name").rows() == [
        ("市中街道", "年3-2表", "F6", 30.0, "３０", "binzhou-2024.xlsx"),
        ("市西街道", "年3-2表", "F7", 5.0, "5", "binzhou-2024.xlsx"),
    ]
    assert rows["file_sha256"].unique().to_list() == [sha("binzhou-2024")]


def test_only_the_standing_submission_is_traced(warehouse: Path, catalogue: Catalogue) -> None:
    assert "binzhou-2024-first" not in format_trace(traced(warehouse, catalogue, "served"))


def test_what_was_not_reported_is_listed_without_a_contribution(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "held")
    states = found.select_step("unit").group_by("state").agg(pl.col("value").sum()).sort("state").rows()
    assert states == [("not_applicable", 0), ("not_reported", 0), ("value", 11)]
    assert any(remark.startswith("缺报：") for remark in found.remarks)


def test_a_cumulative_number_names_its_years_and_none_before_the_first(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "served_cumulative")
    assert found.select_step("term").select("source_year", "value").rows() == [(2023, 20.0), (2024, 35.0)]
    assert "2023年以来累计服务婴幼儿家庭数" in format_trace(found)


def test_a_rate_leaves_out_what_lacks_its_denominator_and_says_so(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = traced(warehouse, catalogue, "served_per_100")
    assert found.value == pytest.approx(20.0)  # (30 + 0) / (100 + 50): 市西街道 has no denominator
    left_out = found.select_step("cell").filter("is_left_out")
    assert left_out.select("org_name", "term", "value").rows() == [("市西街道", "family_served_count", 5.0)]
    assert found.used_cells.filter(org_name="市西街道").is_empty()
    assert any(remark.startswith("未用：") for remark in found.remarks)


def test_a_rank_shows_its_peers(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_rank")
    peers = found.select_step("peer")
    assert peers.filter(pl.col("rank").is_not_null()).select("source_code", "value", "rank").rows() == [
        ("371603", 90, 1),
        ("371602", 35, 2),
    ]
    assert peers.height == 7
    assert "→ 第 2 位　滨城区　35" in format_trace(found)


def test_a_share_shows_the_citys_parts_too(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_share")
    assert found.value == pytest.approx(35 / 125 * 100)
    terms = dict(found.select_step("term").select("of_node", "value").iter_rows())
    assert terms == {"371602": 35, "371600": 125}
    assert "构成：\n  服务婴幼儿家庭数　2024年　35" in format_trace(found)


def test_a_streak_shows_the_years_that_hold(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "served_years")
    assert found.value == 3
    assert found.select_step("term")["source_year"].to_list() == [2022, 2023, 2024]


def test_a_streak_shows_the_year_that_broke_it_and_none_before(tmp_path: Path, catalogue: Catalogue) -> None:
    served = {2021: 4, 2022: 3, 2023: 0, 2024: 5}
    submissions = [submission(f"a{year}", seq, year=year) for seq, year in enumerate(served, start=1)]
    observations = [
        cells(f"a{year}", "371602", year, "371602001", 6, family_served_count=count)
        for year, count in served.items()
    ]
    path = build(tmp_path / "w.duckdb", catalogue, pl.concat(submissions), pl.concat(observations))
    found = trace(path, catalogue, "served_years", "371602", 2024)
    assert (found.value, found.is_exact) == (1, True)
    assert found.select_step("term").select("source_year", "value").rows() == [(2023, 0), (2024, 5)]
    assert found.select_step("cell")["source_year"].to_list() == [2023, 2024]


def test_a_number_counted_from_the_registry_says_so(warehouse: Path, catalogue: Catalogue) -> None:
    found = traced(warehouse, catalogue, "townships")
    assert found.value == found.used_cells.height > 10
    assert "（单位名录）" in format_trace(found, 1)


def test_a_counted_roster_row_shows_every_cell_that_made_it_count_and_quotes_it(tmp_path: Path) -> None:
    catalogue = load_catalogue()

    def site(number: int, tier: str, status: str) -> pl.DataFrame:
        said = {"name": ("A", f"{number}号小屋"), "tier": ("C", tier), "status": ("E", status)}
        return pl.concat(
            observation(
                "a", field, text, form="sunflower_site", org_code="371602001", item=f"{number}号小屋",
                sheet="年3-1表", row=number, cell=f"{letter}{number}",
            )
            for field, (letter, text) in said.items()
        )  # fmt: skip

    observations = pl.concat(
        [site(6, "国家级", "正常运行"), site(7, "省级", "正常运行"), site(8, "国家级", "已撤销")]
    )
    counted = observations.head(1).select(
        pl.exclude("value", "state"), measure=pl.lit("sunflower_site_national_count"), value=1.0, state=pl.lit("value")
    )  # fmt: skip
    path = build(
        tmp_path / "w.duckdb", catalogue, submission("a", 1), observations, counted.pipe(shaped, MEASURE),
        counted_rows=counted.pipe(shaped, COUNTED_ROW),
    )  # fmt: skip
    found = trace(path, catalogue, "sunflower_site_national_count", "371602", 2024)
    assert found.is_exact, found.remarks
    [(cell, raw, item)] = found.used_cells.select("cell", "raw", "item").rows()
    assert cell == "C6、E6"
    assert raw == "级别“国家级”，运行状态“正常运行”"
    assert item == "6号小屋"
    assert "年3-1表!C6、E6　填写级别“国家级”，运行状态“正常运行”" in format_trace(found)


def test_what_is_held_is_not_called_unreported(tmp_path: Path, catalogue: Catalogue) -> None:
    submissions = pl.concat(
        [
            submission("bin", 1, filled_count=1),
            submission("zhan", 2, unit="371603", decision="held", filled_count=1),
        ]
    )
    observations = pl.concat(
        [
            cells("bin", "371602", 2024, "371602001", 6, family_served_count=5),
            cells("zhan", "371603", 2024, "371603001", 6, family_served_count=90),
        ]
    )
    path = build(tmp_path / "w.duckdb", catalogue, submissions, observations)
    held = traced(path, catalogue, "served", "371603")
    assert (held.value, held.row["state"]) == (None, "held")
    assert "因待改正而暂存" in format_trace(held)
    assert "所需数据未报送" not in format_trace(held)
    assert traced(path, catalogue, "served", "371603001").row["state"] == "held"
    assert traced(path, catalogue, "served", "371621").row["state"] == "not_reported"
    assert "暂存" not in format_trace(traced(path, catalogue, "served", "371621"))
    whole = traced(path, catalogue, "served", "371600")
    assert (whole.value, whole.row["state"]) == (5, "value")
    assert any(r.startswith("暂存：其中") for r in whole.remarks)


def test_a_year_of_which_everything_is_held_says_so(tmp_path: Path, catalogue: Catalogue) -> None:
    said = cells("a", "371602", 2024, "371602001", 6, family_served_count=5)
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1, decision="held", filled_count=1), said)
    with pytest.raises(QueryError, match="都因待改正而暂存"):
        trace(path, catalogue, "served", "371602", 2024)


def test_a_counted_measure_names_the_rows_that_count_and_why(tmp_path: Path, catalogue: Catalogue) -> None:
    def row(org: str, number: int, has: bool) -> pl.DataFrame:
        return observation(
            "a",
            "has_association",
            has,
            form="organisation",
            org_code=org,
            sheet="年1表",
            row=number,
            cell=f"D{number}",
        )

    observations = pl.concat(
        [row("371602001", 6, True), row("371602002", 7, False), row("371602001001", 8, True)]
    )
    counted = observations.select(
        pl.exclude("value", "state"), measure=pl.lit("association_count"),
        value=(pl.col("text") == "true").cast(pl.Float64),
        state=pl.when(pl.col("text") == "true").then(pl.lit("value")).otherwise(pl.lit("zero")),
    ).pipe(shaped, MEASURE)  # fmt: skip
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1), observations, counted)
    found = trace(path, catalogue, "associations", "371602", 2024)
    assert (found.value, found.is_exact) == (2.0, True)
    cells_of = found.used_cells.select("source_code", "cell", "raw", "contribution")
    assert cells_of.sort("cell").rows() == [
        ("371602001", "D6", "是否成立计生协“是”", 1.0),
        ("371602001001", "D8", "是否成立计生协“是”", 1.0),
    ]


def test_the_history_of_a_merged_unit_is_traced_to_both_its_parts(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    registry = catalogue.registry
    gone = pl.col("org_code") == "371602002"
    units = registry.all_units.with_columns(
        valid_to=pl.when(gone | (pl.col("parent_code") == "371602002"))
        .then(2023)
        .otherwise("valid_to")
        .cast(pl.Int32)
    )
    succession = pl.DataFrame(
        [("371602002", "371602001", 2024, 1.0)], schema=registry.succession.schema, orient="row"
    )
    merged = dataclasses.replace(catalogue, registry=type(registry)(units, succession))
    observations = pl.concat(
        [
            cells("a", "371602", 2023, "371602001", 6, family_served_count=20),
            cells("a", "371602", 2023, "371602002", 7, family_served_count=3),
            cells("b", "371602", 2024, "371602001", 6, family_served_count=4),
        ]
    )
    submissions = pl.concat([submission("a", 1, year=2023), submission("b", 2)])
    path = build(tmp_path / "w.duckdb", merged, submissions, observations)
    found = trace(path, merged, "served_cumulative", "371602001", 2024)
    assert (found.value, found.is_exact) == (27.0, True)
    assert "市西街道" in format_trace(found)
