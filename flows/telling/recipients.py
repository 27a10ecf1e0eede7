"""Who gets messages of the night, and by which channel: the people of contacts.yaml, and the addresses of NIANBAO_ALERTS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from flows.telling.channels import list_addresses
from flows.telling.secrets import find_secret
from warehouse.catalogue.contacts import MAIL, Contacts, Person
from warehouse.words.labels import ROLE


@dataclass(frozen=True)
class Recipient:
    """A person on one channel. ``address``: Apprise's, '' for the person's own mail; ``label``: who and by what, for people."""

    person: str
    channel: str
    name: str
    address: str
    contact: Person | None = None

    @property
    def label(self) -> str:
        """李某某（市级管理员）."""
        return f"{self.name}（{ROLE[self.contact.role]}）" if self.contact else self.name

    @property
    def is_chat(self) -> bool:
        """Whether others may read along: a chat gets no number of a unit's data. Addresses of mails (mailto) do."""
        return bool(self.address) and not self.address.startswith("mailto")


def list_recipients(contacts: Contacts, alerts: str) -> tuple[list[Recipient], list[str]]:
    """Who gets the digest, and a Chinese sentence for each channel that leads nowhere.

    ``alerts``: addresses whose owners have no name (NIANBAO_ALERTS); they hear of all units, as administrators do. People
    who share a group, and hear of the same units, are told there once.
    """
    found = [
        Recipient("alerts", hashlib.sha256(address.encode()).hexdigest()[:12], "NIANBAO_ALERTS", address)
        for address in list_addresses(alerts)
    ]
    lost = []
    for person in contacts:
        if not person.gets_digest:
            continue
        for recipient in list_channels(person):
            if recipient.channel != MAIL and not recipient.address:
                lost.append(
                    f"联系人“{person.name}”的通知渠道“{recipient.channel}”没有地址："
                    f"请设置环境变量 NIANBAO_CHANNEL_{recipient.channel.upper()}。"
                )
            else:
                found.append(recipient)
    return list({_describe_way(recipient): recipient for recipient in reversed(found)}.values())[::-1], lost


def _describe_way(recipient: Recipient) -> tuple[str, ...]:
    """What makes two recipients one: the address of a chat, and the units heard of there; a mail is the person's own."""
    if not recipient.address:
        return recipient.person, recipient.channel
    return recipient.address, *(recipient.contact.units if recipient.contact else ())


def list_channels(person: Person) -> Iterator[Recipient]:
    """The person on each channel; where none is named, by mail if there is an address."""
    for channel in person.channels or ((MAIL,) if person.mail else ()):
        address = "" if channel == MAIL else find_secret(f"channel_{channel}")
        yield Recipient(person.id, channel, person.name, address, person)
