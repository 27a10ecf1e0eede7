"""The cells of a sheet as texts: '' blank, numbers as they are shown, dates ISO, booleans true/false."""

from __future__ import annotations

import datetime as dt

import polars as pl

from transforms.reading.plan import FormPlan
from warehouse.catalogue.frames import DATE_MARK

_FEW_ROWS = 100
_ODD = frozenset((dt.date, dt.datetime, dt.time, dt.timedelta, bool))
_DAY_ZERO = dt.date(1899, 12, 30)
_LEAP_DAY = dt.date(1900, 3, 1)  # Excel has a 29 February 1900
_FIRST_REAL_DAY = 10_000  # 1927: what is dated earlier is a number in the clothes of a date

Cells = list[tuple[object, ...]]


def build_frame(rows: Cells, schema: dict[str, type[pl.DataType]], form: FormPlan) -> pl.DataFrame:
    """The picked cells of a sheet as a frame with the columns of ``schema``."""
    columns = [list(values) for values in zip(*rows, strict=True)] if rows else []
    is_odd = False
    for (name, kind), values in zip(schema.items(), columns, strict=bool(rows)):
        if kind is not pl.String:
            continue
        types = set(map(type, values))
        if not _ODD.isdisjoint(types):
            is_odd = True
            values[:] = [_format_value(v, name, form) if type(v) in _ODD else v for v in values]
        # Stored numbers have the 15 digits that Excel shows and compares: 82.00000000000001 is 82.
        if float in types and any(v % 1 for v in values if type(v) is float):
            is_odd = True
            values[:] = [float(number_text(v)) if type(v) is float else v for v in values]
    # By rows costs less for each frame, by columns less for each cell.
    if len(rows) < _FEW_ROWS and not is_odd:
        return pl.DataFrame(rows, schema=schema, orient="row", strict=False)
    return pl.DataFrame(
        [
            pl.Series(name, values, kind, strict=False)
            for (name, kind), values in zip(schema.items(), columns, strict=True)
        ]
    )


def number_text(value: object) -> str:
    """A number as its cell shows it when the cell is wide enough: with at most 15 digits."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _format_value(value: object, column: str, form: FormPlan) -> str:
    """The text of a truth value, or of a cell with a date or time format.

    A date is ISO where dates are asked; among numbers it is told with the number it stores, among texts it is as shown.
    """
    kind = form.types.get(column)
    if isinstance(value, bool):
        return str(value).lower() if kind == "boolean" else str(value).upper()
    if kind == "date" and isinstance(value, dt.date):  # a datetime is one too
        return str(value)
    number, shown = _convert_to_serial(value), _show_cell(value)
    is_day = isinstance(value, dt.date) and number >= _FIRST_REAL_DAY
    if column in form.numbers and not (is_day and kind == "year"):
        return f"{DATE_MARK}{number:.15g} {shown}"
    if kind == "year":
        return str(value)
    return f"{number:.15g}" if kind == "date" else shown


def _convert_to_serial(value: object) -> float:
    """The number that the cell stores."""
    if isinstance(value, dt.timedelta):
        return round(value / dt.timedelta(days=1), 9)
    if isinstance(value, dt.time):
        return round((value.hour * 3600 + value.minute * 60 + value.second) / 86400, 9)
    if isinstance(value, dt.datetime):
        return _convert_to_serial(value.date()) + _convert_to_serial(value.time())
    assert isinstance(value, dt.date)
    return (value - _DAY_ZERO).days - (value < _LEAP_DAY)


def _show_cell(value: object) -> str:
    """Approximately what the cell shows in a Chinese Excel."""
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(value, dt.time):
        return f"{value.hour}:{value.minute:02}"
    assert isinstance(value, dt.date)
    return f"{value.year}年{value.month}月{value.day}日"
