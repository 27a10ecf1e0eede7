"""Unit and year come from the workbook itself, and only where it is silent from its folder or name."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from tests.workbooks import CATALOGUE
from transforms.conforming.identify import Identity, identify
from transforms.reading.file_read import FileRead, SheetRead
from warehouse.registry.registry import Registry

SHEETS = [SheetRead("population", "年2表", False, {}, {}, pl.DataFrame())]


def of(file_name: str = "a.xlsx", folder: str | None = None, **cover: str) -> Identity:
    return identify(FileRead("read", cover=cover, sheets=SHEETS), file_name, folder, CATALOGUE)


@pytest.mark.parametrize(
    "cover",
    [
        {"unit_code": "371602"},
        {"unit_code": "371602.0"},
        {"unit_code": "371602000000"},
        {"unit_code": "371602", "unit_name": "滨城区"},
        {"unit_name": "滨城区"},
        {"unit_name": " 滨 城 区 "},
        {"unit_name": "滨城区计划生育协会"},
        {"unit_name": "滨州市滨城区"},
    ],
)
@pytest.mark.parametrize("year", ["2024", "2024.0", "2024年", "2024年度", "２０２４"])
def test_the_cover_names_unit_and_year(cover: dict[str, str], year: str) -> None:
    assert of(**cover, year=year) == Identity("371602", 2024)


@pytest.mark.parametrize("name", ["滨州市本级", "滨州市", "滨州市计划生育协会"])
def test_the_citys_own_level_is_a_reporting_unit(name: str) -> None:
    assert of(unit_name=name, year="2024").unit_code == "371600"


@pytest.mark.parametrize(
    "name", ["371602_2024年报.xlsx", "滨城区2024.xlsx", "滨州市滨城区 2024 年报(终).xlsx"]
)
def test_the_file_name_speaks_where_the_workbook_is_silent(name: str) -> None:
    assert of(name) == Identity("371602", 2024)


@pytest.mark.parametrize("folder", ["371602", "滨城区", "371602 滨城区", "滨城区/2024"])
def test_the_folder_speaks_before_the_file_name(folder: str) -> None:
    assert of("371603_2024.xlsx", folder).unit_code == "371602"


def test_the_cover_speaks_before_the_file_name() -> None:
    assert of("371603_2023.xlsx", unit_code="371602", year="2024") == Identity("371602", 2024)


def test_a_workbook_in_another_units_folder_is_refused() -> None:
    found = of(folder="沾化区", unit_code="371602", year="2024")
    assert found.refusal == "refuse.wrong_folder"
    assert found.detail == "工作簿是滨城区的，文件夹是沾化区的"


def test_a_folder_that_names_no_unit_says_nothing() -> None:
    assert of(folder="补报", unit_code="371602", year="2024").refusal is None


@pytest.mark.parametrize(
    "cover",
    [{}, {"unit_name": "海淀区"}, {"unit_name": "滨城"}, {"unit_code": "371602", "unit_name": "沾化区"}],
)
def test_a_unit_that_cannot_be_told_is_refused(cover: dict[str, str]) -> None:
    assert of("年报.xlsx", year="2024", **cover).refusal == "refuse.unknown_unit"


def test_a_wrong_name_on_the_cover_is_not_overruled_by_the_file_name() -> None:
    assert of("371602_2024.xlsx", unit_name="海淀区").refusal == "refuse.unknown_unit"


def test_a_file_name_with_two_units_names_none() -> None:
    assert of("滨城区沾化区2024.xlsx").refusal == "refuse.unknown_unit"


@pytest.mark.parametrize(("year", "name"), [("", "a.xlsx"), ("去年", "2024.xlsx"), ("", "2023对比2024.xlsx")])
def test_a_year_that_cannot_be_told_is_refused(year: str, name: str) -> None:
    assert of(name, unit_code="371602", year=year).refusal == "refuse.unknown_year"


@pytest.mark.parametrize(
    "year", [str(CATALOGUE.settings.first_year - 1), str(CATALOGUE.settings.last_year + 1)]
)
def test_a_year_that_is_not_open_is_refused(year: str) -> None:
    assert of(unit_code="371602", year=year).refusal == "refuse.year_out_of_range"


def test_what_reading_refused_stays_refused_but_its_receipt_finds_its_unit() -> None:
    damaged = FileRead("refuse.damaged", detail="x")
    assert identify(damaged, "年报.xlsx", "滨城区", CATALOGUE) == Identity(
        "371602", None, "refuse.damaged", "x"
    )
    assert identify(damaged, "371602_2024.xlsx", None, CATALOGUE) == Identity(
        "371602", 2024, "refuse.damaged", "x"
    )
    assert identify(damaged, "a.xlsx", None, CATALOGUE) == Identity(None, None, "refuse.damaged", "x")


def test_a_workbook_without_any_form_is_refused() -> None:
    assert identify(FileRead("read"), "371602_2024.xlsx", None, CATALOGUE).refusal == "refuse.no_sheet"


NAMESAKES = dataclasses.replace(
    CATALOGUE,
    registry=Registry(
        CATALOGUE.registry.all_units.with_columns(
            name=pl.when(pl.col("org_code") == "371603").then(pl.lit("滨城区")).otherwise("name")
        ),
        CATALOGUE.registry.succession,
    ),
)
"""A catalogue in which two counties are called 滨城区."""


@pytest.mark.parametrize("unit", ["371602", "371603"])
@pytest.mark.parametrize("name", ["滨城区", "滨州市滨城区"])
def test_of_counties_with_one_name_the_code_says_which(unit: str, name: str) -> None:
    read = FileRead("read", cover={"unit_code": unit, "unit_name": name, "year": "2024"}, sheets=SHEETS)
    assert identify(read, "a.xlsx", None, NAMESAKES) == Identity(unit, 2024)


def test_the_name_of_several_counties_alone_says_nothing_unless_the_folder_does() -> None:
    read = FileRead("read", cover={"unit_name": "滨城区", "year": "2024"}, sheets=SHEETS)
    assert identify(read, "滨城区2024.xlsx", None, NAMESAKES) == Identity(
        None, 2024, "refuse.unknown_unit", "有2个单位名称是滨城区，须写明单位代码"
    )
    assert identify(read, "a.xlsx", "371603", NAMESAKES) == Identity("371603", 2024)
