"""A version is named, and from the next night on asked for by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.decisions.release import release
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.store.query import WarehouseMissing, query

EAST, VILLAGE = "990101", "990101001001"


@pytest.fixture
def place(after_a_night: NewInstallation) -> Installation:
    return after_a_night([2024])


def member_count(place: Installation, source: str) -> float:
    sql = f"SELECT value FROM {source} WHERE indicator = 'member_count' AND org_code = ? AND year = 2024"
    return float(query(place.home.database, sql, [EAST]).item())


def test_a_named_version_keeps_its_numbers(place: Installation, samples: Samples, tmp_path: Path) -> None:
    before = member_count(place, "mart.indicator")
    release(place, "2024-初报", "王主任")
    [path] = (samples([2024], LANHE) / EAST).glob(f"{EAST}_2024_*.xlsx")
    book = ClerkWorkbook(path)
    book.enter("兰1表", "会员数", org=VILLAGE, value=book.cell("兰1表", "会员数", org=VILLAGE).value + 1)
    book.save(place.home.inbox / "更正.xlsx")
    night(place)
    assert member_count(place, "mart.indicator") == before + 1
    assert member_count(place, "as_of('2024-初报')") == before
    row = query(
        place.home.database,
        """SELECT old_value, new_value, why, file_name FROM changes('2024-初报', '2099-01-01')
           WHERE indicator = 'member_count' AND org_code = ?""",
        [EAST],
    ).row(0)
    assert row == (before, before + 1, "更正", "更正.xlsx")


def test_a_version_is_there_after_a_night_in_which_nothing_else_happened(place: Installation) -> None:
    release(place, "2024-终报", "王主任")
    night(place)
    named = query(place.home.database, "SELECT release, actor FROM mart.release").rows()
    assert named == [("2024-终报", "王主任")]


REFUSED = {
    "2024-终报": "已经用过",
    "2024-12-31": "与日期无法区分",
    "": "1—40 个字",
    "a'b": "不含引号",
}


def test_a_name_that_cannot_be_told_apart_is_refused(place: Installation) -> None:
    release(place, "2024-终报", "王主任")
    for name, words in REFUSED.items():
        with pytest.raises(ReviewRefused, match=words):
            release(place, name, "王主任")


def test_before_the_first_night_there_is_nothing_to_name(installation: NewInstallation) -> None:
    with pytest.raises(WarehouseMissing):
        release(installation(catalogue=LANHE), "2024-终报", "王主任")
