"""Versions of the published figures that were given a name, such as 2024-终报."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from warehouse.catalogue.frames import Schema
from warehouse.ledger.journal import Entry, Event
from warehouse.words.day_words import as_beijing

RELEASE: Schema = {
    "release": pl.String,  # key
    "released_at": pl.Datetime("us"),  # Beijing time: what was published at that moment is meant
    "actor": pl.String,
}
"""One named version."""


def list_releases(entries: Iterable[Entry]) -> pl.DataFrame:
    """RELEASE of all entries."""
    rows = [(e.payload["name"], as_beijing(e.at), e.actor) for e in entries if e.event == Event.RELEASED]
    return pl.DataFrame(rows, schema=RELEASE, orient="row")
