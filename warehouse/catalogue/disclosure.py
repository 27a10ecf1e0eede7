"""What a catalogue protects: counts so small that they tell of single families, and the numbers made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import model_validator

from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import Chinese, Measure, Name, Record
from warehouse.catalogue.yaml_source import Source
from warehouse.registry.levels import Level

PROTECTED, DERIVED, OPEN = "protected", "derived", "open"
"""Classes of measures and indicators: counted of families that are protected; made of such a number, too; neither."""


class Disclosure(Record):
    """Which counts are protected: those of ``measures`` from 1 to ``threshold`` at ``levels``.

    ``group``: the group of the operating system whose members may read the whole numbers.
    """

    measures: tuple[Name, ...]
    threshold: int
    levels: tuple[Level, ...]
    group: Chinese

    @model_validator(mode="after")
    def _refuse_what_protects_nothing(self) -> Disclosure:
        if self.threshold < 1:
            raise ValueError(f"threshold 应为不小于1的整数，填的是“{self.threshold}”")
        if not self.measures or not self.levels:
            raise ValueError("measures 和 levels 至少各写一项，不需要保护的请删去 disclosure 这一段")
        return self


def check_disclosure(source: Source, disclosure: Disclosure | None, measures: Mapping[str, Measure]) -> None:
    """Refuse what is protected and no count. Raises CatalogueError."""
    for index, name in enumerate(disclosure.measures if disclosure else ()):
        position: list[str | int] = ["disclosure", "measures", index]
        if name not in measures:
            raise source.error(position, unknown_name("计量", name, measures))
        if measures[name].where is not None:
            raise source.error(
                position,
                f"“{measures[name].label}”（{name}）是按行计数的，名册各行都公布，只有填报的计数可以保护",
            )
        if measures[name].quantum != 1:
            raise source.error(position, f"“{measures[name].label}”（{name}）是金额，只有计数可以保护")


def classify(disclosure: Disclosure | None, name: str, read: Collection[str]) -> str:
    """The class of a measure or indicator that is made of the measures ``read``."""
    protected = set(disclosure.measures) if disclosure else set()
    if name in protected and set(read) == {name}:
        return PROTECTED
    return OPEN if protected.isdisjoint(read) else DERIVED
