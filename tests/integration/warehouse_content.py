"""What a published warehouse holds, table by table, so that two of them can be compared."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from warehouse.store.query import read_only, run

SCHEMAS = ("core", "quality", "mart")
OF_THE_RUN = ("quality.run", "quality.event")
"""A rebuild is one run where the nights were several, and finds in the journal that they have finished."""


def content(database: Path) -> dict[str, pl.DataFrame]:
    """Every table and view of the three schemas, its rows in a fixed order.

    Over one connection: opening a warehouse costs more than most of its tables.
    """
    with read_only(database) as connection:
        names = run(
            connection,
            f"""SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
                WHERE table_catalog = 'warehouse' AND table_schema IN {SCHEMAS} ORDER BY name""",
        )["name"]
        tables = {name: run(connection, f"FROM {name}") for name in names if name not in OF_THE_RUN}
    return {name: in_fixed_order(frame) for name, frame in tables.items()}


def assert_same_content(left: Path, right: Path) -> None:
    """Fail with the first table in which two warehouses differ."""
    one, other = content(left), content(right)
    assert list(one) == list(other)
    assert len(one) > 10
    for name, frame in one.items():
        try:
            assert_frame_equal(frame, other[name], check_exact=True)
        except AssertionError as difference:
            raise AssertionError(f"{name}: {difference}") from None


def in_fixed_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table in an order that only their content decides."""
    keys = [
        pl.col(name).cast(pl.List(pl.String)).list.join(",") if isinstance(dtype, pl.List) else pl.col(name)
        for name, dtype in frame.schema.items()
    ]
    return frame.sort(keys, nulls_last=True)
