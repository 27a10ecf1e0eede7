"""Judging a batch: each rule fires on what breaks it and on nothing else, at its cell, in a Chinese sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl
import pytest

import expectations.judge as judging
from expectations.judge import Batch, examine, judge
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
    first,
    measures_before,
    rulebook,
    valid_rows,
)
from tests.rule_bends import BENDS
from transforms.conforming.observations import measures as measures_of
from warehouse.catalogue.frames import FINDING, MEASURE, PROBLEM, RULE_RESULT, empty

ME = f"{COUNTY}-{YEAR}"


def found(batch: Batch) -> pl.DataFrame:
    return examine(batch, catalogue(), rulebook())[1]


def judged(batch: Batch, book: RuleBook | None = None, *, is_gated: bool = True) -> judging.Judgement:
    return judge(batch, catalogue(), book or rulebook(), is_gated=is_gated)


def bent(form: str, level: str | None = None, **values: Any) -> Rows:
    rows = valid_rows(form)
    first(rows, form, level).update(values)
    return rows


def rules_of(rows: Rows, **more: Any) -> list[str]:
    return sorted(found(batch_of(rows, **more))["rule"])


def the_finding(rows: Rows, rule: str, **more: Any) -> dict[str, Any]:
    findings = found(batch_of(rows, **more)).filter(pl.col("rule") == rule)
    assert findings.height == 1, findings["message"].to_list()
    return findings.row(0, named=True)


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
    assert (mine["fix"], mine["field"]) == (record.fix, record.shown_at)
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


# ------------------------------------------------------------------------------------------ generated rules
@pytest.mark.parametrize(
    ("form", "level", "values", "rule", "severity", "says"),
    [
        ("population", None, {"household_count": None}, "column.required", "warning", "家庭户数未填"),
        ("organisation", "village", {"has_association": None}, "column.key_required", "critical", "是否成立计生协未填"),
        ("warm_home", None, {"tier": None}, "column.key_required", "critical", "级别未填"),
        ("population", None, {"infant_count": -1.0}, "column.range", "critical", "0—3岁婴幼儿数填的是-1，应在0至50000之间"),
        ("publicity", "city", {"wechat_rank": 0.0}, "column.range", "critical", "微信公众号影响力排名填的是0，应在1至500之间"),
        ("case", None, {"case_year": 1924.0}, "column.range", "critical", "征集年份填的是1924，应不小于2000"),
        ("warm_action", None, {"claim_count": 2.5}, "column.whole", "critical", "理赔件数填的是2.5，应为整数"),
        ("sunflower_site", None, {"tier": "部级"}, "column.codes", "critical",
         "级别填的是“部级”，应从以下选项中选填：国家级、省级、市级、县级及以下"),
        ("organisation", "village", {"term_renewed_date": date(2026, 1, 5)}, "column.date", "warning",
         "换届时间填的是2026年1月5日，应在2000年至2024年之间"),
    ],
)  # fmt: skip
def test_what_the_catalogue_declares_is_checked(
    form: str, level: str | None, values: dict[str, Any], rule: str, severity: str, says: str
) -> None:
    finding = the_finding(bent(form, level, **values), rule)
    assert says in finding["message"]
    assert finding["severity"] == severity
    assert finding["field"] in values
    assert finding["cell"]


def test_an_answer_of_not_applicable_or_zero_is_an_answer() -> None:
    assert rules_of(bent("warm_action", hardship_worker_visit_count=0.0)) == []
    assert rules_of(bent("warm_action", hardship_worker_visit_count=NOT_APPLICABLE)) == []


def test_a_field_is_not_missed_at_levels_that_are_not_asked() -> None:
    assert rules_of(bent("publicity", "city", publicity_event_count=None)) == []


def test_a_column_the_sheet_has_not_is_not_missed_cell_by_cell() -> None:
    rows = valid_rows("population")
    for row in rows["population"]:
        row["household_count"] = None
    batch = batch_of(rows)
    without = batch.columns.filter(pl.col("field") != "household_count")
    assert found(replace(batch, columns=without)).is_empty()


def test_a_blank_that_a_rule_of_its_own_tells_is_told_once() -> None:
    batch = batch_of(bent("organisation", "village", president_post=None), only=("organisation",))
    judgement = judged(batch)
    assert judgement.findings["rule"].to_list() == ["organisation.president_required"]
    decisions = decide(batch.submissions, judgement.findings)
    assert decisions["decision"].to_list() == ["held", "accepted"]


def test_the_same_item_twice_is_named_at_both_rows() -> None:
    rows = valid_rows("warm_home")
    rows["warm_home"].append(dict(rows["warm_home"][0]))
    twice = found(batch_of(rows)).filter(pl.col("rule") == "column.unique")
    assert twice.height == 2
    assert "与本名册其他行重复（所属单位和暖心家园名称相同）" in twice["message"][0]


def test_the_same_name_in_two_townships_is_two_items() -> None:
    rows = valid_rows("warm_home")
    rows["warm_home"].append(dict(rows["warm_home"][1], name="暖心家园二", opened_year=float(YEAR)))
    assert rules_of(rows) == []


def test_a_unit_without_a_row_is_missed_by_name() -> None:
    rows = valid_rows("population")
    gone = rows["population"].pop(0)
    finding = the_finding(rows, "form.unit_rows")
    assert finding["message"] == "年2表（基本情况）中缺少信城街道一行"
    assert (finding["org_code"], finding["cell"], finding["sheet"]) == (
        gone["org_code"],
        None,
        "年2表 基本情况",
    )


def test_a_missing_village_is_named_with_its_township() -> None:
    rows = valid_rows("organisation")
    rows["organisation"].remove(first(rows, "organisation", "village"))
    assert "中缺少信城街道恒泰社区一行" in the_finding(rows, "form.unit_rows")["message"]


def test_a_form_that_is_missing_altogether_is_not_missed_row_by_row() -> None:
    batch = batch_of(valid_rows())
    forms = {form: frame for form, frame in batch.forms.items() if form != "population"}
    columns = batch.columns.filter(pl.col("form") != "population")
    measures = batch.measures.filter(
        ~pl.col("measure").is_in([f.id for f in catalogue().forms["population"].fields])
    )
    without = replace(batch, forms=forms, columns=columns, measures=measures)
    assert found(without).is_empty()


def test_a_blank_roster_is_told_unless_it_says_nothing_to_list() -> None:
    rows = valid_rows("case")
    rows["case"].clear()
    finding = the_finding(rows, "form.roster_rows")
    assert finding["message"] == "年8-2表（健康家案例名册）没有填写任何一行，也没有注明“无”"
    assert rules_of(rows, declared_empty=("case",)) == []


# ------------------------------------------------------------------------------------------------- totals
def test_a_total_row_that_does_not_add_up_names_the_difference() -> None:
    finding = the_finding(valid_rows(), "total.sheet", surplus={"population": {"household_count": 200.0}})
    assert finding["message"] == "第5行 合计：家庭户数合计100200，各行相加为100000，相差200"
    assert (finding["cell"], finding["severity"]) == ("D5", "critical")


def test_a_total_of_money_may_differ_by_a_rounding() -> None:
    assert rules_of(valid_rows(), surplus={"warm_action": {"claim_paid_cny": 0.009}}) == []


def test_a_township_subtotal_is_the_sum_of_its_own_row_and_its_villages() -> None:
    batch = batch_of(valid_rows())
    data = batch.forms["organisation"]
    town = data.filter(pl.col("org_level") == "township").row(0, named=True)
    inside = pl.col("org_code").str.starts_with(town["org_code"])
    right = data.filter(inside)["member_count"].sum()
    subtotal = data.filter(pl.col("org_code") == town["org_code"]).with_columns(
        row=pl.lit(900, pl.UInt32), row_kind=pl.lit("total"), org_name=pl.lit("信城街道小计")
    )
    for surplus, rules in ((0.0, []), (7.0, ["total.township"])):
        numbers = {
            f.id: data.filter(inside)[f.id].sum() for f in catalogue().forms["organisation"].fields if f.kind
        }
        row = subtotal.with_columns(pl.lit(float(v)).alias(k) for k, v in numbers.items())
        row = row.with_columns(member_count=pl.lit(right + surplus))
        forms = {**batch.forms, "organisation": pl.concat([data, row])}
        findings = found(replace(batch, forms=forms))
        assert findings["rule"].to_list() == rules
        if surplus:
            assert "信城街道小计：个人会员数小计547，所辖各行相加为540，相差7" in findings["message"][0]


def test_totals_are_not_judged_beside_a_row_that_was_left_out() -> None:
    rows = valid_rows("population")
    gone = rows["population"].pop(0)
    problem = {
        "submission": ME,
        "form": "population",
        "rule": "conform.unknown_unit",
        "sheet": "年2表 基本情况",
        "cell": "B6",
        "value": "信诚街道",
        "suggestion": f"信城街道（{gone['org_code']}）",
    }
    problems = pl.DataFrame([problem], schema=PROBLEM)
    batch = batch_of(rows, problems=problems, surplus={"population": {"household_count": 10000.0}})
    finding = found(batch).row(0, named=True)
    assert finding["message"] == (f"第6行：“信诚街道”不在名录内，是否应为“信城街道（{gone['org_code']}）”")
    assert found(batch).height == 1, "neither a missing unit nor a wrong total is told besides"


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
def years_together(before: Rows, now: Rows) -> Batch:
    (old, old_submissions), (new, new_submissions) = conformed(before, YEAR - 1), conformed(now)
    return Batch(
        {f: pl.concat([old.forms[f], new.forms[f]], how="diagonal") for f in new.forms},
        pl.concat([old.columns, new.columns]),
        empty(PROBLEM),
        pl.concat([old_submissions, new_submissions]),
        pl.concat([old.declared_empty, new.declared_empty]),
        pl.concat([measures_of(old, catalogue()), measures_of(new, catalogue())]),
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
    both = Batch(
        {f: pl.concat([batch.forms[f], again.forms[f]], how="diagonal") for f in batch.forms},
        pl.concat([batch.columns, again.columns]),
        batch.problems,
        pl.concat([later, batch.submissions]),
        batch.declared_empty,
        pl.concat([measures_of(again, catalogue()), batch.measures]),
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
    judgement = judge(Batch(), catalogue(), rulebook())
    assert judgement.findings.is_empty()


def test_a_batch_may_lack_forms_and_measures() -> None:
    batch = batch_of(valid_rows())
    small = Batch(
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
