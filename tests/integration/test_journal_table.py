"""Nights whose journal rests in PostgreSQL: the same numbers as with the file, one night at a time, no harm by a lost server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.decisions.review_submissions import lock
from flows.keeping.marks import read_failure
from flows.night import open_night
from flows.nightly import run_night
from flows.running.embedded_server import run_as_flow
from flows.settings import Installation, find_installation
from tests.compare_warehouses import COMPARED, differences
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.postgres import PostgresServer
from tests.journal_tables import read_lines
from tests.terminal import Terminal
from warehouse.ledger.journal import Event, Journal, JournalBroken
from warehouse.ledger.journal_lines import JournalUnreachable
from warehouse.store.publish import AlreadyRunning
from warehouse.store.query import query


@pytest.fixture
def place(installation: NewInstallation, address: str) -> Installation:
    """The small city with a year in its inbox, its journal in the table."""
    return in_table(installation([2024], catalogue=LANHE), address)


@pytest.fixture(scope="module")
def undisturbed(settled: NewInstallation) -> Installation:
    """The same after a night with the file."""
    return settled([2024], None, LANHE)


@pytest.fixture
def nianbao(
    place: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """The command line on that place."""
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(LANHE))
    monkeypatch.setenv("NIANBAO_JOURNAL", place.settings.journal)
    find_installation.cache_clear()
    yield Terminal(place.home.root, monkeypatch, capsys)
    find_installation.cache_clear()


def in_table(place: Installation, address: str) -> Installation:
    return Installation(place.settings.model_copy(update={"journal": address}))


def assert_same_numbers(one: Installation, other: Installation) -> None:
    found = {table: len(differences(one.home.database, other.home.database, table)) for table in COMPARED}
    assert found == dict.fromkeys(COMPARED, 0)


def events(journal: Journal) -> list[tuple[str, str | None]]:
    return [(str(e.event), e.unit_code) for e in journal.entries()]


# ------------------------------------------------------------------------------------------- the same night


def test_a_night_gives_the_warehouse_that_it_gives_with_the_file(
    place: Installation, undisturbed: Installation
) -> None:
    night(place)
    assert_same_numbers(undisturbed, place)
    assert events(place.home.read_journal()) == events(undisturbed.home.read_journal())
    assert not place.home.journal.exists()
    [run] = query(place.home.database, "FROM quality.run").to_dicts()
    assert run["journal_count"] > 6


def test_what_is_decided_between_nights_is_in_the_table_and_in_the_catalogue(
    place: Installation, nianbao: Terminal
) -> None:
    night(place)
    lock(place, 2024, "王主任")
    assert nianbao("year", "open", "2025").code == 0
    assert [str(e.event) for e in place.home.read_journal().entries()][-2:] == ["locked", "year_opened"]
    assert in_table(place, place.settings.journal).catalogue.settings.last_year == 2025
    assert "登记簿" not in nianbao("doctor").err


def test_an_installation_moves_from_the_file_into_the_table_and_back(
    undisturbed: Installation, address: str, tmp_path: Path, nianbao: Terminal, place: Installation
) -> None:
    shutil.rmtree(place.home.root)
    shutil.copytree(undisturbed.home.root, place.home.root)
    with pytest.raises(JournalBroken, match=r"nianbao journal import"):
        night(place)
    said = nianbao("journal", "import", str(place.home.journal))
    head = undisturbed.home.read_journal().head
    assert (said.code, said.err) == (0, "")
    assert f"新写入 {head.count} 条，共 {head.count} 条，末条校验值 {head.hash}。" in said.out
    night(place)
    assert_same_numbers(undisturbed, place)
    copy = tmp_path / "copy.jsonl"
    assert nianbao("journal", "export", str(copy)).code == 0
    assert copy.read_bytes() == read_lines(place.home)
    assert copy.read_bytes().startswith(undisturbed.home.journal.read_bytes())
    copy.replace(place.home.journal)
    back = in_table(place, "")
    assert night(back).submissions.is_empty()
    assert_same_numbers(undisturbed, back)


# ------------------------------------------------------------------------------------------- two hosts


def test_of_two_nights_on_two_hosts_one_runs_and_one_says_so(
    place: Installation, installation: NewInstallation, undisturbed: Installation
) -> None:
    other = in_table(installation([2024], catalogue=LANHE, name="other"), place.settings.journal)
    said: list[str] = []

    def second_night(_key: str, _result: object) -> None:
        with pytest.raises(AlreadyRunning) as refused, open_night(other):
            pass
        said.append(str(refused.value))

    run_as_flow("nightly", lambda: run_night(place, on_done=second_night))
    assert said
    assert {sentence.split("（")[0] for sentence in said} == {"登记簿正由另一个年报任务写入"}
    assert any(other.home.inbox.rglob("*.xlsx")), "nothing was touched"
    assert_same_numbers(undisturbed, place)


def test_a_server_that_goes_away_in_the_middle_breaks_the_night_off_and_the_next_one_makes_it_good(
    place: Installation, postgres: PostgresServer, undisturbed: Installation
) -> None:
    restarted: list[str] = []

    def restart(key: str, _result: object) -> None:
        if not restarted:
            restarted.append(key)
            postgres.stop()
            postgres.start()

    with pytest.raises(JournalUnreachable) as broken:
        run_as_flow("nightly", lambda: run_night(place, on_done=restart))
    assert restarted
    assert "连接中断，写入锁随之失去，本次作业中止，不再写入登记簿" in str(broken.value)
    assert not place.home.database.exists()
    failure = read_failure(place.home.root)
    assert failure is not None
    assert failure.reason == str(broken.value)
    night(place)
    assert_same_numbers(undisturbed, place)
    received = [e for e in place.home.read_journal().entries() if e.event == Event.RECEIVED]
    assert len(received) == len({e.submission for e in received})
