"""The outbox in a place elsewhere: what is new goes there once, what is replaced goes aside there, nothing is deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.answer.corrections import EARLIER
from flows.answer.outbox_copy import copy_folders
from tests.small_homes import EAST, files_below

FIRST, SECOND = (f"更正表_2024_20260302_{hour}_0123abcd.xlsx" for hour in ("020000", "030000"))


class Office:
    """A home with the folder of one unit, and the place it is copied to."""

    def __init__(self, root: Path) -> None:
        self.home, self.there = root / "home", root / "there"
        self.folder = self.home / "outbox" / EAST
        self.folder.mkdir(parents=True)

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content, encoding="utf-8")

    def put_aside(self, name: str) -> None:
        (self.folder / EARLIER).mkdir(exist_ok=True)
        (self.folder / name).rename(self.folder / EARLIER / name)

    def copy(self, *answered: int, address: str | None = None) -> list[str]:
        years = [(EAST, year) for year in answered]
        return copy_folders(self.home / "outbox", address or str(self.there), self.home, years)

    def arrived(self) -> dict[str, str]:
        return {
            n.removeprefix(f"{EAST}/"): content.decode() for n, content in files_below(self.there).items()
        }


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.write("回执.md", "已接收")
    assert made.copy(2024) == []
    return made


def test_what_is_new_or_changed_arrives_under_the_same_name(office: Office) -> None:
    office.write("回执.md", "暂存，待改正")
    office.write(FIRST, "请改正")
    assert office.copy(2024) == []
    assert office.arrived() == {"回执.md": "暂存，待改正", FIRST: "请改正"}


def test_what_was_taken_away_there_does_not_come_again_and_what_lies_beside_stays(office: Office) -> None:
    (office.there / EAST / "回执.md").unlink()
    (office.there / EAST / "便条.txt").write_text("收到", encoding="utf-8")
    assert office.copy() == []
    assert office.arrived() == {"便条.txt": "收到"}


def test_a_replaced_correction_workbook_goes_aside_with_what_the_clerk_has_filled_in(office: Office) -> None:
    office.write(FIRST, "请改正")
    office.copy(2024)
    (office.there / EAST / FIRST).write_text("填了一半", encoding="utf-8")
    office.put_aside(FIRST)
    office.write(SECOND, "再改正")
    assert office.copy(2024) == []
    assert office.arrived() == {
        "回执.md": "已接收",
        SECOND: "再改正",
        f"{EARLIER}/{FIRST}": "填了一半",
    }


def test_one_that_another_machine_wrote_goes_aside_too_but_for_those_of_other_years(office: Office) -> None:
    other = "更正表_2023_20260302_020000_0123abcd.xlsx"
    for name in (FIRST, other):
        (office.there / EAST / name).write_text("请改正", encoding="utf-8")
    assert office.copy(2024) == []
    assert office.arrived().keys() == {"回执.md", other, f"{EARLIER}/{FIRST}"}


def test_a_place_that_is_down_is_told_and_made_good_later(office: Office) -> None:
    office.write(FIRST, "请改正")
    office.copy(2024)
    office.put_aside(FIRST)
    office.write(SECOND, "再改正")
    away = office.there.rename(office.there.with_name("away"))
    office.there.write_text("a file where the folder was", encoding="utf-8")
    [said] = office.copy(2024)
    assert said.startswith(f"共用发件箱 {office.there}：")
    assert said.endswith("回执和更正表未能全部送到，下次夜间作业会补送。")
    office.there.unlink()
    away.rename(office.there)
    assert office.copy() == []
    assert office.arrived().keys() == {"回执.md", SECOND, f"{EARLIER}/{FIRST}"}


def test_a_new_place_gets_everything(office: Office, tmp_path: Path) -> None:
    office.there = tmp_path / "elsewhere"
    assert office.copy() == []
    assert office.arrived() == {"回执.md": "已接收"}


def test_a_place_within_the_home_is_refused(office: Office) -> None:
    [said] = office.copy(address=str(office.home / "outbox" / "copy"))
    assert "不能放在数据目录" in said
    assert not (office.home / "outbox" / "copy").exists()
