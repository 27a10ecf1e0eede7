"""The yearbook as a table of contents: cover, contents, the city's headlines, a chapter for each programme, explanations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xlsxwriter.workbook import Workbook

from expectations.sheets.layout import SHEET_NAME_LIMIT, legal_sheet_name
from flows.yearbook.charts import write_charts
from flows.yearbook.explained import write_explanations
from flows.yearbook.front import describe_maturity, write_contents, write_cover
from flows.yearbook.numbers import Numbers, read_numbers
from flows.yearbook.page import CONTENTS, EXPLAINED, HEADLINES, Book
from flows.yearbook.sheets import Stack, write_townships
from flows.yearbook.styles import Styles
from flows.yearbook.table import Table
from flows.yearbook.tables import list_headline_tables, list_programme_tables, list_township_table
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.durability import make_folder, writing_durably
from warehouse.words.number_words import LEGEND


def name_yearbook(year: int) -> str:
    """年鉴_2024.xlsx."""
    return f"年鉴_{year}.xlsx"


def write_yearbook(database: Path, catalogue: Catalogue, year: int, target: Path) -> None:
    """Write the yearbook of ``year`` from the published file. YearNotPublished, WarehouseMissing, QueryError."""
    numbers = read_numbers(database, catalogue, year)
    make_folder(target.parent)
    with writing_durably(target) as unfinished:
        _write(numbers, unfinished)


def _write(numbers: Numbers, target: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with Workbook(str(target), options) as workbook:
        book = Book(workbook, Styles(workbook), numbers)
        write_cover(book)
        book.add_sheet(CONTENTS)
        foot = (f"{LEGEND}{_SHOWN}", f"数据性质：{describe_maturity(numbers.years, numbers.provisional)}。")
        sheets = [_write_headlines(book, foot)]
        for chapter, programme in enumerate(numbers.catalogue.programmes, start=2):
            sheets += _write_programme(book, chapter, programme, foot)
        write_explanations(book, numbers.explained)
        write_contents(book, [*sheets, (EXPLAINED, f"附录　{EXPLAINED}", [])])
        workbook.set_properties(_describe(numbers))


def _describe(numbers: Numbers) -> dict[str, Any]:
    """The file's properties; of the same night they are the same, so that the same numbers give the same bytes."""
    city, published = numbers.catalogue.settings.city, numbers.vintage.published_at
    return {
        "title": f"{city.association}统计年鉴（{numbers.year}年）",
        "author": city.association,
        "company": city.association,
        "comments": numbers.vintage.words,
        "created": published or datetime(numbers.year + 1, 1, 1, tzinfo=UTC),
    }


_SHOWN = "百分比以百分之几计，各年的数按当年的行政区划统计。数按四舍五入显示，分项相加可能与合计略有出入。"
_BELOW = "（乡镇）"
_ROOM = SHEET_NAME_LIMIT - len(_BELOW)
_Listed = tuple[str, str, list[Table]]


def _write_headlines(book: Book, foot: tuple[str, ...]) -> _Listed:
    tables = list(list_headline_tables(book.numbers))
    chapter = f"1　{HEADLINES}"
    stack = Stack(book, HEADLINES, len(tables[0].heads), chapter)
    for table in tables:
        stack.write(table)
    stack.close(*foot)
    return HEADLINES, chapter, tables


def _write_programme(book: Book, chapter: int, programme: str, foot: tuple[str, ...]) -> list[_Listed]:
    """A sheet for the programme, and one for its townships; none where nothing is known of it."""
    numbers = book.numbers
    tables = list(list_programme_tables(numbers, chapter, programme))
    if not tables:
        return []
    name = numbers.catalogue.programmes[programme].name_zh
    title = f"{chapter}　{name}"
    sheet = legal_sheet_name(f"{chapter} {name}", _ROOM)
    stack = Stack(book, sheet, max(len(table.heads) for table in tables), title)
    for table in tables:
        stack.write(table)
    of_city = next((table for table in tables if table.is_over_years), None)
    of_counties = next((table for table in tables if table.is_over_counties), None)
    write_charts(stack, numbers.catalogue.bulletin.programmes[programme].charts, of_city, of_counties)
    stack.close(*foot)
    townships = list_township_table(numbers, f"{chapter}-{len(tables) + 1}", programme)
    if townships is not None:
        write_townships(book, f"{sheet}{_BELOW}", townships, foot)
        tables.append(townships)
    return [(sheet, title, tables)]
