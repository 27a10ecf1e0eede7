"""Cells of one column conformed, and what became of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from tests.workbooks import (
    CATALOGUE,
    column,
    submissions,
)
from transforms.conforming.conform import Conformed, assemble, conform
from transforms.reading.file_read import FileRead, SheetRead

CELL = column("population", "household_count")


def of_cells(form_id: str, field: str, *texts: str | None, unit: str | None = None) -> Conformed:
    """Conform cells of one column as reading gives them, one row of a known township each."""
    form = CATALOGUE.forms[form_id]
    codes = CATALOGUE.registry.units(2024).filter(county_code="371602", level="township")["org_code"]
    assert len(texts) <= codes.len()
    rows = pl.DataFrame(
        {
            "row": pl.Series(range(5, 5 + len(texts)), dtype=pl.UInt32),
            "is_hidden": [False] * len(texts),
            "org_code": codes.head(len(texts)),
            field: pl.Series([text or "" for text in texts], dtype=pl.String),
        }
    )
    if form.is_roster and field != "name":
        rows = rows.with_columns(name=pl.format("第{}处小屋在此地", "row"))
    columns = {"org_code": "A", field: "C", "name": "B"} if form.is_roster else {"org_code": "A", field: "C"}
    read = FileRead(
        "read", sheets=[SheetRead(form_id, form.number, False, columns, {field: unit} if unit else {}, rows)]
    )
    whose = submissions("s")
    return conform(assemble({"s": read}, whose), whose, CATALOGUE)


def values(result: Conformed, form_id: str, field: str) -> list[Any]:
    return result.forms[form_id][field].to_list()


def states(result: Conformed, form_id: str, field: str) -> list[str]:
    return result.forms[form_id][f"{field}__state"].to_list()


def unreadable(result: Conformed, form_id: str, field: str) -> list[bool]:
    rows = result.forms[form_id]
    return rows.get_column(
        f"{field}__is_unreadable", default=pl.repeat(False, rows.height, eager=True)
    ).to_list()


def rules(result: Conformed) -> list[str]:
    """Rule ids of the problems, without those of sheets and columns that these small workbooks leave out."""
    return result.problems.filter(~pl.col("rule").str.starts_with("read.missing"))["rule"].to_list()
