"""The bulletin as a page that stands alone: the same text, table and notes, its charts as pictures in it."""

from __future__ import annotations

from collections.abc import Callable

from flows.bulletin.bulletin import Bulletin
from flows.charts.plotted import Plotted
from warehouse.words.templates import render_text


def write_web_page(bulletin: Bulletin, picture: Callable[[Plotted], str]) -> str:
    """The page of ``bulletin`` as HTML; ``picture`` draws a chart as SVG."""
    return render_text(
        "flows.bulletin",
        "bulletin.html",
        title=bulletin.title,
        dated=bulletin.dated,
        opening=bulletin.opening.text,
        sections=[
            {
                "heading": section.heading,
                "text": section.said.text,
                "chart": picture(section.chart) if section.chart else "",
                "described": f"{section.chart.title}（{section.chart.unit}）" if section.chart else "",
            }
            for section in bulletin.sections
        ],
        table=bulletin.by_county,
        notes=bulletin.notes,
        vintage=bulletin.vintage.words,
    )
