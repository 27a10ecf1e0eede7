"""Homes without a night: a journal that names a few objects, and papers that show its heads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from flows.home_check import hold_for_writing
from flows.settings import Installation, Settings
from tests.small_city import LANHE
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.journal_head import head_words

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))
EAST = "990101东山县"


def small_home(root: Path, journal: str = "") -> Installation:
    """An installation of the small city, its folders empty; ``journal``: the database in which its journal rests."""
    place = Installation(Settings(home=root, catalogue=LANHE, journal=journal))
    place.home.make()
    return place


def take_in(place: Installation, *contents: str) -> None:
    """Receive files of these contents, and give a receipt for each."""
    for content in contents:
        sha256 = Archive(place.home.archive).put(content.encode())
        about = {"submission": sha256, "file_name": f"{content}.xlsx"}
        with hold_for_writing(place.home) as lines:
            Journal(lines).append(Event.RECEIVED, "nianbao", NOON, "r1", **about)
        print_receipt(place, f"回执_2024_20260302_{sha256[:8]}.md")


def print_receipt(place: Installation, name: str) -> Path:
    """A receipt that shows the journal's head as it is now."""
    head = place.home.read_journal().head
    folder = place.home.outbox / EAST
    folder.mkdir(exist_ok=True)
    receipt = folder / name
    receipt.write_text(f"已接收。\n\n{head_words(head)}\n", encoding="utf-8")
    return receipt


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
