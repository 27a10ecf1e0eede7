"""What must hold after a fault: the home as before or as after an undisturbed night, and whole one night later."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from flows.keeping.marks import read_good_night
from flows.settings import Home
from tests.compare_warehouses import COMPARED, differences
from tests.faults.nights import Nights, Order
from tests.faults.points import Office
from warehouse.ledger.archive import Archive
from warehouse.ledger.durability import UNFINISHED_PREFIX
from warehouse.ledger.journal import DECISIONS, Event, Journal

OTHER_OBJECTS = "the archive holds other objects"


def find_losses(
    office: Office, nights: Nights, home: Path, *, is_sound: bool = True, is_all_or_none: bool = True
) -> list[str]:
    """What is wrong with a home that a fault met, and after one undisturbed night; nothing when all is well. It is removed.

    ``is_sound``: nothing that was written once has lost its content, so that even between nothing may be missing.
    (Where it has, pages of validation results come again with the next submission.)
    ``is_all_or_none``: the night had all of the inbox before it, so that between there is no third state.
    """
    wrong = []
    if is_sound and is_all_or_none and not _is_one_of(home, office):
        wrong.append("the published file between is neither that before nor that after")
    if is_sound:
        wrong += _find_lost_receipts(office, Home(home)) + _find_rash_papers(Home(home))
    ended = nights.run(Order(home, office.catalogue))
    if ended.code:
        wrong.append(f"the next night does not go through: {ended.said.strip()[-300:]}")
    wrong += compare(office.after, home)
    if is_sound:
        wrong += [f"{page} is torn" for page in list_torn_pages(Home(home))]
    shutil.rmtree(home)
    return wrong


def _is_one_of(home: Path, office: Office) -> bool:
    published, before = (Home(root).database for root in (home, office.before))
    if not published.exists() or published.read_bytes() == before.read_bytes():
        return published.exists()
    return not _list_other_tables(Home(office.after).database, published)


def _find_lost_receipts(office: Office, home: Home) -> list[str]:
    """Files that are neither in the inbox any more nor, with a line of the journal, in the archive."""
    inbox = Home(office.before).inbox
    in_journal = {str(e.submission) for e in Journal(home.journal, read_only=True).entries()}
    kept = set(Archive(home.archive)) & in_journal
    wanted = {file.relative_to(inbox): file for file in inbox.rglob("*") if file.is_file()}
    return [
        f"{name} is lost"
        for name, file in wanted.items()
        if not (home.inbox / name).exists() and _hash(file) not in kept
    ]


def _find_rash_papers(home: Home) -> list[str]:
    """Receipts of what the journal does not say to be decided."""
    decided = {submission[:8] for submission, _ in list_decided(home)}
    papers = [paper.stem for paper in home.outbox.rglob("回执*.md")]
    return [f"{paper} tells what is not decided" for paper in papers if paper[-8:] not in decided]


def _list_other_tables(one: Path, other: Path) -> list[str]:
    return [table for table in COMPARED if len(differences(one, other, table))]


def compare(after: Path, home: Path) -> list[str]:
    """In what a home differs from that after an undisturbed night."""
    one, other = Home(after), Home(home)
    wrong = [f"{table} differs" for table in _list_other_tables(one.database, other.database)]
    journal = Journal(other.journal, read_only=True)
    received = {str(e.submission) for e in journal.entries() if e.event == Event.RECEIVED}
    if set(Archive(one.archive)) != set(Archive(other.archive)):
        wrong.append(OTHER_OBJECTS)
    wrong += [f"the archive: {found.problem}" for found in Archive(other.archive).verify(received)]
    if list_decided(one) != list_decided(other):
        wrong.append("the journal has other decisions")
    if list_papers(one) - list_papers(other):
        wrong.append("a receipt is missing")
    if left := [str(found.relative_to(home)) for found in home.rglob(f"{UNFINISHED_PREFIX}*")]:
        wrong.append(f"unfinished: {left}")
    if any(file.is_file() for file in other.inbox.rglob("*")):
        wrong.append("a file still lies in the inbox")
    last = read_good_night(home)
    if last is None or (last.journal_count, last.journal_hash) != (journal.head.count, journal.head.hash):
        wrong.append("the mark of a good night is missing")
    return wrong


def list_decided(home: Home) -> set[tuple[str, str]]:
    """Submission and decision, of all in the journal."""
    entries = Journal(home.journal, read_only=True).entries()
    return {(str(e.submission), str(e.event)) for e in entries if e.event in DECISIONS}


def list_papers(home: Home) -> set[str]:
    """Receipts and correction workbooks, without the day in their names."""
    written = (paper for paper in home.outbox.rglob("*_*.*") if paper.stat().st_size)
    return {re.sub(r"_\d{8}(_\d{6})?_", "_", paper.name) for paper in written}


def list_torn_pages(home: Home) -> list[str]:
    """The pages of validation results that are not whole. (Which there are depends on what a night took in.)"""
    pages = (home.site / "data_docs").glob("*.html")
    return [page.name for page in pages if not page.read_text(encoding="utf-8").rstrip().endswith("</html>")]


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
