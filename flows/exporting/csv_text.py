"""CSV that a table program shows and does not run: a text of others that begins like a formula is written as text."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.exporting.flat import flatten_nested
from warehouse.exchange.exported import Exported

_BOM = b"\xef\xbb\xbf"
"""With it Excel shows Chinese."""
_FORMULA = r"^\s*[=+\-@＝＋－＠\t\r\n|]"
_NUMBER = r"^\s*[+\-]?\d[\d,]*(\.\d+)?%?\s*$"
_AS_TEXT = "'"


def write_csv(frame: pl.DataFrame, *, include_header: bool = True) -> str:
    """The frame as CSV, lists joined by 、; an apostrophe before texts that a table program would take for a formula."""
    safe = flatten_nested(frame).with_columns(_defuse_formulas(pl.col(pl.String)))
    names = pl.DataFrame({"name": frame.columns}, schema={"name": pl.String})
    names = names.select(_defuse_formulas(pl.col("name")))
    return safe.rename(dict(zip(frame.columns, names["name"], strict=True))).write_csv(
        include_header=include_header
    )


def write_csv_file(target: Path, exported: Exported) -> None:
    """The rows as CSV with a byte order mark, part by part."""
    with target.open("wb") as file:
        file.write(_BOM)
        for number, part in enumerate(exported.parts):
            file.write(write_csv(part, include_header=number == 0).encode())


def _defuse_formulas(text: pl.Expr) -> pl.Expr:
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER) & (text != "-")
    return pl.when(is_formula).then(pl.lit(_AS_TEXT) + text).otherwise(text).name.keep()
