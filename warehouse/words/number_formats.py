"""How workbooks show numbers: the number format of a cell by unit and decimals."""

from __future__ import annotations

import polars as pl

from warehouse.words.printed_numbers import PLACE

WHOLE = "#,##0"
_NOT_GROUPED = (PLACE, "年", "%")


def number_format(unit: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Thousands for what is counted, none for places, years and percentages; null decimals count as none."""
    grouped = pl.when(unit.fill_null("").is_in(_NOT_GROUPED)).then(pl.lit("0")).otherwise(pl.lit(WHOLE))
    places = decimals.fill_null(0)
    point = pl.when(places > 0).then(pl.lit(".")).otherwise(pl.lit(""))
    return pl.concat_str(grouped, point, pl.lit("0").repeat_by(places).list.join(""))
