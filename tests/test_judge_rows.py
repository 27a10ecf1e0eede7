"""What the catalogue declares of rows and columns is checked, and totals are the sums of their rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.verdicts.decision import decide
from tests.judged_batches import (
    NOT_APPLICABLE,
    YEAR,
    batch_of,
    catalogue,
    first,
    valid_rows,
)
from tests.judged_rows import ME, bent, found, judged, rules_of, the_finding
from warehouse.catalogue.frames import PROBLEM


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
