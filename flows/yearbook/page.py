"""The pages of the yearbook: A4, the association and the page number on each, as many columns on one as can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from flows.yearbook.numbers import Numbers
from flows.yearbook.styles import Styles

COVER, CONTENTS, HEADLINES, EXPLAINED = "封面", "目录", "综合", "指标解释"
_A4_INCHES = (8.27, 11.69)
_MARGIN, _TOP_AND_BOTTOM = 0.5, 1.55  # inches
_SPARE = 0.95
"""Part of a page that is filled: other programs make columns and rows a little larger."""
_PIXELS_OF_AN_INCH, _POINTS_OF_AN_INCH = 96, 72
_SMALLEST, _LARGEST, _READABLE = 40, 100, 65


@dataclass(frozen=True)
class Place:
    """Where a table stands: sheet, rows of title, head and lines (by key; all from 0), the column of its first numbers."""

    sheet: str
    title_row: int
    head_row: int
    rows: Mapping[str, int]
    first_column: int


@dataclass(frozen=True)
class Book:
    """The yearbook that is being written. ``places``: table number -> where it stands, filled while tables are written."""

    book: Workbook
    styles: Styles
    numbers: Numbers
    places: dict[str, Place] = field(default_factory=dict)

    def add_sheet(self, name: str) -> Worksheet:
        """A new sheet without gridlines."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        return sheet


@dataclass(frozen=True)
class Page:
    """How a sheet is printed: upright or wide, and how many points of rows a page holds when its columns fit on it."""

    is_wide: bool
    points: float


def choose_page(widths: Sequence[float], *, is_wide: bool | None = None) -> Page:
    """The page on which columns of these ``widths`` (in characters) fit; upright unless that were too small to be read."""
    if is_wide is None:
        is_wide = _scale(widths, _A4_INCHES[0]) < _READABLE
    width, height = reversed(_A4_INCHES) if is_wide else _A4_INCHES
    scale = _scale(widths, width)
    return Page(is_wide, (height - _TOP_AND_BOTTOM) * _POINTS_OF_AN_INCH * _SPARE * 100 / scale)


def _scale(widths: Sequence[float], page: float) -> int:
    inches = sum(int(width * 7 + 5) for width in widths) / _PIXELS_OF_AN_INCH
    room = (page - 2 * _MARGIN) * _SPARE
    return max(_SMALLEST, min(_LARGEST, int(100 * room / inches)))


def set_page(sheet: Worksheet, book: Book, page: Page, chapter: str, pages_across: int = 1) -> None:
    """Set paper, header and footer, and on how many pages beside each other all columns are printed."""
    sheet.set_paper(9)
    if page.is_wide:
        sheet.set_landscape()
    else:
        sheet.set_portrait()
    sheet.set_margins(left=_MARGIN, right=_MARGIN, top=0.8, bottom=0.75)
    sheet.center_horizontally()
    sheet.fit_to_pages(pages_across, 0)
    association = book.numbers.catalogue.settings.city.association
    font = '&"SimSun,Regular"&9 '
    header = f"&L{font}{association}&R{font}{book.numbers.year}年统计年鉴　{chapter}"
    sheet.set_header(header, {"margin": 0.4})
    sheet.set_footer(f"&C{font}第 &P 页　共 &N 页", {"margin": 0.4})


def set_columns(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Set the widths of the columns from the first on, in characters."""
    for index, width in enumerate(widths):
        sheet.set_column(index, index, width)
