"""A trace says where a number is not what its cells make of it, what is not published of it, and what does not exist."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.small_city import BRIDGE, EAST, question, small_city, told
from tests.test_questions import explained
from tests.traced_numbers import FINAL, build, cells, traced, traced_catalogue, two_counties
from tests.warehouse_samples import NOON, note, submission
from transforms.indicators.indicators import compute
from warehouse.catalogue.load import Catalogue
from warehouse.store.build import NightBuild
from warehouse.store.query import QueryError
from warehouse.trace.text import format_trace
from warehouse.trace.trace import trace


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return traced_catalogue()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    return two_counties(tmp_path_factory.mktemp("t"), catalogue)


def change(path: Path, *statements: str) -> Path:
    """The file after these statements, as no program of ours writes it."""
    with duckdb.connect(path) as connection:
        for each in statements:
            connection.execute(each)
    return path


OF_THE_COUNTY = "org_code = '371602' AND indicator = 'served'"


@pytest.fixture
def small(tmp_path: Path, catalogue: Catalogue) -> Path:
    """A warehouse of two townships."""
    said = [
        cells("a", "371602", 2024, "371602001", 6, family_served_count=20),
        cells("a", "371602", 2024, "371602002", 7, family_served_count=2),
    ]
    return build(tmp_path / "w.duckdb", catalogue, submission("a", 1), pl.concat(said))


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        (f"UPDATE mart.indicator_log SET value = 21 WHERE {OF_THE_COUNTY}", "重新计算得 22，指标值为 21。"),
        (f"UPDATE mart.indicator_log SET value = NULL WHERE {OF_THE_COUNTY}", "重新计算得 22，指标值为 …。"),
        (
            "UPDATE core.observation_log SET value = 3 WHERE cell = 'F7'",
            "各单元格合计为 23，计量值合计为 22。",
        ),
        ("DELETE FROM core.observation_log WHERE cell = 'F7'", "各单元格合计为 20，计量值合计为 22。"),
    ],
)
def test_a_number_that_is_not_the_sum_of_its_parts_is_called_so(
    small: Path, catalogue: Catalogue, bent: str, said: str
) -> None:
    found = traced(change(small, bent), catalogue, "served")
    assert found.is_exact is False
    [remark] = [r for r in found.remarks if r.startswith("不符：")]
    assert said in remark
    assert not any("相符。" in r for r in found.remarks)


def test_what_is_suppressed_comes_out_as_a_star_and_is_not_called_wrong(
    small: Path, catalogue: Catalogue
) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(small, *(f"UPDATE core.{name} {hidden}" for name in ("measure_log", "observation_log")))
    change(small, f"UPDATE mart.indicator_log {hidden}")
    found = traced(small, catalogue, "served")
    assert (found.value, found.is_exact) == (22, None)
    assert found.remarks[0] == "核对：有不公布的单元格（*），在公布库中不能逐项核对。"
    assert not any("不符" in remark for remark in found.remarks)
    stars = found.rows.filter(state="suppressed").select("step", "value", "raw").rows()
    assert stars == [(step, None, None) for step in ("formula", "term", "unit", "cell")]
    text = format_trace(found)
    assert "服务婴幼儿家庭数　2024年　*　（1 个单元格；应报 15，已报 2）" in text
    assert "1 个不公布" in text
    own = traced(small, catalogue, "served", "371602002")
    assert own.row["state"] == "suppressed"
    assert "数值：* 户" in format_trace(own)
    assert "无数值的原因：不公布" in format_trace(own)


def test_a_suppressed_peer_is_a_star_among_the_places(small: Path, catalogue: Catalogue) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(
        small,
        *(
            f"UPDATE {name} {hidden}"
            for name in ("core.measure_log", "core.observation_log", "mart.indicator_log")
        ),
    )
    found = traced(small, catalogue, "served_rank", "371602001")
    assert (found.value, found.is_exact) == (1, None)
    assert "→ 第 1 位　市中街道　20" in format_trace(found)
    assert "市西街道　*" in format_trace(found)


def test_what_is_suppressed_was_reported_and_leaves_nothing_out(tmp_path: Path, catalogue: Catalogue) -> None:
    said = [
        cells("a", "371602", 2024, "371602001", 6, family_served_count=20, infant_family_count=100),
        cells("a", "371602", 2024, "371602002", 7, family_served_count=2, infant_family_count=50),
    ]
    path = build(tmp_path / "w.duckdb", catalogue, submission("a", 1), pl.concat(said))
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(path, f"UPDATE core.measure_log {hidden}", f"UPDATE core.observation_log {hidden}")
    found = traced(path, catalogue, "served_per_100")
    assert (found.value, found.is_exact) == (pytest.approx(22 / 150 * 100), None)
    assert not any(remark.startswith("未用：") for remark in found.remarks)
    counts = found.select_step("term").select("term", "value", "reported_count").rows()
    assert counts == [("family_served_count", None, 2), ("infant_family_count", None, 2)]


def test_what_is_suppressed_of_a_split_unit_comes_out_of_no_part(small: Path, catalogue: Catalogue) -> None:
    hidden = "SET state = 'suppressed', value = NULL WHERE org_code = '371602002'"
    change(
        small,
        "INSERT INTO core.heir VALUES (2024, 2024, '371602002', '371602002', 1.0)",
        """INSERT INTO core.handed_on
           VALUES (2024, 2024, '371602002', '371602002', 'family_served_count', 1.0, 2.0)""",
    )
    assert 2.0 in traced(small, catalogue, "served").select_step("unit")["value"]
    change(small, *(f"UPDATE core.{name} {hidden}" for name in ("measure_log", "observation_log")))
    for indicator in ("served", "served_change"):  # which leaves all of the year out
        units = traced(small, catalogue, indicator).select_step("unit").filter(state="suppressed")
        assert units["value"].to_list() == [None]


def test_a_file_of_an_earlier_version_is_to_be_built_anew(small: Path, catalogue: Catalogue) -> None:
    change(small, "CREATE OR REPLACE MACRO trace(a, b, c) AS TABLE SELECT 'number' AS step")
    with pytest.raises(QueryError, match="nianbao rebuild"):
        traced(small, catalogue, "served")


@pytest.mark.parametrize(("indicator", "org"), [("nothing", "371602"), ("served", "999999")])
def test_what_does_not_exist_is_said_in_chinese(
    warehouse: Path, catalogue: Catalogue, indicator: str, org: str
) -> None:
    with pytest.raises(QueryError, match="没有"):
        trace(warehouse, catalogue, indicator, org, 2024)


def test_a_text_of_few_lines_still_counts_all_cells(warehouse: Path, catalogue: Catalogue) -> None:
    text = format_trace(traced(warehouse, catalogue, "served", "371600"), 1)
    assert "列出数值最大的 1 个" in text
    assert "90　服务婴幼儿家庭数　2024年　沾化区 富国街道　年3-2表!F6　zhanhua-2024.xlsx" in text


def test_of_many_peers_the_unit_asked_about_is_shown_too(warehouse: Path, catalogue: Catalogue) -> None:
    text = format_trace(traced(warehouse, catalogue, "served_rank"), 1)
    assert "同级单位（7 个）：\n　 第 1 位　沾化区　90\n→ 第 2 位　滨城区　35\n来源单元格" in text


def test_notes_questions_and_explanations_stand_beside_their_cell(tmp_path: Path) -> None:
    city = small_city(tmp_path / "catalogue")
    place = {"operands": "member_count=12", "cell": "C6", "sheet": "年3-2表"}
    said = told("a", 1, {EAST: 12.0, BRIDGE: 3.0}, asked=[question(EAST, 12.0, **place)])
    said["notes"] = note("a", "12①", "12").with_columns(fix=pl.lit("note_mark"))
    answer = explained(EAST, "新增两个小区。", 1, "explained", year=2024)
    with NightBuild(tmp_path / "w.duckdb", None, city) as night:
        night.add_batch(**said)
        night.set_explanations(answer.with_columns(operands=pl.lit(place["operands"])))
        night.set_indicators(compute(night.read_standing_measures(), city, FINAL).indicators, at=NOON)
    found = trace(tmp_path / "w.duckdb", city, "member_count", EAST, 2024)
    [asked] = found.used_cells.drop_nulls("questions").to_dicts()
    assert (asked["cell"], asked["explanations"], asked["remarks"]) == ("C6", "新增两个小区。", "note_mark")
    text = format_trace(found)
    assert (
        "年3-2表!C6　填写“12①”（已去掉注号）　a.xlsx\n      问题：不对。（已说明，待审核）\n      说明：新增两个小区。\n"
        in text
    )
    assert "存疑：计入的单元格中有 1 个有审核问题" in text
