"""The journal's entries about the campaign (years opened, deadlines moved, units changed) as amendments of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.catalogue.amended import Amendment
from warehouse.ledger.journal import Entry, Event

AMENDING = frozenset({Event.YEAR_OPENED, Event.DEADLINE_MOVED, Event.REGISTRY_CHANGED})


def list_amendments(entries: Iterable[Entry]) -> list[Amendment]:
    """The amendments in journal order."""
    return [Amendment(str(e.event), dict(e.payload)) for e in entries if e.event in AMENDING]
