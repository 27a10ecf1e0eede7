"""The charts of a programme: columns of the workbook's own kind, drawn of cells of its tables.

A cell with a mark instead of a number is drawn as a gap without a label, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any, NamedTuple

from xlsxwriter.chart import Chart

from flows.yearbook.page import Place
from flows.yearbook.sheets import LINE_HEIGHT, Stack
from flows.yearbook.styles import HEI, SONG
from flows.yearbook.table import Line, Table
from warehouse.catalogue.bulletin import ChartOf

_COLOURS = ("#2F6DA8", "#E08A2E", "#5B9A68", "#8A6FB0", "#B5524D")
_ROWS = 17
_PIXELS = 4 / 3  # of a point
_FONT: dict[str, Any] = {"name": SONG, "size": 9, "bold": False}


class Drawn(NamedTuple):
    """A chart: what is declared of it, and the columns of numbers (from 0) of lines of a table that it draws."""

    declared: ChartOf
    table: Table
    place: Place
    lines: tuple[Line, ...]
    first: int
    last: int

    @property
    def columns(self) -> range:
        """The columns of numbers that are drawn."""
        return range(self.first, self.last + 1)


def write_charts(
    stack: Stack, charts: Iterable[ChartOf], of_city: Table | None, of_counties: Table | None
) -> None:
    """The charts two beside each other, under the tables; one of which no number is known is left out."""
    drawn = list(_list_drawn(stack, charts, of_city, of_counties))
    half = sum(stack.widths) * 7 / 2
    for start in range(0, len(drawn), 2):
        pair = drawn[start : start + 2]
        stack.require((_ROWS + 3) * LINE_HEIGHT)
        row = stack.skip_rows(_ROWS)
        for number, each in enumerate(pair):
            chart = _draw(stack, each)
            chart.set_size({"width": int(half) - 10, "height": int((_ROWS - 1) * LINE_HEIGHT * _PIXELS)})
            stack.sheet.insert_chart(
                row, 0, chart, {"x_offset": 4 + int(half) * number, "y_offset": 4, "object_position": 1}
            )
        for each in pair:
            for note in _describe_gaps(each):
                stack.write_note(note)


def _list_drawn(
    stack: Stack, charts: Iterable[ChartOf], of_city: Table | None, of_counties: Table | None
) -> Iterator[Drawn]:
    for declared in charts:
        table = of_city if declared.over == "years" else of_counties
        if table is None:
            continue
        count = len(stack.book.numbers.years) if table is of_city else len(table.heads)
        lines = tuple(line for line in table.lines if line.key in declared.indicators)
        known = [n for n in range(count) if any(line.cells[n].value is not None for line in lines)]
        if table is of_city and known:
            yield Drawn(declared, table, stack.book.places[table.number], lines, known[0], count - 1)
        elif len(known) > 1:  # the city's own is no county's
            yield Drawn(declared, table, stack.book.places[table.number], lines, 1, count - 1)


def _draw(stack: Stack, drawn: Drawn) -> Chart:
    chart, place = stack.book.book.add_chart({"type": "column"}), drawn.place
    left, right = place.first_column + drawn.first, place.first_column + drawn.last
    for colour, line in zip(cycle(_COLOURS), drawn.lines, strict=False):
        row = place.rows[line.key]
        chart.add_series(
            {
                "name": line.stubs[0],
                "categories": [place.sheet, place.head_row, left, place.head_row, right],
                "values": [place.sheet, row, left, row, right],
                "fill": {"color": colour},
                "gap": 70,
                "data_labels": _label(drawn, line),
            }
        )
    chart.set_title({"name": _title(stack, drawn), "name_font": {"name": HEI, "size": 11, "bold": False}})
    chart.set_x_axis({"num_font": _FONT})
    unit = f"单位：{drawn.lines[0].stubs[1]}"
    chart.set_y_axis(
        {
            "name": unit,
            "name_font": {**_FONT, "rotation": 360},
            "name_layout": {"x": 0.02, "y": 0.09},
            "num_font": _FONT,
            "num_format": _format_of(drawn.lines[0]),
            "min": None if _has_negative(drawn) else 0,
            "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}},
            "line": {"none": True},
        }
    )
    is_of_several = len(drawn.lines) > 1
    chart.set_legend({"position": "bottom", "font": _FONT} if is_of_several else {"none": True})
    height = 0.58 if is_of_several else 0.66
    chart.set_plotarea({"layout": {"x": 0.13, "y": 0.2, "width": 0.84, "height": height}})
    return chart


def _title(stack: Stack, drawn: Drawn) -> str:
    year = stack.book.numbers.year
    first = drawn.table.heads[drawn.first].text.removesuffix("年")
    span = f"{first}—{year}年" if drawn.declared.over == "years" and first != str(year) else f"{year}年"
    return f"{drawn.declared.title}（{span}）"


def _has_negative(drawn: Drawn) -> bool:
    return any((line.cells[n].value or 0) < 0 for line in drawn.lines for n in drawn.columns)


def _format_of(line: Line) -> str:
    return next(cell.number_format for cell in line.cells if cell.value is not None)


def _label(drawn: Drawn, line: Line) -> dict[str, Any]:
    """Numbers over the columns, in their own format; none where there is no number. Several series have none at all."""
    if len(drawn.lines) > 1:
        return {"value": False}
    gaps = [None if line.cells[n].value is not None else {"delete": True} for n in drawn.columns]
    return {"value": True, "font": _FONT, "num_format": _format_of(line), "custom": gaps}


def _describe_gaps(drawn: Drawn) -> Iterator[str]:
    """What is missing in a chart, in a sentence for each."""
    for line in drawn.lines:
        gaps = [drawn.table.heads[n].text for n in drawn.columns if line.cells[n].value is None]
        if gaps:
            yield f"图注：“{line.stubs[0]}”{'、'.join(gaps)}没有数，图中空缺。"
