"""Journals in PostgreSQL: writing a few lines as a night does, and asking the database behind its back."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg

from flows.home_check import hold_for_writing, open_journal
from flows.settings import Home
from tests.journal_files import NOON, SHA
from warehouse.ledger.journal import Draft, Event, Head, Journal

_NUMBERS = itertools.count()


def write(home: Home, *names: str) -> Head:
    """Note the receipt of files of these names."""
    with hold_for_writing(home) as lines:
        journal = open_journal(lines, home)
        receive(journal, *names)
        return journal.head


def receive(journal: Journal, *names: str) -> None:
    """The same in a journal that is open."""
    about = [{"submission": SHA, "file_name": name} for name in names]
    journal.append_many([Draft(Event.RECEIVED, "nightly", NOON, "r1", each) for each in about])


def ask(address: str, *statements: str) -> list[Any]:
    """The rows of the last of some statements, each carried out by itself in one session."""
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def make_schema(address: str) -> str:
    """A new schema in a database; the address that leads into it."""
    name = f"city{next(_NUMBERS)}"
    ask(address, f"CREATE SCHEMA {name}")
    return f"{address}?options=-csearch_path%3D{name}"


def change_behind_our_back(address: str, statement: str) -> None:
    """Do what the trigger refuses, as one may who owns the table."""
    table = "ALTER TABLE nianbao_journal"
    ask(
        address,
        f"{table} DISABLE TRIGGER USER",
        statement,
        f"{table} ENABLE ALWAYS TRIGGER nianbao_journal_append_only",
    )


def read_lines(home: Home) -> bytes:
    """The journal as a file would hold it."""
    return b"".join(home.find_journal().read().whole)
