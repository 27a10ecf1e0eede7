"""What people look at as a sheet says what the long tables say: wide tables, rosters, Chinese names, comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.small_city import (
    BEND,
    BRIDGE,
    BRIDGE_EAST,
    BRIDGE_WEST,
    CITY,
    EAST,
    GREAT,
    LOWER,
    UPPER,
    WEST,
    small_city,
    told,
)
from tests.test_vintages import City
from tests.warehouse_samples import batch, observation
from warehouse.catalogue.load import load_catalogue
from warehouse.store.schema.shapes import ZH, list_shapes
from warehouse.store.schema.tables import tables

WEST_TOWNSHIP, WEST_VILLAGE = "990102001", "990102001001"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Two counties in three years."""
    home = tmp_path_factory.mktemp("home")
    made = City(home, small_city(home / "catalogue"))
    reports = []
    for n, year in enumerate((2022, 2023, 2024), start=1):
        great = {UPPER: 15 * n, LOWER: 15 * n} if year < 2023 else {GREAT: 30 * n}
        numbers = {
            EAST: {EAST: 1, BRIDGE: 1, BEND: 1, BRIDGE_EAST: 10 + n, BRIDGE_WEST: 20, **great},
            WEST: {WEST: 1, WEST_TOWNSHIP: 1, WEST_VILLAGE: 5 * n},
        }
        reports += [
            told(f"{unit}-{year}", 10 * n + place, of, unit=unit, year=year)
            for place, (unit, of) in enumerate(numbers.items())
        ]
    made.night(*reports)
    return made


@pytest.mark.parametrize("level", ["city", "county", "township"])
def test_a_wide_table_holds_the_numbers_of_the_long_one(city: City, level: str) -> None:
    wide = city.ask(f"FROM mart.{level}_year")
    names = [c for c in wide.columns if c in city.catalogue.indicators]
    long = wide.unpivot(names, index=["year", "org_code"], variable_name="indicator").drop_nulls("value")
    meant = city.ask(
        "SELECT year, org_code, indicator, value FROM mart.indicator WHERE org_level = ? AND value IS NOT NULL",
        level,
    )
    key = ["year", "org_code", "indicator"]
    assert_frame_equal(long.sort(key), meant.sort(key))
    assert meant.height


def test_each_table_of_mart_has_a_chinese_view_with_the_same_rows(city: City) -> None:
    shapes = list_shapes(city.catalogue)
    originals = {
        t.name_zh: t.full_name
        for t in (*tables().values(), *shapes)
        if t.schema == "mart" and t.kind != "log"
    }
    assert {shape.name for shape in shapes if shape.schema == ZH} == originals.keys()
    for name, original in originals.items():
        shown = city.ask(f'FROM {ZH}."{name}" ORDER BY ALL')
        assert len(set(shown.columns)) == len(city.ask(f"FROM {original} LIMIT 0").columns)
        assert shown.rows() == city.ask(f"FROM {original} ORDER BY ALL").rows()


def profile(city: City, **which: Any) -> pl.DataFrame:
    return city.ask("FROM mart.indicator_profile").filter(**which)


def test_what_the_counties_contribute_adds_up_to_the_change_of_the_city(city: City) -> None:
    counties = profile(city, indicator="member_count", org_level="county", year=2024)
    whole = profile(city, indicator="member_count", org_level="city", year=2024).row(0, named=True)
    assert counties["contribution_points"].sum() == pytest.approx(whole["change_pct"])
    assert counties["parent_share_pct"].sum() == pytest.approx(100)


def test_a_place_is_among_the_units_below_the_same_one(city: City) -> None:
    townships = profile(city, indicator="member_count", org_level="township", year=2024)
    of_east = townships.filter(parent_code=EAST).sort("sibling_rank")
    assert of_east.select("org_code", "sibling_rank", "sibling_count", "sibling_percentile").row(0) == (
        BEND,
        1,
        2,
        100,
    )
    assert townships.filter(parent_code=WEST)["sibling_count"].to_list() == [1]


def test_three_years_give_a_mean_and_a_trend_and_two_do_not(city: City) -> None:
    rows = profile(city, indicator="member_count", org_code=CITY).sort("year")
    values = rows["value"].to_list()
    assert rows["mean_3y"].to_list() == [None, None, pytest.approx(sum(values) / 3)]
    assert rows["trend_3y"].to_list() == [None, None, pytest.approx((values[2] - values[0]) / 2)]


def test_a_programme_has_a_row_a_year(city: City) -> None:
    rows = city.ask("FROM mart.programme_year WHERE known_count > 0 ORDER BY year")
    assert rows.select("year", "programme").is_duplicated().any() is False
    assert rows["year"].to_list() == [2022, 2023, 2024]


def sites(name: str, year: int, *listed: tuple[str, str, str]) -> dict[str, pl.DataFrame]:
    """The roster of sites of a county: name, tier, status."""
    made = batch(name, year - 2000, unit="371602", year=year)
    cells = [
        observation(
            name, field, text, form="sunflower_site", item=site, year=year, sheet="年3-1表", row=row,
            cell=f"{column}{row}",
        )
        for row, (site, tier, status) in enumerate(listed, start=6)
        for column, field, text in (("D", "name", site), ("E", "tier", tier), ("G", "status", status))
    ]  # fmt: skip
    made["observations"] = pl.concat(cells)
    return made


def test_a_roster_is_a_row_a_site_and_year_with_what_changed(tmp_path: Path) -> None:
    place = City(tmp_path, load_catalogue())
    place.night(
        sites("a", 2023, ("甲小屋", "市级", "正常运行"), ("乙小屋", "市级", "正常运行")),
        sites("b", 2024, ("甲小屋", "省级", "正常运行"), ("丙小屋", "市级", "正常运行")),
    )
    rows = place.ask(
        "SELECT year, name, tier, is_new, is_last, changes FROM mart.sunflower_site ORDER BY year, row"
    )
    assert rows.rows() == [
        (2023, "甲小屋", "市级", None, False, None),
        (2023, "乙小屋", "市级", None, True, None),
        (2024, "甲小屋", "省级", False, None, "级别：市级→省级"),
        (2024, "丙小屋", "市级", True, None, None),
    ]


def test_every_roster_of_the_catalogue_has_its_table() -> None:
    catalogue = load_catalogue()
    made = {shape.full_name for shape in list_shapes(catalogue)}
    assert {"mart.sunflower_site", "mart.warm_home", "mart.youth_project", "mart.case"} <= made
    assert {f"mart.{form.id}" for form in catalogue.forms.values() if form.is_roster} <= made
