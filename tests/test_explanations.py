"""An explanation holds for its values alone; what the administrator decided of it stays with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations.verdicts.bound_explanations import UNBOUND_RULE, bind_answers
from flows.decisions.decide_explanations import Decision, decide
from flows.settings import Installation, Settings
from warehouse.catalogue.frames import ANSWER, FINDING
from warehouse.ledger.explanation_entries import list_explanations, select_new_explanations
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.review_entries import ReviewRefused

AT = datetime(2025, 1, 10, tzinfo=UTC)
PLACE = {
    "form": "organisation",
    "rule": "organisation.members_required",
    "org_code": "371625001002",
    "item": "",
    "field": "member_count",
    "operands": "member_count=0",
}
ABOUT = {"submission": "a" * 64, "unit_code": "371625", "year": 2024, **PLACE, "text": "整体搬迁。"}


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation whose journal holds one explanation, number 1."""
    made = Installation(Settings(home=tmp_path))
    made.home.make()
    Journal(made.home.journal).append(Event.EXPLAINED, "nianbao", AT, None, **ABOUT)  # type: ignore[arg-type]
    return made


def known(place: Installation) -> pl.DataFrame:
    return list_explanations(Journal(place.home.journal, read_only=True).entries())


def answers(**bent: Any) -> pl.DataFrame:
    return pl.DataFrame([{**ABOUT, "sheet": "说明", "cell": "H6", **bent}], schema=ANSWER)


def findings(**bent: Any) -> pl.DataFrame:
    return pl.DataFrame([{**ABOUT, "severity": "warning", **bent}], schema=FINDING)


def said(place: Installation, given: pl.DataFrame) -> list[Any]:
    submissions = pl.DataFrame([{k: ABOUT[k] for k in ("submission", "unit_code", "year")}]).cast(
        {"year": pl.Int32}
    )
    return [row["text"] for row in select_new_explanations(given, submissions, known(place))]


def test_an_explanation_waits_until_somebody_decides(place: Installation) -> None:
    assert known(place).select("explanation", "decision", "is_current").rows() == [(1, "explained", True)]
    decide(place, [Decision(1, is_accepted=True)], "王主任")
    assert known(place).select("decision", "decided_by").rows() == [("accepted", "王主任")]


def test_a_refusal_carries_its_reason(place: Installation) -> None:
    decide(place, [Decision(1, is_accepted=False, reason=" 请附证明 ")], "王主任")
    assert known(place).select("decision", "reason").rows() == [("refused", "请附证明")]


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (Decision(7, is_accepted=True), "没有编号为 7 的说明"),
        (Decision(1, is_accepted=False), "不认可须写明原因"),
        (Decision(1, is_accepted=False, reason="　"), "不认可须写明原因"),
    ],
)
def test_a_faulty_decision_is_refused_with_a_sentence(
    place: Installation, decision: Decision, sentence: str
) -> None:
    with pytest.raises(ReviewRefused, match=sentence):
        decide(place, [decision], "王主任")


def test_of_many_decisions_all_are_written_or_none(place: Installation) -> None:
    with pytest.raises(ReviewRefused, match="全部未作处理"):
        decide(
            place, [Decision(1, is_accepted=True), Decision(7, is_accepted=True, where="第5行：")], "王主任"
        )
    assert known(place)["decision"].to_list() == ["explained"]


def test_the_same_decision_twice_is_refused(place: Installation) -> None:
    decide(place, [Decision(1, is_accepted=True)], "王主任")
    with pytest.raises(ReviewRefused, match="不必重复"):
        decide(place, [Decision(1, is_accepted=True)], "王主任")


def test_nothing_is_decided_of_a_locked_year(place: Installation) -> None:
    Journal(place.home.journal).append(Event.LOCKED, "王主任", AT, None, year=2024)  # type: ignore[arg-type]
    with pytest.raises(ReviewRefused, match="2024年度已锁定"):
        decide(place, [Decision(1, is_accepted=True)], "王主任")


def test_the_same_words_for_the_same_values_are_not_said_again(place: Installation) -> None:
    assert said(place, answers()) == []
    assert said(place, answers(text="另有原因。")) == ["另有原因。"]
    assert said(place, answers(operands="member_count=3")) == ["整体搬迁。"]


def test_a_later_explanation_takes_the_place_of_the_earlier_one(place: Installation) -> None:
    later = {**ABOUT, "text": "另有原因。"}
    Journal(place.home.journal).append(Event.EXPLAINED, "nianbao", AT, None, **later)  # type: ignore[arg-type]
    assert known(place)["is_current"].to_list() == [False, True]
    with pytest.raises(ReviewRefused, match="已被填报单位后来的说明代替"):
        decide(place, [Decision(1, is_accepted=True)], "王主任")


def test_an_answer_is_bound_to_the_finding_with_its_values() -> None:
    bound, loose = bind_answers(answers(), findings(item=None))
    assert bound.height == 1
    assert loose.is_empty()


@pytest.mark.parametrize("bent", [{"operands": "member_count=3"}, {"org_code": "371625001003"}])
def test_an_answer_for_other_values_or_another_place_is_bound_to_nothing_and_said_so(
    bent: dict[str, Any],
) -> None:
    bound, loose = bind_answers(answers(), findings(**bent))
    assert bound.is_empty()
    assert loose.select("rule", "cell", "value").rows() == [(UNBOUND_RULE, "H6", "整体搬迁。")]


def test_a_grave_finding_cannot_be_explained_away() -> None:
    bound, loose = bind_answers(answers(), findings(severity="critical"))
    assert bound.is_empty()
    assert loose.height == 1


def test_numbers_of_persons_in_an_explanation_and_its_decision_are_masked(place: Installation) -> None:
    journal = Journal(place.home.journal)
    journal.append(Event.EXPLAINED, "nianbao", AT, None, **{**ABOUT, "text": "请联系王某13812345678。"})  # type: ignore[arg-type]
    refused = {"explanation": 2, "reason": "打13912345678没有人接。"}
    journal.append(Event.EXPLANATION_REFUSED, "王主任", AT, None, **refused)  # type: ignore[arg-type]
    last = known(place).row(-1, named=True)
    assert (last["text"], last["reason"]) == ("请联系王某138****5678。", "打139****5678没有人接。")
    assert (last["submission"], last["org_code"]) == (ABOUT["submission"], ABOUT["org_code"])
