"""Answers to units that still have to be sent: one JSON file each in the home, written when the receipt is, gone when it is sent.

So an answer survives a mail server that is down and a night that breaks off. An answer that was sent is remembered by its
key and is not sent again when a broken night is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from warehouse.catalogue.contacts import Contacts
from warehouse.ledger.durability import make_folder, write_durably

WAITING = "letters"
SENT = "sent.txt"
TO_THE_UNIT = ""
"""The address of an answer that was written while nobody's address could be read."""
_TOGETHER = 10
"""Answers in one mail at most: mail servers take some 20 MB, a correction workbook has some 0.2."""


@dataclass(frozen=True)
class Answer:
    """A receipt and, where there is one, a correction workbook on their way to one address.

    ``key``: submission and what is said of it; ``to``: a mail address, or the URL of an outbox; ``files``: below the home's
    outbox, the receipt first; ``answers``: the Message-ID of the mail that brought the submission, '' for none; ``unit``:
    the unit's code, '' where it is not known.
    """

    key: str
    unit_name: str
    to: str
    subject: str
    files: tuple[str, ...]
    answers: str = ""
    unit: str = ""

    @property
    def label(self) -> str:
        """Whose answer it is, and the way it goes."""
        return f"{self.unit_name} {'mail' if self.is_mail else 'outbox'}"

    @property
    def is_mail(self) -> bool:
        """Whether it goes by mail; else its files are copied into an outbox."""
        return "://" not in self.to


@dataclass(frozen=True)
class Envelope:
    """Answers that go to one address together; several only where none of them answers a mail."""

    answers: tuple[Answer, ...]

    @property
    def first(self) -> Answer:
        """Which has the address of all."""
        return self.answers[0]

    @property
    def unit_name(self) -> str:
        """Whose answers they are."""
        return "、".join(dict.fromkeys(answer.unit_name for answer in self.answers))

    @property
    def label(self) -> str:
        """Whose answers they are, and the way they go."""
        return f"{self.unit_name} {'mail' if self.first.is_mail else 'outbox'}"

    @property
    def subject(self) -> str:
        """Of the mail."""
        many = f"{self.unit_name}计生协年报：{len(self.answers)}份回执"
        return many if len(self.answers) > 1 else self.first.subject


def put_together(answers: Iterable[Answer]) -> Iterator[Envelope]:
    """One mail for the answers to one address, in their order; an answer to a mail, or into an outbox, goes by itself."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        alone = answer.answers or not answer.is_mail
        groups.setdefault(answer.key if alone else answer.to, []).append(answer)
    for group in groups.values():
        for start in range(0, len(group), _TOGETHER):
            yield Envelope(tuple(group[start : start + _TOGETHER]))


def keep_answers(folder: Path, answers: list[Answer]) -> None:
    """Write the answers that were not sent before, durably."""
    if not answers:
        return
    sent = _read_sent(folder)
    make_folder(folder / WAITING)
    for answer in answers:
        if answer.key not in sent:
            content = json.dumps(asdict(answer), ensure_ascii=False, indent=1)
            write_durably(folder / WAITING / f"{answer.key}.json", content.encode())


def list_answers(folder: Path) -> Iterator[Answer]:
    """The answers that wait, in the order in which they were written; a file that cannot be read is left alone."""
    for path in sorted(
        (folder / WAITING).glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name)
    ):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            yield Answer(**{**content, "files": tuple(content["files"])})
        except (OSError, ValueError, TypeError, KeyError):
            continue


def list_due_answers(folder: Path, contacts: Contacts, today: date) -> Iterator[Answer]:
    """The answers that wait and may go out today, to the addresses that the contacts have now.

    What a muted clerk did not ask for by a mail waits until the mute ends. An address that is nobody's any more, since it was
    mended in contacts.yaml, is replaced by that of the unit's first clerk.
    """
    for answer in list_answers(folder):
        addresses_of = {person: {*person.mail, person.outbox} - {TO_THE_UNIT} for person in contacts}
        owners = [person for person, known in addresses_of.items() if answer.to in known]
        if not answer.answers and owners and all(person.is_muted(today) for person in owners):
            continue
        addresses = [clerk.mail[0] for clerk in contacts.clerks_of(answer.unit) if clerk.mail]
        if answer.is_mail and not owners and addresses:
            yield replace(answer, to=addresses[0])
        elif answer.to != TO_THE_UNIT:
            yield answer


def note_sent(folder: Path, answer: Answer) -> None:
    """The answer was taken: it waits no more, and is not sent again."""
    with (folder / SENT).open("a", encoding="utf-8") as file:
        file.write(f"{answer.key}\n")
    (folder / WAITING / f"{answer.key}.json").unlink(missing_ok=True)


def _read_sent(folder: Path) -> set[str]:
    try:
        return set((folder / SENT).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return set()
