"""CSV that a table program shows and does not run: a text of others that begins like a formula is written as text."""

from __future__ import annotations

import polars as pl

_FORMULA = r"^\s*[=+\-@＝＋－＠\t\r\n|]"
_NUMBER = r"^\s*[+\-]?\d[\d,]*(\.\d+)?%?\s*$"
_AS_TEXT = "'"


def write_csv(frame: pl.DataFrame) -> str:
    """The frame as CSV, lists joined by 、; an apostrophe before texts that a table program would take for a formula."""
    joined = frame.with_columns(pl.col(pl.List(pl.String)).list.join("、"))  # a cell holds no list
    safe = joined.with_columns(_defuse_formulas(pl.col(pl.String)))
    names = pl.DataFrame({"name": frame.columns}).select(_defuse_formulas(pl.col("name")))["name"]
    return safe.rename(dict(zip(frame.columns, names, strict=True))).write_csv()


def _defuse_formulas(text: pl.Expr) -> pl.Expr:
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER) & (text != "-")
    return pl.when(is_formula).then(pl.lit(_AS_TEXT) + text).otherwise(text).name.keep()
