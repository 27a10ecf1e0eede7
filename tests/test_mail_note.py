"""What lies in a mail's folder of the inbox is received with the mail that brought it, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.receiving.mail_note import read_note, write_note
from flows.receiving.receive import Signature, receive_arrivals
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Entry, Journal

AT = datetime(2025, 1, 10, 22, 30, tzinfo=UTC)
NOTE = {"from": "east@example.cn", "message_id": "<1@example.cn>", "subject": "年报", "date": ""}
MAIL = "990101/邮件_20250108_0123abcd"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / MAIL).mkdir(parents=True)
    return tmp_path / "inbox"


def receive(inbox: Path) -> list[Entry]:
    root = inbox.parent
    (root / "archive").mkdir(exist_ok=True)
    journal = Journal(root / "archive" / "journal.jsonl")
    entries, _ = receive_arrivals(inbox, Archive(root / "archive"), journal, Signature("试", AT, "r1"))
    return entries


def test_each_attachment_names_its_mail_and_the_last_takes_the_folder_along(inbox: Path):
    write_note(inbox / MAIL, NOTE)
    for name in ("一.xlsx", "二.xlsx"):
        (inbox / MAIL / name).write_bytes(name.encode())
    entries = receive(inbox)
    assert [entry.payload["mail"] for entry in entries] == [NOTE, NOTE]
    assert {entry.payload["folder"] for entry in entries} == {"990101"}
    assert not (inbox / MAIL).exists()


def test_a_mails_folder_stays_while_something_lies_in_it(inbox: Path):
    write_note(inbox / MAIL, NOTE)
    (inbox / MAIL / "一.xlsx").write_bytes(b"whole")
    (inbox / MAIL / "二.xlsx.part").write_bytes(b"half")
    receive(inbox)
    assert read_note(inbox / MAIL) == NOTE


def test_a_file_that_came_otherwise_names_no_mail(inbox: Path):
    (inbox / MAIL / "一.xlsx").write_bytes(b"x")
    [entry] = receive(inbox)
    assert "mail" not in entry.payload


@pytest.mark.parametrize("folder", ["", "990101"])
def test_a_note_outside_of_a_mails_folder_is_not_believed_and_its_folder_stays(inbox: Path, folder: str):
    write_note(inbox / folder, NOTE)
    (inbox / folder / "一.xlsx").write_bytes(b"x")
    [entry] = receive(inbox)
    assert "mail" not in entry.payload
    assert (inbox / folder / ".mail.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"from": 1}', b"[" * 50_000, b" " * 100_000])
def test_a_note_that_is_none_hinders_nothing(inbox: Path, content: bytes):
    (inbox / MAIL / ".mail.json").write_bytes(content)
    (inbox / MAIL / "一.xlsx").write_bytes(b"x")
    [entry] = receive(inbox)
    assert "mail" not in entry.payload
