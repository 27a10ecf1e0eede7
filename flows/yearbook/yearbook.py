"""The yearbook as a table of contents: cover, contents, the city's headlines, a chapter for each programme, explanations."""

from __future__ import annotations

from pathlib import Path

from xlsxwriter.workbook import Workbook

from flows.yearbook.front import describe_maturity, write_contents, write_cover
from flows.yearbook.numbers import Numbers, read_numbers
from flows.yearbook.page import CONTENTS, HEADLINES, Book
from flows.yearbook.sheets import LEGEND, NAME_WIDTH, NUMBER_WIDTH, UNIT_WIDTH, Stack, write_townships
from flows.yearbook.styles import Styles
from flows.yearbook.table import Table
from flows.yearbook.tables import list_headline_table, list_programme_tables, list_township_table
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.durability import make_folder, writing_durably


def write_yearbook(database: Path, catalogue: Catalogue, year: int, target: Path) -> None:
    """Write the yearbook of ``year`` from the published file. YearWithoutData, WarehouseMissing, QueryError."""
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
        foot = (LEGEND, f"数据性质：{describe_maturity(numbers.years, numbers.provisional)}。")
        sheets = [_write_headlines(book, foot)]
        for chapter, programme in enumerate(numbers.catalogue.programmes, start=2):
            sheets += _write_programme(book, chapter, programme, foot)
        write_contents(book, sheets)


_Listed = tuple[str, str, list[Table]]


def _write_headlines(book: Book, foot: tuple[str, ...]) -> _Listed:
    table = list_headline_table(book.numbers)
    chapter = f"一　{HEADLINES}"
    stack = Stack(book, HEADLINES, _widths(len(table.heads)), chapter)
    stack.write(table)
    stack.close(*foot)
    return HEADLINES, chapter, [table]


def _write_programme(book: Book, chapter: int, programme: str, foot: tuple[str, ...]) -> list[_Listed]:
    """A sheet for the programme, and one for its townships; none where nothing is known of it."""
    numbers = book.numbers
    tables = list(list_programme_tables(numbers, chapter, programme))
    if not tables:
        return []
    name = numbers.catalogue.programmes[programme].name_zh
    title = f"{chapter}　{name}"
    stack = Stack(book, name, _widths(max(len(table.heads) for table in tables)), title)
    for table in tables:
        stack.write(table)
    stack.close(*foot)
    listed = [(name, title, tables)]
    townships = list_township_table(numbers, f"{chapter}-{len(tables) + 1}", programme)
    if townships is not None:
        write_townships(book, f"{name}（乡镇）", townships, foot)
        listed[0][2].append(townships)
    return listed


def _widths(columns: int) -> list[float]:
    return [NAME_WIDTH, UNIT_WIDTH, *[NUMBER_WIDTH] * columns]
