"""Who gets messages of the night, and by which channel: the people of contacts.yaml, and the addresses of NIANBAO_ALERTS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flows.dispatch.channels import list_addresses
from flows.dispatch.secrets import find_secret
from warehouse.catalogue.contacts import MAIL, Contacts, Person
from warehouse.words.labels import ROLE


@dataclass(frozen=True)
class Recipient:
    """A person on one channel. ``address``: Apprise's, '' for the person's own mail; ``label``: who and by what, for people.

    ``shared_with``: who else is reached there, and hears of the same. ``gets_digest``: whether all that is open is told
    here, or only what others pass on.
    """

    person: str
    channel: str
    name: str
    address: str
    contact: Person | None = None
    shared_with: tuple[Person, ...] = ()
    gets_digest: bool = True

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody of contacts.yaml who is reached here."""
        return (*((self.contact,) if self.contact else ()), *self.shared_with)

    def is_muted(self, today: date) -> bool:
        """Whether nothing is sent here today, since nobody who is reached here wants it."""
        return self.contact is not None and all(person.is_muted(today) for person in self.people)

    @property
    def label(self) -> str:
        """李某某（市级管理员）."""
        return f"{self.name}（{ROLE[self.contact.role]}）" if self.contact else self.name

    @property
    def is_chat(self) -> bool:
        """Whether others may read along: a chat gets no number of a unit's data. Addresses of mails (mailto) do."""
        return bool(self.address) and not self.address.startswith("mailto")


def list_recipients(contacts: Contacts, alerts: str) -> tuple[list[Recipient], list[str]]:
    """Who gets the digest or is told what others pass on, and a Chinese sentence for each channel that leads nowhere.

    ``alerts``: addresses whose owners have no name (NIANBAO_ALERTS); they hear of all units, as administrators do. People
    who share a group, and hear of the same units, are told there once.
    """
    found = [
        Recipient("alerts", hashlib.sha256(address.encode()).hexdigest()[:12], "NIANBAO_ALERTS", address)
        for address in list_addresses(alerts)
    ]
    lost = []
    passed_to = {person.escalate_to for person in contacts}
    for person in contacts:
        if not person.gets_digest and person.id not in passed_to:
            continue
        for recipient in list_channels(person):
            if recipient.channel != MAIL and not recipient.address:
                lost.append(
                    f"联系人“{person.name}”的通知渠道“{recipient.channel}”没有地址："
                    f"请设置环境变量 NIANBAO_CHANNEL_{recipient.channel.upper()}。"
                )
            else:
                found.append(replace(recipient, gets_digest=person.gets_digest))
    ways: dict[tuple[object, ...], list[Recipient]] = {}
    for recipient in found:
        ways.setdefault(_describe_way(recipient), []).append(recipient)
    return [_join(together) for together in ways.values()], lost


def _join(together: Sequence[Recipient]) -> Recipient:
    """One for all who are reached in one place: the first, who shares it with the others."""
    first, *others = together
    return replace(first, shared_with=tuple(other.contact for other in others if other.contact))


def _describe_way(recipient: Recipient) -> tuple[object, ...]:
    """What makes two recipients one: the address of a chat, and the units heard of there; a mail is the person's own."""
    if not recipient.address:
        return recipient.person, recipient.channel
    return recipient.address, recipient.gets_digest, *(recipient.contact.units if recipient.contact else ())


def list_channels(person: Person) -> Iterator[Recipient]:
    """The person on each channel; where none is named, by mail if there is an address."""
    for channel in person.channels or ((MAIL,) if person.mail else ()):
        address = "" if channel == MAIL else find_secret(f"channel_{channel}")
        yield Recipient(person.id, channel, person.name, address, person)
