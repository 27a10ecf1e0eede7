"""Reads indicators/*.yaml and checks that every formula can be computed: known names, no circle, known functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.catalogue.expression import Expression, ExpressionError, parse
from warehouse.catalogue.models import Indicator, Measure, Programme
from warehouse.catalogue.yaml_source import CatalogueError, Source


def parsed(source: Source, place: list[str | int], text: str) -> Expression:
    """The expression that stands at ``place``; CatalogueError with file and line when it is none."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise source.error(place, str(error)) from None


def expanded(
    indicator: Indicator, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> Expression:
    """The formula with names of other indicators replaced until only measures remain."""

    def meaning(name: str) -> Expression | None:
        if name in measures:
            return None
        return parse(indicators[name].formula).substitute(meaning)

    return parse(indicator.formula).substitute(meaning)


def read_indicators(
    folder: Path, programmes: Mapping[str, Programme], measures: Mapping[str, Measure]
) -> dict[str, Indicator]:
    """The indicators of a catalogue folder by id, in file order. CatalogueError names file and line."""
    found: dict[str, Indicator] = {}
    places: list[_Place] = []
    for path in sorted((folder / "indicators").glob("*.yaml")):
        source = Source(path)
        for index, indicator in enumerate(source.read_list(Indicator)):
            place = _Place(source, index, indicator)
            if indicator.id in found:
                raise place.error("id", f"indicator {indicator.id!r} is already defined")
            if indicator.programme not in programmes:
                raise place.error("programme", f"programme {indicator.programme!r} is not defined")
            found[indicator.id] = indicator
            places.append(place)
    for place in places:
        _check_names(place, measures, found)
    for place in places:  # once every formula can be read
        _refuse_circle(place, measures, found)
    for place in places:  # once every name leads to measures
        _check_meaning(place, measures, found)
    return found


@dataclass(frozen=True)
class _Place:
    """An indicator and where it stands."""

    source: Source
    index: int
    indicator: Indicator

    def error(self, key: str, message: str) -> CatalogueError:
        return self.source.error([self.index, key], message)


def _check_names(place: _Place, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]) -> None:
    indicator = place.indicator
    expression = parsed(place.source, [place.index, "formula"], indicator.formula)
    unknown = expression.names - measures.keys() - indicators.keys()
    if unknown:
        raise place.error("formula", f"neither measure nor indicator: {', '.join(sorted(unknown))}")
    if indicator.id in measures and expression.text != indicator.id:
        raise place.error(
            "id", f"{indicator.id!r} is a measure: an indicator of that name must be that measure"
        )


def _refuse_circle(
    place: _Place, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> None:
    start = place.indicator
    waiting, seen = [start], set[str]()
    while waiting:
        for name in parse(waiting.pop().formula).names - measures.keys():
            if name == start.id:
                raise place.error("formula", f"indicator {start.id!r} is defined by itself")
            if name not in seen:
                seen.add(name)
                waiting.append(indicators[name])


def _check_meaning(
    place: _Place, measures: Mapping[str, Measure], indicators: Mapping[str, Indicator]
) -> None:
    """Refuses formulas that parse but cannot be computed: a rank of a rank, last year of a cumulative number."""
    try:
        text = expanded(place.indicator, measures, indicators).text
    except ExpressionError as error:
        raise place.error("formula", str(error)) from None
    whole = parsed(place.source, [place.index, "formula"], text)
    if any(term.function == "total" for term in whole.terms):
        raise place.error("formula", "total() speaks of rows of a form and has no meaning here")
    if whole.window and "village" in place.indicator.levels:
        raise place.error("levels", f"{whole.window[0]}() is not computed for villages; leave them out")
