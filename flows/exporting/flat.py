"""Rows for files whose cells hold one thing each."""

from __future__ import annotations

import polars as pl


def flatten_nested(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists as texts joined by 、, structures as JSON; all else as it is."""
    return frame.with_columns(
        _flatten(name, dtype) for name, dtype in frame.schema.items() if dtype.is_nested()
    )


def _flatten(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode()
    inner = getattr(dtype, "inner", None)
    if isinstance(inner, pl.DataType) and inner.is_nested():
        encoded = pl.struct(column.alias("list")).struct.json_encode()
        return encoded.alias(name)
    if isinstance(dtype, pl.Array):
        column = column.arr.to_list()
    return column.cast(pl.List(pl.String)).list.join("、", ignore_nulls=True)
