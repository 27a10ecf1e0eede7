"""The people of contacts.yaml: who reports for a unit, who is told what, and by which channel.

The file stands in the catalogue's folder and is no part of the catalogue's version: whom one tells changes no number. It
holds no secret. A channel is a name; where it leads is looked up in the environment or in a Prefect block when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import Chinese, Name, Record
from warehouse.catalogue.yaml_source import Source

CONTACTS = "contacts.yaml"
"""Its name in the catalogue's folder; a catalogue without it tells nobody by name."""
MAIL = "mail"
"""The channel that leads to a contact's own address."""

Role = Literal["clerk", "administrator", "leader", "operator"]
_ADDRESS = re.compile(r"[^@\s<>\",;:]+@[^@\s<>\",;:]+")


def _check_address(text: str) -> str:
    if not (_ADDRESS.fullmatch(text) and text.isascii()):
        raise ValueError(f"邮箱地址“{text}”写法不对，应如 name@example.cn")
    return text.lower()


Address = Annotated[str, AfterValidator(_check_address)]


class Person(Record):
    """A person, or an office with one address.

    ``units``: codes; a **clerk** reports for exactly one, an **administrator**, **leader** or **operator** hears of these,
    of all where none is named. ``mail``: the addresses that mails may come from; answers go to the first. ``channels``:
    "mail" or names of channels; a clerk's answers come by mail and into ``outbox`` (a URL without password) alone.
    ``wants_digest``: administrators get the digest unless this is false, leaders only when it is true.
    ``muted_until``: nothing is sent before that day. ``escalate_to``: who is told of what this person leaves undone
    for ``escalate_nights`` nights.
    """

    id: Name
    name: Chinese
    role: Role
    units: tuple[str, ...] = ()
    phone: str = ""
    mail: tuple[Address, ...] = ()
    channels: tuple[Name, ...] = ()
    outbox: str = ""
    wants_digest: bool | None = None
    muted_until: date | None = None
    escalate_to: Name | None = None
    escalate_nights: int = 5

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Person:
        if self.role == "clerk" and len(self.units) != 1:
            raise ValueError(f"填报人“{self.name}”应负责一个单位，units 写一个单位代码，如 units: ['371602']")
        if MAIL in self.channels and not self.mail:
            raise ValueError(f"“{self.name}”的 channels 写了 mail，却没有写邮箱地址 mail")
        if self.outbox and urlsplit(self.outbox).password:
            raise ValueError("outbox 不得写密码，密码放在环境变量或 Prefect 的密钥中")
        if self.role == "clerk" and self.escalate_to is not None:
            raise ValueError(f"填报人“{self.name}”不收日报，escalate_to 不起作用，请删去")
        if self.escalate_to == self.id:
            raise ValueError(f"“{self.name}”的 escalate_to 不能是本人")
        if self.escalate_nights < 1:
            raise ValueError("escalate_nights 应为不小于1的整数")
        return self

    @property
    def gets_digest(self) -> bool:
        """Whether the administrators' digest is sent to this person."""
        wanted = self.role == "administrator" if self.wants_digest is None else self.wants_digest
        return wanted and self.role in {"administrator", "leader"}

    def is_muted(self, today: date) -> bool:
        """Whether nothing is sent to this person today."""
        return self.muted_until is not None and today < self.muted_until


@dataclass(frozen=True)
class Contacts:
    """Everybody in contacts.yaml, by id, in the file's order."""

    people: dict[str, Person]

    def __iter__(self) -> Iterator[Person]:
        return iter(self.people.values())

    def of_role(self, *roles: Role) -> list[Person]:
        """The people with one of these roles."""
        return [person for person in self if person.role in roles]

    def clerks_of(self, unit: str) -> list[Person]:
        """Who reports for a unit."""
        return [person for person in self.of_role("clerk") if unit in person.units]

    def find_sender(self, address: str) -> Person | None:
        """The clerk whose address this is; none for anybody else's."""
        wanted = address.strip().lower()
        return next((person for person in self.of_role("clerk") if wanted in person.mail), None)


def load_contacts(folder: Path, units: Collection[str]) -> Contacts:
    """The contacts of a catalogue's folder; ``units``: the codes of all reporting units. CatalogueError with file and line."""
    path = folder / CONTACTS
    if not path.exists():
        return Contacts({})
    source = Source(path)
    if source.content is None:
        return Contacts({})
    people: dict[str, Person] = {}
    owners: dict[str, str] = {}
    listed = source.read_list(Person)
    for index, person in enumerate(listed):
        if person.id in people:
            raise source.error([index, "id"], f"编号“{person.id}”写了两次")
        for unit in person.units:
            if unit not in units:
                raise source.error([index, "units"], unknown_name("填报单位", unit, units))
        for address in person.mail:
            if address in owners:
                raise source.error(
                    [index, "mail"], f"邮箱地址“{address}”已写在“{owners[address]}”名下，一个地址只能属于一人"
                )
            owners[address] = person.name
        people[person.id] = person
    for index, person in enumerate(listed):
        if person.escalate_to is not None and person.escalate_to not in people:
            raise source.error([index, "escalate_to"], unknown_name("联系人", person.escalate_to, people))
    return Contacts(people)
