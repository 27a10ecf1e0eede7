"""The warehouse is a function of archive, journal and catalogue: replayed from nothing it is the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

import flows.night
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, new_installation, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.ledger.journal import Journal
from warehouse.store.query import query

EAST, WEST, CITY = "990101", "990102", "990100"
YANGXIN, WUDI = "371622", "371623"
YEARS = range(2021, 2025)

ORDERS = {
    "years as they come": [
        [f"{EAST}-2021", f"{WEST}-2021", f"{CITY}-2021"],
        [f"{EAST}-2022", f"{WEST}-2022", f"{CITY}-2022", f"{WEST}-2023", f"{CITY}-2023", f"{EAST}-2023"],
        [f"{EAST}-2024", "held", f"{CITY}-2024"],
        ["unreadable", "restated", f"{WEST}-2024"],
    ],
    "late and mixed": [
        ["held", f"{EAST}-2024"],
        [f"{WEST}-2024", f"{EAST}-2023", "unreadable", f"{CITY}-2022", f"{EAST}-2021"],
        ["restated"],
        [f"{CITY}-2024", f"{CITY}-2023", f"{WEST}-2023", f"{WEST}-2022", f"{EAST}-2022"],
        [f"{CITY}-2021", f"{WEST}-2021"],
    ],
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city's catalogue, with a rule of its own."""
    folder = shutil.copytree(LANHE, tmp_path_factory.mktemp("catalogue") / "lanhe")
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "care.yaml").write_text(_RULE, encoding="utf-8")
    return folder


