"""A bulletin of an invented city, from the published file to what Word and a browser are given."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook

import flows.bulletin.bulletin
import flows.charts.plotted
from flows.bulletin.bulletin import Bulletin, compose_bulletin
from flows.bulletin.web_page import write_web_page
from flows.bulletin.word_file import write_word_file
from flows.charts.plotted import Plotted
from tests.measure_rows import WILLOW
from tests.office_parts import read_parts
from tests.small_city import BEND, BRIDGE, CITY, EAST, WEST, told
from tests.test_published_copy import Batch, Office, care
from warehouse.catalogue.load import load_catalogue
from warehouse.published.figures import YearNotPublished

DECLARED = """
opening: {text: '累计走访{visit_cumulative_count}。', figures: [visit_cumulative_count, visit_per_100_households]}
programmes:
  - programme: care
    text: 累计走访{visit_cumulative_count}。每百户走访{visit_per_100_households}[，{visit_per_100_households.growth}]。
    figures: [visit_cumulative_count]
    charts: [{title: 累计走访, indicators: [visit_cumulative_count]}]
"""
RARE = 4177
"""A number that is in no other."""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    declared = made.catalogue.folder / "bulletin.yaml"
    declared.write_text(DECLARED, encoding="utf-8")
    return made


def east(seq: int, year: int, visits: float = 10) -> Batch:
    households = {BRIDGE: 100.0, BEND: 50.0}
    return care(f"east-{year}", seq, {BRIDGE: visits, BEND: 2}, households, year, unit=EAST)


def west(seq: int, year: int, visits: float = 8) -> Batch:
    return care(f"west-{year}", seq, {WILLOW: visits}, {WILLOW: 80.0}, year, unit=WEST)


def composed(office: Office, year: int = 2024) -> Bulletin:
    return compose_bulletin(office.published, load_catalogue(office.catalogue.folder), year)


def care_said(bulletin: Bulletin) -> str:
    [section] = [s for s in bulletin.sections if "走访" in s.said.text]
    return section.said.text


def name_chart(chart: Plotted) -> str:
    return f"<svg><text>{chart.title}</text></svg>"


def test_both_years_are_told_and_compared(office: Office) -> None:
    office.night(east(1, 2023), west(2, 2023), east(3, 2024), west(4, 2024))
    bulletin = composed(office)
    assert bulletin.opening.text == "累计走访40户次。"
    assert care_said(bulletin) == "累计走访40户次。每百户走访8.7户次，与上年持平。"
    assert not any("尚未报送" in note for note in bulletin.notes if "东岸县" in note)


def test_a_county_that_has_not_reported_is_named_and_nothing_is_compared(office: Office) -> None:
    own = told("city-2024", 4, {CITY: 3}, unit=CITY, year=2024)
    office.night(east(1, 2023), west(2, 2023), east(3, 2024), own)
    bulletin = composed(office)
    assert "比上年" not in care_said(bulletin)
    assert "未含西岸县本年数。" in care_said(bulletin)
    assert any("西岸县" in note and "东岸县" not in note for note in bulletin.notes)
    assert {row[0]: row[2] for row in bulletin.by_county.rows}["西岸县"] == "…"


def test_of_more_counties_than_can_be_read_the_table_has_the_highest_and_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (flows.bulletin.bulletin, flows.charts.plotted):
        monkeypatch.setattr(module, "MOST_COUNTIES", 1)
    office.night(east(1, 2024), west(4, 2024, visits=20))
    table = composed(office).by_county
    assert [row[0] for row in table.rows] == ["全市", "西岸县"]
    assert "只列前" in table.title


def test_a_hidden_number_is_a_star_and_is_in_nothing_that_is_written(office: Office) -> None:
    hidden = tuple((2024, code, "visit_count") for code in (EAST, WEST))
    office.night(east(1, 2024, RARE - 2), west(2, 2024), hidden=hidden)
    bulletin = composed(office)
    assert {row[1] for row in bulletin.by_county.rows} >= {"*"}
    texts = [write_web_page(bulletin, name_chart), *read_parts(write_word_file(bulletin))]
    shown = {number for text in texts for number in re.findall(r"(?<![\d.])[\d,]{4,}(?![\d.])", text)}
    assert not shown & {str(RARE), f"{RARE:,}"}


def test_a_change_of_meaning_is_noted_and_not_compared(office: Office) -> None:
    path = office.catalogue.folder / "indicators" / "care.yaml"
    head = "- id: visit_per_100_households\n"
    breaks = f"{head}  breaks: [{{year: 2024, text: 自本年起含电话走访。}}]\n"
    path.write_text(path.read_text(encoding="utf-8").replace(head, breaks), encoding="utf-8")
    office.night(east(1, 2023), west(2, 2023), east(3, 2024), west(4, 2024))
    bulletin = composed(office)
    assert care_said(bulletin) == "累计走访40户次。每百户走访8.7户次。"
    assert "口径变更：每百户走访户次，自本年起含电话走访，与以前年度不可比。" in bulletin.notes


def test_of_a_year_of_which_most_have_not_reported_no_bulletin_is_written(office: Office) -> None:
    office.night(east(1, 2023), west(2, 2023), told("city-2024", 3, {CITY: 3}, unit=CITY, year=2024))
    with pytest.raises(YearNotPublished, match="2024年度多数单位尚未报送"):
        composed(office)


def test_a_programme_of_which_nothing_is_said_has_no_heading(office: Office) -> None:
    office.night(east(1, 2024), west(2, 2024))
    assert [section.heading for section in composed(office).sections if not section.said.text] == []


def test_a_year_without_numbers_is_answered_with_those_that_have_some(office: Office) -> None:
    office.night(east(1, 2023))
    with pytest.raises(YearNotPublished, match=r"2024年度还没有公布的数.*2023"):
        composed(office)


def test_word_is_given_the_text_the_table_and_charts_with_their_numbers(office: Office) -> None:
    office.night(east(1, 2023), west(2, 2023), east(3, 2024), west(4, 2024))
    bulletin = composed(office)
    written = write_word_file(bulletin)
    document = Document(io.BytesIO(written))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert [
        text
        for text in (bulletin.title, care_said(bulletin), *bulletin.notes)
        if not any(text in t for t in texts)
    ] == []
    [table] = document.tables
    assert [tuple(cell.text for cell in row.cells) for row in table.rows] == [
        bulletin.by_county.head,
        *bulletin.by_county.rows,
    ]
    charts = [section.chart for section in bulletin.sections if section.chart]
    with zipfile.ZipFile(io.BytesIO(written)) as parts:
        names = sorted(name for name in parts.namelist() if name.startswith("word/embeddings/"))
        books = [load_workbook(io.BytesIO(parts.read(name))).active for name in names]
    assert len(books) == len(charts)
    for chart, book in zip(charts, books, strict=True):
        assert book is not None
        rows = [tuple(row) for row in book.iter_rows(values_only=True)]
        assert rows == [(None, *chart.series), *zip(chart.categories, *chart.series.values(), strict=True)]


def test_the_page_has_the_same_words_and_fetches_nothing(office: Office) -> None:
    office.night(east(1, 2023), west(2, 2023), east(3, 2024), west(4, 2024))
    bulletin = composed(office)
    page = write_web_page(bulletin, name_chart)
    for text in (bulletin.title, care_said(bulletin), *bulletin.notes, *bulletin.by_county.head):
        assert text in page
    assert page.count("<svg>") == sum(1 for section in bulletin.sections if section.chart)
    assert not re.search(r"https?://|<script|<link|@import|src=", page)
