"""What is said of the programmes in public: sentences of the bulletin, the figures that stand first, the charts.

bulletin.yaml declares it. It is no part of the catalogue's version, and read when it is asked for: words change no number, and a
slip in them stops no night. A programme without a record of
its own is told by its published indicators, one after the other.

A sentence has placeholders ``{indicator}``, ``{indicator:picture}`` (see :mod:`warehouse.words.printed_numbers`) and
``{indicator.aspect}`` (see ASPECTS), and parts in brackets which are left out where one of theirs has nothing to say; where a
placeholder outside of brackets has nothing to say, the sentence is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import Chinese, Indicator, Name, Programme, Record
from warehouse.catalogue.yaml_source import Source
from warehouse.words.filled_sentences import placeholders
from warehouse.words.printed_numbers import check_picture

BULLETIN = "bulletin.yaml"
ASPECTS = {
    "growth": "比上年增长（下降）百分之几、几个百分点，或与上年持平",
    "difference": "比上年增加（减少）多少，或与上年持平",
    "highest": "数最大的三个县(市、区)",
}
"""What can be said of an indicator besides its number."""
YEAR = "year"
_FIGURES = 6
"""So many indicators stand first where nothing is declared."""


class ChartOf(Record):
    """A chart: ``indicators`` of one unit over the years, or one indicator over the counties."""

    title: Chinese
    indicators: tuple[Name, ...]
    over: Literal["years", "counties"] = "years"


class ProgrammeText(Record):
    """What is said of one programme: ``text`` in the bulletin; ``figures``, the indicators that stand first; ``charts``."""

    programme: Name
    text: Chinese
    figures: tuple[Name, ...]
    charts: tuple[ChartOf, ...] = ()


class Opening(Record):
    """What the bulletin begins with, and the figures of the first page."""

    text: Chinese
    figures: tuple[Name, ...]


class _Declared(Record):
    opening: Opening
    programmes: tuple[ProgrammeText, ...] = ()
    tiles: dict[str, tuple[int, int]] = Field(default_factory=dict)

    @field_validator("tiles")
    @classmethod
    def _check_places(cls, tiles: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        places = list(tiles.values())
        if any(min(place) < 0 for place in places):
            raise ValueError("tiles 的列、行从 0 起，不能是负数")
        for place in places:
            if places.count(place) > 1:
                raise ValueError(f"tiles 中有两个县(市、区)都在第{place[0]}列第{place[1]}行")
        return tiles


@dataclass(frozen=True)
class Bulletin:
    """The opening, and a text for each programme, in the programmes' order.

    ``tiles``: county -> column and row where it lies on the page of counties, of those that have a place.
    """

    opening: Opening
    programmes: dict[str, ProgrammeText]
    tiles: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Placeholder:
    """What a placeholder asks for: an indicator's number in a picture, or an aspect of it."""

    indicator: str
    aspect: str
    picture: str


def parse_placeholder(text: str) -> Placeholder:
    """``member_count``, ``member_count.growth``, ``leaflet_cumulative_count:万余``."""
    named, _, picture = text.partition(":")
    indicator, _, aspect = named.partition(".")
    return Placeholder(indicator, aspect, picture)


def read_declared_words(folder: Path) -> str:
    """The text of a catalogue's bulletin.yaml, by which one sees that it changed; '' where there is none."""
    path = folder / BULLETIN
    return path.read_text(encoding="utf-8") if path.exists() else ""


