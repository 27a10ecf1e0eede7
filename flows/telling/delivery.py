"""What goes out at the end of a night: answers to units and messages to people, each one parcel that is sent by itself.

What was taken is remembered at once (flows.telling.told, flows.telling.letters). What was not taken is tried again: by the
flow a few times, by the next night from what is remembered; meanwhile it lies in the home, and others are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from flows.dispatch.channels import ChannelDown
from flows.dispatch.outboxes import put_into_outbox
from flows.dispatch.outlets import MAIL_SERVER, Outlets
from flows.dispatch.smtp import Letter
from flows.telling.letters import Answer, Envelope, note_sent
from flows.telling.markdown_page import render_page
from flows.telling.matters import MATTER
from flows.telling.messages import Message, strip_markdown, write_message
from flows.telling.news import OVERDUE, Told, find_news, find_overdue, put_off, remember
from flows.telling.recipients import Recipient
from flows.telling.reminders import Reminder, note_reminded
from flows.telling.told import keep_told, read_told
from warehouse.catalogue.contacts import MAIL, Contacts
from warehouse.ledger.durability import make_folder, write_durably

UNDELIVERED = "undelivered"
"""Where messages lie that no channel took, below the folder of what was told."""
_REPLACED = "本回执的更正表已有新的，不再附上，请以最近收到的更正表为准。"


@dataclass(frozen=True)
class Notice:
    """A message on its way to one recipient, what the recipient knows once it is taken, and what if it is not."""

    recipient: Recipient
    message: Message
    then: Told
    otherwise: Told

    @property
    def label(self) -> str:
        """Who is told, and by what."""
        return f"{self.recipient.label} {self.recipient.channel}"


Parcel = Notice | Envelope | Reminder


@dataclass(frozen=True)
class Office:
    """From where parcels are sent: the folder of what was told, the outbox, who writes, and when."""

    folder: Path
    outbox: Path
    association: str
    at: datetime


def write_notices(
    recipients: Sequence[Recipient],
    contacts: Contacts,
    matters: pl.DataFrame,
    events: Sequence[str],
    acknowledged: Mapping[str, date | None],
    office: Office,
) -> Iterator[Notice]:
    """The message for each recipient who is to be told something tonight.

    ``matters``: MATTER; ``events``: sentences about what happened; ``acknowledged``: as find_news takes it. Whoever was
    never told anything, with nothing to tell, is noted as told: their week begins. Who does not get the digest hears of
    what others pass on alone, and never that all is well.
    """
    still_open = {subject + end for subject in matters["subject"] for end in ("", OVERDUE)}
    for recipient in recipients:
        if recipient.is_muted(office.at.date()):
            continue
        told = read_told(office.folder, recipient.person, recipient.channel)
        theirs = matters.filter(_concerns(recipient))
        passed_on = _collect_passed_on(recipient, contacts, matters, acknowledged, office)
        happened = tuple(events) if recipient.gets_digest else ()
        news = find_news(told, pl.concat([passed_on, theirs]), happened, acknowledged, office.at, still_open)
        if news is None or (news.is_all_well and not recipient.gets_digest):
            if told is None:
                keep_told(office.folder, recipient.person, recipient.channel, Told({}, office.at))
            continue
        message = write_message(news, office.association, office.at, is_brief=recipient.is_chat)
        yield Notice(recipient, message, remember(told, news, office.at), put_off(told, news, office.at))


def _concerns(recipient: Recipient) -> pl.Expr:
    if not recipient.gets_digest:
        return pl.lit(value=False)
    units = recipient.contact.units if recipient.contact else ()
    return pl.col("unit_code").is_null() | pl.col("unit_code").is_in(list(units)) if units else pl.lit(True)


def _collect_passed_on(
    recipient: Recipient,
    contacts: Contacts,
    matters: pl.DataFrame,
    acknowledged: Mapping[str, date | None],
    office: Office,
) -> pl.DataFrame:
    """What others who pass on to whoever is reached here have left undone for too long."""
    reached = {person.id for person in recipient.people}
    found = [
        find_overdue(
            read_told(office.folder, other.id, channel),
            matters,
            other.escalate_nights,
            acknowledged,
            office.at.date(),
        )
        for other in contacts
        if other.escalate_to in reached
        for channel in other.channels or (MAIL,)
    ]
    return pl.concat(found).unique("matter", maintain_order=True) if found else pl.DataFrame(schema=MATTER)


def send_notice(notice: Notice, outlets: Outlets, office: Office) -> None:
    """Send a message and remember it. ChannelDown."""
    recipient = notice.recipient
    send_message(recipient, notice.message, outlets)
    keep_told(office.folder, recipient.person, recipient.channel, notice.then)
    _find_undelivered(notice, office).unlink(missing_ok=True)


def send_reminder(reminder: Reminder, outlets: Outlets, office: Office) -> None:
    """Send a reminder and remember it. ChannelDown."""
    send_message(reminder.recipient, reminder.message, outlets)
    note_reminded(office.folder, reminder)


def send_message(recipient: Recipient, message: Message, outlets: Outlets) -> None:
    """Send a text to a recipient: Markdown as a page in a mail, as it is in a chat. ChannelDown."""
    page = "" if recipient.is_chat else render_page(message.text, message.title)
    if recipient.contact and recipient.channel == MAIL:
        outlets.send_letter(Letter(recipient.contact.mail[:1], message.title, message.text, page))
    elif recipient.address:
        text = message.text if page else strip_markdown(message.text)
        outlets.send_message(recipient.address, message.title, text, page)
    else:
        raise ChannelDown(
            f"{recipient.label}的通知渠道“{recipient.channel}”没有地址。",
            may_heal=False,
            stops="message",
        )


def send_answers(envelope: Envelope, outlets: Outlets, office: Office) -> None:
    """Send a unit its receipts and correction workbooks, but for what is gone, and remember it. ChannelDown."""
    there = [answer for answer in envelope.answers if (office.outbox / answer.files[0]).is_file()]
    if there:
        _send_there(Envelope(tuple(there)), outlets, office)
    if len(there) < len(envelope.answers):
        raise ChannelDown("回执已不在发件文件夹中，未能发出。", may_heal=False, stops="message")


def _send_there(envelope: Envelope, outlets: Outlets, office: Office) -> None:
    first = envelope.first
    if first.is_mail:
        text = "\n\n---\n\n".join(_read_answer(answer, office) for answer in envelope.answers)
        page = render_page(text, envelope.subject)
        attached = tuple(path for answer in envelope.answers for path in _list_attached(answer, office))
        outlets.send_letter(Letter((first.to,), envelope.subject, text, page, attached, first.answers))
    else:
        put_into_outbox(first.to, [office.outbox / first.files[0], *_list_attached(first, office)])
    for answer in envelope.answers:
        note_sent(office.folder, answer)


def _read_answer(answer: Answer, office: Office) -> str:
    """The receipt, and that its correction workbook is not attached where a newer one has replaced it."""
    text = (office.outbox / answer.files[0]).read_text(encoding="utf-8")
    is_whole = len(_list_attached(answer, office)) == len(answer.files) - 1
    return text if is_whole else f"{text}\n{_REPLACED}\n"


def _list_attached(answer: Answer, office: Office) -> list[Path]:
    return [path for name in answer.files[1:] if (path := office.outbox / name).exists()]


def find_way(recipient: Recipient) -> str:
    """What is down when a recipient cannot be reached: the mail server, or the recipient's address of Apprise's."""
    return MAIL_SERVER if recipient.contact and recipient.channel == MAIL else recipient.address


def give_up(parcel: Parcel, outlets: Outlets, office: Office, error: ChannelDown) -> str:
    """Keep what no channel took, try what is down no more this night; a sentence about it for others."""
    why = str(error)
    if error.stops != "message":
        outlets.give_up(_find_stopped(parcel, is_address=error.stops == "address"), why)
    if isinstance(parcel, Envelope):
        return f"给{parcel.unit_name}的答复：{why}将于下次夜间作业重试，回执在发件文件夹中。"
    if isinstance(parcel, Reminder):
        return f"给{parcel.recipient.label}的催报：{why}将于下次夜间作业重试。"
    keep_told(office.folder, parcel.recipient.person, parcel.recipient.channel, parcel.otherwise)
    kept = _find_undelivered(parcel, office)
    make_folder(kept.parent)
    write_durably(kept, parcel.message.text.encode())
    return f"给{parcel.recipient.label}的通知：{why}将于下次夜间作业重试，内容存于 {kept}。"


def _find_stopped(parcel: Parcel, *, is_address: bool) -> str:
    """The way of a parcel that is down; ``is_address``: its mail address, while the mail server is well."""
    if isinstance(parcel, Envelope):
        return parcel.first.to if is_address or not parcel.first.is_mail else MAIL_SERVER
    person = parcel.recipient.contact
    return person.mail[0] if is_address and person else find_way(parcel.recipient)


def _find_undelivered(notice: Notice, office: Office) -> Path:
    """Where a message lies as long as its channel does not take it: the last one, which holds all that is open."""
    return office.folder / UNDELIVERED / f"{notice.recipient.person}.{notice.recipient.channel}.md"
