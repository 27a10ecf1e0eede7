"""What the administrator wants to hear no more of: an open question, or all of a unit or a rule, for good or until a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from warehouse.catalogue.frames import Schema
from warehouse.ledger.journal import Entry, Event

ACKNOWLEDGEMENT: Schema = {
    "matter": pl.String,  # id of a matter, or how it begins; this and the next two: null where it holds for all
    "unit_code": pl.String,
    "rule": pl.String,
    "until": pl.Date,  # null: until it is settled
}
"""One acknowledgement, in the order of the journal."""


def list_acknowledgements(entries: Iterable[Entry]) -> pl.DataFrame:
    """ACKNOWLEDGEMENT of all entries."""
    rows = [
        (
            e.payload.get("matter"),
            e.unit_code,
            e.payload.get("rule"),
            date.fromisoformat(e.payload["until"]) if e.payload.get("until") else None,
        )
        for e in entries
        if e.event == Event.ACKNOWLEDGED
    ]
    return pl.DataFrame(rows, schema=ACKNOWLEDGEMENT, orient="row")
