"""An issued workbook, opened, and where things stand in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from expectations.sheets.layout import sheet_name, unit_rows
from expectations.workbook.issued import Content, CorrectionContent, write_workbook
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form

COUNTY = "371621"  # the smallest one
CITY = "371600"
YEAR = 2024
TOWNSHIP = "371621001"


def bent(catalogue: Catalogue, form: str, field: str, **changes: Any) -> Catalogue:
    """The catalogue with one field of one form changed."""
    old = catalogue.forms[form]
    fields = tuple(f.model_copy(update=changes) if f.id == field else f for f in old.fields)
    return replace(catalogue, forms={**catalogue.forms, form: old.model_copy(update={"fields": fields})})


def issue(catalogue: Catalogue, folder: Path, unit: str = COUNTY, **given: Any) -> Path:
    path = folder / f"{unit}.xlsx"
    parts = ("entries", "prior", "is_sample")
    content = Content(**{name: value for name in parts if (value := given.pop(name, None)) is not None})
    rulebook = given.pop("rulebook", None)
    write_workbook(
        path, unit, YEAR, catalogue, rulebook, content, CorrectionContent(**given) if given else None
    )
    return path


def opened(catalogue: Catalogue, folder: Path, unit: str = COUNTY, **given: Any) -> Workbook:
    return openpyxl.load_workbook(issue(catalogue, folder, unit, **given))


def column_of(sheet: Worksheet, label: str) -> int:
    """The column whose header is exactly ``label``; that of 本年 when last year's stands beside it."""
    found = [cell.column for row in sheet.iter_rows(max_row=14) for cell in row if cell.value == label]
    assert found, f"{sheet.title} has no header {label}"
    return int(found[0])


def row_of(sheet: Worksheet, code: str) -> int:
    return next(row[0].row for row in sheet.iter_rows(max_col=1) if row[0].value == code)


def cell_of(book: Workbook, form: Form, code: str, label: str) -> Cell:
    sheet = book[sheet_name(form)]
    cell = sheet.cell(row_of(sheet, code), column_of(sheet, label))
    assert isinstance(cell, Cell)
    return cell


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Entries as the warehouse or the samples give them; a column may mix numbers and 不适用."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        is_mixed = len({type(v) for v in values if v is not None}) > 1
        columns.append(pl.Series(name, values, dtype=pl.Object) if is_mixed else pl.Series(name, values))
    return pl.DataFrame(columns)


def everything(catalogue: Catalogue) -> dict[str, pl.DataFrame]:
    """A value in every cell of every units form of the county."""
    plain: dict[str, Any] = {"boolean": True, "date": date(2023, 3, 1), "text": "甲"}
    found = {}
    for form in catalogue.forms_of("county", YEAR):
        if form.is_roster:
            continue
        codes = unit_rows(catalogue, COUNTY, catalogue.row_levels(form, "county"), YEAR)["org_code"]
        found[form.id] = frame(
            *(
                {
                    "org_code": code,
                    **{
                        f.id: catalogue.code_lists[f.codes].labels[0]
                        if f.codes
                        else plain.get(f.type, float(i))
                        for f in form.fields
                    },
                }
                for i, code in enumerate(codes, start=1)
            )
        )
    return found
