"""The columns of a summary table.

They are those of the issued forms: their numbers under the same labels, groups and column numbers, and after them what only
the city's own form asks, and what is counted of the rows (of a roster: nothing else). Dates, codes and texts do not add up and
are left out; where they are counted, the count stands in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from expectations.sheets.layout import Column, display_width, form_columns, head_blocks
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Count, Field, Form

_WIDEST_SHEET, _NARROWER = 125.0, 13.0  # in characters


def summary_columns(catalogue: Catalogue, form: Form, year: int) -> tuple[Column, ...]:
    """The columns of the summary table of ``form``: code, name, numbers of the form, of the city's own, counts."""
    fields = [] if form.is_roster else [f for f in form.fields if f.kind is not None]
    asked = [f for f in form.fields_at(form.levels, year) if f in fields]
    issued = [c.field for c in form_columns(catalogue, form, "county", year, False) if c.field in asked]
    of_city = [f for f in asked if f not in issued]
    counts = [_as_field(count) for count in form.counts]
    summed = form.model_copy(
        update={
            "rows": "units",
            "levels": ("township",),
            "fields": tuple(f.model_copy(update={"levels": None}) for f in (*issued, *of_city, *counts) if f),
        }
    )
    columns = _narrow(form_columns(catalogue, summed, "county", year, False))
    return tuple(_number_as_issued(catalogue, form, year, columns))


def _narrow(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Many columns are made narrower, their labels over more lines, so that a page holds them in a size to be read."""
    if sum(column.width for column in columns) <= _WIDEST_SHEET:
        return columns
    return tuple(replace(c, width=min(c.width, _NARROWER)) if c.field else c for c in columns)


def fit_numbers(
    columns: tuple[Column, ...], numbers: Iterable[tuple[str, float | None]]
) -> tuple[Column, ...]:
    """Columns wide enough for the largest of their ``numbers`` (measure, value)."""
    largest: dict[str, float] = {}
    for name, value in numbers:
        largest[name] = max(largest.get(name, 0.0), abs(value or 0.0))
    return tuple(
        replace(c, width=max(c.width, _needed(c.field, largest[c.field.id])))
        if c.field and c.field.id in largest
        else c
        for c in columns
    )


def _needed(field: Field, value: float) -> float:
    decimals = 2 if field.type == "cny" else 0
    return len(f"{value / field.entry_scale:,.{decimals}f}") + 2.5


def make_room(columns: tuple[Column, ...], stated: str) -> tuple[Column, ...]:
    """The first column wide enough for what is stated on the left of the head."""
    left, _ = head_blocks(columns)
    lacking = display_width(stated) + 2 - sum(column.width for column in columns[: left + 1])
    first = columns[0]
    return (replace(first, width=first.width + max(lacking, 0.0)), *columns[1:])


def _as_field(count: Count) -> Field:
    """A count of rows as a column of its own."""
    return Field(
        id=count.id,
        label=count.label,
        type="count",
        unit=count.unit,
        kind=count.kind,
        low=0,
        meaning=count.meaning,
    )


def _number_as_issued(
    catalogue: Catalogue, form: Form, year: int, columns: Sequence[Column]
) -> Iterator[Column]:
    """A column of the counties' form keeps its number; others are numbered from the next one on."""
    issued = form_columns(catalogue, form, "county", year, False)
    numbers = {c.field.id: c.number for c in issued if c.field is not None and not form.is_roster}
    following = max((int(number) for number in numbers.values()), default=0)
    for column in columns:
        if column.field is None:
            yield column
        elif column.field.id in numbers:
            yield replace(column, number=numbers[column.field.id])
        else:
            following += 1
            yield replace(column, number=str(following))
