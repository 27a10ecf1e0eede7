"""Reminders go to who has not reported, once for each day of reminding, in the words of an office."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.telling.messages import strip_markdown
from flows.telling.reminders import Reminder, find_stage, list_reminders, note_reminded
from flows.telling.timeliness import write_timeliness
from warehouse.catalogue.contacts import Contacts, Person
from warehouse.catalogue.settings import Deadline

DUE = date(2025, 1, 20)
OFFSETS = (-14, -3, 1, 7, 14)
CLERKS = Contacts(
    {
        "a": Person(id="a", name="张某", role="clerk", units=("371602",), mail=("a@example.cn",)),
        "b": Person(id="b", name="李某", role="clerk", units=("371603",), mail=("b@example.cn",)),
    }
)
LETTERHEAD = {"association": "滨州市计划生育协会", "contact": None}


def status(**states: str) -> pl.DataFrame:
    names = {"a": ("371602", "滨城区"), "b": ("371603", "沾化区")}
    return pl.DataFrame(
        [
            {
                "unit_code": names[unit][0],
                "unit_name": names[unit][1],
                "due_date": DUE,
                "state": state,
                "status": {"not_received": "未报送", "accepted": "已接收"}[state],
                "is_reported": state == "accepted",
                "is_on_time": state == "accepted",
            }
            for unit, state in states.items()
        ]
    )


def due(folder: Path, day: date, frame: pl.DataFrame | None = None) -> list[Reminder]:
    asked = status(a="not_received", b="accepted") if frame is None else frame
    return list(list_reminders(2024, asked, CLERKS, Deadline(month=1, day=20), folder, LETTERHEAD, day))


@pytest.mark.parametrize(
    ("days", "stage"),
    [(-15, None), (-14, -14), (-4, -14), (-3, -3), (0, -3), (1, 1), (6, 1), (7, 7), (14, 14), (300, 14)],
)
def test_the_last_day_of_reminding_that_has_come_counts(days: int, stage: int | None) -> None:
    assert find_stage(DUE, DUE + timedelta(days=days), OFFSETS) == stage


def test_only_who_has_not_reported_is_reminded(tmp_path: Path) -> None:
    [reminder] = due(tmp_path, DUE - timedelta(days=3))
    assert reminder.recipient.person == "a"


def test_a_reminder_is_sent_once_and_missed_ones_are_not_made_up_for(tmp_path: Path) -> None:
    sent = []
    for days in (*range(-20, 0), 30, 31):
        for reminder in due(tmp_path, DUE + timedelta(days=days)):
            sent.append((days, reminder.stage))
            note_reminded(tmp_path, reminder)
    assert sent == [(-14, -14), (-3, -3), (30, 14)]


def test_after_an_extension_the_days_before_the_new_deadline_count(tmp_path: Path) -> None:
    for reminder in due(tmp_path, DUE + timedelta(days=1)):
        note_reminded(tmp_path, reminder)
    extended = status(a="not_received").with_columns(due_date=pl.lit(DUE + timedelta(days=20)))
    [again] = due(tmp_path, DUE + timedelta(days=17), extended)
    assert again.stage == -3


def test_before_the_deadline_it_says_how_many_days_are_left_and_after_it_how_many_have_passed(
    tmp_path: Path,
) -> None:
    [before] = due(tmp_path, DUE - timedelta(days=3))
    assert before.message.title == "关于2024年度计生协年报报送的提醒"
    assert "距截止日期还有 3 天" in before.message.text
    [after] = due(tmp_path, DUE + timedelta(days=7))
    assert "逾期 7 天" in after.message.text
    assert "催报通知" in after.message.title


def test_in_a_chat_the_title_is_not_repeated(tmp_path: Path) -> None:
    [reminder] = due(tmp_path, DUE - timedelta(days=3))
    text = strip_markdown(reminder.message.text)
    assert not text.startswith("#")
    assert "---" not in text
    assert "滨城区：" in text


@pytest.mark.parametrize("content", ["", "[]", '{"x": "y"}'])
def test_a_damaged_note_of_reminders_means_that_one_is_sent_again(tmp_path: Path, content: str) -> None:
    (tmp_path / "reminders.json").write_text(content, encoding="utf-8")
    assert len(due(tmp_path, DUE + timedelta(days=1))) == 1


def test_the_circular_counts_and_names_who_is_missing() -> None:
    text = write_timeliness(
        2024, status(a="not_received", b="accepted"), "滨州市计划生育协会", DUE + timedelta(days=2)
    )
    assert "应报 2 个单位，按时报送 1 个，逾期报送 0 个，尚未报送 1 个（滨城区）" in text
    assert "| 滨城区 | 2025年1月20日 | 未报送，已逾期2天 | 未报送 |" in text
    assert "| 沾化区 | 2025年1月20日 | 按时报送 | 已接收 |" in text
