"""Writes sample submissions through the issued workbook, each filled by transforms.samples.sample_entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from expectations.workbook.issued import Content, write_workbook
from flows.cli.console import fail
from flows.settings import Installation
from transforms.samples.sample_entries import make_sample_entries, read_declared_spec
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.yaml_source import CatalogueError


def check_year(catalogue: Catalogue, year: int) -> None:
    """Leave with a sentence when the catalogue does not know the year."""
    if sentence := catalogue.explain_not_reported(year):
        raise fail(sentence)


def list_unit_rows(catalogue: Catalogue, year: int, unit: str | None = None) -> list[tuple[str, str]]:
    """Code and name of the reporting units of a year, or of the one named."""
    roster = catalogue.registry.roster(year)
    if unit is not None:
        roster = roster.filter(pl.col("unit_code") == unit)
    own = catalogue.settings.city
    return [
        (code, own.own_level_name if code == own.code else name)
        for code, name in roster.select("unit_code", "unit_name").iter_rows()
    ]


def name_workbook(code: str, name: str, year: int) -> str:
    """The file name of an issued workbook."""
    return f"{code}_{year}_{name}_计生协年报.xlsx"


def write_samples(installation: Installation, years: list[int], folder: Path) -> Iterator[Path]:
    """Write the sample workbooks of the years, oldest first; yields each path as it is done."""
    spec = read_declared_spec(installation.catalogue)
    prior: dict[str, dict[str, pl.DataFrame]] = {}
    for year in sorted(years):
        try:
            entries = make_sample_entries(installation.catalogue, spec, year)
        except ValueError as error:
            raise CatalogueError(f"{installation.catalogue.folder / 'samples.yaml'}：{error}") from None
        for code, name in list_unit_rows(installation.catalogue, year):
            target = folder / code
            target.mkdir(parents=True, exist_ok=True)
            path = target / name_workbook(code, name, year)
            write_workbook(
                path,
                code,
                year,
                installation.catalogue,
                installation.rulebook,
                Content(entries[code], prior.get(code, {}), is_sample=True),
            )
            yield path
        prior = entries
