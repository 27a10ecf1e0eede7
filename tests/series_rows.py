"""A county's numbers year by year, to be bent in one place, and the questions that the series rules ask of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from expectations.outliers.rules import examine_series, locate_series, series_checks
from expectations.outliers.scores import series_frame
from expectations.rulebook.rulebook import load_rules
from warehouse.catalogue.frames import MEASURE
from warehouse.catalogue.load import Catalogue, load_catalogue

CATALOGUE = load_catalogue()
CHECKS = series_checks(load_rules(None, CATALOGUE))
YEAR, COUNTY = 2024, "371625"
TOWNSHIPS = sorted(
    CATALOGUE.registry.units(YEAR).filter(level="township", county_code=COUNTY)["org_code"].to_list()
)
MEASURE_ID = "leaflet_count"

Numbers = list[float | None]


def numbers(
    year: int, values: Numbers, measure: str = MEASURE_ID, units: list[str] | None = None
) -> pl.DataFrame:
    """A county's numbers of one measure, unit by unit (all townships unless said otherwise); None is not reported."""
    rows: list[dict[str, Any]] = [
        {
            "submission": f"s{year}",
            "unit_code": COUNTY,
            "year": year,
            "org_code": code,
            "measure": measure,
            "state": "not_reported" if value is None else "zero" if value == 0 else "value",
            "value": value,
        }
        for code, value in zip(units or TOWNSHIPS, values, strict=False)
    ]
    return pl.DataFrame(rows, schema=MEASURE)


def steady(size: float = 200.0) -> Numbers:
    return [size + 7 * place for place, _ in enumerate(TOWNSHIPS)]


def moving(year: int, size: float = 200.0) -> Numbers:
    """Numbers that change a little every year, each in its own way."""
    return [size + 17 * place + (place * year * 7) % 13 for place, _ in enumerate(TOWNSHIPS)]


def history(size: float = 200.0, years: int = 5) -> pl.DataFrame:
    return pl.concat([numbers(YEAR - back, steady(size)) for back in range(1, years + 1)])


def moving_history(years: int = 5, measure: str = MEASURE_ID, size: float = 200.0) -> pl.DataFrame:
    return pl.concat(
        [numbers(YEAR - back, moving(YEAR - back, size), measure) for back in range(1, years + 1)]
    )


def bent(value: float | None) -> Numbers:
    return [value, *steady()[1:]]


def questions(now: pl.DataFrame, prior: pl.DataFrame, catalogue: Catalogue = CATALOGUE) -> pl.DataFrame:
    """The findings (FINDING, still without cells) of all series rules."""
    found, _ = locate_series(examine_series(CHECKS, series_frame(now, prior, catalogue)))
    return found


def asked(values: Numbers, prior: pl.DataFrame) -> dict[str, str]:
    """Org unit and message of everything that is asked about this year's ``values`` of the townships."""
    return dict(questions(numbers(YEAR, values), prior).select("org_code", "message").iter_rows())


def rules_asked(now: pl.DataFrame, prior: pl.DataFrame) -> list[str]:
    """The rule of every question."""
    return questions(now, prior)["rule"].to_list()
