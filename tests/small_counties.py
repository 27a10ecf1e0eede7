"""The real catalogue with all its forms over few units: each county with three townships of three villages.

And what each county would truthfully report: rows in which no rule is broken, different from unit to unit.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from expectations.sheets.layout import unit_rows
from tests.judged_batches import NOT_APPLICABLE, first, valid_rows
from warehouse.catalogue.load import DEFAULT_FOLDER, Catalogue, load_catalogue
from warehouse.catalogue.models import Form

YEAR = 2024
_TOWNSHIPS, _VILLAGES = 3, 3
_VARIED = {"member_count": 60, "attendance_count": 120, "leaflet_count": 1000}


def small_counties(folder: Path) -> Catalogue:
    """The catalogue, in ``folder`` (made here)."""
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "registry" / "org_units.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    below: dict[str, list[list[str]]] = {}
    for line in lines:
        below.setdefault(line[3], []).append(line)
    kept = [line for line in lines if line[2] in ("city", "county")]
    for county in [line for line in kept if line[2] == "county"]:
        towns = below[county[0]][:_TOWNSHIPS]
        kept += towns + [village for town in towns for village in below[town[0]][:_VILLAGES]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *kept])
    return load_catalogue(folder)


def counties(catalogue: Catalogue) -> list[str]:
    """Codes of the counties, in order."""
    roster = catalogue.registry.roster(YEAR).filter(pl.col("unit_level") == "county")
    return sorted(roster["unit_code"])


def truth(catalogue: Catalogue, county: str, year: int = YEAR) -> dict[str, pl.DataFrame]:
    """Entries of the county's workbook as they stand in its books."""
    return {form.id: _entries(catalogue, form, county, year) for form in catalogue.forms_of("county", year)}


def _entries(catalogue: Catalogue, form: Form, county: str, year: int) -> pl.DataFrame:
    units = unit_rows(catalogue, county, catalogue.row_levels(form, "county"), year).to_dicts()
    if form.is_roster:
        units = units[: 4 if len(units) > 1 else 1] * (1 if len(units) > 1 else 3)
    rows = [_row(form, unit, number, year) for number, unit in enumerate(units)]
    names = ["org_code", *(field.id for field in form.fields)]
    return pl.DataFrame({n: pl.Series(n, [row.get(n) for row in rows], dtype=pl.Object) for n in names})


def _row(form: Form, unit: dict[str, Any], number: int, year: int) -> dict[str, Any]:
    level = None if form.is_roster else unit["level"]
    row = {**first(valid_rows(year=year), form.id, level), "org_code": unit["org_code"]}
    for name, base in _VARIED.items():
        if isinstance(row.get(name), float):
            row[name] = float(base + number)
    if "case_year" in row:
        row["case_year"] = float(year)
    if form.is_roster:
        row[form.item_field or ""] = f"{form.title.removesuffix('名册')}第{'甲乙丙丁戊己'[number]}处"
    return {name: None if value == NOT_APPLICABLE else value for name, value in row.items()}
