"""Workbook entries drawn by Hypothesis: wild numbers near each other, blanks, 不适用, what cannot be read, and valid rows
that are bent here and there.

Over a city of one county with six townships, so that a workbook is recalculated in a fraction of a second.
"""

from __future__ import annotations

import csv
import shutil
import warnings
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from expectations.sheets.layout import unit_level, unit_rows
from tests.form_sheets import delete_sheet, form_sheets
from tests.judged_batches import NOT_APPLICABLE, first, valid_rows
from tests.rule_bends import BENDS
from warehouse.catalogue.load import DEFAULT_FOLDER, Catalogue, load_catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words.workbook_texts import NOT_ASKED

COUNTY, CITY, YEAR = "371625", "371600", 2024
UNREADABLE = "两三个"
_TOWNSHIPS, _VILLAGES = 6, 3

Entries = dict[str, pl.DataFrame]


def small_catalogue(folder: Path) -> Catalogue:
    """The catalogue with all its forms and with few units, in ``folder`` (made here), with all its rules."""
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "registry" / "org_units.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    towns = [line for line in lines if line[3] == COUNTY][:_TOWNSHIPS]
    villages = [line for town in towns for line in [x for x in lines if x[3] == town[0]][:_VILLAGES]]
    kept = [*(line for line in lines if line[0] in (CITY, COUNTY)), *towns, *villages]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *kept])
    return load_catalogue(folder)


_NUMBERS = st.sampled_from([0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 8.0, 40.0, 400.0, 5000.0, 90000.0])
_PALETTES = (  # of a column: where nothing happened, where little, where much
    _NUMBERS,
    _NUMBERS,
    st.just(0.0),
    st.sampled_from([0.0, 0.0, 0.0, 0.0, 1.0, 40.0]),
    st.sampled_from([400.0, 5000.0, 90000.0]),
)
_ODD_NUMBERS = st.sampled_from([1.5, -1.0, 3_000_000.0, 0.25])


def answer(field: Field, catalogue: Catalogue, numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """What a clerk may put into a cell of ``field``: None is a blank cell."""
    match field.type:
        case "boolean":
            proper: st.SearchStrategy[Any] = st.booleans()
        case "code":
            proper = st.sampled_from(catalogue.code_lists[field.codes or ""].labels)
        case "year":
            proper = st.sampled_from([2018.0, 2023.0, 2024.0, 2024.0, 2026.0])
        case "date":
            proper = st.sampled_from(
                [date(2022, 5, 1), date(2024, 12, 31), date(1999, 1, 1), date(2031, 1, 1)]
            )
        case "text":
            return st.sampled_from(["甲", "乙", "丙", "丁", "戊", "己", "庚", None, NOT_APPLICABLE])
        case _:
            proper = numbers
    odd: list[st.SearchStrategy[Any]] = [st.none(), st.just(NOT_APPLICABLE)]
    if field.type not in ("date", "text"):
        odd.append(st.just(UNREADABLE))
    if field.is_numeric and field.type != "year":
        odd.append(_ODD_NUMBERS)
    return st.integers(0, 11).flatmap(lambda kind: proper if kind else st.one_of(odd))


@st.composite
def entries(draw: st.DrawFn, catalogue: Catalogue, unit: str) -> Entries:
    """All forms of a unit's workbook; now and then a roster that says 无 or is left blank."""
    level = unit_level(catalogue, unit, YEAR)
    found = {}
    for form in catalogue.forms_of(level, YEAR):
        levels = catalogue.row_levels(form, level)
        units = unit_rows(catalogue, unit, levels, YEAR).select("org_code", "level").rows()
        if form.is_roster:
            count = draw(st.sampled_from([0, 1, 4, 6, 8]))
            rows = [(draw(st.sampled_from([*(code for code, _ in units), None])), None) for _ in range(count)]
        else:
            rows = units
        palettes = {field.id: draw(st.sampled_from(_PALETTES)) for field in form.fields if field.is_numeric}
        cells = {f.id: answer(f, catalogue, palettes.get(f.id, _NUMBERS)) for f in form.fields}
        alike = draw(st.booleans() | st.just(value=False)) and draw(st.integers(0, 99))  # bent in every row
        found[form.id] = _frame(form, [_row(draw, form, cells, code, lv, alike) for code, lv in rows])
    return found


def _row(
    draw: st.DrawFn,
    form: Form,
    cells: dict[str, st.SearchStrategy[Any]],
    code: str | None,
    level: str | None,
    alike: int | bool,
) -> dict[str, Any]:
    """A wild row, a valid one with some wild cells, or a valid one that is bent to break a rule."""
    asked = [f.id for f in form.fields if level is None or level in form.levels_of(f)]
    valid = first(valid_rows(), form.id, level)
    bends = [
        bend.changes[form.id]
        for bend in BENDS.values()
        if form.id in bend.changes and bend.level in (None, level)
    ]
    if alike is not False and bends:
        row = {**valid, **bends[alike % len(bends)]}
    else:
        kind = draw(st.sampled_from(["wild", "wild", "valid", "bent"]))
        wild = [name for name in asked if kind == "wild" or draw(st.integers(0, 9)) == 0]
        bend = draw(st.sampled_from(bends)) if bends and kind == "bent" else {}
        row = {**valid, **{name: draw(cells[name]) for name in wild}, **bend}
    return {"org_code": code, **{name: row.get(name) for name in asked}}


def _frame(form: Form, rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = ["org_code", *(field.id for field in form.fields)]
    return pl.DataFrame(
        {name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.Object) for name in names}
    )


def drawn(catalogue: Catalogue, unit: str, count: int) -> list[Entries]:
    """``count`` different entries for the workbook of ``unit``, to be looked at all together.

    As many under every profile: together they show every rule held and broken, and LibreOffice opens each of them.
    """
    found: list[Entries] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(entries(catalogue, unit))
    def collect(one: Entries) -> None:
        found.append(one)

    with warnings.catch_warnings():
        # Prefect's server may run beside this: its thread draws from ``random``, which Hypothesis would blame on us.
        warnings.simplefilter("ignore", HypothesisWarning)
        collect()
    return found


def pasted(path: Path, seed: int) -> None:
    """Paste over some cells what no validation stops, and delete a sheet now and then; by the luck of ``seed``."""
    random = Random(seed)
    kinds = random.sample(_PASTES, random.randint(0, 3))
    if not kinds:
        return
    book = openpyxl.load_workbook(path)
    for kind in kinds:
        sheet = random.choice([s for s in form_sheets(book) if s.lines and list(s.fields(type=kind[0]))])
        if kind[1] == "gone":
            delete_sheet(book, sheet)
            continue
        column = sheet.column(random.choice(list(sheet.fields(type=kind[0]))).label)
        cells = [sheet.sheet.cell(line, column) for line in sheet.lines]
        for cell in random.sample(cells, random.randint(1, len(cells))):
            if cell.value != NOT_ASKED:
                cell.value = kind[1]
    book.save(path)


_PASTES: tuple[tuple[str | None, str], ...] = (
    ("count", UNREADABLE),
    ("count", "约十人"),
    ("cny", "一万多"),
    ("year", "前年"),
    ("date", "去年五月"),
    ("boolean", "基本成立"),
    ("code", "乡级示范"),
    ("count", "=1/0"),
    ("text", "=NA()"),
    (None, "gone"),
)
