"""One night of nothing but workbooks of other offices: none is accepted, each is answered with a sentence.

Everyday runs take a few of each kind; NIANBAO_HOSTILE asks for 250 (weekly), NIANBAO_HOSTILE_SEED for others.
"""

from __future__ import annotations

import hashlib
import os

import polars as pl
import pytest

from flows.error_log import ERROR_LOG
from flows.settings import Installation
from tests.foreign_workbooks import make_foreign
from tests.integration.conftest import LANHE, Samples, new_installation, night
from warehouse.store.query import query

COUNT = 250 if "NIANBAO_HOSTILE" in os.environ else 72
SEED = int(os.environ.get("NIANBAO_HOSTILE_SEED", "1"))
FOLDERS = ("990101", "其他", "")
"""A unit's own folder, somebody's, and the inbox itself, in turn; .csv files lie alone, or they would be one submission."""

pytestmark = pytest.mark.timeout(600)


class ForeignNight:
    """The names of the files by the SHA-256 of their bytes, and the night that received them."""

    def __init__(self, place: Installation) -> None:
        self.place = place
        self.names: dict[str, str] = {}
        for number in range(COUNT):
            ending, content = make_foreign(number, SEED)
            folder = place.home.inbox / FOLDERS[number // 6 % len(FOLDERS)]
            folder = folder / str(number) if ending == ".csv" else folder
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{'2024年报' if number % 4 == 0 else '统计表'}{number:03}{ending}"
            (folder / name).write_bytes(content)
            self.names[hashlib.sha256(content).hexdigest()] = name
        self.report = night(place)
        self.decided = query(place.home.database, "FROM quality.submission")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> ForeignNight:
    home = tmp_path_factory.mktemp("foreign") / "home"
    return ForeignNight(new_installation(home, samples, [], catalogue=LANHE))


def test_no_foreign_workbook_is_accepted(foreign: ForeignNight) -> None:
    assert set(foreign.names) <= set(foreign.decided["submission"])
    assert foreign.decided.filter(decision="accepted").rows(named=True) == []


def test_each_foreign_workbook_is_answered_with_a_sentence(foreign: ForeignNight) -> None:
    refused = foreign.decided.filter(decision="refused")
    assert refused.remove(pl.col("reason").str.contains("^[^\n]*请[^\n]*。$")).rows(named=True) == []
    receipts = "".join(
        path.read_text(encoding="utf-8") for path in foreign.place.home.outbox.rglob("回执_*.md")
    )
    assert [name for name in foreign.names.values() if name not in receipts] == []


def test_a_foreign_workbook_that_is_held_holds_nothing_that_counts(foreign: ForeignNight) -> None:
    assert query(foreign.place.home.database, "FROM core.observation").is_empty()
    held = foreign.decided.filter(decision="held")
    assert held.height < COUNT / 5


def test_no_foreign_workbook_makes_the_program_stumble(foreign: ForeignNight) -> None:
    log = foreign.place.home.root / ERROR_LOG
    assert not log.exists(), log.read_text(encoding="utf-8")[-3000:]
    assert foreign.report.left == []
