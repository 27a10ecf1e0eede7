"""The units of a year are those whose dates hold it; years without a change between them share one frame."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings

from tests.drawn_registries import FIRST_YEAR, LAST_YEAR, registries
from tests.example_counts import examples
from tests.measure_rows import CITY, EAST
from warehouse.catalogue.load import Catalogue
from warehouse.registry.registry import Registry

YEARS = range(FIRST_YEAR - 2, LAST_YEAR + 3)


def make_registry(*townships: tuple[str, int | None, int | None]) -> Registry:
    """A city with one county and these townships: code, first and last year."""
    above = [(CITY, "某市", "city", None, None, None), (EAST, "东县", "county", CITY, None, None)]
    rows = [*above, *((code, f"{code}镇", "township", EAST, first, last) for code, first, last in townships)]
    schema = {
        "org_code": pl.String,
        "name": pl.String,
        "level": pl.String,
        "parent_code": pl.String,
        "valid_from": pl.Int32,
        "valid_to": pl.Int32,
    }
    moved = pl.DataFrame(
        schema={"old_code": pl.String, "new_code": pl.String, "year": pl.Int32, "share": pl.Float64}
    )
    return Registry(pl.DataFrame(rows, schema=schema, orient="row"), moved)


@settings(max_examples=examples(50))
@given(registries())
def test_the_units_of_a_year_are_those_whose_dates_hold_it(catalogue: Catalogue) -> None:
    registry = catalogue.registry
    dated = registry.all_units.with_columns(
        pl.col("valid_from").fill_null(0), pl.col("valid_to").fill_null(9999)
    )
    for year in YEARS:
        valid = dated.filter(pl.lit(year).is_between("valid_from", "valid_to"))
        assert registry.units(year)["org_code"].to_list() == valid["org_code"].to_list()


def test_years_without_a_change_between_them_share_a_frame() -> None:
    registry = make_registry((f"{EAST}001", None, 2021), (f"{EAST}002", 2022, None))
    assert registry.units(2021) is registry.units(2019)
    assert registry.units(2022) is not registry.units(2021)
    assert registry.units(2024) is registry.units(2022)


def test_a_unit_that_ends_is_gone_in_the_year_after_though_none_begins_then() -> None:
    registry = make_registry((f"{EAST}001", None, None), (f"{EAST}002", None, 2021))
    assert f"{EAST}002" in registry.units(2021)["org_code"]
    assert f"{EAST}002" not in registry.units(2022)["org_code"]
