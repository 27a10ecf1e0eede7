"""The journal as a table of PostgreSQL: the same chain as in the file, one writer over all hosts, no line lost or changed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.home_check import hold_for_writing, open_journal
from flows.night import open_night
from flows.settings import Home, Installation
from tests.compare_warehouses import COMPARED, differences
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.postgres import PostgresServer, run_server
from tests.journal_files import NOON, SHA
from warehouse.ledger.journal import Draft, Event, Head, Journal, JournalBroken
from warehouse.ledger.journal_lines import JournalUnreachable
from warehouse.store.publish import AlreadyRunning

EAST = "990101"
DATABASES = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with run_server() as running:
        yield running


@pytest.fixture
def address(server: PostgresServer) -> str:
    """The address of an empty database."""
    return server.make_database(f"city{next(DATABASES)}")


@pytest.fixture
def home(address: str, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", address).make()


def write(home: Home, *names: str) -> Head:
    """Note the receipt of files of these names."""
    with hold_for_writing(home) as lines:
        journal = open_journal(lines, home)
        journal.append_many(
            [Draft(Event.RECEIVED, "nightly", NOON, "r1", {"submission": SHA, "file_name": n}) for n in names]
        )
        return journal.head


def ask(address: str, sql: str) -> list[Any]:
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def in_table(place: Installation, address: str) -> Installation:
    return Installation(place.settings.model_copy(update={"journal": address}))


def test_what_is_written_is_read_by_every_host(home: Home, address: str, tmp_path: Path) -> None:
    head = write(home, "东山县.xlsx", "西山县 “终稿”\\\n\t😀.xlsx", os.fsdecode("滨城区.xlsx".encode("gbk")))
    other = Home(tmp_path / "other", address).make()
    assert other.read_journal().head == head
    assert write(other, "北山县.xlsx").count == 4
    assert [e.payload["file_name"] for e in home.read_journal().entries()][1:] == [
        "西山县 “终稿”\\\n\t😀.xlsx",
        os.fsdecode("滨城区.xlsx".encode("gbk")),
        "北山县.xlsx",
    ]


def test_a_night_gives_the_same_warehouse_as_with_the_file(
    installation: NewInstallation, address: str
) -> None:
    with_file = installation([2023, 2024], catalogue=LANHE)
    with_table = in_table(installation([2023, 2024], catalogue=LANHE, name="other"), address)
    night(with_file)
    night(with_table)
    assert not with_table.home.journal.exists()
    assert with_table.home.read_journal().head.count == Journal(with_file.home.journal).head.count
    for table in COMPARED:
        assert len(differences(with_file.home.database, with_table.home.database, table)) == 0, table
