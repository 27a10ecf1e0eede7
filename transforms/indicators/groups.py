"""Groups of indicators that are computed together, so that not all their terms stand side by side for every unit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from warehouse.catalogue.load import Catalogue

MOST_NUMBERS = 15_000_000
"""About so many indicators of units and years are computed at a time; each takes some 250 bytes as a row."""


@dataclass(frozen=True)
class Group:
    """``indicators`` and the ``measures`` whose sums are made with them, as ids; ``read``: all measures that they need."""

    indicators: tuple[str, ...]
    measures: tuple[str, ...]
    read: tuple[str, ...]


def list_groups(
    catalogue: Catalogue, unit_years: int, most: int = MOST_NUMBERS, changed: Collection[str] | None = None
) -> list[Group]:
    """Every indicator and every measure of the catalogue in one group each, in its order.

    ``unit_years``: how many org units there are, summed over the years with data. ``changed``: the measures that are other
    than they were; then only they and the indicators that read one of them.
    """
    indicators = list(catalogue.indicators.values()) if changed is None else catalogue.list_readers(changed)
    waiting = dict.fromkeys(m for m in catalogue.measures if changed is None or m in changed)
    if not (indicators or waiting):
        return []
    count = max(1, min(len(indicators), ceil(unit_years * len(indicators) / most)))
    size = ceil(len(indicators) / count) or 1
    groups = []
    for start in range(0, max(len(indicators), 1), size):
        mine = indicators[start : start + size]
        read = dict.fromkeys(m.id for indicator in mine for m in catalogue.measures_of(indicator))
        summed = [m for m in waiting if m in read or start + size >= len(indicators)]
        waiting = dict.fromkeys(m for m in waiting if m not in summed)
        groups.append(
            Group(tuple(i.id for i in mine), tuple(summed), tuple({**read, **dict.fromkeys(summed)}))
        )
    return groups
