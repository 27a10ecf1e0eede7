"""Another program opens the warehouse for writing while a night is at work: the night is begun again and goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import flows.nightly
from flows import publication
from flows.answer import outgoing
from flows.answer.outgoing import Report
from flows.health.doctor import examine_home
from flows.running.embedded_server import run_as_flow
from flows.settings import Installation, find_installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.test_damage import held_for_writing
from tests.terminal import Terminal, is_one_chinese_sentence
from warehouse.store.query import query

WEST = "990102"


class Intruder:
    """A program that opens the warehouse for writing once, at a moment of the night."""

    def __init__(self, place: Installation) -> None:
        self.place = place
        self.is_in = False
        self.stack = ExitStack()

    def come_in(self) -> None:
        if not self.is_in:
            self.is_in = True
            self.stack.enter_context(held_for_writing(self.place.home.database, changes=True))

    def before(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def intruded(*arguments: Any) -> Any:
            self.come_in()
            return work(*arguments)

        return intruded


@pytest.fixture
def intruder(after_a_night: NewInstallation, samples: Samples) -> Iterator[Intruder]:
    place = after_a_night([2023])
    shutil.copy(next((samples([2024], LANHE, [WEST]) / WEST).iterdir()), place.home.inbox)
    found = Intruder(place)
    with found.stack:
        yield found


def disturbed_night(intruder: Intruder, moment: str, patch: pytest.MonkeyPatch) -> Report:
    """A night in which the intruder comes in at ``moment``."""
    match moment:
        case "building":
            patch.setattr(publication, "open_build", intruder.before(publication.open_build))
        case "reading":
            pass
        case "publishing":
            patch.setattr(flows.nightly, "publish", intruder.before(flows.nightly.publish))
        case "answering":
            patch.setattr(outgoing, "collect_report", intruder.before(outgoing.collect_report))
    on_done = (lambda *_: intruder.come_in()) if moment == "reading" else None
    return run_as_flow("nightly", lambda: flows.nightly.run_night(intruder.place, on_done=on_done))


@pytest.mark.parametrize(
    "moment",
    [
        "reading",
        "publishing",
        *(pytest.param(name, marks=pytest.mark.deep) for name in ("building", "answering")),
    ],
)
def test_who_opens_the_warehouse_for_writing_during_a_night_does_not_stop_it(
    intruder: Intruder, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = disturbed_night(intruder, moment, monkeypatch)
    assert intruder.is_in
    assert report.submissions["unit_code"].to_list() == [WEST]
    database = intruder.place.home.database
    standing = query(database, "FROM quality.standing")
    assert standing.filter(unit_code=WEST, year=2024).height == 1
    assert len(list(intruder.place.home.outbox.rglob("回执_2024_*.md"))) == 1
    intruder.stack.close()
    night(intruder.place)
    assert query(database, "FROM duckdb_tables() WHERE table_name LIKE 'mine%'").is_empty()
    assert [p for p in examine_home(intruder.place).problems if "审核关系" not in p] == []


@pytest.mark.parametrize(
    "command",
    [("query", "SELECT 1"), ("status", "--year", "2023"), ("review", "list", "--year", "2023")],
    ids=lambda c: c[0],
)
def test_a_command_that_reads_says_in_one_sentence_who_holds_it(
    intruder: Intruder,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(LANHE))
    find_installation.cache_clear()
    with held_for_writing(intruder.place.home.database, changes=False) as other:
        answer = Terminal(intruder.place.home.root, monkeypatch, capsys)(*command)
    find_installation.cache_clear()
    assert answer.code == 2
    assert f"正被其他程序（进程号 {other.pid}）以可写方式打开" in answer.err
    assert is_one_chinese_sentence(answer.err) or answer.err.count("\n") == 1
    assert "duckdb.org" not in answer.err
