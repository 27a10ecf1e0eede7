"""Nights of invented batches, published: each on top of the one before."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.warehouse_samples import A_RUN, NOON
from warehouse.catalogue.load import Catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish


def night(
    home: Path,
    catalogue: Catalogue,
    *batches: dict[str, pl.DataFrame],
    indicators: pl.DataFrame | None = None,
) -> Path:
    """Yesterday's published file, the batches on top, published."""
    published = home / "warehouse.duckdb"
    with NightBuild(build_path(published), published, catalogue) as build:
        for each in batches:
            build.add_batch(**each)
        if indicators is not None:
            build.set_indicators(indicators, at=NOON)
        build.add_run(A_RUN)
        build.check()
    publish(build_path(published), published)
    return published
