"""Compares the unit, year and form in the head of each sheet with those of the whole workbook."""

from __future__ import annotations

import polars as pl

from transforms.conforming.identify import ReportingUnits, find_years, list_reporting_units
from warehouse.catalogue.frames import PROBLEM, Submissions, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.words.folding import drop_brackets, fold

HEADS = {
    "submission": pl.String,
    "form": pl.String,
    "sheet": pl.String,
    "key": pl.String,  # unit_name, unit_code, year; number: of another form than the columns'
    "text": pl.String,
}
"""The entries in the heads of the sheets. Key: submission, form, key."""


def find_head_contradictions(
    heads: pl.DataFrame, submissions: Submissions, catalogue: Catalogue
) -> pl.DataFrame:
    """read.head_contradiction for each sheet whose head (HEADS) names another unit, year or form. PROBLEM rows."""
    whose = heads.join(submissions.select("submission", "unit_code", "year"), on="submission")
    said = ["unit_code", "year", "key", "text", "form"]
    units = {year: list_reporting_units(catalogue, year) for year in whose["year"].unique().to_list()}
    details = []
    for unit, year, key, text, form in whose.select(said).unique(maintain_order=True).iter_rows():
        if detail := _find_contradiction(key, text, form, unit, year, units[year], catalogue):
            details.append((unit, year, key, text, form, detail))
    schema = dict.fromkeys(said, pl.String) | {"year": pl.Int32, "detail": pl.String}
    told = whose.join(
        pl.DataFrame(details, schema=schema, orient="row"), on=said, maintain_order="left"
    ).unique(["submission", "form"], keep="first", maintain_order=True)
    return shaped(told.drop("unit_code").with_columns(rule=pl.lit("read.head_contradiction")), PROBLEM)


def _find_contradiction(
    key: str, text: str, form: str, unit: str, year: int, units: ReportingUnits, catalogue: Catalogue
) -> str:
    """The contradiction in words; '' where the head agrees."""
    if key == "number":
        asked = catalogue.forms[form]
        return f"表号写的是“{text}”，各栏却是{asked.number}（{asked.title}）的"
    if key == "year":
        years = find_years(text)
        return f"表头的年度是“{text}”，封面是{year}年" if years and year not in years else ""
    own = units.name_of.get(unit, unit)
    other = units.find(text) or units.find_inside(text)
    is_agreed = other == unit or (other is None and (key == "unit_code" or _is_alike(text, own)))
    return "" if is_agreed else f"表头的填报单位是“{text}”，封面是“{own}”"


def _is_alike(text: str, own: str) -> bool:
    """Whether an unknown name may still mean the reporting unit: 滨城计生协, or only brackets and signs."""
    bare = drop_brackets(fold(text)).strip("_.:/-")
    return not bare or fold(own)[:2] in bare
