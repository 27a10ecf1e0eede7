"""The first sheets of the yearbook: the cover and the table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from flows.yearbook.page import CONTENTS, COVER, Book, choose_page, set_columns, set_page
from flows.yearbook.table import Table
from warehouse.words.day_words import moment_words
from warehouse.words.labels import MATURITY

_COVER_WIDTHS = (22.0, 60.0)
_CONTENTS_WIDTHS = (70.0, 22.0)


def write_cover(book: Book) -> None:
    """City, year, and what the numbers are: how final, of which night."""
    numbers, sheet, get_style = book.numbers, book.add_sheet(COVER), book.styles.get
    city = numbers.catalogue.settings.city
    set_columns(sheet, _COVER_WIDTHS)
    set_page(sheet, book, choose_page(_COVER_WIDTHS), COVER)
    sheet.set_row(0, 90)
    for row, (text, style, height) in enumerate(
        (
            (city.association, "cover_city", 60),
            ("统计年鉴", "cover_city", 60),
            (str(numbers.year), "cover_year", 90),
        ),
        start=1,
    ):
        sheet.merge_range(row, 0, row, 1, text, get_style(style))
        sheet.set_row(row, height)
    sheet.set_row(4, 120)
    vintage = numbers.vintage
    said = {
        "编印单位": city.association,
        "数据年度": f"{numbers.years[0]}—{numbers.year}年" if len(numbers.years) > 1 else f"{numbers.year}年",
        "数据性质": describe_maturity(numbers.years, numbers.provisional),
        "数据截至": "未记载" if vintage.published_at is None else moment_words(vintage.published_at),
        "数据批次": vintage.run or "未记载",
    }
    for row, (label, text) in enumerate(said.items(), start=5):
        sheet.write_string(row, 0, f"{label}：", get_style("cover_label"))
        sheet.write_string(row, 1, text, get_style("cover_value"))
        sheet.set_row(row, 28)


def describe_maturity(years: Sequence[int], provisional: Sequence[int]) -> str:
    """Which years are final: 2020—2023年终报；2024年初报."""
    final = [year for year in years if year not in provisional]
    parts = [(final, MATURITY["final"]), (list(provisional), MATURITY["provisional"])]
    return "；".join(f"{_list_spans(some)}年{word}" for some, word in parts if some)


def _list_spans(years: Sequence[int]) -> str:
    """2020—2022、2024."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][-1] + 1:
            spans[-1][1:] = [year]
        else:
            spans.append([year])
    return "、".join("—".join(map(str, span)) for span in spans)


def write_contents(book: Book, sheets: Sequence[tuple[str, str, Sequence[Table]]]) -> None:
    """The tables of every sheet (name, chapter, tables), each with a link; written when all have their places."""
    sheet, get_style = book.book.get_worksheet_by_name(CONTENTS), book.styles.get
    set_columns(sheet, _CONTENTS_WIDTHS)
    set_page(sheet, book, choose_page(_CONTENTS_WIDTHS, is_wide=False), CONTENTS)
    sheet.merge_range(0, 0, 0, 1, "目　录", get_style("chapter"))
    sheet.set_row(0, 40)
    row = 1
    for name, chapter, tables in sheets:
        sheet.write_url(row, 0, f"internal:'{name}'!A1", get_style("section"), chapter)
        sheet.set_row(row, 22)
        row += 1
        for table in tables:
            place = book.places[table.number]
            sheet.write_url(
                row, 0, f"internal:'{place.sheet}'!A{place.title_row + 1}", get_style("link"), table.name
            )
            sheet.write_string(row, 1, place.sheet, get_style("page"))
            sheet.set_row(row, 16.5)
            row += 1
