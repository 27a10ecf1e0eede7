"""Brings the pages below site/ up to date: the whole step is skipped where nothing that they are made of has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import partial
from pathlib import Path

from flows.error_log import run_dispensable
from flows.night import Night
from flows.settings import read_code_version
from flows.site.county_page import fingerprint_counties, render_county
from flows.site.definition_pages import render_dictionary, render_explanations, render_rules
from flows.site.edition import Document, Edition, county_file, programme_file, render_page
from flows.site.kept_pages import find_unchanged, is_up_to_date, keep_pages, read_kept
from flows.site.overview_page import render_overview
from flows.site.parts.numbers import Numbers
from flows.site.programme_page import render_programme
from flows.site.quality_page import render_quality
from flows.site.search_index import render_index
from flows.site.shared_files import (
    DESIGNS,
    LIBRARY,
    SEARCH_INDEX,
    find_designs,
    find_library,
    fingerprint_room,
    read_own_files,
    write_designs,
)
from flows.site.tiles_page import render_tiles
from warehouse.catalogue.bulletin import read_declared_words
from warehouse.published.definitions import read_dictionary
from warehouse.published.figures import YEARS_SHOWN, list_published_years, read_figures
from warehouse.published.reporting import list_told_years
from warehouse.standing.status import list_status
from warehouse.store.query import read_last_published, read_shown_heads
from warehouse.words.day_words import moment_words


def publish_site(night: Night) -> list[str]:
    """Bring the pages up to date. What went wrong, as a sentence for the administrator: the night goes on without them."""
    if not night.installation.settings.site:
        return []
    said = "统计网页未能全部更新，仍是上一次的内容"
    return run_dispensable(partial(_bring_up_to_date, night), said, night.home.root, night.run)


def _bring_up_to_date(night: Night) -> None:
    home = night.home
    if not home.database.exists():
        return
    documents, neighbours = list_documents(home.site), list_neighbours(night)
    made_of = fingerprint(night, [*documents, *neighbours])
    kept = read_kept(home.site)
    if is_up_to_date(home.site, kept, made_of):
        return
    edition = read_edition(night, documents, neighbours)
    sources = fingerprint_counties(edition, "\0".join(_list_common_parts(night)))
    unchanged = find_unchanged(home.site, kept, sources)
    pages = render_pages(edition, unchanged)
    pages |= read_own_files()
    pages[LIBRARY] = find_library(home.site)
    pages[DESIGNS] = write_designs(edition.designs)
    keep_pages(home.site, kept, made_of, pages, sources, unchanged)


def fingerprint(night: Night, linked: list[Document]) -> str:
    """Everything that the pages are made of, in short."""
    parts = [
        str(read_shown_heads(night.home.database)[-1:]),
        *_list_common_parts(night),
        *(document.file for document in linked),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _list_common_parts(night: Night) -> list[str]:
    """What every page is made of beside its numbers."""
    return [
        night.catalogue.version,
        night.rulebook.version,
        read_declared_words(night.catalogue.folder),
        read_code_version(),
        fingerprint_room(),
    ]


def list_documents(site: Path) -> list[Document]:
    """The files beside the pages that a reader may take away, the newest year first."""
    labels = {
        "公报_*.html": "公报（网页）",
        "公报_*.docx": "公报（Word）",
        "年鉴_*.xlsx": "年鉴（Excel）",
    }
    found = [
        (file.stem.partition("_")[2], Document(file.name, label))
        for pattern, label in labels.items()
        for file in site.glob(pattern)
    ]
    return [
        Document(d.file, f"{year}年{d.label}")
        for year, d in sorted(found, key=lambda each: each[0], reverse=True)
    ]


def list_neighbours(night: Night) -> list[Document]:
    """The pages beside these that other steps write; the digest of a night that took anything in comes after this step."""
    site = night.home.site
    known = []
    if night.record.counts["submission_count"] or (site / "digest.md").is_file():
        known.append(Document("digest.md", "最近一次日报"))
    if (site / "data_docs" / "index.html").is_file():
        known.append(Document("data_docs/index.html", "最近一次审核结果"))
    return known


def read_edition(night: Night, documents: list[Document], neighbours: list[Document]) -> Edition:
    """What the pages are made of, from the published file."""
    home, catalogue = night.home, night.catalogue
    years = _list_years(home.database)
    figures = read_figures(home.database, catalogue, years)
    of_townships = read_figures(home.database, catalogue, years[-1:], ["township"])
    return Edition(
        catalogue=catalogue,
        rulebook=night.rulebook,
        database=home.database,
        numbers=Numbers(figures, years),
        townships=Numbers(of_townships, years[-1:]),
        dictionary=read_dictionary(home.database),
        reporting=list_status(
            home.database, catalogue.settings.last_year, catalogue, night.journal.entries()
        ),
        designs=find_designs(home.site),
        published_at=moment_words(read_last_published(home.database)),
        code_version=read_code_version(),
        documents=documents,
        neighbours=neighbours,
    )


def _list_years(database: Path) -> list[int]:
    """The years of the pages: up to the newest of which half of the units have reported; where there is none, all."""
    published = list_published_years(database)
    newest = max(list_told_years(database), default=0)
    return ([year for year in published if year <= newest] or published)[-YEARS_SHOWN:]


def render_pages(edition: Edition, unchanged: Collection[str] = ()) -> dict[str, bytes]:
    """Every page by its file, but for the counties' pages that are ``unchanged``."""
    pages = {"index.html": render_overview(edition)}
    for programme in edition.programmes:
        pages[programme_file(programme)] = render_programme(edition, programme)
    for county in edition.counties:
        if county_file(county) not in unchanged:
            pages[county_file(county)] = render_county(edition, county)
    return pages | {
        "tiles.html": render_tiles(edition),
        "quality.html": render_quality(edition),
        "dictionary.html": render_dictionary(edition),
        "rules.html": render_rules(edition),
        "explanations.html": render_explanations(edition),
        "search.html": render_page(edition, "search", "search.html", "全站查找"),
        SEARCH_INDEX: render_index(edition),
    }
