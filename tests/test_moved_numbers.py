"""Two warehouses compared number by number."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.upgrading.telling import list_rows
from warehouse.catalogue.frames import shaped
from warehouse.standing.moved_numbers import NUMBER, find_moved_numbers

ROW = {
    "year": 2024,
    "org_code": "990100",
    "indicator": "member_count",
    "org_name": "兰河市",
    "name_zh": "会员",
    "unit": "人",
    "value": 0.3,
    "state": "value",
    "coverage_pct": 100.0,
}


def numbers(*rows: dict[str, Any]) -> pl.DataFrame:
    return shaped(pl.DataFrame([ROW | row for row in rows], schema=NUMBER), NUMBER)


def test_what_adding_in_another_order_makes_of_a_sum_is_no_change() -> None:
    assert find_moved_numbers(numbers({}), numbers({"value": 0.1 + 0.2})).is_empty()


@pytest.mark.parametrize(
    "bent",
    [
        {"value": 0.31},
        {"value": None, "state": "not_reported"},
        {"value": 0.3, "state": "held"},
        {"coverage_pct": 50.0},
        {"coverage_pct": None},
    ],
    ids=str,
)
def test_another_value_state_or_coverage_is_a_change(bent: dict[str, Any]) -> None:
    for old, new in (({}, bent), (bent, {})):
        [row] = find_moved_numbers(numbers(old), numbers(new)).iter_rows(named=True)
        assert row["change"] == "changed"
        for side, given in (("old", ROW | old), ("new", ROW | new)):
            assert [row[f"{side}_{name}"] for name in ("value", "state", "coverage_pct")] == [
                given[name] for name in ("value", "state", "coverage_pct")
            ]


def test_what_one_of_them_does_not_publish_has_no_number_in_either() -> None:
    hidden = {"value": None, "state": "suppressed"}
    for old, new in (({}, hidden), (hidden, {})):
        [row] = find_moved_numbers(numbers(old), numbers(new)).iter_rows(named=True)
        assert (row["old_value"], row["new_value"]) == (None, None)


def test_another_name_or_unit_moves_no_number() -> None:
    assert find_moved_numbers(numbers({}), numbers({"name_zh": "个人会员", "org_name": "兰河"})).is_empty()


def test_numbers_that_only_one_has_are_new_or_gone_and_keep_their_names() -> None:
    old, new = numbers({}), numbers({"indicator": "visit_count", "name_zh": "走访"})
    moved = find_moved_numbers(old, new)
    assert moved.select("change", "indicator", "name_zh", "unit", "old_value", "new_value").rows() == [
        ("gone", "member_count", "会员", "人", 0.3, None),
        ("new", "visit_count", "走访", "人", None, 0.3),
    ]


def test_the_city_comes_first_and_of_an_indicator_the_latest_year() -> None:
    keys = [("990100", 2024), ("990100", 2023), ("990101", 2024), ("990101001", 2024)]
    rows = [{"org_code": org, "year": year} for org, year in keys]
    moved = find_moved_numbers(numbers({"year": 1999}).clear(), numbers(*reversed(rows)))
    assert moved.select("org_code", "year").rows() == keys


def test_two_that_are_empty_are_the_same() -> None:
    none = numbers({}).clear()
    assert find_moved_numbers(none, none).is_empty()


def test_numbers_are_listed_before_what_nobody_has_reported_yet() -> None:
    nothing = {"indicator": "hotline_call_count", "name_zh": "接听", "value": None, "state": "not_reported"}
    moved = find_moved_numbers(numbers({}), numbers({"value": 5.0}, nothing))
    assert moved["indicator"].to_list() == ["hotline_call_count", "member_count"]
    [row] = list_rows(moved, listed=1)
    assert (row["indicator"], row["old"], row["new"]) == ("会员（人）", "0.3", "5")
