"""What there is to be told: open questions, reports that are missing or put back, files left over."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.rulebook.rulebook import load_rules
from flows.telling.matters import list_matters
from tests.measure_rows import LANHE
from warehouse.catalogue.load import load_catalogue

CATALOGUE = load_catalogue(LANHE)
RULES = load_rules(None, CATALOGUE)
LAST = CATALOGUE.settings.last_year
AFTER = CATALOGUE.settings.deadline.due_date(LAST).replace(month=12)


def status(year: int, **states: str) -> pl.DataFrame:
    units = {"east": ("990101", "东岸县"), "west": ("990102", "西岸县")}
    return pl.DataFrame(
        [
            {
                "unit_code": units[unit][0],
                "unit_name": units[unit][1],
                "due_date": CATALOGUE.settings.deadline.due_date(year),
                "state": state,
                "is_reported": state != "not_received",
                "file_name": None if state == "not_received" else "年报.xlsx",
            }
            for unit, state in states.items()
        ],
        schema_overrides={"file_name": pl.String},
    )


def question(**bent: Any) -> dict[str, Any]:
    return {
        "finding": "f1", "unit_code": "990101", "year": LAST, "rule": "total.sheet", "form": "care", "field": None,
        "severity": "critical", "finding_status": "open", "effect_pct": 1.0, "sheet": "表", "cell": "C9", "org_name": "某村",
        "message": "不符", "fix": "请改正。",
    } | bent  # fmt: skip


def matters(
    *questions: dict[str, Any], today: date = AFTER, left: tuple[str, ...] = (), **statuses: pl.DataFrame
) -> list[dict[str, Any]]:
    asked = pl.DataFrame(list(questions)) if questions else pl.DataFrame()
    by_year = {int(year.removeprefix("of_")): frame for year, frame in statuses.items()}
    return list_matters(asked, by_year, left, CATALOGUE, RULES, today).to_dicts()


def test_a_report_is_missing_only_after_its_day() -> None:
    current = {f"of_{LAST}": status(LAST, east="not_received", west="accepted")}
    due = CATALOGUE.settings.deadline.due_date(LAST)
    assert matters(today=due, **current) == []
    [matter] = matters(**current)
    assert (matter["who"], matter["topic"], matter["severity"]) == (
        f"东岸县 {LAST}",
        "逾期未报送",
        "critical",
    )


def test_of_an_earlier_year_it_is_missing_where_others_have_reported() -> None:
    earlier = LAST - 1
    assert matters(**{f"of_{earlier}": status(earlier, east="not_received", west="not_received")}) == []
    [matter] = matters(**{f"of_{earlier}": status(earlier, east="not_received", west="accepted")})
    assert matter["year"] == earlier


@pytest.mark.parametrize("state", ["refused", "empty", "held", "returned", "year_doubted"])
def test_a_report_that_is_put_back_says_what_is_to_be_done(state: str) -> None:
    [matter] = matters(**{f"of_{LAST}": status(LAST, east=state, west="accepted")})
    assert matter["matter"] == f"report-990101-{LAST}-{state}"
    assert "年报.xlsx" in matter["what"]
    assert matter["todo"].endswith("。")


def test_a_report_that_is_held_for_its_questions_is_told_by_them() -> None:
    found = matters(question(), **{f"of_{LAST}": status(LAST, east="held", west="accepted")})
    assert [matter["matter"] for matter in found] == ["f1"]


def test_an_explained_question_is_the_administrators_and_of_the_same_subject() -> None:
    [asked] = matters(question())
    [explained] = matters(question(finding_status="explained"))
    assert (asked["todo_by"], explained["todo_by"]) == ("unit", "administrator")
    assert asked["subject"] == explained["subject"]
    assert asked["matter"] != explained["matter"]


def test_the_gravest_come_first_and_of_these_those_of_the_greatest_effect() -> None:
    rows = [
        question(finding="w", severity="warning", effect_pct=99.0),
        question(finding="small", effect_pct=1.0),
        question(finding="unknown", effect_pct=None),
        question(finding="great", effect_pct=50.0),
    ]
    assert [matter["matter"] for matter in matters(*rows)] == ["great", "small", "unknown", "w"]


def test_a_file_left_over_is_one_matter_however_often_it_is_said() -> None:
    found = matters(left=("甲.xlsx：没有读取权限。", "甲.xlsx：没有读取权限。"))
    assert [matter["what"] for matter in found] == ["甲.xlsx：没有读取权限。"]


def test_a_topic_holds_no_number_of_the_data() -> None:
    [matter] = matters(question(message="12345678大于1"))
    assert "12345678" in matter["what"]
    assert "12345678" not in matter["topic"]
