"""What stands, as people read it: entries of last year, the status of a year, outcomes of submissions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.published_nights import night
from tests.warehouse_samples import batch, finding, observation, refused, submission
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.standing.outcomes import read_outcome
from warehouse.standing.status import list_status
from warehouse.store.query import read_known_submissions, read_standing_entries


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


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


def test_a_unit_of_which_nothing_stands_has_no_entries(tmp_path: Path, catalogue: Catalogue) -> None:
    warehouse = night(tmp_path, catalogue, batch("a", 1))
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
