"""CONTRIBUTION: for which units a number counts; sums, histories and traces are joins with this frame.

What a unit reported for a year (the *source*) counts, seen from that year or a later one, for the unit that carries
its history on (the *heir*) and for every unit above the heir (the *nodes*). Nothing else
in the project follows parents or successors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from warehouse.registry.apportion import apportion
from warehouse.registry.registry import Registry
from warehouse.registry.succession import list_departures

CONTRIBUTION = {
    "year": pl.Int32,  # seen from here
    "node": pl.String,
    "org_code": pl.String,  # the heir: the node itself or a unit below it
    "source_year": pl.Int32,
    "source_code": pl.String,
    "share": pl.Float64,  # of the source's number that the heir carries on
    "is_own": pl.Boolean,  # reported by the node itself or by its predecessor at that level, not by a unit below it
}
"""Key: year, node, org_code, source_year, source_code. At the city the shares of one source add up to 1."""


def make_contributions(registry: Registry, source_year: int, year: int) -> pl.DataFrame:
    """CONTRIBUTION of what was reported for ``source_year``, as seen from ``year``; of a country some 100 MB.

    A unit that continues keeps its numbers; each heir of a split unit has its share; the numbers of a unit that ended without
    an heir go to the unit above.
    """
    gone = list_departures(registry, source_year, year)
    sources = registry.units(source_year).select(source_code="org_code", source_level="level")
    heirs = sources.join(gone, on="source_code", how="left", maintain_order="left")
    heirs = heirs.with_columns(pl.coalesce("org_code", "source_code"), pl.col("share").fill_null(1.0))
    nodes = heirs.join(registry.ancestors(year), on="org_code", maintain_order="left")
    is_node = pl.col("ancestor_code") == pl.col("org_code")
    return nodes.select(
        pl.lit(year, pl.Int32).alias("year"),
        pl.col("ancestor_code").alias("node"),
        "org_code",
        pl.lit(source_year, pl.Int32).alias("source_year"),
        "source_code",
        "share",
        (is_node & (pl.col("ancestor_level") == pl.col("source_level"))).alias("is_own"),
    )


contributions = lru_cache(maxsize=4)(make_contributions)
"""The same, kept for a while: rules that compare years ask for the same pair of a region's registry again and again."""


def list_contributing_years(years: Sequence[int]) -> list[tuple[int, int]]:
    """Every year of ``years`` with itself and with the year before it: the pairs (year, source_year) of core.contribution."""
    return [(year, source) for year in years for source in (year - 1, year)]


def hand_on(numbers: pl.DataFrame, gone: pl.DataFrame, quanta: Mapping[str, float | None]) -> pl.DataFrame:
    """``numbers`` under the codes of their heirs, split ones divided in whole people, households and cents.

    ``numbers``: one row per source_code (and whatever else keys it); ``gone``: source_code, org_code, share as
    :func:`warehouse.registry.succession.list_departures` gives them; ``quanta``: column -> its smallest part, None for a
    column that is divided as it is (counts of cells). Adds org_code (the heir) and share; several rows may fall to one unit.
    """
    if gone.is_empty():
        return numbers.with_columns(org_code="source_code", share=pl.lit(1.0))
    parts = numbers.join(gone, on="source_code", how="left", maintain_order="left").with_columns(
        pl.coalesce("org_code", "source_code"), pl.col("share").fill_null(1.0)
    )
    keys = [c for c in numbers.columns if c not in quanta]
    whole = {column: quantum for column, quantum in quanta.items() if quantum is not None}
    divided = [pl.col(column) * pl.col("share") for column, quantum in quanta.items() if quantum is None]
    return apportion(parts, keys, "org_code", whole).with_columns(divided)


def hand_on_measures(
    measures: pl.DataFrame,
    registry: Registry,
    source_year: int,
    year: int,
    quanta: Mapping[str, float | None],
) -> pl.DataFrame:
    """MEASURE rows of ``source_year`` with org_code the heir in ``year``, source_code who reported, share of the value.

    ``quanta``: measure -> its smallest part.
    """
    sources = measures.filter(pl.col("year") == source_year).rename({"org_code": "source_code"})
    gone = list_departures(registry, source_year, year)
    if gone.is_empty():
        return sources.with_columns(org_code="source_code", share=pl.lit(1.0))
    quantum = pl.col("measure").replace_strict(quanta, default=None, return_dtype=pl.Float64)
    alike = sources.with_columns(quantum=quantum).partition_by("quantum", as_dict=True, include_key=False)
    parts = [hand_on(part, gone, {"value": size}) for (size,), part in alike.items()]
    return pl.concat([hand_on(sources.clear(), gone.clear(), {"value": None}), *parts])


HEIR = {
    "year": pl.Int32,  # seen from here
    "source_year": pl.Int32,
    "source_code": pl.String,
    "org_code": pl.String,
    "share": pl.Float64,
}
"""Units of an earlier year whose numbers belong to others now; key: all but share. Who is not in it keeps them."""


def list_heirs(registry: Registry, years: Sequence[int]) -> pl.DataFrame:
    """HEIR of every pair of ``years``."""
    parts = [pl.DataFrame(schema=HEIR)]
    for year, source_year in _list_pairs(years):
        gone = list_departures(registry, source_year, year)
        stamped = gone.with_columns(year=pl.lit(year, pl.Int32), source_year=pl.lit(source_year, pl.Int32))
        parts.append(stamped.select(*HEIR))
    return pl.concat(parts)


def _list_pairs(years: Sequence[int]) -> list[tuple[int, int]]:
    return [(year, source) for year in years for source in years if source < year]


HANDED_ON = {
    "year": pl.Int32,
    "source_year": pl.Int32,
    "org_code": pl.String,
    "source_code": pl.String,
    "measure": pl.String,
    "share": pl.Float64,
    "value": pl.Float64,
}


def find_splits(registry: Registry, years: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (year, earlier year) of ``years`` in which some unit's numbers of the earlier are divided among heirs."""
    return [
        (year, source)
        for year, source in _list_pairs(years)
        if (list_departures(registry, source, year)["share"] < 1.0).any()
    ]


def apportion_split_numbers(
    measures: pl.DataFrame,
    registry: Registry,
    splits: Sequence[tuple[int, int]],
    quanta: Mapping[str, float | None],
) -> pl.DataFrame:
    """HANDED_ON: for units that were split, each heir's part of the numbers of an earlier year, for these pairs of years.

    ``measures``: standing MEASURE rows, of which only the reported ones are divided.
    """
    reported = measures.filter(pl.col("state").is_in(["value", "zero"]))
    parts = [pl.DataFrame(schema=HANDED_ON)]
    for year, source_year in splits:
        split = list_departures(registry, source_year, year).filter(pl.col("share") < 1.0)
        whole = reported.filter(pl.col("org_code").is_in(split["source_code"].implode()))
        given = hand_on_measures(whole, registry, source_year, year, quanta)
        stamped = given.with_columns(year=pl.lit(year, pl.Int32), source_year=pl.lit(source_year, pl.Int32))
        parts.append(stamped.select(*HANDED_ON))
    return pl.concat(parts)
