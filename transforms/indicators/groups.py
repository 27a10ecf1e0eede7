"""Groups of indicators that are computed together, so that not all their terms stand side by side for every unit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from more_itertools import constrained_batches

from transforms.indicators.measure_cells import is_deep
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator

MOST_NUMBERS = 2_000_000
"""About so many numbers of units and years are computed at a time; each takes some 500 bytes while it is."""


@dataclass(frozen=True)
class Group:
    """``indicators`` and the ``measures`` whose sums are made with them, as ids; ``read``: all measures that they need."""

    indicators: tuple[str, ...]
    measures: tuple[str, ...]
    read: tuple[str, ...]


def list_groups(
    catalogue: Catalogue,
    years: Sequence[int],
    most: int = MOST_NUMBERS,
    changed: Collection[str] | None = None,
) -> list[Group]:
    """Every indicator and every measure of the catalogue in one group each, in its order.

    ``years``: those with data. ``changed``: the measures that are other than they were; then only they and the indicators
    that read one of them.
    """
    indicators = list(catalogue.indicators.values()) if changed is None else catalogue.list_readers(changed)
    waiting = dict.fromkeys(m for m in catalogue.measures if changed is None or m in changed)
    if not (indicators or waiting):
        return []
    groups = []
    weighed = _weigh(indicators, catalogue, years)
    # In their order, as many together as weigh at most ``most``, but at least one.
    batches = constrained_batches(weighed, most, get_len=lambda pair: pair[1], strict=False)
    packs = [[indicator for indicator, _ in batch] for batch in batches] or [[]]
    for number, mine in enumerate(packs, start=1):
        read = dict.fromkeys(m.id for indicator in mine for m in catalogue.measures_of(indicator))
        summed = [m for m in waiting if m in read or number == len(packs)]
        waiting = dict.fromkeys(m for m in waiting if m not in summed)
        groups.append(
            Group(tuple(i.id for i in mine), tuple(summed), tuple({**read, **dict.fromkeys(summed)}))
        )
    return groups


def _weigh(
    indicators: Iterable[Indicator], catalogue: Catalogue, years: Sequence[int]
) -> Iterator[tuple[Indicator, int]]:
    """Each indicator with the number of units and years for which its terms stand: villages are by far the most."""
    levels = pl.concat([pl.Series(dtype=pl.String), *(catalogue.registry.units(y)["level"] for y in years)])
    above = int((levels != "village").sum())
    for indicator in indicators:
        has_villages = any(is_deep(measure) for measure in catalogue.measures_of(indicator))
        yield indicator, levels.len() if has_villages else above
