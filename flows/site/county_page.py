"""The page of a county: its main figures, and programme by programme its years and its townships."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from flows.site.edition import Edition, county_file, figures_of, programme_file, render_page
from flows.site.programme_page import list_years, make_card, make_row
from warehouse.catalogue.models import Indicator


def render_county(edition: Edition, org_code: str) -> bytes:
    """The page."""
    catalogue = edition.catalogue
    told = [_tell_programme(edition, programme, org_code) for programme in edition.programmes]
    opening = [catalogue.indicators[name] for name in catalogue.bulletin.opening.figures]
    return render_page(
        edition,
        "county",
        county_file(org_code),
        edition.name_of(org_code),
        year=edition.year,
        report=_find_report(edition, org_code),
        cards=[
            make_card(edition, figure, org_code, programme_file(figure.programme))
            for figure in opening
            if edition.numbers.has_row(figure.id, org_code)
        ],
        programmes=[each for each in told if each],
        anchored=next((each["id"] for each in told if each and each["townships"]), ""),
    )


def fingerprint_counties(edition: Edition, common: str) -> dict[str, str]:
    """Page of a county -> everything that it is made of, in short; ``common``: what all pages are made of."""
    own = _digest_by(edition.numbers.figures, "org_code")
    below = _digest_by(edition.townships.figures, "parent_code")
    reports = _digest_by(edition.reporting.select("unit_code", "state", "status"), "unit_code")
    shared = f"{common}\0{edition.numbers.years}\0{edition.catalogue.settings.last_year}"
    found = {}
    for county in edition.counties:
        parts = (shared, *(digests.get(county, "") for digests in (own, below, reports)))
        found[county_file(county)] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return found


def _digest_by(frame: pl.DataFrame, key: str) -> dict[str, str]:
    """The rows of each ``key``, in short."""
    parts = frame.partition_by(key, as_dict=True, maintain_order=True)
    return {
        str(code): hashlib.sha256(part.write_csv().encode()).hexdigest() for (code,), part in parts.items()
    }


def _find_report(edition: Edition, org_code: str) -> dict[str, Any] | None:
    """How the county's report of the year that is open stands."""
    found = edition.reporting.filter(pl.col("unit_code") == org_code)
    if found.is_empty():
        return None
    return {
        "year": edition.catalogue.settings.last_year,
        "state": found["state"][0],
        "words": found["status"][0],
    }


def _tell_programme(edition: Edition, programme: str, org_code: str) -> dict[str, Any] | None:
    """The main figures of a programme in the county and its townships; None where it has none."""
    figures = [f for f in figures_of(edition, programme) if edition.numbers.has_row(f.id, org_code)]
    if not figures:
        return None
    return {
        "id": programme,
        "name": edition.catalogue.programmes[programme].name_zh,
        "address": programme_file(programme),
        "years": list_years(edition, [f.id for f in figures], [org_code]),
        "rows": [make_row(edition, figure, org_code) for figure in figures],
        "townships": _list_townships(edition, figures, org_code),
    }


def _list_townships(edition: Edition, figures: list[Indicator], org_code: str) -> dict[str, Any] | None:
    """The newest numbers of the townships; None where none of the figures is computed for them."""
    numbers = edition.townships
    codes = numbers.list_below(org_code)
    shown = [f for f in figures if any(numbers.has_row(f.id, code) for code in codes)]
    if not shown:
        return None
    maturity = numbers.maturity_of([f.id for f in shown], codes, edition.year or 0)
    return {
        "period": f"{edition.year}年度{'，' if maturity else ''}{maturity}",
        "heads": [{"name": f.name_zh, "unit": "" if f.name_zh.endswith(f.unit) else f.unit} for f in shown],
        "rows": [
            {
                "code": code,
                "name": numbers.units[code]["org_name"],
                "cells": [numbers.shown(f.id, code) for f in shown],
            }
            for code in codes
        ],
    }
