"""Dates as clerks write them: Chinese text, dots and slashes, eight digits, Excel's day numbers."""

from __future__ import annotations

import datetime as dt

import polars as pl

from warehouse.words.folding import show_column

_DAY = r"^(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?"
_TIME = r"(?:[\sT]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_MONTH = r"^(\d{4})\s*[-./年]\s*(\d{1,2})\s*月?份?$"
_DIGITS = r"^((?:19|20)\d{2})(\d{2})(\d{2})(?:\.0)?$"
_MONTH_DIGITS = r"^((?:19|20)\d{2})(\d{2})(?:\.0)?$"
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 80_000  # 1927 to 2119


def with_days(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``day``, ``day_fix``, ``day_detail`` and ``day_count``. Cells need type and raw; those of other types get nulls.

    ``day_count``: the number (2023 or 2023.1) that was typed and that the cell's date format shows as a day of 1905.
    """
    plain = show_column(pl.col("raw")).str.replace_all("[−–—‐‑]", "-")
    is_date = pl.col("type") == "date"
    if cells.filter(is_date).is_empty():
        return cells.with_columns(
            day=pl.lit(None, pl.Date),
            day_fix=pl.lit(None, pl.String),
            day_detail=pl.lit(None, pl.String),
            day_count=pl.lit(None, pl.String),
        )
    has_mark = pl.col("raw").str.contains(r"[\p{No}]")  # NFKC would turn a footnote's sign into digits
    frame = cells.with_columns(plain=pl.when(is_date & ~has_mark).then(plain))
    text = pl.col("plain")
    serial = text.cast(pl.Float64, strict=False)
    is_serial = serial.is_between(_FIRST_SERIAL, _LAST_SERIAL)
    # 2023.1 may be January or October (2023.10).
    is_torn = text.str.contains(r"^\d{4}\.1$")
    chosen = frame.select(
        full=_assemble_day(text, _DAY + _TIME),
        digits=_assemble_day(text, _DIGITS),
        month=pl.when(~is_torn).then(_assemble_day(text, _MONTH, has_day=False)),
        month_digits=_assemble_day(text, _MONTH_DIGITS, has_day=False),
        serial=pl.when(is_serial).then(
            pl.date(1899, 12, 30) + pl.duration(days=pl.when(is_serial).then(serial.floor().cast(pl.Int64)))
        ),
        is_torn=is_torn,
        is_no_day=text.str.contains(_DAY) & _assemble_day(text, _DAY).is_null(),
        has_time=text.str.contains(r"[1-9]:\d\d|\d[1-9]:\d\d|:0?[1-9]|:[1-9]"),
    )
    is_count = is_day_count(pl.col("full"))
    found = chosen.with_columns(
        full=pl.when(~is_count).then("full"),
        day_count=pl.when(is_count).then(_undo_date_format(chosen["full"], frame["plain"])),
    ).select(
        "day_count",
        day=pl.coalesce("full", "digits", "serial", "month", "month_digits"),
        day_fix=pl.when(pl.col("full").is_not_null() & pl.col("has_time"))
        .then(pl.lit("time_dropped"))
        .when(pl.col("full").is_not_null())
        .then(pl.lit("date_text"))
        .when(pl.col("digits").is_not_null())
        .then(pl.lit("date_digits"))
        .when(pl.col("serial").is_not_null())
        .then(pl.lit("excel_date"))
        .when(pl.coalesce("month", "month_digits").is_not_null())
        .then(pl.lit("month_only")),
        day_detail=pl.when(pl.col("is_torn"))
        .then(pl.lit("看不出是1月还是10月"))
        .when("is_no_day")
        .then(pl.lit("没有这个日期"))
        .otherwise("day_count"),
    )
    return pl.concat([cells, found], how="horizontal")


def is_day_count(day: pl.Expr) -> pl.Expr:
    """Whether a date is so old that it must be a number that the cell's date format turned into a day."""
    return day.dt.year().is_between(1900, 1926)


def _undo_date_format(day: pl.Series, text: pl.Series) -> pl.Series:
    """The number that the date format hides, with a fraction for a time of day: 2023 or 2023.1."""
    time = (
        text.str.extract_groups(r" (\d{2}):(\d{2}):(\d{2})").struct.unnest().cast(pl.Float64).fill_null(0.0)
    )
    seconds = time.to_series(0) * 3600 + time.to_series(1) * 60 + time.to_series(2)
    days = (day - dt.date(1899, 12, 30)).dt.total_days() - (day < dt.date(1900, 3, 1)).cast(pl.Int64)
    number = days + seconds / 86400
    return number.round(2).cast(pl.String).str.strip_suffix(".0")


def _assemble_day(text: pl.Expr, pattern: str, *, has_day: bool = True) -> pl.Expr:
    """The day of the groups year, month and (optional) day of a pattern; null where there is no such day."""
    day = text.str.extract(pattern, 3).str.zfill(2) if has_day else pl.lit("01")
    built = pl.concat_str(
        text.str.extract(pattern, 1), text.str.extract(pattern, 2).str.zfill(2), day, separator="-"
    )
    return built.str.to_date("%Y-%m-%d", strict=False)
