"""The administrator returns, approves, locks and unlocks; the next night carries it into the warehouse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.decisions.review_submissions import approve, lock, send_back
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.warehouse_content import assert_same_content
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.standing.status import list_status
from warehouse.store.query import query

EAST, WEST, CITY = "990101", "990102", "990100"


@pytest.fixture
def place(after_a_night: NewInstallation) -> Installation:
    """The small city after the night in which 2024 came in."""
    return after_a_night([2024])


def maturity(place: Installation, org_code: str) -> list[str]:
    found = query(
        place.home.database,
        "SELECT DISTINCT maturity FROM mart.indicator WHERE year = 2024 AND org_code = ? AND kind IN ('stock', 'flow')",
        [org_code],
    )
    return sorted(found["maturity"].to_list())


def standing(place: Installation) -> list[str]:
    return query(place.home.database, "SELECT unit_code FROM quality.standing ORDER BY 1")[
        "unit_code"
    ].to_list()


def receipts_of(place: Installation, unit: str) -> str:
    folders = [folder for folder in place.home.outbox.iterdir() if folder.name.startswith(unit)]
    return "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("回执*.md")
    )


def changed_copy(samples: Samples, target: Path) -> None:
    """The county's workbook of 2024 with other bytes and the same content: its zip has a comment."""
    [file] = (samples([2024], LANHE) / EAST).iterdir()
    content = bytearray(file.read_bytes())
    content[-2:] = (4).to_bytes(2, "little")  # the length of the comment ends the zip
    target.write_bytes(bytes(content) + b"once")


def approved(place: Installation, unit: str | None) -> list[str]:
    return [one.unit_name for one in approve(place, 2024, unit, "王主任")]


def test_what_is_approved_is_final_once_the_night_has_run(place: Installation) -> None:
    assert approved(place, EAST) == ["东岸县"]
    assert maturity(place, EAST) == ["provisional"]
    night(place)
    assert maturity(place, EAST) == ["final"]
    assert maturity(place, WEST) == ["provisional"]
    final = list_status(place.home.database, 2024, place.catalogue).filter("is_approved")
    assert final["unit_code"].to_list() == [EAST]
    assert approved(place, EAST) == []
    assert len(approved(place, None)) == 2


def test_an_approval_lapses_when_a_later_submission_stands(place: Installation, samples: Samples) -> None:
    approve(place, 2024, EAST, "王主任")
    changed_copy(samples, place.home.inbox / "东岸县再报.xlsx")
    assert night(place).submissions["decision"].to_list() == ["accepted"]
    assert maturity(place, EAST) == ["provisional"]
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert "审定以后又重报，数据回到初报，须再次审定：东岸县 2024。" in digest


def test_what_is_returned_no_longer_stands_and_the_unit_hears_why(place: Installation) -> None:
    send_back(place, 2024, EAST, "会员数与省里通报不一致", "王主任")
    night(place)
    assert standing(place) == [CITY, WEST]
    assert "市级退回原因：会员数与省里通报不一致。请按该意见处理后重新报送。" in receipts_of(place, EAST)
    with pytest.raises(ReviewRefused, match="已经退回"):
        send_back(place, 2024, EAST, "再说一次", "王主任")


def test_a_returned_restatement_leaves_the_one_before_standing(place: Installation, samples: Samples) -> None:
    before = query(place.home.database, "SELECT submission FROM quality.standing WHERE unit_code = ?", [EAST])
    changed_copy(samples, place.home.inbox / "东岸县再报.xlsx")
    night(place)
    send_back(place, 2024, EAST, "错报", "王主任")
    night(place)
    after = query(place.home.database, "SELECT submission FROM quality.standing WHERE unit_code = ?", [EAST])
    assert after.equals(before)


def test_after_a_year_is_locked_what_comes_is_held_until_it_is_unlocked(
    place: Installation, samples: Samples
) -> None:
    lock(place, 2024, "王主任")
    changed_copy(samples, place.home.inbox / "东岸县再报.xlsx")
    assert night(place).submissions.select("decision", "critical_count").rows() == [("held", 0)]
    assert "2024年度数据已锁定，本次报送未入库。" in receipts_of(place, EAST)
    with pytest.raises(ReviewRefused, match="已锁定"):
        approve(place, 2024, EAST, "王主任")
    lock(place, 2024, "王主任", unlock=True)
    assert approved(place, EAST) == ["东岸县"]


def test_a_rebuild_gives_what_the_reviewed_nights_gave(
    place: Installation, samples: Samples, tmp_path: Path
) -> None:
    approve(place, 2024, WEST, "王主任")
    send_back(place, 2024, EAST, "错报", "王主任")
    lock(place, 2024, "王主任")
    changed_copy(samples, place.home.inbox / "东岸县再报.xlsx")
    night(place)
    incremental = tmp_path / "incremental.duckdb"
    shutil.copy(place.home.database, incremental)
    night(place, from_scratch=True)
    assert_same_content(incremental, place.home.database)


@pytest.mark.parametrize(
    ("year", "unit", "sentence"),
    [
        (2023, EAST, "没有已接收的报送"),
        (2024, "990199", "2024年度没有代码为 990199 的填报单位"),
        (1999, EAST, "报告年度应在"),
    ],
)
def test_what_does_not_stand_cannot_be_approved(
    place: Installation, year: int, unit: str, sentence: str
) -> None:
    with pytest.raises(ReviewRefused, match=sentence):
        approve(place, year, unit, "王主任")


def test_what_was_returned_tonight_cannot_be_approved(place: Installation) -> None:
    send_back(place, 2024, EAST, "错报", "王主任")
    with pytest.raises(ReviewRefused, match="已退回"):
        approve(place, 2024, EAST, "王主任")
    assert "东岸县" not in approved(place, None)


def test_a_return_needs_a_reason_and_a_year_is_locked_once(place: Installation) -> None:
    with pytest.raises(ReviewRefused, match="原因"):
        send_back(place, 2024, EAST, " ", "王主任")
    with pytest.raises(ReviewRefused, match="没有锁定"):
        lock(place, 2024, "王主任", unlock=True)
    lock(place, 2024, "王主任")
    with pytest.raises(ReviewRefused, match="已经锁定"):
        lock(place, 2024, "王主任")
