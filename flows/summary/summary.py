"""Writes the summary tables of a year from the published file."""

from __future__ import annotations

from pathlib import Path

from expectations.workbook.summary import Sum, Summary, write_summary
from expectations.workbook.summary_columns import summary_columns
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form, in_force
from warehouse.ledger.durability import make_folder, writing_durably
from warehouse.published.figures import list_years_shown
from warehouse.published.sums import read_sums
from warehouse.registry.levels import Level
from warehouse.store.query import read_last_published


class FormUnknown(Exception):
    """No form is called so in that year; the sentence says which there are."""


def name_summary(year: int, form: Form | None, level: Level) -> str:
    """汇总表_2024.xlsx, 汇总表_2024_年5表_分乡镇.xlsx."""
    parts = ["汇总表", str(year), form.number if form else "", "分乡镇" if level == "township" else ""]
    return f"{'_'.join(part for part in parts if part)}.xlsx"


def write_summary_tables(
    database: Path, catalogue: Catalogue, year: int, target: Path, form: str | None, level: Level
) -> None:
    """Write all forms of ``year``, or the one called ``form`` (see :func:`choose_forms`), with a row for each unit of ``level``.

    FormUnknown, YearNotPublished, WarehouseMissing, QueryError.
    """
    list_years_shown(database, year)  # which refuses a year without numbers
    forms = choose_forms(catalogue, year, form)
    rows = read_sums(database, year, catalogue.settings.city.code).iter_rows()
    sums = {(code, is_own, name): Sum(*rest) for code, is_own, name, *rest in rows}
    make_folder(target.parent)
    with writing_durably(target) as unfinished:
        summary = Summary(catalogue, year, forms, level, read_last_published(database))
        write_summary(unfinished, summary, sums)


def choose_forms(catalogue: Catalogue, year: int, asked: str | None) -> tuple[Form, ...]:
    """The forms of ``year`` with something to sum up, or the one called ``asked``: 年5表, 5, 05 or its id. FormUnknown."""
    current = (form for form in catalogue.forms.values() if in_force(form, year))
    forms = tuple(f for f in current if any(c.field for c in summary_columns(catalogue, f, year)))
    if asked is None:
        return forms
    found = tuple(f for f in forms if asked.strip() == f.id or _plain(asked) == _plain(f.number))
    if not found:
        there = "、".join(f"{form.number}（{form.id}）" for form in forms)
        raise FormUnknown(f"{year}年度没有“{asked}”这张可汇总的报表，可用：{there}。")
    return found


def _plain(number: str) -> str:
    """The number of a form without what may be written around it: 年3-1表, 03_1 and 3-1 are the same."""
    bare = number.strip().removeprefix("年").removesuffix("表").replace("_", "-")
    return "-".join(part.lstrip("0") for part in bare.split("-"))
