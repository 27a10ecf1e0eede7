"""The benchmark's catalogue of the country: counties chosen from a division list, and numbers taken over by position."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.country_catalogue import choose_counties, write_catalogue
from benchmarks.country_page import find_deviation
from benchmarks.county_entries import match_units, take_over
from benchmarks.division_list import DivisionList, PackageChanged, find_oddities, list_units, read_package
from warehouse.catalogue.load import load_catalogue

COUNTIES = 11


def make_list(counties: int = COUNTIES) -> DivisionList:
    """A province of one city; every county has two townships, the first of two villages, the second of one."""
    codes = [f"9901{number:02}" for number in range(1, counties + 1)]
    townships = [(f"{code}00{number}", code) for code in codes for number in (1, 2)]
    villages = [
        (f"{township}00{number}", township)
        for township, _ in townships
        for number in (1, 2)[: 3 - int(township[-1])]
    ]
    return DivisionList(
        {
            "province": pl.DataFrame({"code": ["99"], "name": ["某省"]}),
            "city": pl.DataFrame({"code": ["9901"], "name": ["某市"], "provinceCode": ["99"]}),
            "county": pl.DataFrame(
                {"code": codes, "name": [f"{code}县" for code in codes], "cityCode": ["9901"] * counties}
            ),
            "township": pl.DataFrame(
                [(code, f"{code}镇", above) for code, above in townships],
                schema=["code", "name", "areaCode"],
                orient="row",
            ),
            "village": pl.DataFrame(
                [(code, f"{code}村", above) for code, above in villages],
                schema=["code", "name", "streetCode"],
                orient="row",
            ),
        }
    )


@pytest.mark.parametrize("count", range(1, COUNTIES))
def test_a_choice_of_counties_is_part_of_every_larger_one(count: int) -> None:
    smaller, larger = (choose_counties(make_list(), size) for size in (count, count + 1))
    assert smaller.len() == count
    assert set(smaller) < set(larger)


def test_counties_are_chosen_from_the_whole_list() -> None:
    assert choose_counties(make_list(8), 4).to_list() == ["990101", "990103", "990105", "990107"]


def test_the_catalogue_of_some_counties_loads_with_their_units_alone(tmp_path: Path) -> None:
    divisions = make_list()
    folder = write_catalogue(tmp_path / "country", divisions, choose_counties(divisions, 3))
    catalogue = load_catalogue(folder)
    levels = dict(catalogue.registry.units(2024).group_by("level").len().iter_rows())
    assert levels == {"city": 1, "county": 3, "township": 6, "village": 9}
    assert catalogue.settings.city.code == "100000"
    assert catalogue.bulletin.tiles == {}


def test_a_list_without_a_unit_above_is_noted() -> None:
    divisions = make_list()
    levels = divisions.levels | {"county": divisions.levels["county"][1:]}
    odd = {what: count for what, count in find_oddities(DivisionList(levels)).items() if count}
    assert odd == {"township: unit above not in the list": 2}


def test_a_package_with_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.tgz").write_bytes(b"other")
    with pytest.raises(PackageChanged, match="sha512"):
        read_package(tmp_path / "other.tgz")


def test_numbers_go_over_by_position_and_begin_again_where_the_model_has_fewer() -> None:
    model = list_units(make_list(1)).filter(pl.col("level") != "city")
    target = model.with_columns(pl.col("org_code", "parent_code").str.replace("^990101", "990202"))
    further = pl.DataFrame({"org_code": ["990202002002"], "level": ["village"], "parent_code": ["990202002"]})
    matched = match_units(model, pl.concat([target, further], how="diagonal"), turn=1)
    followed = {code: source for source, code in matched.iter_rows()}
    assert followed["990202"] == "990101"
    assert followed["990202001"] == "990101002"
    assert followed["990202002"] == "990101001"
    assert followed["990202001001"] == followed["990202001002"] == "990101002001"
    assert {followed["990202002001"], followed["990202002002"]} == {"990101001001", "990101001002"}


def test_a_form_with_words_among_its_numbers_is_taken_over_row_by_row() -> None:
    mixed = pl.Series("visit_count", [3.0, "不适用"], dtype=pl.Object)
    entries = {"care": pl.DataFrame({"org_code": ["a", "b"]}).with_columns(mixed)}
    matched = pl.DataFrame({"source_code": ["b", "a", "b"], "org_code": ["x", "y", "z"]})
    taken = take_over(entries, matched)["care"]
    assert taken["org_code"].to_list() == ["x", "y", "z"]
    assert taken["visit_count"].to_list() == ["不适用", 3.0, "不适用"]


def test_a_size_on_the_line_of_two_smaller_ones_does_not_deviate() -> None:
    assert find_deviation([(300, 20.0), (1000, 48.0), (2978, 127.12)]) == pytest.approx(0)
    assert find_deviation([(100, 10.0), (200, 20.0), (1000, 120.0)]) == pytest.approx(0.2)
    assert find_deviation([(100, 10.0), (200, 20.0)]) is None
