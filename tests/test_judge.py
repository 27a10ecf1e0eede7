"""Judging a batch: each rule fires on what breaks it and on nothing else, at its cell, in a Chinese sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

import polars as pl
import pytest

import expectations.judge as judging
from expectations.judge import Evidence, examine, judge
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.decision import decide
from tests.judged_batches import (
    COUNTY,
    NOT_APPLICABLE,
    UNREADABLE,
    YEAR,
    Rows,
    batch_of,
    batch_of_many,
    catalogue,
    conformed,
    measures_before,
    rulebook,
    valid_rows,
)
from tests.judged_rows import ME, bent, found, judged, rules_of, the_finding
from tests.rule_bends import BENDS
from transforms.observing.observations import observe
from warehouse.catalogue.frames import FINDING, MEASURE, PROBLEM, RULE_RESULT, empty


@lru_cache(maxsize=1)
def findings_of_bends() -> pl.DataFrame:
    """What each bend breaks, in the first year from YEAR on in which its rule is in force."""
    of_year: dict[int, dict[str, Rows]] = {}
    for rule, bend in BENDS.items():
        since = rulebook().rules[rule].since if rule in rulebook().rules else None
        year = max(since or YEAR, YEAR)
        of_year.setdefault(year, {})[rule] = bend.rows(year)
    findings = pl.concat([found(batch_of_many(rows, year)) for year, rows in of_year.items()])
    return findings.with_columns(bend=pl.col("submission").str.split("/").list.last())


# ------------------------------------------------------------------------------------------ expression rules
def test_a_valid_batch_breaks_no_rule() -> None:
    assert found(batch_of(valid_rows())).is_empty()


def test_every_expression_rule_has_a_bend() -> None:
    declared = {rule.id for rule in rulebook().of_scope("row", "unit")}
    lacking, unknown = sorted(declared - set(BENDS)), sorted(set(BENDS) - declared)
    assert not lacking, f"tests/rule_bends.py lacks a change that breaks {lacking}"
    assert not unknown, f"tests/rule_bends.py bends for rules that are not declared: {unknown}"


@pytest.mark.parametrize("rule", list(BENDS))
def test_one_bend_breaks_exactly_its_rule(rule: str) -> None:
    mine = findings_of_bends().filter(pl.col("bend") == rule)
    assert set(mine["rule"]) == {rule} | BENDS[rule].also


@pytest.mark.parametrize("rule", list(BENDS))
def test_a_finding_says_where_and_with_which_numbers_in_chinese(rule: str) -> None:
    broken = findings_of_bends().filter(pl.col("bend") == rule, pl.col("rule") == rule)
    assert broken.height, "the bend in tests/rule_bends.py does not break its rule"
    mine = broken.row(0, named=True)
    message, record = mine["message"], rulebook().rules[rule]
    assert not re.search(r"[A-Za-z{}\[\]]", message), message
    assert not re.search(r"\d\.0(?!\d)|None|null|…", message), message
    assert record.severity == mine["severity"]
    assert (mine["fix"], mine["field"]) == (record.fix, record.finding_field)
    assert mine["sheet"]
    if record.scope == "row":
        assert re.match(rf"第{mine['cell'][1:]}行 ", message)
        assert re.fullmatch(r"[A-Z]+\d+", mine["cell"])
    if "IS NOT NULL" not in (record.expression or ""):
        assert re.search(r"\d|“", message), message


def test_the_sentence_shows_a_number_for_every_term() -> None:
    rows = bent(
        "population", disabled_member_count=30.0, bereaved_member_count=12.0, special_family_member_count=40.0
    )
    finding = the_finding(rows, "population.special_members_add_up")
    assert finding["message"].endswith(
        "：失独家庭成员数12人 ＋ 伤残家庭成员数30人 ＝ 42人，与计生特殊家庭成员数40人不等，相差2人"
    )
    assert finding["fields"] == [
        "bereaved_member_count",
        "disabled_member_count",
        "special_family_member_count",
    ]


def test_money_keeps_its_fraction_and_loses_nothing_else() -> None:
    finding = the_finding(
        bent("warm_action", claim_count=0.0, claim_beneficiary_count=0.0, claim_paid_cny=1234567.5),
        "warm_action.payment_needs_claim",
    )
    assert finding["message"].endswith("却填有赔付金额1234567.5元")
    assert finding["value"] == "1234567.5"


def test_a_number_that_is_impossible_is_asked_about_once() -> None:
    assert rules_of(bent("warm_action", claim_count=-3.0)) == ["column.range"]


def test_a_sum_that_jumped_because_of_one_doubtful_cell_is_no_question_of_its_own() -> None:
    rows = valid_rows("family_health")
    townships = [row for row in rows["family_health"] if row["level"] == "township"]
    townships[0]["instructor_count"] = 8000.0  # out of its range: the county's sum doubles
    assert rules_of(rows) == ["column.range"]
    for row in townships:
        row["instructor_count"] = 30.0  # in every township alike: the sum is the question
    assert rules_of(rows) == ["family_health.instructors_change"]


# ------------------------------------------------------------------------------------- three-valued logic
def result(judgement: judging.Judgement, rule: str, form: str) -> dict[str, Any]:
    return judgement.results.filter(pl.col("rule") == rule, pl.col("form") == form).row(0, named=True)


@pytest.mark.parametrize("value", [None, NOT_APPLICABLE, UNREADABLE])
def test_what_cannot_be_evaluated_is_counted_apart_from_passed(value: Any) -> None:
    judgement = judged(batch_of(bent("population", bereaved_member_count=value), only=("population",)))
    counts = result(judgement, "population.special_members_add_up", "population")
    towns = len(valid_rows()["population"])
    assert (counts["evaluated"], counts["failed"], counts["not_evaluated"]) == (towns - 1, 0, 1)
    assert "population.special_members_add_up" not in judgement.findings["rule"].to_list()


def test_an_unreadable_cell_is_not_taken_for_a_blank() -> None:
    rows = bent("organisation", "village", term_renewed_date=UNREADABLE, president_post=UNREADABLE)
    assert rules_of(rows) == []


def test_rows_that_a_precondition_leaves_out_are_neither_passed_nor_unevaluated() -> None:
    judgement = judged(batch_of(valid_rows(), only=("organisation",)))
    counts = result(judgement, "organisation.no_association_no_members", "organisation")
    assert (counts["evaluated"], counts["failed"], counts["not_evaluated"]) == (0, 0, 0)


def test_a_sum_with_a_gap_is_no_sum() -> None:
    """A village that did not report must not make its township look as if it had lost members."""
    rows = bent("organisation", "village", member_count=None)
    judgement = judged(batch_of(rows, only=("organisation",)))
    assert judgement.findings["rule"].to_list() == ["column.required"]
    counts = result(judgement, "organisation.members_change", "organisation")
    assert counts["not_evaluated"] == 2, "the village's township and its county"


def test_a_rule_is_asked_only_in_its_years() -> None:
    rule = rulebook().rules["population.special_members_add_up"]
    rows = bent("population", disabled_member_count=61.0)
    for years, fires in (({"since": YEAR}, True), ({"since": YEAR + 1}, False), ({"until": YEAR - 1}, False)):
        book = RuleBook({**rulebook().rules, rule.id: rule.model_copy(update=years)})
        findings = examine(batch_of(rows), catalogue(), book)[1]
        assert (rule.id in findings["rule"].to_list()) is fires


# ----------------------------------------------------------------------------------------------- problems
def test_a_problem_becomes_a_finding_with_severity_words_and_cell() -> None:
    problem = {
        "submission": ME,
        "form": "population",
        "rule": "conform.unreadable_number",
        "sheet": "年2表 基本情况",
        "cell": "D9",
        "field": "household_count",
        "org_code": "371622101",
        "org_name": "商店镇",
        "value": "约三千",
    }
    problems = pl.DataFrame([problem], schema=PROBLEM)
    batch = batch_of(valid_rows(), problems=problems, only=("population",))
    judgement = judged(batch)
    finding = judgement.findings.row(0, named=True)
    assert finding["message"] == "第9行 商店镇：家庭户数填的是“约三千”，不是数字"
    assert (finding["severity"], finding["cell"], finding["unit_code"], finding["year"]) == (
        "critical",
        "D9",
        COUNTY,
        YEAR,
    )
    decisions = decide(batch.submissions, judgement.findings)
    assert decisions["decision"].to_list() == ["held", "accepted"]


def test_every_problem_message_renders_without_what_is_missing() -> None:
    rules = [rule.id for rule in rulebook().of_scope("problem", "refusal")]
    bare = pl.DataFrame(
        {"submission": ME, "rule": rules, "form": "population", "sheet": "表一", "cell": "C7"}
    )
    findings = found(batch_of(valid_rows(), problems=bare))
    assert set(findings["rule"]) == set(rules)
    for message in findings["message"]:
        assert not re.search(r"[{}\[\]]|None", message), message
        assert "“”" not in message
        assert "（）" not in message


def test_a_problem_nobody_declared_is_a_mistake_of_ours() -> None:
    problems = pl.DataFrame({"submission": [ME], "rule": ["read.new_thing"]})
    with pytest.raises(ValueError, match=r"read\.new_thing"):
        found(batch_of(valid_rows(), problems=problems))


# ------------------------------------------------------------------------------------- the year before
def years_together(before: Rows, now: Rows) -> Evidence:
    (old, old_submissions), (new, new_submissions) = conformed(before, YEAR - 1), conformed(now)
    return Evidence(
        {
            f: pl.concat([year.forms[f] for year in (old, new) if f in year.forms], how="diagonal")
            for f in new.forms
        },
        pl.concat([old.columns, new.columns]),
        empty(PROBLEM),
        pl.concat([old_submissions, new_submissions]),
        pl.concat([old.declared_empty, new.declared_empty]),
        pl.concat([observe(old, catalogue()).measures, observe(new, catalogue()).measures]),
        empty(MEASURE),
    )


def year_before(form: str, **values: Any) -> Rows:
    rows = {f: [dict(row) for row in r] for f, r in valid_rows(year=YEAR - 1).items()}
    for row in rows["case"]:
        row["case_year"] = float(YEAR - 1)
    rows[form][0].update(values)
    return rows


def test_last_year_may_arrive_in_the_same_night() -> None:
    findings = found(
        years_together(year_before("population", resident_population_count=20000.0), valid_rows())
    )
    assert findings["rule"].to_list() == ["population.residents_change"]
    assert findings["submission"].to_list() == [ME]
    assert "常住人口数30000人，比上年（20000人）增长50%，一般在上年的80%至120%之间" in findings["message"][0]


def test_last_year_of_the_same_night_is_not_believed_when_it_is_held() -> None:
    before = year_before("population", resident_population_count=20000.0, disabled_member_count=1.0)
    assert found(years_together(before, valid_rows()))["rule"].to_list() == [
        "population.special_members_add_up"
    ]


def test_of_two_submissions_for_last_year_the_one_received_later_counts() -> None:
    rows = year_before("population", resident_population_count=20000.0)
    batch = years_together(rows, valid_rows())
    again, submissions = conformed(year_before("population"), YEAR - 1, mark="-again")
    later = submissions.with_columns(received_seq=pl.col("received_seq") + 10)
    both = Evidence(
        {f: pl.concat([batch.forms[f], again.forms[f]], how="diagonal") for f in batch.forms},
        pl.concat([batch.columns, again.columns]),
        batch.problems,
        pl.concat([later, batch.submissions]),
        batch.declared_empty,
        pl.concat([observe(again, catalogue()).measures, batch.measures]),
        batch.prior,
    )
    assert found(both).is_empty()


def test_what_stands_of_last_year_is_compared_and_other_years_are_not() -> None:
    rows = year_before("population", resident_population_count=20000.0)
    standing = measures_before(rows)
    assert rules_of(valid_rows(), prior=standing) == ["population.residents_change"]
    older = standing.with_columns(year=pl.col("year") - 1)
    assert rules_of(valid_rows(), prior=older) == []


# ------------------------------------------------------------------------------------------- whole batches
def test_a_submission_is_judged_alike_alone_and_among_others() -> None:
    bend = BENDS["population.special_members_add_up"].rows()
    alone = judged(batch_of(bend), is_gated=False).findings.drop("submission")
    many = batch_of_many({"a": valid_rows(), "b": bend, "c": valid_rows()})
    among = judged(many, is_gated=False).findings
    assert among.drop("submission").equals(alone)
    assert among["submission"].to_list() == [f"{ME}/b"]


def test_the_order_of_rows_does_not_matter() -> None:
    batch = batch_of(BENDS["population.residents_required"].rows(), only=("population",))
    turned = replace(batch, forms={f: frame.reverse() for f, frame in batch.forms.items()})
    assert judged(turned, is_gated=False).findings.equals(judged(batch, is_gated=False).findings)


def test_a_held_submission_holds_only_itself() -> None:
    bend = BENDS["population.special_members_add_up"].rows()
    batch = batch_of_many({"a": valid_rows(), "b": bend})
    decisions = decide(batch.submissions, judged(batch).findings)
    held = decisions.filter(pl.col("decision") == "held")["submission"].to_list()
    assert held == [f"{ME}/b"]


def test_the_frames_have_their_declared_shapes() -> None:
    judgement = judged(batch_of(BENDS["population.special_members_add_up"].rows(), only=("population",)))
    assert judgement.findings.schema == pl.Schema(FINDING)
    assert judgement.results.schema == pl.Schema(RULE_RESULT)


def test_a_night_without_submissions_judges_nothing() -> None:
    judgement = judge(Evidence(), catalogue(), rulebook())
    assert judgement.findings.is_empty()


def test_a_batch_may_lack_forms_and_measures() -> None:
    batch = batch_of(valid_rows())
    small = Evidence(
        forms={"population": batch.forms["population"]},
        columns=batch.columns.filter(pl.col("form") == "population"),
        submissions=batch.submissions,
    )
    judgement = judge(small, catalogue(), rulebook())
    assert set(judgement.results["form"]) == {"population"}
    assert judgement.findings.is_empty()


def test_without_the_gate_the_findings_are_the_same() -> None:
    for bend in ("population.special_members_add_up", "population.residents_required"):
        batch = batch_of(BENDS[bend].rows(), only=("population",))
        gated, alone = judged(batch), judged(batch, is_gated=False)
        assert alone.findings.equals(gated.findings)
        assert not gated.findings.is_empty()
        assert alone.results.is_empty()
        assert not gated.results.is_empty()
