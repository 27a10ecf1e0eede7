"""The first page: main figures of the city, how far the year's reporting is, and links to everything."""

from __future__ import annotations

from typing import Any

from flows.site.edition import Edition, county_file, figures_of, programme_file, render_page
from flows.site.programme_page import make_card
from warehouse.words.day_words import day_words, moment_words


def render_overview(edition: Edition) -> bytes:
    """The page."""
    catalogue = edition.catalogue
    figures = [catalogue.indicators[name] for name in catalogue.bulletin.opening.figures]
    return render_page(
        edition,
        "index",
        "index.html",
        "总览",
        year=edition.year,
        maturity=""
        if edition.year is None
        else edition.numbers.maturity_of([f.id for f in figures], [edition.city], edition.year),
        cards=[make_card(edition, f, edition.city, programme_file(f.programme)) for f in figures],
        published_at=edition.published_at,
        reporting=tell_reporting(edition),
        programmes=[_link_programme(edition, programme) for programme in edition.programmes],
        counties=[(edition.name_of(code), county_file(code)) for code in edition.counties],
        documents=edition.documents,
        neighbours=edition.neighbours,
    )


def _link_programme(edition: Edition, programme: str) -> dict[str, Any]:
    """A programme with its first figure."""
    first = figures_of(edition, programme)[0]
    return {
        "name": edition.catalogue.programmes[programme].name_zh,
        "address": programme_file(programme),
        "figure": first.name_zh,
        "shown": edition.numbers.shown(first.id, edition.city),
    }


def tell_reporting(edition: Edition) -> dict[str, Any]:
    """Who has reported for the year that is open, and when."""
    rows = edition.reporting.to_dicts()
    return {
        "year": edition.catalogue.settings.last_year,
        "expected": len(rows),
        "reported": sum(row["is_reported"] for row in rows),
        "accepted": sum(row["has_standing"] for row in rows),
        "rows": [
            {
                "name": row["unit_name"],
                "address": county_file(row["unit_code"]) if row["unit_code"] in edition.counties else "",
                "state": row["state"],
                "words": row["status"],
                "due": day_words(row["due_date"]),
                "at": moment_words(row["received_at"]) if row["received_at"] else "",
                "timely": ("按时" if row["is_on_time"] else "逾期") if row["is_reported"] else "…",
                "critical_count": row["critical_count"],
                "warning_count": row["warning_count"],
            }
            for row in rows
        ],
    }
