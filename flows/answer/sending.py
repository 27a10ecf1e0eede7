"""What is sent after a night, parcel by parcel: answers to the units, messages to people, and what could not be sent."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

import polars as pl

from flows.answer.digest import News, list_events
from flows.answer.outgoing import Report
from flows.clock import TIME_ZONE
from flows.dispatch.channels import ChannelDown
from flows.dispatch.outlets import Outlets
from flows.dispatch.secrets import find_secret
from flows.error_log import note_error
from flows.keeping.marks import explain_failure
from flows.night import Night
from flows.settings import Installation
from flows.telling.acknowledged import match_acknowledgements
from flows.telling.delivery import (
    Office,
    Parcel,
    find_way,
    give_up,
    send_answers,
    send_message,
    send_notice,
    send_reminder,
    write_notices,
)
from flows.telling.letters import Envelope, list_due_answers, put_together
from flows.telling.matters import list_matters
from flows.telling.messages import Message
from flows.telling.recipients import Recipient, list_channels, list_recipients
from flows.telling.reminders import Reminder, list_reminders
from flows.telling.told import is_news_of_failures
from warehouse.catalogue.contacts import Contacts
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.journal import Entry
from warehouse.standing.questions import read_open_questions
from warehouse.standing.status import list_status
from warehouse.words.day_words import moment_words
from warehouse.words.templates import render_text


def open_outlets(installation: Installation) -> Outlets:
    """The ways out of an installation, for one night."""
    settings = installation.settings
    return Outlets(
        settings.smtp,
        find_secret("smtp_password"),
        settings.smtp_ca,
        f"{_name_association(installation)}年报系统",
        lambda: datetime.now(TIME_ZONE),
    )


def open_office(installation: Installation, at: datetime) -> Office:
    """From where parcels are sent."""
    home = installation.home
    return Office(home.told, home.outbox, installation.catalogue.settings.city.association, at)


def list_parcels(night: Night, report: Report, news: News | None) -> Iterator[Parcel]:
    """Everything that goes out tonight: answers that wait, reminders, and a message to each who is to be told something.

    ``news``: what the night's digest speaks of; None when nothing happened.
    """
    office = open_office(night.installation, night.at)
    contacts, _ = night.installation.readable_contacts
    yield from put_together(list_due_answers(office.folder, contacts, night.at.date()))
    yield from _list_reminders(night, contacts, office)
    recipients, lost = list_recipients(contacts, night.installation.settings.alerts)
    if not recipients:
        report.failed_channels += lost
        return
    matters = collect_matters(
        night.installation, night.journal.entries(), [*report.standing, *lost], night.at.date()
    )
    yield from write_notices(
        recipients,
        contacts,
        matters,
        list_events(news, report.notes, night.catalogue) if news else (),
        match_acknowledgements(night.journal.entries(), matters),
        office,
    )


def _list_reminders(night: Night, contacts: Contacts, office: Office) -> Iterator[Parcel]:
    """The reminders about the current year's reports."""
    settings, database = night.catalogue.settings, night.home.database
    if not database.exists() or not contacts.of_role("clerk"):
        return
    status = list_status(database, settings.last_year, night.catalogue, night.journal.entries())
    yield from list_reminders(
        settings.last_year,
        status,
        contacts,
        settings.deadline,
        office.folder,
        {"association": settings.city.association, "contact": settings.contact},
        night.at.date(),
    )


def collect_matters(
    installation: Installation, entries: Sequence[Entry], left: Sequence[str], today: date
) -> pl.DataFrame:
    """All that is open in the warehouse as it is published now, and what was ``left`` in the inbox (MATTER)."""
    database, catalogue = installation.home.database, installation.catalogue
    questions = read_open_questions(database) if database.exists() else pl.DataFrame()
    years = range(catalogue.settings.first_year, catalogue.settings.last_year + 1)
    statuses = {year: list_status(database, year, catalogue, entries) for year in years if database.exists()}
    return list_matters(questions, statuses, left, catalogue, installation.rulebook, today)


def send_parcel(night: Night, parcel: Parcel, outlets: Outlets) -> None:
    """Send one parcel and remember it. ChannelDown; OSError when it cannot be remembered.

    What nobody foresaw (an error of a library) is noted in the log and stops this parcel alone.
    """
    office = open_office(night.installation, night.at)
    try:
        match parcel:
            case Envelope():
                send_answers(parcel, outlets, office)
            case Reminder():
                send_reminder(parcel, outlets, office)
            case _:
                send_notice(parcel, outlets, office)
    except (ChannelDown, OSError):
        raise
    except Exception as error:
        where = note_error(night.home.root, traceback.format_exc(), f"{night.run} {parcel.label}")
        raise ChannelDown(f"发送时程序出错，{where}。", may_heal=False, stops="message") from error


def note_undelivered(
    night: Night, report: Report, parcel: Parcel, outlets: Outlets, error: ChannelDown
) -> None:
    """Keep what was not taken, for the next night; the others hear of it at the end (tell_undelivered)."""
    office = open_office(night.installation, night.at)
    report.failed_channels.append(give_up(parcel, outlets, office, error))


def tell_undelivered(night: Night, report: Report, outlets: Outlets) -> None:
    """Tell by the channels that work what could not be sent by others: when it is something else than last time, or weekly."""
    sentences = sorted(set(report.failed_channels))
    if is_news_of_failures(night.home.told, sentences, night.at) and sentences:
        tell_caretakers(night.installation, outlets, "undelivered", sentences=sentences)


def tell_failure(installation: Installation, error: BaseException) -> None:
    """Tell the administrators that the night broke off: a run that fails must not fail in silence."""
    tell_caretakers(
        installation,
        open_outlets(installation),
        "failure",
        reason=explain_failure(error),
    )


def tell_caretakers(installation: Installation, outlets: Outlets, template: str, **told: object) -> None:
    """Send the administrators and whoever runs the machine a text at once, on every channel that works, but for the muted.

    ``template``: of flows/answer, whose first line is the title; it is given association, moment and what is ``told``.
    """
    text = render_text(
        "flows.answer",
        template,
        association=_name_association(installation),
        moment=moment_words(datetime.now(TIME_ZONE)),
        **told,
    )
    title = text.partition("\n")[0]
    for recipient in _list_caretakers(installation):
        if not outlets.is_down(find_way(recipient)):
            _try_to_send(recipient, outlets, title, text)


def _list_caretakers(installation: Installation) -> Iterable[Recipient]:
    contacts, _ = installation.readable_contacts  # that they cannot be read may be what is to be told
    recipients, _ = list_recipients(contacts, installation.settings.alerts)
    named = [each for person in contacts.of_role("operator") for each in list_channels(person)]
    today = datetime.now(TIME_ZONE).date()
    wanted = [each for each in (*recipients, *named) if each.gets_digest and not each.is_muted(today)]
    return dict.fromkeys(wanted)


def _name_association(installation: Installation) -> str:
    """Who writes; nothing when the catalogue cannot be read, whose fault is to be told all the same."""
    try:
        return installation.declared_catalogue.settings.city.association
    except CatalogueError:
        return ""


def _try_to_send(recipient: Recipient, outlets: Outlets, title: str, text: str) -> None:
    try:
        send_message(recipient, Message(title, text), outlets)
    except ChannelDown:
        return  # that is what is being told
