"""Departures: units whose numbers of a year belong to other units when seen from a later year.

A number of 2020, seen from 2024, belongs to the unit that carries its history in 2024. That is mostly the unit itself; only
the exceptions are listed, so that carrying history costs one join with a small frame.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from warehouse.registry.apportion import NOTHING_LEFT
from warehouse.registry.levels import LEVELS
from warehouse.registry.registry import Registry

DEPARTURE = {"source_code": pl.String, "org_code": pl.String, "share": pl.Float64}


@lru_cache(maxsize=1024)  # of few registries and pairs of years; each pair is built upon the one before
def list_departures(registry: Registry, source_year: int, year: int) -> pl.DataFrame:
    """DEPARTURE: units of ``source_year`` whose numbers belong, at least in part, to other units in ``year``.

    Key: source_code, org_code. The shares of one unit add up to 1. A unit without a row keeps its numbers under its own code.
    """
    if year <= source_year:
        return pl.DataFrame(schema=DEPARTURE)
    gone, step = list_departures(registry, source_year, year - 1), _step_one_year(registry, year)
    if step.is_empty():
        return gone
    onward = gone.join(step, left_on="org_code", right_on="old_code", how="left").select(
        "source_code",
        org_code=pl.coalesce("new_code", "org_code"),
        share=pl.col("share") * pl.col("share_right").fill_null(1.0),
    )
    setting_out = (
        step.join(registry.units(source_year), left_on="old_code", right_on="org_code", how="semi")
        .join(gone, left_on="old_code", right_on="source_code", how="anti")
        .select(source_code="old_code", org_code="new_code", share="share")
    )
    return (
        pl.concat([onward, setting_out])
        .group_by("source_code", "org_code")
        .agg(pl.col("share").sum())
        .sort("source_code", "org_code")
    )


@lru_cache(maxsize=256)
def _step_one_year(registry: Registry, year: int) -> pl.DataFrame:
    """Units of the year before whose numbers belong to other units in ``year``: old_code, new_code, share.

    The declared succession comes first. The rest stays with the unit if it continues, else it follows the unit above: a
    village that ended without a successor leaves its history to its township.
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
        .filter(pl.col("share") > NOTHING_LEFT)
    )
    goes_on = left_over.join(valid, on="org_code", how="semi").filter(pl.col("given").is_not_null())
    ended = left_over.join(valid, on="org_code", how="anti")
    steps = pl.concat([declared, goes_on.select(old_code="org_code", new_code="org_code", share="share")])
    for level in LEVELS:  # from the top, so that the heir of the unit above is known
        above = steps.select(parent_code="old_code", new_code="new_code", part="share")
        moves = (
            ended.filter(pl.col("level") == level)
            .join(above, on="parent_code", how="left")
            .select(
                old_code="org_code",
                new_code=pl.coalesce("new_code", "parent_code"),
                share=pl.col("share") * pl.col("part").fill_null(1.0),
            )
            .drop_nulls()
        )
        steps = pl.concat([steps, moves])
    return steps.group_by("old_code", "new_code").agg(pl.col("share").sum())
