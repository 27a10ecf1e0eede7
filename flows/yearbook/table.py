"""A table of the yearbook before it is written: title, heads, lines of numbers, notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from flows.yearbook.numbers import Figure

Look = Literal["plain", "strong", "group"]
"""A line as others are, in bold (the sum of lines below it), or a heading over lines."""


class Head(NamedTuple):
    """The head of a column: its text, and the unit of measurement under it ('' where all have the same)."""

    text: str
    unit: str = ""


class Cell(NamedTuple):
    """A number in its number format, or the mark of the legend where there is none."""

    value: float | None
    mark: str
    number_format: str


@dataclass(frozen=True)
class Line:
    """A line: what stands before the numbers, and the numbers. ``key``: the indicator or org_code that it is of."""

    key: str
    stubs: tuple[str, ...]
    cells: tuple[Cell, ...] = ()
    look: Look = "plain"


@dataclass(frozen=True)
class Table:
    """A table. ``number``: 2-1; ``unit``: the unit of all its numbers, '' where units stand in heads or lines."""

    number: str
    title: str
    stubs: tuple[str, ...]
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()
    is_over_counties: bool = False
    is_over_years: bool = False  # of the whole city

    @property
    def name(self) -> str:
        """Number and title, as the table of contents lists them."""
        return f"表{self.number}　{self.title}"


def cell_of(figure: Figure) -> Cell:
    """The cell that shows a figure."""
    return Cell(figure.value, figure.mark, figure.number_format)
