"""Great Expectations is the gate: its counts are the results, and they equal what polars locates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import expectations.gate.suites as gate
from expectations.count import SuitePart, count_verdicts
from expectations.gate.night_docs import publish_docs
from expectations.judge import Judgement, judge, judge_apart
from expectations.rulebook.rulebook import load_rules
from expectations.verdicts.rule_checks import Check
from expectations.verdicts.verdicts import Suite
from tests.example_counts import examples
from tests.judged_batches import (
    NOT_APPLICABLE,
    UNREADABLE,
    YEAR,
    Rows,
    batch_of,
    catalogue,
    rulebook,
    valid_rows,
)
from tests.rule_bends import BENDS
from warehouse.catalogue.models import in_force

FORMS = [form.id for form in catalogue().forms.values() if in_force(form, YEAR)]

SPOILT = ("population", "warm_home", "publicity")

numbers = st.sampled_from([None, NOT_APPLICABLE, UNREADABLE, 0.0, 1.0, 2.5, -3.0, 60.0, 900.0, 30000.0, 9e5])
answers = st.sampled_from([None, NOT_APPLICABLE, UNREADABLE, True, False])
texts = st.sampled_from([None, NOT_APPLICABLE, UNREADABLE, "国家级", "县级及以下", "部级", "暖心家园"])


def judged(rows: Rows, *, only: tuple[str, ...] | None = ("population",), **more: Any) -> Judgement:
    batch = batch_of(rows, only=only, **more)
    return judge(batch, catalogue(), rulebook())


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[str, int, str, Any]]:
    """Cells of three forms to be overwritten: form, row, field, value."""
    found = []
    for form in SPOILT:
        fields = st.sampled_from(catalogue().forms[form].fields)
        for field in draw(st.lists(fields, max_size=6)):
            kind = {"boolean": answers, "code": texts, "text": texts}.get(field.type, numbers)
            found.append((form, draw(st.integers(0, 4)), field.id, draw(kind)))
    return found


def spoilt(cells: list[tuple[str, int, str, Any]], missing: int, repeated: int) -> Rows:
    """Valid rows with cells overwritten, rows of 年2表 taken out and rows of 年7-1表 repeated."""
    rows = valid_rows(*SPOILT)
    for form, row, field, value in cells:
        rows[form][row][field] = value
    del rows["population"][:missing]
    rows["warm_home"] += [dict(row) for row in rows["warm_home"][:repeated]]
    return rows


@given(
    cells=edits(),
    missing=st.integers(0, 2),
    repeated=st.integers(0, 2),
    surplus=st.sampled_from([0.0, 1.0, -20.0]),
)
@settings(max_examples=examples(12))
def test_what_great_expectations_counts_is_what_polars_locates(
    cells: list[tuple[str, int, str, Any]], missing: int, repeated: int, surplus: float
) -> None:
    """``judge`` compares the two for every expectation and stops when they differ; the findings are as many."""
    rows = spoilt(cells, missing, repeated)
    judgement = judged(rows, only=SPOILT, surplus={"population": {"household_count": surplus}})
    failed = dict(judgement.results.group_by("rule").agg(pl.col("failed").sum()).iter_rows())
    told = dict(judgement.findings.group_by("rule").len().iter_rows())
    # Told once: a blank where a rule says it in its own words, and what only follows from a cell asked about anyway.
    once = {"column.required", "column.key_required", *(r.id for r in rulebook().of_scope("row", "unit"))}
    assert {rule: n for rule, n in failed.items() if n and rule not in once} == {
        rule: n for rule, n in told.items() if rule not in once
    }
    assert all(told.get(rule, 0) <= failed.get(rule, 0) for rule in once)
    assert bool(told) == any(failed.values())
    assert judgement.results.select((pl.col("evaluated") >= pl.col("failed")).all()).item()
    assert judgement.results.select((pl.col("not_evaluated") >= 0).all()).item()


@settings(max_examples=examples(8))
@given(st.lists(st.sampled_from([-1e9, -5.0, -2.0, -1.0, 0.0, 1e9, 1e15]), min_size=1, max_size=6))
def test_impossible_numbers_beside_earlier_years_are_counted_alike_by_both(values: list[float]) -> None:
    # One file with -3 claims once ended every night: its logarithm was judged otherwise by pandas than by polars.
    rows = valid_rows("warm_action")
    for row, value in zip(rows["warm_action"], values, strict=False):
        row["claim_count"] = value
    batch = batch_of(rows)
    judgement = judge(batch, catalogue(), load_rules(None, catalogue()))
    told = judgement.findings.filter(pl.col("field") == "claim_count", pl.col("rule") == "column.range")
    assert told.height == sum(not 0 <= value <= 20_000 for value in values)


def test_a_difference_between_the_two_stops_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Suite, "count_failures", lambda suite: {check.id: 0 for check in suite.checks})
    with pytest.raises(RuntimeError, match="Great Expectations counts 1 failures, polars locates 0"):
        judged(BENDS["population.special_members_add_up"].rows())


def test_suites_are_counted_alike_together_and_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(BENDS["population.special_members_add_up"].rows(), only=None)
    suites, _ = judge_apart(batch, catalogue(), rulebook())
    part = {
        suite.name: SuitePart(suite.title, suite.concerned_counts, lambda suite=suite: suite.verdicts)
        for suite in suites
    }
    together, runs = count_verdicts([part], catalogue(), rulebook())
    monkeypatch.setattr("expectations.count._FEW_CELLS", 1)
    alone, runs_alone = count_verdicts([part], catalogue(), rulebook())
    assert together.equals(alone)
    assert together["failed"].sum() == 1
    assert [(run.name, run.counts) for run in runs] == [(run.name, run.counts) for run in runs_alone]


def test_there_is_one_suite_for_each_form_and_one_across_forms() -> None:
    judgement = judged(valid_rows(), only=None)
    assert [run.name for run in judgement.docs] == [*FORMS, "cross_form"]
    assert all(run.result.success for run in judgement.docs)


def test_severity_and_rule_travel_through_great_expectations() -> None:
    judgement = judged(BENDS["population.special_members_add_up"].rows())
    run = next(run for run in judgement.docs if run.name == "population")
    failed = [r for r in run.result.results if not r.success]
    assert [r.expectation_config.meta["rule"] for r in failed] == ["population.special_members_add_up"]
    assert [str(r.expectation_config.severity.value) for r in failed] == ["critical"]
    row = judgement.results.filter(pl.col("failed") > 0).row(0, named=True)
    assert (row["rule"], row["severity"], row["failed"]) == (
        "population.special_members_add_up",
        "critical",
        1,
    )


def test_an_expectation_that_cannot_run_stops_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = gate._make_expectation

    def of_a_column_that_is_not_there(check: Check) -> Any:
        return genuine(replace(check, id="no_such"))

    monkeypatch.setattr(gate, "_make_expectation", of_a_column_that_is_not_there)
    with pytest.raises(RuntimeError, match="could not run"):
        judged(valid_rows())


def test_the_gate_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    judged(BENDS["population.special_members_add_up"].rows())
    assert capfd.readouterr() == ("", "")


SUBMISSIONS = batch_of(valid_rows("population"), only=("population",)).submissions


def published(folder: Path, *batches: Judgement) -> str:
    """The text of the page of 年2表 when these were the batches of a night."""
    night = [(judgement, SUBMISSIONS) for judgement in batches]
    publish_docs(night, folder, catalogue().unit_names(), "2025年1月12日 02:03")
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", (folder / "population.html").read_text(encoding="utf-8"))
    )


def test_counts_and_percentage_of_a_page_are_of_the_same_rows(tmp_path: Path) -> None:
    rows = valid_rows("population")
    rows["population"][0].update(household_count=None)  # not evaluated, and no part of the percentage
    rows["population"][1].update(household_count=60000.0)
    count = len(rows["population"])
    page = published(tmp_path, judged(rows))
    assert (
        f"家庭户数 ≤ 常住人口数 核对{count - 1}行，不成立1行（{100 / (count - 1):.4g}%）；未核对1行" in page
    )


def test_a_page_adds_up_all_batches_of_the_night(tmp_path: Path) -> None:
    wrong, right = judged(BENDS["population.special_members_add_up"].rows()), judged(valid_rows("population"))
    count = len(valid_rows("population")["population"])
    what = "失独家庭成员数 ＋ 伤残家庭成员数 ＝ 计生特殊家庭成员数"
    for night in ((wrong, right), (right, wrong)):
        page = published(tmp_path, *night)
        assert f"{what} 核对{2 * count}行，不成立1行（{100 / (2 * count):.4g}%）" in page
        assert "状态： 未通过" in page.replace("  ", " ")


def test_a_page_says_when_and_whose_and_which_year(tmp_path: Path) -> None:
    page = published(tmp_path, judged(BENDS["population.special_members_add_up"].rows()))
    assert "2025年1月12日 02:03的夜间作业" in page
    assert "阳信县 2024 1 0 0" in page
    for strange in ("1970", "ge_load_time", "Show All", "Validation Filter"):
        assert strange not in page, strange


def test_data_docs_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "old_form.html").write_text("of a form that is no more", encoding="utf-8")
    published(tmp_path, judged(BENDS["population.special_members_add_up"].rows(), only=None))
    pages = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.html")}
    assert set(pages) == {"index.html", "cross_form.html", *(f"{form}.html" for form in FORMS)}
    for name, text in pages.items():
        assert "<script" not in text, name
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text), name
        links = set(re.findall(r'href="([^"#][^"]*)"', text))
        assert links <= set(pages), name
    assert "失独家庭成员数 ＋ 伤残家庭成员数 ＝ 计生特殊家庭成员数" in pages["population.html"]
    assert re.search(r"核对\d+行，不成立1行（[\d.]+%）", pages["population.html"])
    assert "家庭户数应在0至200000之间" in pages["population.html"]
    assert "年2表 基本情况" in pages["index.html"]


def test_nothing_is_published_of_a_night_without_submissions(tmp_path: Path) -> None:
    empty_night = Judgement(*(pl.DataFrame() for _ in range(5)))
    publish_docs([(empty_night, pl.DataFrame())], tmp_path / "docs", {}, "")
    publish_docs([], tmp_path / "docs", {}, "")
    assert not (tmp_path / "docs").exists()
