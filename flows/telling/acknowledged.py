"""Which open matters nobody is to hear of, since the administrator acknowledged them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from warehouse.ledger.acknowledgements import list_acknowledgements
from warehouse.ledger.journal import Entry


def match_acknowledgements(entries: Iterable[Entry], matters: pl.DataFrame) -> dict[str, date | None]:
    """The acknowledged of ``matters`` (MATTER), and until when; of several acknowledgements of one the last counts."""
    found: dict[str, date | None] = {}
    for row in list_acknowledgements(entries).iter_rows(named=True):
        wanted = pl.lit(value=True)
        if row["matter"]:
            wanted &= pl.col("matter").str.starts_with(row["matter"])
        for name in ("unit_code", "rule"):
            wanted &= pl.col(name) == row[name] if row[name] else pl.lit(value=True)
        found |= dict.fromkeys(matters.filter(wanted.fill_null(value=False))["matter"], row["until"])
    return found
