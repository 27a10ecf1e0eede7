"""Counts that are not published: what was suppressed once stays so, since another choice would tell of both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from warehouse.catalogue.frames import SUPPRESSED
from warehouse.ledger.journal import Entry, Event, Journal

Cells = dict[str, dict[str, list[str]]]
"""Year -> measure -> codes of units, as a line of the journal holds them."""


def list_suppressed(entries: Iterable[Entry]) -> pl.DataFrame:
    """SUPPRESSED of all entries."""
    rows = [
        (int(year), code, measure)
        for entry in entries
        if entry.event == Event.SUPPRESSED
        for year, measures in entry.payload["cells"].items()
        for measure, codes in measures.items()
        for code in codes
    ]
    return pl.DataFrame(rows, schema=SUPPRESSED, orient="row").unique(maintain_order=True)


def note_suppressed(journal: Journal, suppressed: pl.DataFrame, actor: str, at: datetime) -> None:
    """A line of the journal with what of SUPPRESSED it does not say yet; none where it says all."""
    new = suppressed.join(list_suppressed(journal.entries()), on=list(SUPPRESSED), how="anti")
    if new.height:
        journal.append(Event.SUPPRESSED, actor, at, cells=_pack(new))


def _pack(suppressed: pl.DataFrame) -> Cells:
    cells: Cells = {}
    for year, code, measure in suppressed.sort(*SUPPRESSED).iter_rows():
        cells.setdefault(str(year), {}).setdefault(measure, []).append(code)
    return cells
