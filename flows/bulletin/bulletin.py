"""The content of a year's bulletin, whatever it is written as: sections, the table by county, notes.

What is said of the numbers stands in the catalogue's bulletin.yaml, what is noted about them in ``notes.j2``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.bulletin.sentences import Numbers, Said, say
from flows.charts.plotted import MOST_COUNTIES, SAID_OF_FIRST, Plotted, choose_scale, keep_highest, plot
from warehouse.catalogue.load import Catalogue
from warehouse.exchange.exported import Vintage, read_vintage
from warehouse.published.figures import NO_ROW, YearNotPublished, list_years_shown, read_figures
from warehouse.published.reporting import list_told_years, read_reporting
from warehouse.store.query import read_only
from warehouse.words.chinese_numerals import chinese_numeral
from warehouse.words.day_words import day_words
from warehouse.words.enumerations import name_units
from warehouse.words.number_words import LEGEND, NOT_REPORTED, show_number
from warehouse.words.templates import render_lines


@dataclass(frozen=True)
class Section:
    """What is said of a programme below its numbered heading, and its chart; None where there is nothing to draw."""

    heading: str
    said: Said
    chart: Plotted | None


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column is the row's name."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Bulletin:
    """All that a bulletin says; ``issuer`` and the whole ``vintage`` stand in the properties of the file."""

    title: str
    year: int
    is_final: bool
    issuer: str
    vintage: Vintage
    opening: Said
    sections: tuple[Section, ...]
    by_county: Table
    notes: tuple[str, ...]

    @property
    def dated(self) -> str:
        """The line below the title: how final the numbers are, and the day that published them."""
        published = self.vintage.published_at
        return f"{'' if self.is_final else '（初步统计）'}{day_words(published) if published else ''}"


def compose_bulletin(database: Path, catalogue: Catalogue, year: int) -> Bulletin:
    """The bulletin of ``year`` from the published file. YearNotPublished, WarehouseMissing, QueryError."""
    years = list_years_shown(database, year)
    if year not in list_told_years(database):
        raise YearNotPublished(f"{year}年度多数单位尚未报送或尚未通过审核，暂不编写公报。")
    figures = read_figures(database, catalogue, years)
    now = figures.filter(pl.col("year") == year)
    reports = read_reporting(database, year).remove("is_accepted")
    numbers = Numbers(year, now, tuple(reports["unit_name"]))
    declared = catalogue.bulletin
    opening = say(declared.opening.text, numbers)
    sections: list[Section] = []
    for name, programme in catalogue.programmes.items():
        told = declared.programmes[name]
        said = say(told.text, numbers)
        charts = (plot(chart, figures, years) for chart in told.charts)
        drawn = next((chart for chart in charts if chart.is_drawable), None)
        if said.sentences:
            heading = f"{chinese_numeral(len(sections) + 1)}、{programme.name_zh}"
            sections.append(Section(heading, said, drawn))
    with read_only(database) as connection:
        vintage = read_vintage(connection)
    city = catalogue.settings.city
    is_final = bool((now["maturity"] == "final").all())
    return Bulletin(
        title=f"{city.association}{year}年度公报",
        year=year,
        is_final=is_final,
        issuer=city.association,
        vintage=vintage,
        opening=opening,
        sections=tuple(sections),
        by_county=_list_counties(catalogue, now, set(reports["unit_code"])),
        notes=tuple(_write_notes(catalogue, numbers, sections, is_final=is_final)),
    )


def _list_counties(catalogue: Catalogue, now: pl.DataFrame, missing: Collection[str]) -> Table:
    """The figures of the opening, for the city and each county; none of those that are ``missing``.

    Of more counties than can be read, those that are highest in the first figure.
    """
    head, columns, title = ["单位"], [], "分县（市、区）主要指标"
    of_counties = now.filter(pl.col("org_level") == "county")
    counties = of_counties.select("org_code", "org_name").unique().sort("org_code")
    if counties.height > MOST_COUNTIES and catalogue.bulletin.opening.figures:
        first = catalogue.indicators[catalogue.bulletin.opening.figures[0]]
        highest = keep_highest(of_counties.filter(pl.col("indicator") == first.id))
        counties = highest.select("org_code", "org_name")
        title = f"{title}（按{first.name_zh}{SAID_OF_FIRST}）"
    units = [(catalogue.settings.city.code, "全市"), *counties.iter_rows()]
    for name in catalogue.bulletin.opening.figures:
        rows = {row["org_code"]: row for row in now.filter(pl.col("indicator") == name).iter_rows(named=True)}
        indicator = catalogue.indicators[name]
        known = [row["value"] for row in rows.values() if row["value"] is not None]
        scale, unit, decimals = choose_scale(indicator.unit, indicator.decimals, known)
        head.append(f"{indicator.name_zh}（{unit}）")
        columns.append(
            [NOT_REPORTED if code in missing else _show(rows.get(code), scale, decimals) for code, _ in units]
        )
    by_unit = zip([name for _, name in units], *columns, strict=True)
    return Table(title, tuple(head), tuple(by_unit))


def _show(row: dict[str, Any] | None, scale: float, decimals: int) -> str:
    if row is None or row["value"] is None:
        return show_number(None, row["state"] if row else NO_ROW)
    return show_number(row["value"] / scale, row["state"], decimals)


def _write_notes(
    catalogue: Catalogue, numbers: Numbers, sections: Collection[Section], *, is_final: bool
) -> list[str]:
    """The notes below a bulletin, each a line."""
    told = dict.fromkeys(i for section in sections for i in section.said.indicators)
    breaks = [
        (catalogue.indicators[name].name_zh, b.text.rstrip("。"))
        for name in told
        for b in catalogue.breaks_of(catalogue.indicators[name])
        if b.year == numbers.year
    ]
    return render_lines(
        "flows.bulletin",
        "notes",
        "notes",
        year=numbers.year,
        is_final=is_final,
        missing=name_units(numbers.missing),
        breaks=breaks,
        legend=LEGEND,
    )