def load_bulletin(
    folder: Path,
    programmes: Mapping[str, Programme],
    indicators: Mapping[str, Indicator],
    counties: Collection[str],
) -> Bulletin:
    """bulletin.yaml of a catalogue's folder, and what stands in the place of what it does not say. CatalogueError.

    ``counties``: the codes of all counties, of past years too.
    """
    defaults = {p: _tell_plainly(p, indicators) for p in programmes}
    path = folder / BULLETIN
    if not path.exists():
        published = [i for i in indicators.values() if i.is_published]
        return Bulletin(_open_plainly(published or list(indicators.values())), defaults, {})
    source = Source(path)
    declared = source.read(_Declared, source.content)
    _check_text(source, ["opening", "text"], declared.opening.text, indicators)
    _check_figures(source, ["opening", "figures"], declared.opening.figures, indicators)
    told: dict[str, ProgrammeText] = {}
    for index, record in enumerate(declared.programmes):
        at: list[str | int] = ["programmes", index]
        if record.programme not in programmes:
            raise source.error([*at, "programme"], unknown_name("项目", record.programme, programmes))
        if record.programme in told:
            raise source.error([*at, "programme"], f"项目“{record.programme}”写了两次")
        _check_text(source, [*at, "text"], record.text, indicators)
        _check_figures(source, [*at, "figures"], record.figures, indicators)
        for number, chart in enumerate(record.charts):
            _check_chart(source, [*at, "charts", number], chart, indicators)
        told[record.programme] = record
    for code in declared.tiles:
        if code not in counties:
            raise source.error(["tiles", code], unknown_name("县(市、区)代码", code, counties))
    return Bulletin(declared.opening, defaults | told, declared.tiles)


def _check_text(source: Source, at: list[str | int], text: str, indicators: Mapping[str, Indicator]) -> None:
    for written in sorted(placeholders(text) - {YEAR}):
        asked = parse_placeholder(written)
        if asked.indicator not in indicators:
            raise source.error(at, unknown_name("指标", asked.indicator, indicators))
        if asked.aspect and asked.aspect not in ASPECTS:
            raise source.error(at, unknown_name(f"“{{{written}}}”中的", asked.aspect, ASPECTS))
        if asked.picture and (wrong := check_picture(asked.picture)):
            raise source.error(at, wrong)


def _check_figures(
    source: Source, at: list[str | int], figures: tuple[str, ...], indicators: Mapping[str, Indicator]
) -> None:
    for index, name in enumerate(figures):
        if name not in indicators:
            raise source.error([*at, index], unknown_name("指标", name, indicators))
    if not figures:
        raise source.error(at, "figures 至少写一项指标")


def _check_chart(
    source: Source, at: list[str | int], chart: ChartOf, indicators: Mapping[str, Indicator]
) -> None:
    _check_figures(source, [*at, "indicators"], chart.indicators, indicators)
    if len({indicators[name].unit for name in chart.indicators}) > 1:
        raise source.error(at, f"“{chart.title}”各项的计量单位不同，不能画在一张图上")
    if chart.over == "counties" and len(chart.indicators) > 1:
        raise source.error(at, f"“{chart.title}”按县(市、区)画的图只能有一项指标")


def _tell_plainly(programme: str, indicators: Mapping[str, Indicator]) -> ProgrammeText:
    """Of each published indicator of the programme a sentence; where none is published, of those that are reported."""
    own = [i for i in indicators.values() if i.programme == programme]
    shown = [i for i in own if i.is_published] or [i for i in own if i.kind in ("stock", "flow")]
    if not shown:
        shown = own
    figures = tuple(i.id for i in shown[:_FIGURES])
    charts = tuple(ChartOf(title=i.name_zh, indicators=(i.id,)) for i in shown[:1])
    return ProgrammeText.model_construct(
        programme=programme, text=_list_plainly(shown), figures=figures, charts=charts
    )


def _open_plainly(shown: list[Indicator]) -> Opening:
    first = shown[:_FIGURES]
    return Opening(text=_list_plainly(first), figures=tuple(i.id for i in first))


def _list_plainly(shown: list[Indicator]) -> str:
    # A name that ends with the unit leaves it to the number: 走访1072户次.
    names = {i.id: i.name_zh.removesuffix(i.unit) or i.name_zh for i in shown}
    return "".join(f"{name}{{{id_}}}[，{{{id_}.growth}}]。" for id_, name in names.items())
