"""Completes names on the command line: what a shell asks while a command is typed, answered from the published file."""

from __future__ import annotations

import re

_LAST_NAME = re.compile(r"[\w.]*$")


def complete_query(incomplete: str) -> list[str]:
    """The text typed so far with each name that its last word may become: table, macro, column or indicator."""
    last = _LAST_NAME.search(incomplete)
    begun = last[0] if last else ""
    before = incomplete[: len(incomplete) - len(begun)]
    kinds = ("table", "macro") if not before.strip() else ("table", "macro", "column", "indicator")
    return [before + name for name in _list_names(begun, kinds)]


def complete_indicator(incomplete: str) -> list[str]:
    """The indicators whose name begins like that."""
    return _list_names(incomplete, ("indicator",))


def _list_names(begun: str, kinds: tuple[str, ...]) -> list[str]:
    """Names of the published file that begin with ``begun``; none where it cannot be read: a shell shows no error."""
    from flows.cli.console import current_installation
    from flows.settings import SettingRefused
    from warehouse.exchange.names import list_names
    from warehouse.store.connection import WarehouseOccupied
    from warehouse.store.query import QueryError, WarehouseMissing

    try:
        return list_names(current_installation().home.database, begun, kinds)
    except (SettingRefused, QueryError, WarehouseMissing, WarehouseOccupied):
        return []
