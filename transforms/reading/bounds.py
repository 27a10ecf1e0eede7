"""Limits the rows of a sheet that are read to what a form can have, with some to spare; the rest is one problem."""

from __future__ import annotations

from typing import Any

from transforms.reading.apply_marks import Problem, make_problem
from transforms.reading.formats.book import Marks, Row, SheetInfo
from transforms.reading.header import Header
from transforms.reading.plan import FormPlan

OTHER_ROWS = 5_000
"""The most rows of a sheet that is no form: the cover, explanations."""


def cut_excess_rows(
    rows: list[Row], marks: Marks, header: Header, most: int, info: SheetInfo, form: FormPlan
) -> list[Problem]:
    """Cut the rows below the first ``most`` of the table; returns the problem about it, if any was cut."""
    lost = cut_below(rows, marks, header.bottom + most)
    if lost is None:
        return []
    first, count = lost
    return [
        make_problem("read.too_many_rows", info, form, (first, 0), value=str(most + count), detail=str(most))
    ]


def cut_below(rows: list[Row], marks: Marks, last: int) -> tuple[int, int] | None:
    """Cut everything below the 0-based row ``last``; returns the first cut row with content and the count of these.

    None when no row with content was cut. Changes ``rows`` and ``marks``.
    """
    lost = [number for number in range(last + 1, len(rows)) if any(cell != "" for cell in rows[number])]
    marked = any(_read_row(position) > last for positions in _list_positions(marks) for position in positions)
    if len(rows) <= last + 1 and not marked:
        return None
    del rows[last + 1 :]
    for positions in _list_positions(marks):
        for position in [position for position in positions if _read_row(position) > last]:
            positions.pop(position) if isinstance(positions, dict) else positions.discard(position)
    return (lost[0], len(lost)) if lost else None


def _list_positions(marks: Marks) -> tuple[Any, ...]:
    return (marks.errors, marks.valueless, marks.hidden_rows, marks.seen, marks.struck, marks.added)


def _read_row(position: Any) -> int:
    return int(position if isinstance(position, int) else position[0])
