"""Two homes on two hosts with one journal, one archive, one place of work: either can go on where the other stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.night import open_night
from flows.nightly import run_night
from flows.running.embedded_server import run_as_flow
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.ledger.journal import Event
from warehouse.store.publish import AlreadyRunning

EAST, WEST = "990101", "990102"


@pytest.fixture
def hosts(installation: NewInstallation, address: str, tmp_path: Path) -> tuple[Installation, Installation]:
    """Two homes; in the inbox of each a workbook of another county."""
    shared = {
        "journal": address,
        **{name: str(tmp_path / "shared" / name) for name in ("archive", "work", "outbox")},
    }
    made = [installation([2024], [unit], LANHE, name) for name, unit in (("one", EAST), ("two", WEST))]
    one, two = (Installation(place.settings.model_copy(update=shared)) for place in made)
    return one, two


def received(place: Installation) -> list[str]:
    return [str(e.submission) for e in place.home.read_journal().entries() if e.event == Event.RECEIVED]


def parts(place: Installation, kind: str) -> dict[str, int]:
    """The partitions of a kind, by key: when they were made."""
    found = sorted(Path(place.settings.work, "parts").glob(f"{kind}-*/about.json"))
    return {about.parent.name: about.stat().st_mtime_ns for about in found}


def test_of_two_nights_at_once_one_runs_and_what_it_received_stands_in_the_other_home_the_night_after(
    hosts: tuple[Installation, Installation],
) -> None:
    one, two = hosts
    said: list[str] = []

    def second_night(_key: str, _result: object) -> None:
        with pytest.raises(AlreadyRunning) as refused, open_night(two):
            pass
        said.append(str(refused.value))

    run_as_flow("nightly", lambda: run_night(one, on_done=second_night))
    assert {sentence.split("（")[0] for sentence in said} == {"登记簿正由另一个年报任务写入"}
    assert any(two.home.inbox.rglob("*.xlsx")), "nothing was touched"
    read = parts(one, "read")
    night(two)
    assert len(received(two)) == 2
    assert read.items() < parts(two, "read").items(), "what the one has read the other reads not again"
    assert {path.name for path in two.home.archive.glob("objects/*/*")} == set(received(two))
    night(one)
    assert_same_content(one.home.database, two.home.database)
    answered = {path.name for path in Path(one.settings.outbox).glob("*/*.md")}
    assert len(answered) == 2, "each has answered what it received, in one outbox"
