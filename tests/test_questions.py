"""What a unit is asked, with last year's accepted words offered for the same question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations.verdicts.bound_explanations import bind_answers
from expectations.workbook.explanation_sheet import write_opinion
from tests.small_city import (
    BRIDGE_EAST,
    BRIDGE_WEST,
    EAST,
    GREAT,
    LOWER,
    UPPER,
    published,
    question,
    small_city,
    told,
)
from tests.warehouse_samples import sha
from warehouse.catalogue.frames import ANSWER, EXPLANATION, FINDING_KEY, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.standing.outcomes import read_outcome
from warehouse.standing.questions import list_questions


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_city(tmp_path_factory.mktemp("city") / "lanhe")


def explained(org: str, text: str, number: int, decision: str = "accepted", year: int = 2022) -> pl.DataFrame:
    place = {"form": "network", "rule": "row.any", "org_code": org, "item": "", "field": "member_count"}
    row = {
        "explanation": number, "unit_code": EAST, "year": year, **place, "operands": "", "text": text,
        "decision": decision, "is_current": True,
    }  # fmt: skip
    return shaped(pl.DataFrame([row]), EXPLANATION)


def asked_now(path: Path) -> pl.DataFrame:
    return list_questions(read_outcome(path).findings.filter(submission=sha("now")), ())


def drafts(home: Path, catalogue: Catalogue, said: list[pl.DataFrame], *orgs: str) -> dict[str, Any]:
    """What is offered in 2023 for the questions about ``orgs``."""
    asked = [question(org, 500.0, operands="member_count=500") for org in orgs]
    now = told("now", 2, dict.fromkeys(orgs, 500.0), year=2023, asked=asked)
    path = published(home, catalogue, now, explanations=pl.concat(said))
    return dict(asked_now(path).select("org_code", "draft").iter_rows())


def test_last_years_accepted_words_are_offered_for_the_same_question(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    said = [explained(BRIDGE_EAST, "拆迁。", 1), explained(BRIDGE_WEST, "未认可。", 2, "refused")]
    assert drafts(tmp_path, catalogue, said, BRIDGE_EAST, BRIDGE_WEST) == {
        BRIDGE_EAST: "拆迁。",
        BRIDGE_WEST: None,
    }


def test_words_of_two_years_ago_are_not_offered(tmp_path: Path, catalogue: Catalogue) -> None:
    assert drafts(tmp_path, catalogue, [explained(BRIDGE_EAST, "拆迁。", 1, year=2021)], BRIDGE_EAST) == {
        BRIDGE_EAST: None
    }


def test_a_merged_unit_is_offered_what_was_said_of_those_it_was(tmp_path: Path, catalogue: Catalogue) -> None:
    said = [explained(LOWER, "外出务工。", 1), explained(UPPER, "拆迁。", 2)]
    assert drafts(tmp_path, catalogue, said, GREAT) == {GREAT: "外出务工。；拆迁。"}


def test_an_answer_about_a_unit_that_is_not_recognised_finds_its_question(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    asked = question(None, 500.0, org_name="大弯村", operands="member_count=500")
    path = published(tmp_path, catalogue, told("now", 2, {GREAT: 500.0}, year=2023, asked=[asked]))
    row = asked_now(path).row(0, named=True)
    assert (row["org_code"], row["item"]) == ("大弯村", "")
    answer = {**{key: row[key] or "" for key in FINDING_KEY}, "operands": row["operands"]}
    given = shaped(
        pl.DataFrame(
            [{"submission": sha("again"), "text": "新设。", "sheet": "说明", "cell": "H6", **answer}]
        ),
        ANSWER,
    )
    found = asked.with_columns(submission=pl.lit(sha("again")))
    bound, loose = bind_answers(given, found)
    assert bound.height == 1
    assert loose.is_empty()
    before = explained("大弯村", "新设。", 1, year=2023).with_columns(operands=pl.lit("member_count=500"))
    path = published(
        tmp_path, catalogue, told("now", 2, {GREAT: 500.0}, year=2023, asked=[asked]), explanations=before
    )
    assert asked_now(path).is_empty()  # accepted: it is settled


def test_only_what_was_once_explained_is_said_to_have_lost_its_explanation(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    other = explained(BRIDGE_EAST, "拆迁。", 1, "explained", year=2023).with_columns(
        operands=pl.lit("member_count=499")
    )
    orgs = (BRIDGE_EAST, BRIDGE_WEST)
    asked = [question(org, 500.0, operands="member_count=500") for org in orgs]
    now = told("now", 2, dict.fromkeys(orgs, 500.0), year=2023, asked=asked)
    path = published(tmp_path, catalogue, now, explanations=other)
    had = dict(asked_now(path).select("org_code", "had_explanation").iter_rows())
    assert had == {BRIDGE_EAST: True, BRIDGE_WEST: False}


@pytest.mark.parametrize(
    ("status", "had_explanation", "opinion"),
    [
        ("open", False, ""),
        ("open", True, "数值有变动，原说明不再有效"),
        ("reopened", True, "数值有变动，原说明不再有效"),
        ("reopened", False, "该问题曾消失，本次再次出现。"),
        ("explained", True, "已收到说明，待审核"),
    ],
)
def test_the_office_says_what_became_of_an_explanation_only_where_there_was_one(
    status: str, had_explanation: bool, opinion: str
) -> None:
    finding = {"finding_status": status, "had_explanation": had_explanation, "reason": None, "text": None}
    assert write_opinion(finding) == opinion
