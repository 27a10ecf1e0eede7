"""The papers of the city in LibreOffice: they open, say the same numbers there, and nothing is cut off on their pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.summary.summary import write_summary_tables
from flows.yearbook.yearbook import write_yearbook
from tests.integration.libreoffice import printed, recalculated, require_libreoffice, require_printing
from tests.read_yearbook import read_tables
from tests.summed_measures import published_sums
from tests.yearbook_samples import CITY, published_numbers
from warehouse.catalogue.load import load_catalogue

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def yearbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A yearbook with a number of eleven digits in it."""
    folder, catalogue = tmp_path_factory.mktemp("yearbook"), load_catalogue()
    large = {(2024, CITY, "claim_paid_cumulative_cny"): {"value": 98_765_432_101.0}}
    write_yearbook(published_numbers(folder, catalogue, large), catalogue, 2024, folder / "年鉴.xlsx")
    return folder / "年鉴.xlsx"


def test_libreoffice_reads_the_same_numbers_from_a_yearbook(yearbook: Path, tmp_path: Path) -> None:
    require_libreoffice()
    [again] = recalculated([yearbook], tmp_path)
    ours, theirs = list(read_tables(yearbook)), list(read_tables(again))
    assert [read[:5] for read in theirs] == [read[:5] for read in ours]
    for our, their in zip(ours, theirs, strict=True):
        if isinstance(our.cell.value, str):
            assert their.cell.value == our.cell.value
        else:
            assert their.cell.value == pytest.approx(our.cell.value, rel=1e-14)  # 15 digits are saved


def test_no_number_of_a_yearbook_is_too_wide_for_its_column_in_print(yearbook: Path, tmp_path: Path) -> None:
    require_printing()
    text = printed(yearbook, tmp_path)
    assert "98,765,432,101" in text
    assert "##" not in text
    pages = text.split("\f")[:-1]
    assert len(pages) > 30
    for number, page in enumerate(pages, start=1):
        assert "滨州市计划生育协会" in page
        assert re.search(rf"第\s*{number}\s*页\s*共\s*{len(pages)}\s*页", page), number


def test_summary_tables_are_printed_whole_with_the_line_to_be_signed(tmp_path: Path) -> None:
    require_printing()
    catalogue = load_catalogue()
    large = {(CITY, "claim_paid_cny"): {"value": 98_765_432_101.0}}
    database, target = published_sums(tmp_path, catalogue, large), tmp_path / "汇总表.xlsx"
    write_summary_tables(database, catalogue, 2024, target, None, "county")
    text = printed(target, tmp_path)
    assert "98,765,432,101.00" in text
    assert "##" not in text
    pages = text.split("\f")[:-1]
    assert len(pages) == 15
    for page in pages:
        assert "汇总单位：滨州市计划生育协会" in page
        assert re.search(r"单位负责人：\s*统计负责人：\s*填表人：\s*报出日期：", page)


def test_the_head_of_a_table_stands_on_every_page_that_it_goes_on(yearbook: Path, tmp_path: Path) -> None:
    require_printing()
    for page in printed(yearbook, tmp_path).split("\f"):
        if re.search(r"^\s*(市中街道|市西街道|富国街道)\s", page, re.MULTILINE):
            assert re.search(r"表\d+-\d+", page)
            assert "地区" in page
