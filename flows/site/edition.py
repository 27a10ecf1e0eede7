"""What the pages of a night are made of, read once, and how a page is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from expectations.rulebook.rulebook import RuleBook
from flows.site.parts.charts import Design
from flows.site.parts.numbers import Numbers
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.words.number_words import MARKS
from warehouse.words.templates import render_text

ROOM = "flows.site"
NAVIGATION = (
    ("index.html", "总览"),
    ("tiles.html", "分县比较"),
    ("quality.html", "数据质量"),
    ("dictionary.html", "数据字典"),
    ("rules.html", "审核关系"),
    ("explanations.html", "已认可说明"),
)


@dataclass(frozen=True)
class Document:
    """A file beside the pages that a reader may take away."""

    file: str
    label: str

    @property
    def address(self) -> str:
        """Its relative address."""
        return quote(self.file)


@dataclass(frozen=True)
class Edition:
    """What all pages of a night are made of."""

    catalogue: Catalogue
    rulebook: RuleBook
    database: Path
    numbers: Numbers
    reporting: pl.DataFrame  # as warehouse.standing.status.list_status gives it, of the year that is open
    townships: Numbers  # of the newest year alone
    dictionary: pl.DataFrame  # rows of mart.dictionary
    designs: Mapping[str, Design]
    published_at: str  # the moment in words
    code_version: str
    documents: Sequence[Document]
    neighbours: Sequence[Document]  # pages of others beside these: digest, validation results

    @property
    def year(self) -> int | None:
        """The newest year with numbers."""
        return self.numbers.latest

    @property
    def city(self) -> str:
        """The code of the city."""
        return self.catalogue.settings.city.code

    @property
    def counties(self) -> list[str]:
        """The codes of the counties of the newest year, in order."""
        units = self.numbers.units.items()
        return [code for code, unit in units if unit["org_level"] == "county" and self.numbers.stands(code)]

    @property
    def programmes(self) -> list[str]:
        """The programmes that have indicators, in order."""
        return [programme for programme in self.catalogue.programmes if figures_of(self, programme)]

    @property
    def anchored_townships(self) -> list[str]:
        """The townships that stand on the page of their county, in order: those of a county with any main figure."""
        counties, known = set(self.counties), self.townships
        figures = {f for told in self.catalogue.bulletin.programmes.values() for f in told.figures}
        has_any = {code for figure in figures for code in known.units if known.has_row(figure, code)}
        return [c for c, unit in known.units.items() if unit["parent_code"] in counties and c in has_any]

    def name_of(self, org_code: str) -> str:
        """What a unit is called; of the whole city its name, not that of its own level."""
        if org_code == self.city:
            return f"{self.catalogue.settings.city.name}（全市）"
        return str(self.numbers.units[org_code]["org_name"])


def render_page(edition: Edition, template: str, file: str, title: str, **values: object) -> bytes:
    """The page of a template, with head, navigation, legend and foot."""
    settings = edition.catalogue.settings
    return render_text(
        ROOM,
        f"{template}.html",
        page={"title": title, "file": file},
        site={
            "association": settings.city.association,
            "navigation": NAVIGATION,
            "legend": MARKS.items(),
            "catalogue_version": edition.catalogue.version,
            "code_version": edition.code_version,
            "licence": settings.licence_text,
        },
        **values,
    ).encode()


def figures_of(edition: Edition, programme: str) -> list[Indicator]:
    """The main figures of a programme."""
    catalogue = edition.catalogue
    return [catalogue.indicators[name] for name in catalogue.bulletin.programmes[programme].figures]


def programme_file(programme: str) -> str:
    """The page of a programme."""
    return f"programme_{programme}.html"


def county_file(org_code: str) -> str:
    """The page of a county."""
    return f"county_{org_code}.html"
