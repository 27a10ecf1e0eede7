"""Writes tables onto sheets: those of a programme one below the other, that of its townships on a sheet of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from expectations.sheets.layout import display_width
from flows.yearbook.page import CONTENTS, Book, Place, choose_page, set_columns, set_page
from flows.yearbook.table import Head, Line, Table

NAME_WIDTH, UNIT_WIDTH, PLACE_WIDTH = 30.0, 9.0, 18.0
LINE_HEIGHT = 16.5  # heights are in points
_NOTE, _TITLE, _UNIT, _GAP, _CHAPTER = 13.5, 27.0, 15.0, 14.0, 36.0
_FEW = 5
"""So many lines of a long table stand under its head at least."""
_MOST_COLUMNS = 9
"""So many columns of numbers stand on a page of a table of townships."""


class Stack:
    """Tables of one sheet, one below the other, each on one page where it fits.

    ``columns``: as many columns of numbers as the widest table has.
    """

    def __init__(self, book: Book, name: str, columns: int, chapter: str) -> None:
        self.book, self.sheet = book, book.add_sheet(name)
        self.widths = widths = [NAME_WIDTH, UNIT_WIDTH, *[book.numbers.number_width] * columns]
        self.page = choose_page(widths)
        self.row, self._used, self._breaks = 2, _CHAPTER + LINE_HEIGHT, list[int]()
        set_columns(self.sheet, widths)
        set_page(self.sheet, book, self.page, chapter)
        self.sheet.merge_range(0, 0, 0, len(widths) - 1, chapter, book.styles.get("chapter"))
        self.sheet.set_row(0, _CHAPTER)
        _write_way_back(book, self.sheet, 1)

    def write(self, table: Table) -> None:
        """Write a table; where it is longer than a page, its head stands again over what goes on."""
        head = _TITLE + _UNIT + _head_height(table, self._head_width)
        lines, rows = list(table.lines), dict[str, int]()
        whole = head + sum(map(self._line_height, lines)) + self._note_height(table)
        self.require(whole if whole <= self.page.points else head + _FEW * LINE_HEIGHT)
        title_row, is_continued = self.row, False
        while lines:
            self._write_head(table, is_continued)
            while lines and self._has_room(lines):
                line = lines.pop(0)
                rows.setdefault(line.key, self.row)
                self._write_line(table, line)
            if lines:
                self._break()
                is_continued = True
        for note in self._list_notes(table):
            self.write_note(note)
        self._skip(_GAP)
        self.book.places[table.number] = Place(self.sheet.name, title_row, title_row + 2, rows, 2)

    def require(self, points: float) -> None:
        """Go on to the next page where so much no longer fits on this one."""
        if self._used + points > self.page.points and self._used > _CHAPTER + LINE_HEIGHT:
            self._break()

    def close(self, *notes: str) -> None:
        """Write what stands at the foot of the sheet."""
        for note in notes:
            self.write_note(note)
        self.sheet.set_h_pagebreaks(self._breaks)

    def skip_rows(self, count: int) -> int:
        """Leave rows for a picture; the first of them."""
        first = self.row
        for _ in range(count):
            self._skip(LINE_HEIGHT)
        return first

    def _has_room(self, lines: Sequence[Line]) -> bool:
        """Whether the next line fits on the page; a heading with the line below it."""
        needed = lines[:2] if lines[0].look == "group" else lines[:1]
        return self._used + sum(map(self._line_height, needed)) <= self.page.points

    @property
    def _head_width(self) -> float:
        return self.widths[-1]

    def _break(self) -> None:
        self._breaks.append(self.row)
        self._used = 0.0

    def _skip(self, height: float) -> None:
        self.sheet.set_row(self.row, height)
        self._used += height
        self.row += 1

    def _write_head(self, table: Table, is_continued: bool) -> None:
        get_style, last = self.book.styles.get, 1 + len(table.heads)
        title = f"续表{table.number}" if is_continued else table.name
        self.sheet.merge_range(
            self.row, 0, self.row, last, title, get_style("continued" if is_continued else "title")
        )
        self._skip(_TITLE)
        unit = f"单位：{table.unit}" if table.unit else ""
        self.sheet.write_string(self.row, last, unit, get_style("unit"))
        self._skip(_UNIT)
        self._write_stubs(table.stubs, [get_style("head")] * 2)
        for column, head in enumerate(table.heads, start=2):
            self.sheet.write_string(self.row, column, _head_text(head), get_style("head"))
        self._skip(_head_height(table, self._head_width))

    def _write_line(self, table: Table, line: Line) -> None:
        styles = self.book.styles
        height = self._line_height(line)
        if line.look == "group":
            last = 1 + len(table.heads)
            self.sheet.merge_range(self.row, 0, self.row, last, line.stubs[0], styles.get("group"))
        else:
            self._write_stubs(line.stubs, [styles.get_stub(line.look, 0), styles.get_stub(line.look, 1)])
            _write_cells(self.book, self.sheet, self.row, 2, line)
        self._skip(height)

    def _write_stubs(self, stubs: Sequence[str], looks: Sequence[Format]) -> None:
        """Names, and units of measurement where they stand in a column of their own."""
        if len(stubs) == 1:
            self.sheet.merge_range(self.row, 0, self.row, 1, stubs[0], looks[0])
        else:
            for column, (text, look) in enumerate(zip(stubs, looks, strict=True)):
                self.sheet.write_string(self.row, column, text, look)

    def _line_height(self, line: Line) -> float:
        room = self.widths[0] if len(line.stubs) > 1 else self.widths[0] + self.widths[1]
        return _height(line.stubs[0], room - 2.5) if line.look != "group" else LINE_HEIGHT

    def _list_notes(self, table: Table) -> Iterator[str]:
        many = len(table.notes) > 1
        for number, note in enumerate(table.notes, start=1):
            yield f"注{number}：{note}" if many else f"注：{note}"

    def _note_height(self, table: Table) -> float:
        return sum(_height(note, sum(self.widths), _NOTE) for note in self._list_notes(table))

    def write_note(self, text: str) -> None:
        """Write a note over the whole width."""
        last = len(self.widths) - 1
        self.sheet.merge_range(self.row, 0, self.row, last, text, self.book.styles.get("note"))
        self._skip(_height(text, sum(self.widths), _NOTE))


def write_townships(book: Book, name: str, table: Table, foot: Sequence[str]) -> None:
    """Write a table of townships: its head and the names stand on every page, columns go on from page to page."""
    sheet, blocks = book.add_sheet(name), list(_list_blocks(len(table.heads)))
    each = book.numbers.number_width
    widths = [PLACE_WIDTH, *[each] * len(table.heads)]
    set_columns(sheet, widths)
    page = choose_page(widths[: blocks[0][1] + 1])
    set_page(sheet, book, page, table.title, len(blocks))
    _write_way_back(book, sheet, 0)
    get_style = book.styles.get
    for number, (first, last) in enumerate(blocks):
        title = table.name if number == 0 else f"表{table.number}　续表{number}"
        look = get_style("continued" if number else "title")
        left = 0 if number == 0 else first + 1
        _write_over(sheet, 1, left, last, title, look)
    sheet.set_row(1, _TITLE)
    sheet.write_string(2, 0, table.stubs[0], get_style("head"))
    for column, head in enumerate(table.heads, start=1):
        sheet.write_string(2, column, _head_text(head), get_style("head"))
    sheet.set_row(2, _head_height(table, each))
    for row, line in enumerate(table.lines, start=3):
        sheet.write_string(row, 0, line.stubs[0], book.styles.get_stub(line.look, 0))
        _write_cells(book, sheet, row, 1, line)
    row = 3 + len(table.lines)
    shown = blocks[0][1]
    for text in (*(f"注：{note}" for note in table.notes), *foot):
        _write_over(
            sheet, row, 1, shown, text, get_style("note")
        )  # names stand on every page, notes on the first
        sheet.set_row(row, _height(text, sum(widths[1 : shown + 1]), _NOTE))
        row += 1
    sheet.set_default_row(LINE_HEIGHT)
    sheet.repeat_rows(1, 2)
    sheet.repeat_columns(0)
    sheet.set_v_pagebreaks([first + 1 for first, _ in blocks[1:]])
    sheet.print_across()
    sheet.freeze_panes(3, 1)
    book.places[table.number] = Place(name, 1, 2, {}, 1)


def _list_blocks(columns: int) -> Iterator[tuple[int, int]]:
    """Columns of numbers that stand on one page, from first to last (exclusive, from 0): about as many on each."""
    pages = ceil(columns / _MOST_COLUMNS)
    each = ceil(columns / pages)
    for first in range(0, columns, each):
        yield first, min(first + each, columns)


def _write_cells(book: Book, sheet: Worksheet, row: int, first: int, line: Line) -> None:
    """Numbers as numbers; where there is none, the mark of the legend."""
    for column, cell in enumerate(line.cells, start=first):
        style = book.styles.get_number(line.look, cell.number_format)
        if cell.value is None:
            sheet.write_string(row, column, cell.mark, style)
        else:
            sheet.write_number(row, column, cell.value, style)


def _write_over(sheet: Worksheet, row: int, first: int, last: int, text: str, style: Format) -> None:
    """Write a text over columns of a row."""
    if first == last:
        sheet.write_string(row, first, text, style)
    else:
        sheet.merge_range(row, first, row, last, text, style)


def _write_way_back(book: Book, sheet: Worksheet, row: int) -> None:
    sheet.write_url(row, 0, f"internal:'{CONTENTS}'!A1", book.styles.get("back"), "返回目录")


def _head_text(head: Head) -> str:
    return f"{head.text}\n（{head.unit}）" if head.unit else head.text


def _head_height(table: Table, width: float) -> float:
    lines = max(
        sum(ceil(display_width(part) / (width - 1)) for part in _head_text(head).split("\n"))
        for head in table.heads
    )
    return max(lines * 13.5 + 5, 22.0)


def _height(text: str, room: float, line: float = LINE_HEIGHT) -> float:
    lines = ceil(display_width(text) / room)
    return line if lines == 1 else lines * 13.0 + 3
