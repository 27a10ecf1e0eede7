"""Stored values as cells show them: yes and no in Chinese, dates as dates, amounts in the unit of entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from warehouse.catalogue.models import Field
from warehouse.catalogue.settings import Words

Value = float | int | str | bool | date | None
Row = Mapping[str, Value]


def list_records(frame: pl.DataFrame | None) -> list[Row]:
    """The rows of an entries frame; none for no frame."""
    return [] if frame is None else list(frame.to_dicts())


def show_value(field: Field, value: Value, words: Words) -> Value:
    """``value`` as the cell of ``field`` shows it.

    Texts of the warehouse (true, false, ISO dates, numbers) are converted; any other text, such as 不适用, is kept.
    """
    if isinstance(value, str) and value not in words.not_applicable:
        value = _parse_text(field, value)
    if isinstance(value, bool):
        return words.yes[0] if value else words.no[0]
    if isinstance(value, (int, float)):
        return value / field.entry_scale
    return value


def _parse_text(field: Field, text: str) -> Value:
    try:
        if field.type == "boolean" and text in ("true", "false"):
            return text == "true"
        if field.type == "date":
            return date.fromisoformat(text)
        return float(text) if field.is_numeric else text
    except ValueError:
        return text


def put(sheet: Worksheet, row: int, column: int, value: Value, style: Format) -> None:
    """Write one value by its type; xlsxwriter's general ``write`` guesses the type and takes twice the time."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)
