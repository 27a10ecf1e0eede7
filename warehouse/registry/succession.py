"""What became of whom: under which of a later year's units an earlier year's numbers stand.

A number of 2020 that is looked at from 2024 belongs to the unit that carries its history in 2024. Mostly that is
the unit itself; only the exceptions are listed here, so that carrying history costs one join with a small frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from warehouse.registry.levels import LEVELS
from warehouse.registry.registry import Registry

MOVES = {
    "source_year": pl.Int32,
    "year": pl.Int32,
    "old_code": pl.String,
    "new_code": pl.String,
    "share": pl.Float64,
}
PREDECESSOR = {"year": pl.Int32, "org_code": pl.String, "old_code": pl.String, "share": pl.Float64}
_NOTHING_LEFT = 1e-9
_DIGITS = 6  # of a part; beyond that it is rounding


def moves(registry: Registry, years: list[int]) -> pl.DataFrame:
    """Every unit of a year whose numbers stand elsewhere (or in part elsewhere) when seen from a later year.

    ``years`` must be consecutive and ascending. Columns as in MOVES, key (source_year, year, old_code, new_code);
    the shares of one old unit add up to 1. A unit without a row keeps its numbers under its own code.
    """
    found: list[pl.DataFrame] = []
    carried = pl.DataFrame(schema=MOVES)  # seen from the year of the last step
    for year in years[1:]:
        step = _step(registry, year)
        carried = pl.concat(
            [_onward(carried, step, year), *_setting_out(registry, step, carried, years, year)]
        )
        found.append(carried)
    return pl.concat(found) if found else carried


def predecessors(registry: Registry, years: Sequence[int]) -> pl.DataFrame:
    """Whose numbers of the year before each unit of ``years`` carries: year, org_code, old_code (key), share.

    A unit that goes on carries its own; of what was split each heir a share; what ended without an heir stands with the
    unit above. The shares of one old unit add up to 1.
    """
    found = [pl.DataFrame(schema=PREDECESSOR)]
    for year in years:
        step = _step(registry, year)
        stays = (
            registry.units(year - 1)
            .join(registry.units(year), on="org_code", how="semi")
            .join(step, left_on="org_code", right_on="old_code", how="anti")
            .select("org_code", old_code="org_code", share=pl.lit(1.0))
        )
        moved = step.select("old_code", "share", org_code="new_code")
        rows = pl.concat([stays, moved.select(stays.columns)]).with_columns(year=pl.lit(year, pl.Int32))
        found.append(rows.select(PREDECESSOR.keys()))
    return pl.concat(found)


def handed_on(
    measures: pl.DataFrame, registry: Registry, year: int, quanta: Mapping[str, float]
) -> pl.DataFrame:
    """``measures`` (MEASURE of the year before) under the codes of ``year``; what was split in whole people and cents.

    ``quanta``: measure -> its smallest part.
    """
    step = _step(registry, year)
    if measures.join(step, left_on="org_code", right_on="old_code", how="semi").is_empty():
        return measures
    parts = measures.join(step, left_on="org_code", right_on="old_code", how="left", maintain_order="left")
    quantum = pl.col("measure").replace_strict(quanta, default=None, return_dtype=pl.Float64)
    keys = ["submission", "unit_code", "org_code", "measure"]
    shared = [
        apportioned(part.drop("quantum"), keys, "new_code", {} if size is None else {"value": float(size)})
        for (size,), part in parts.with_columns(quantum=quantum).group_by("quantum", maintain_order=True)
    ]
    whose = registry.units(year).select("org_code", heir_unit=pl.coalesce("county_code", "org_code"))
    given = pl.concat(shared).with_columns(org_code=pl.coalesce("new_code", "org_code"))
    joined = given.join(whose, on="org_code", how="left", maintain_order="left")
    # What is handed on is now the number of whoever reports for the heir.
    heir = pl.when(pl.col("new_code").is_not_null()).then("heir_unit")
    return joined.with_columns(unit_code=pl.coalesce(heir, "unit_code")).select(measures.columns)


@lru_cache(maxsize=256)  # of few registries and years, asked for by every rule that compares years
def _step(registry: Registry, year: int) -> pl.DataFrame:
    """Units of the year before whose numbers stand elsewhere in ``year``: old_code, new_code, share.

    The declared succession comes first. What it leaves over stays with the unit if that goes on, else it goes
    where the unit above it went: a village that ended without a successor leaves its history to its township.
    """
    before, valid = registry.units(year - 1), registry.units(year).select("org_code")
    declared = registry.succession.filter(pl.col("year") == year).select("old_code", "new_code", "share")
    declared = declared.join(valid, left_on="new_code", right_on="org_code", how="semi")
    left_over = (
        before.select("org_code", "level", "parent_code")
        .join(
            declared.group_by("old_code").agg(pl.col("share").sum().alias("given")),
            left_on="org_code",
            right_on="old_code",
            how="left",
        )
        .with_columns(share=1.0 - pl.col("given").fill_null(0.0))
        .filter(pl.col("share") > _NOTHING_LEFT)
    )
    goes_on = left_over.join(valid, on="org_code", how="semi").filter(pl.col("given").is_not_null())
    ended = left_over.join(valid, on="org_code", how="anti")
    steps = pl.concat([declared, goes_on.select(old_code="org_code", new_code="org_code", share="share")])
    for level in LEVELS:  # from the top, so that the unit above has been placed already
        above = steps.select(parent_code="old_code", new_code="new_code", part="share")
        placed = (
            ended.filter(pl.col("level") == level)
            .join(above, on="parent_code", how="left")
            .select(
                old_code="org_code",
                new_code=pl.coalesce("new_code", "parent_code"),
                share=pl.col("share") * pl.col("part").fill_null(1.0),
            )
            .drop_nulls()
        )
        steps = pl.concat([steps, placed])
    return steps.group_by("old_code", "new_code").agg(pl.col("share").sum())


def _onward(carried: pl.DataFrame, step: pl.DataFrame, year: int) -> pl.DataFrame:
    """Numbers that stood elsewhere already, one year further on."""
    onward = step.select(new_code="old_code", next_code="new_code", part="share")
    return (
        carried.join(onward, on="new_code", how="left")
        .select(
            "source_year",
            "old_code",
            year=pl.lit(year, dtype=pl.Int32),
            new_code=pl.coalesce("next_code", "new_code"),
            share=pl.col("share") * pl.col("part").fill_null(1.0),
        )
        .group_by("source_year", "year", "old_code", "new_code")
        .agg(pl.col("share").sum())
        .select(*MOVES)
    )


def _setting_out(
    registry: Registry, step: pl.DataFrame, carried: pl.DataFrame, years: list[int], year: int
) -> list[pl.DataFrame]:
    """Numbers of earlier years that stood under their own code until now."""
    found = []
    for source_year in (y for y in years if y < year):
        gone_before = carried.filter(pl.col("source_year") == source_year)
        found.append(
            step.join(registry.units(source_year), left_on="old_code", right_on="org_code", how="semi")
            .join(gone_before, on="old_code", how="anti")
            .select(
                "old_code",
                "new_code",
                "share",
                source_year=pl.lit(source_year, dtype=pl.Int32),
                year=pl.lit(year, dtype=pl.Int32),
            )
            .select(*MOVES)
        )
    return found


def apportioned(parts: pl.DataFrame, keys: list[str], heir: str, quanta: Mapping[str, float]) -> pl.DataFrame:
    """What each heir gets of a unit's numbers: whole people, households and cents, by the largest remainder.

    ``parts``: one row per unit (``keys``) and ``heir`` with its ``share``, on each row the unit's whole number in the
    columns of ``quanta`` (column -> its smallest part). What the heirs get adds up to that number; among equal
    remainders the first heir gets more. A number that does not come in such parts is divided as it is.
    """
    is_split = pl.col("share").fill_null(1.0) < 1.0 - _NOTHING_LEFT
    split = parts.filter(is_split)
    if split.is_empty() or not quanta:
        return parts
    ordered = split.sort(*keys, heir)
    exact = {c: pl.col(c) * pl.col("share") / quantum for c, quantum in quanta.items()}
    floor = {c: (part + _NOTHING_LEFT).floor() for c, part in exact.items()}
    remainder = ordered.with_columns(
        (exact[c] - floor[c]).round(_DIGITS).alias(f"{c}__remainder") for c in quanta
    )
    for column, quantum in quanta.items():
        left = (exact[column].sum() - floor[column].sum()).over(keys).round(_DIGITS)
        place = pl.col(f"{column}__remainder").rank("ordinal", descending=True).over(keys)
        is_whole = (left - left.round()).abs() < _NOTHING_LEFT
        whole = ((floor[column] + (place <= left.round()).cast(pl.Float64)) * quantum).round(2)
        remainder = remainder.with_columns(
            pl.when(is_whole).then(whole).otherwise(exact[column] * quantum).alias(f"{column}__part")
        )
    done = remainder.with_columns(pl.col(f"{c}__part").alias(c) for c in quanta).select(parts.columns)
    return pl.concat([parts.filter(~is_split), done])
