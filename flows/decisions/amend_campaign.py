"""The campaign year: each change is tried on the catalogue first, then written into the journal; it holds at once.

The catalogue's files stay as they are. Whoever reads the catalogue of an installation afterwards, be it a command, the
night or a rebuild, has it with all that the journal says (flows.settings.Installation).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, open_journal
from flows.settings import Installation
from warehouse.catalogue.amended import Amendment, apply_amendments
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.amendments import list_amendments
from warehouse.ledger.journal import Event


def amend(installation: Installation, event: Event, actor: str, **says: Any) -> Catalogue:
    """Write one amendment; the catalogue as it is now. AmendmentRefused, and nothing written, when it is not allowed."""
    with hold_for_writing(installation.home.make()) as lines:
        journal = open_journal(lines, installation.home)
        before = list_amendments(journal.entries())
        now = apply_amendments(installation.declared_catalogue, [*before, Amendment(str(event), says)])
        journal.append(event, actor, datetime.now(TIME_ZONE), **says)
    installation.forget_catalogue()
    return now
