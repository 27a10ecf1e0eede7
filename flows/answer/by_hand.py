"""What the administrator sends by hand: the circular on timeliness, and a test of every channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from flows.answer.sending import open_outlets
from flows.clock import TIME_ZONE
from flows.dispatch.channels import ChannelDown
from flows.dispatch.smtp import Letter
from flows.settings import Installation
from flows.telling.delivery import send_message
from flows.telling.markdown_page import render_page
from flows.telling.messages import Message
from flows.telling.recipients import list_channels, list_recipients
from flows.telling.timeliness import write_timeliness
from warehouse.catalogue.contacts import Contacts, Person
from warehouse.ledger.durability import write_durably
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.standing.status import list_status
from warehouse.words.templates import render_text


def publish_timeliness(installation: Installation, year: int) -> Path:
    """Write the circular on how timely the units reported, as text and page below site/; the page's path."""
    catalogue, database = installation.catalogue, installation.home.database
    if why := catalogue.explain_not_reported(year):
        raise ReviewRefused(why)
    entries = installation.home.read_journal().entries()
    text = write_timeliness(
        year,
        list_status(database, year, catalogue, entries),
        catalogue.settings.city.association,
        datetime.now(TIME_ZONE).date(),
    )
    path = installation.home.make().site / f"通报_{year}年度报送情况.md"
    write_durably(path, text.encode())
    page = path.with_suffix(".html")
    write_durably(page, render_page(text, path.stem).encode())
    return page


def send_timeliness(installation: Installation, page: Path, people: Sequence[Person]) -> list[str]:
    """Send the circular to people by mail; a sentence for each mail that was not taken."""
    text = page.with_suffix(".md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].lstrip("# ")
    outlets, failed = open_outlets(installation), []
    for person in people:
        try:
            outlets.send_letter(Letter(person.mail[:1], title, text, page.read_text(encoding="utf-8")))
        except ChannelDown as error:
            failed.append(f"{person.name}：{error}")
    return failed


def send_test(installation: Installation) -> tuple[list[str], list[str]]:
    """Send everybody a test message by each channel: whom it reached, and a sentence for each that did not take it."""
    outlets, taken, failed = open_outlets(installation), [], []
    association = installation.catalogue.settings.city.association
    text = render_text("flows.answer", "test", association=association)
    message = Message(text.partition("\n")[0], text)
    alerts, _ = list_recipients(Contacts({}), installation.settings.alerts)
    people = [each for person in installation.contacts for each in list_channels(person)]
    for recipient in [*alerts, *people]:
        try:
            send_message(recipient, message, outlets)
            taken.append(f"{recipient.label} {recipient.channel}")
        except ChannelDown as error:
            failed.append(f"{recipient.label} {recipient.channel}：{error}")
    return taken, failed