_RULE = """
- id: care.few_visits
  scope: row
  form: care
  expression: visit_count >= 1000000
  severity: warning
  message: "{left}，偏少"
  why: 试验。
  fix: 请核对。
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, samples: Samples, city: Path) -> dict[str, Path]:
    """What comes in, by a short name; restated, held and unreadable ones among them."""
    folder = tmp_path_factory.mktemp("files")
    issued = {
        f"{unit}-{year}": next((samples(YEARS, city) / unit).glob(f"{unit}_{year}_*.xlsx"))
        for unit in (EAST, WEST, CITY)
        for year in YEARS
    }
    restated = ClerkWorkbook(issued[f"{EAST}-2024"])
    restated.enter("兰1表", "会员数", org="990101001001", value=311)
    held = ClerkWorkbook(issued[f"{WEST}-2024"])
    held.cell("兰1表", "会员数", org="990102001001").value = "三百"
    (folder / "文字.xlsx").write_text("不是工作簿", encoding="utf-8")
    return issued | {
        "restated": restated.save(folder / "更正.xlsx"),
        "held": held.save(folder / "暂存.xlsx"),
        "unreadable": folder / "文字.xlsx",
    }


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, Path], city: Path, samples: Samples
) -> dict[str, Installation]:
    """The same files received over several nights, once in each order."""
    made = {}
    for number, (order, nights) in enumerate(ORDERS.items()):
        home = tmp_path_factory.mktemp("order") / str(number)
        place = new_installation(home, samples, [], catalogue=city)
        for tonight in nights:
            receive(place, *(files[name] for name in tonight))
        made[order] = place
    return made


def receive(place: Installation, *files: Path) -> None:
    """A night that receives the files in this order."""
    for second, file in enumerate(files, 1):
        dropped = shutil.copy(file, place.home.inbox)
        os.utime(dropped, (second, second))
    report = night(place)
    assert report.submissions.height == len(files) + len(report.outcome.revised)


def assert_rebuild_gives_the_same(place: Installation, folder: Path, *, is_lost: bool = False) -> None:
    """``is_lost``: the warehouse is gone, so that what was published when has to be computed again too."""
    incremental = folder / "incremental.duckdb"
    shutil.copy(place.home.database, incremental)
    head = Journal(place.home.journal, read_only=True).head
    receipts = sorted(place.home.outbox.rglob("*.md"))
    if is_lost:
        place.home.database.unlink()
    night(place, from_scratch=True)
    assert_same_content(incremental, place.home.database)
    assert Journal(place.home.journal, read_only=True).head == head
    assert sorted(place.home.outbox.rglob("*.md")) == receipts


@pytest.mark.parametrize(("order", "is_lost"), [("years as they come", False), ("late and mixed", True)])
def test_a_rebuild_gives_what_the_nights_gave(
    places: dict[str, Installation], order: str, is_lost: bool, tmp_path: Path
) -> None:
    assert_rebuild_gives_the_same(places[order], tmp_path, is_lost=is_lost)


def test_what_happened_is_what_the_orders_say(places: dict[str, Installation]) -> None:
    for place in places.values():
        decisions = query(
            place.home.database, "SELECT decision, count(*) AS n FROM quality.submission GROUP BY decision"
        )
        assert dict(decisions.iter_rows()) == {"accepted": 13, "held": 1, "refused": 1}
        warnings = query(place.home.database, "FROM quality.finding WHERE rule = 'care.few_visits'")
        assert warnings.height > 10


@pytest.mark.deep
def test_a_rebuild_of_counties_with_every_form_gives_what_the_nights_gave(
    installation: NewInstallation, samples: Samples, tmp_path: Path
) -> None:
    place = installation([2024], units=[YANGXIN, "371600"])
    issued = next((samples([2024], units=[YANGXIN]) / YANGXIN).iterdir())
    night(place)
    restated = ClerkWorkbook(issued)
    restated.enter("年1表", "个人会员数", org=restated.villages()[0], value=311)
    held = ClerkWorkbook(next((samples([2024], units=[WUDI]) / WUDI).iterdir()))
    held.cell("年1表", "个人会员数", org=held.villages()[0]).value = "三百"
    receive(place, restated.save(tmp_path / "更正.xlsx"), held.save(tmp_path / "暂存.xlsx"))
    assert_rebuild_gives_the_same(place, tmp_path)


def test_what_stands_does_not_depend_on_the_order_of_arrival(places: dict[str, Installation]) -> None:
    one, other = (
        query(
            place.home.database,
            "SELECT * EXCLUDE (known_from) FROM mart.indicator ORDER BY indicator, year, org_code",
        )
        for place in places.values()
    )
    assert one.height > 100
    assert_frame_equal(one, other)


def test_a_rebuild_leaves_the_inbox_alone(places: dict[str, Installation], files: dict[str, Path]) -> None:
    place = next(iter(places.values()))
    waiting = shutil.copy(files["unreadable"], place.home.inbox / "等待.xlsx")
    night(place, from_scratch=True)
    assert Path(waiting).exists()


def test_a_lost_warehouse_comes_back_from_the_archive(
    files: dict[str, Path], city: Path, installation: NewInstallation
) -> None:
    place = installation(catalogue=city)
    receive(place, files[f"{EAST}-2024"])
    before = query(place.home.database, "FROM core.observation ORDER BY ALL")
    place.home.database.unlink()
    shutil.copy(files[f"{CITY}-2024"], place.home.inbox)
    assert night(place).submissions["unit_code"].to_list() == [CITY]
    after = query(place.home.database, "FROM core.observation WHERE unit_code <> '990100' ORDER BY ALL")
    assert_frame_equal(after, before)


def test_a_warehouse_that_another_program_made_is_made_anew(
    places: dict[str, Installation], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = places["late and mixed"]
    before = shutil.copy(place.home.database, tmp_path / "before.duckdb")
    monkeypatch.setattr(flows.night, "read_program", lambda: "another")
    night(place)
    assert_same_content(Path(before), place.home.database)
    last = "SELECT program_hash FROM quality.run ORDER BY started_at DESC LIMIT 1"
    assert query(place.home.database, last).item() == "another"
    assert query(Path(before), last).item() != "another"
