"""The warehouse is a function of archive, journal and catalogue: replayed from nothing it is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import NewInstallation, Samples, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.journal import Journal
from warehouse.query import query

YANGXIN, WUDI, CITY = "371622", "371623", "371600"
YEARS = (2023, 2024)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> dict[str, Path]:
    """What comes in, by a short name; restated, held and unreadable ones among them."""
    folder = tmp_path_factory.mktemp("files")
    issued = {
        f"{unit}-{year}": next((samples(YEARS) / unit).glob(f"{unit}_{year}_*.xlsx"))
        for unit in (YANGXIN, WUDI, CITY)
        for year in YEARS
    }
    restated = ClerkWorkbook(issued[f"{YANGXIN}-2024"])
    restated.enter("年1表", "个人会员数", org=restated.villages()[0], value=311)
    held = ClerkWorkbook(issued[f"{WUDI}-2024"])
    held.cell("年1表", "个人会员数", org=held.villages()[0]).value = "三百"
    (folder / "文字.xlsx").write_text("不是工作簿", encoding="utf-8")
    return issued | {
        "restated": restated.save(folder / "更正.xlsx"),
        "held": held.save(folder / "暂存.xlsx"),
        "unreadable": folder / "文字.xlsx",
    }


ORDERS = {
    "years as they come": [
        [f"{YANGXIN}-2023", f"{WUDI}-2023", f"{CITY}-2023"],
        [f"{YANGXIN}-2024", "held", f"{CITY}-2024"],
        ["unreadable", "restated", f"{WUDI}-2024"],
    ],
    "late and mixed": [
        ["held", f"{YANGXIN}-2024"],
        [f"{WUDI}-2024", f"{YANGXIN}-2023", "unreadable"],
        ["restated"],
        [f"{CITY}-2024", f"{CITY}-2023", f"{WUDI}-2023"],
    ],
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, files: dict[str, Path]) -> dict[str, Installation]:
    """The same files received over several nights, once in each order."""
    from tests.integration.conftest import new_installation

    made = {}
    for number, (order, nights) in enumerate(ORDERS.items()):
        place = new_installation(tmp_path_factory.mktemp("order") / str(number), lambda *_: Path(), [])
        for tonight in nights:
            for name in tonight:
                shutil.copy(files[name], place.home.inbox / files[name].name)
            assert night(place).submissions.height == len(tonight)
        made[order] = place
    return made


@pytest.mark.parametrize("order", ORDERS)
def test_a_rebuild_gives_what_the_nights_gave(
    places: dict[str, Installation], order: str, tmp_path: Path
) -> None:
    place = places[order]
    incremental = tmp_path / "incremental.duckdb"
    shutil.copy(place.home.database, incremental)
    head = Journal(place.home.journal, read_only=True).head
    receipts = sorted(place.home.outbox.rglob("*.md"))
    night(place, from_scratch=True)
    assert_same_content(incremental, place.home.database)
    assert Journal(place.home.journal, read_only=True).head == head
    assert sorted(place.home.outbox.rglob("*.md")) == receipts


def test_what_stands_does_not_depend_on_the_order_of_arrival(places: dict[str, Installation]) -> None:
    one, other = (
        query(place.home.database, "FROM mart.indicator ORDER BY indicator, year, org_code")
        for place in places.values()
    )
    assert one.height > 1000
    assert_frame_equal(one, other)


def test_a_rebuild_leaves_the_inbox_alone(places: dict[str, Installation], files: dict[str, Path]) -> None:
    place = next(iter(places.values()))
    waiting = shutil.copy(files["unreadable"], place.home.inbox / "等待.xlsx")
    night(place, from_scratch=True)
    assert Path(waiting).exists()


def test_a_lost_warehouse_comes_back_from_the_archive(
    installation: NewInstallation, files: dict[str, Path]
) -> None:
    place = installation()
    shutil.copy(files[f"{YANGXIN}-2024"], place.home.inbox)
    night(place)
    before = query(place.home.database, "FROM mart.indicator ORDER BY ALL")
    place.home.database.unlink()
    shutil.copy(files[f"{WUDI}-2024"], place.home.inbox)
    report = night(place)
    assert report.submissions.height == 2
    after = query(place.home.database, "FROM mart.indicator ORDER BY ALL")
    kept = after.filter(pl.col("org_code").str.starts_with(YANGXIN), pl.col("kind").is_in(["stock", "flow"]))
    assert_frame_equal(
        kept,
        before.filter(pl.col("org_code").str.starts_with(YANGXIN), pl.col("kind").is_in(["stock", "flow"])),
    )
