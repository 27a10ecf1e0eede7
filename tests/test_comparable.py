"""mart.comparable in the published file: every year of the units of today, beside what was published of the year's own."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.small_city import BRIDGE_EAST, CITY, EAST, GREAT, LOWER, UPPER, WEST, small_city, told
from tests.test_vintages import City
from warehouse.catalogue.load import load_catalogue
from warehouse.store.query import query

KEY = ["year", "org_code", "indicator"]
OF_2022 = told("a", 1, {BRIDGE_EAST: 10, UPPER: 5, LOWER: 7}, year=2022)
OF_2023 = told("b", 2, {BRIDGE_EAST: 11, GREAT: 30}, year=2023)


@pytest.fixture
def city(tmp_path: Path) -> City:
    """Two villages became the third in 2023."""
    made = City(tmp_path, small_city(tmp_path / "catalogue"))
    made.night(OF_2022)
    made.night(OF_2023)
    return made


def members(city: City, year: int) -> dict[str, tuple[float | None, float | None, bool]]:
    found = city.ask(
        """SELECT org_code, value, value_as_was, is_redrawn FROM mart.comparable
           WHERE indicator = 'member_count' AND year = ?""",
        year,
    )
    return {row[0]: row[1:] for row in found.iter_rows()}


def test_a_merged_unit_stands_there_with_its_predecessors_numbers(city: City) -> None:
    found = members(city, 2022)
    assert found[GREAT] == (12, None, True)  # it was not there in 2022
    assert not {UPPER, LOWER} & found.keys()
    assert found[BRIDGE_EAST] == (10, 10, False)
    assert found[CITY] == (22, 22, False)
    assert members(city, 2023)[GREAT] == (30, 30, False)


def test_every_year_has_the_same_units_and_one_row_for_each(city: City) -> None:
    found = city.ask("FROM mart.comparable")
    assert found.select(KEY).is_unique().all()
    villages = found.filter(indicator="member_count").group_by("year").agg(pl.col("org_code").sort())
    assert villages["org_code"].n_unique() == 1
    in_chinese = city.ask('FROM mart_zh."可比口径的历年指标"')
    assert in_chinese.height == found.height


def test_the_last_year_is_what_is_published_of_it(city: City) -> None:
    columns = [*KEY, "value", "state", "coverage_pct", "maturity", "parent_code", "is_published"]
    both = [
        city.ask(f"SELECT {', '.join(columns)} FROM {table} WHERE year = 2023").sort(KEY)
        for table in ("mart.comparable", "mart.indicator")
    ]
    assert_frame_equal(*both)


def test_a_unit_that_was_renamed_has_todays_name_in_all_years(tmp_path: Path) -> None:
    small_city(tmp_path / "catalogue")
    path = tmp_path / "catalogue" / "registry" / "org_units.csv"
    text = path.read_text(encoding="utf-8")
    old, new = "990101001001,桥东村,village,990101001,,", "990101001001,东桥社区,village,990101001,2023,"
    path.write_text(text.replace(old, f"{old}2022\n{new}"), encoding="utf-8")
    city = City(tmp_path, load_catalogue(tmp_path / "catalogue"))
    city.night(OF_2022, OF_2023)
    names = city.ask("SELECT DISTINCT org_name FROM mart.comparable WHERE org_code = ?", BRIDGE_EAST)
    assert names["org_name"].to_list() == ["东桥社区"]


def test_a_file_built_night_by_night_says_the_same_as_one_built_at_once(city: City, tmp_path: Path) -> None:
    at_once = City(tmp_path / "other", small_city(tmp_path / "another"))
    at_once.home.mkdir()
    at_once.night(OF_2022, OF_2023)
    one, other = (query(c.path, "FROM mart.comparable").sort(KEY) for c in (city, at_once))
    assert_frame_equal(one, other)


def test_when_a_year_is_gone_the_boundaries_are_those_of_the_year_before(city: City) -> None:
    returned = pl.DataFrame(
        {
            "submission": OF_2023["submissions"]["submission"],
            "decision": ["held"],
            "reason": ["x"],
            "rule": ["y"],
        }
    )
    city.night(decisions=returned)
    found = members(city, 2022)
    assert (found[UPPER][0], found[LOWER][0]) == (5, 7)
    assert GREAT not in found
    assert found[EAST] == (22, 22, False)


def test_what_is_missing_since_a_predecessors_report_is_held_says_so(city: City) -> None:
    held = {
        "submission": OF_2022["submissions"]["submission"],
        "decision": ["held"],
        "reason": ["x"],
        "rule": ["y"],
    }
    city.night(told("c", 3, {f"{WEST}001": 1}, unit=WEST, year=2022), decisions=pl.DataFrame(held))
    found = city.ask(
        "SELECT org_code, state FROM mart.comparable WHERE indicator = 'member_count' AND year = 2022"
    )
    states = dict(found.iter_rows())
    assert (states[GREAT], states[EAST], states[f"{WEST}001001"]) == ("held", "held", "not_reported")
