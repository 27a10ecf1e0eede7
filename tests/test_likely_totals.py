"""Behind a broken total: the row or the total most likely wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from expectations.judge import examine
from expectations.outliers.rules import BLOCK_CELL
from expectations.verdicts.locate_findings import ONLY_ONE
from expectations.verdicts.silence import doubt_totals
from tests.judged_batches import Rows, batch_of, catalogue, first, measures_before, rulebook, valid_rows
from warehouse.catalogue.frames import FINDING, NOTE, empty, shaped

FORM, FIELD = "sunflower_activity", "home_visit_count"  # every township 10, this year and last


def likely(surplus: float, **bent: Any) -> str:
    """What is said of 入户指导次数 when its 合计 is ``surplus`` more than the sum, and the first township is bent."""
    rows = valid_rows(FORM)
    first(rows, FORM).update(bent)
    _, found = examine(batch_of(rows, surplus={FORM: {FIELD: surplus}}), catalogue(), rulebook())
    return str(found.filter(pl.col("rule") == "total.sheet", pl.col("field") == FIELD)["likely"].item())


def count() -> int:
    """How many townships the county has."""
    return len(valid_rows()[FORM])


def test_a_row_that_the_difference_brings_back_to_last_year_is_named_first() -> None:
    assert likely(-90, home_visit_count=100.0) == (
        "最可能有误：信城街道的入户指导次数（现填100，上年10，疑多写一位，应为10）；"
        f"各行无误的，把合计改为{10 * count() + 90}。"
    )


def test_a_row_left_blank_may_have_been_forgotten() -> None:
    assert likely(10, home_visit_count=None).startswith(
        "最可能有误：信城街道的入户指导次数（上年10，疑漏填，应为10）"
    )


def test_a_total_with_a_digit_too_many_is_named_itself() -> None:
    right = 10 * count()
    assert likely(9 * right) == f"最可能有误：合计（疑多写一位，应为{right}）。"


def test_where_nothing_speaks_for_one_row_all_are_as_likely() -> None:
    assert likely(3) == f"各行无误的，把合计改为{10 * count()}。"


def test_a_row_that_would_break_a_rule_of_its_own_is_not_named() -> None:
    # 100 families in one township need 100 visits when there were no other activities: 90 fewer break that rule.
    assert "信城街道" in likely(-90, home_visit_count=100.0)
    assert "信城街道" not in likely(-90, activity_count=0.0, class_count=0.0, home_visit_count=100.0)


def test_a_total_that_no_row_can_explain_is_wrong_itself() -> None:
    right = 10 * count()
    assert likely(-right - 5) == f"如只有一处有误，应是合计（应为{right}）。"


def visited(*numbers: float, last_year: tuple[float, ...] | None = None, surplus: float, **bent: Any) -> str:
    """What is said of the 合计 when the first townships made these visits (10 the others), the year before as many."""

    def rows(year: int, visits: tuple[float, ...]) -> Rows:
        made = valid_rows(FORM, year=year)
        for row, number in zip(made[FORM], visits, strict=False):
            row[FIELD] = number
        return made

    now = rows(2024, numbers)
    first(now, FORM).update(bent)
    before = measures_before(rows(2023, numbers if last_year is None else last_year))
    batch = batch_of(now, surplus={FORM: {FIELD: surplus}}, prior=before)
    _, found = examine(batch, catalogue(), rulebook())
    return str(found.filter(pl.col("rule") == "total.sheet", pl.col("field") == FIELD)["likely"].item())


def test_two_rows_that_explain_a_total_alike_are_neither_named() -> None:
    assert visited(100, 100, last_year=(10, 10), surplus=-90).startswith("各行无误的，把合计改为")


def test_a_total_is_not_named_for_digits_that_a_row_may_have_turned_as_well() -> None:
    # 113 read as 131 is 18 more; and so is a row of 13 read as 31. Numbers are last year's: history takes no side.
    assert visited(10, 23, surplus=18) == "最可能有误：合计（疑相邻两位数字写颠倒，应为113）。"
    assert visited(13, 20, surplus=18) == "各行无误的，把合计改为113。"


def test_a_total_is_not_named_beside_a_row_that_breaks_a_rule_of_its_own() -> None:
    # Families were served by no activity at all: a number of that row is wrong, and the total may have it right.
    broken = {"activity_count": 0.0, "class_count": 0.0}
    right = 10 * (count() - 1)
    assert visited(0, surplus=9 * right) == f"最可能有误：合计（疑多写一位，应为{right}）。"
    assert visited(0, surplus=9 * right, **broken) == f"各行无误的，把合计改为{right}。"
    assert visited(0, surplus=-right - 5).startswith("如只有一处有误，应是合计")
    assert visited(0, surplus=-right - 5, **broken) == f"各行无误的，把合计改为{right}。"


def test_a_wrong_total_of_a_number_that_no_other_rule_reads_stops_no_night() -> None:
    # Found by drawn workbooks: without a rule to satisfy there was nothing to fold, and judging ended with an error.
    rule = "total.sheet"
    batch = batch_of(valid_rows(), surplus={"warm_action": {"hardship_worker_visit_count": 3}})
    _, found = examine(batch, catalogue(), rulebook())
    assert found.filter(pl.col("rule") == rule)["field"].to_list() == ["hardship_worker_visit_count"]


def test_a_total_that_lacks_what_was_written_as_text_is_no_question() -> None:
    rows = valid_rows(FORM)
    batch = batch_of(rows, surplus={FORM: {FIELD: -10.0}})
    [township, sheet] = batch.forms[FORM].select("submission", "sheet").row(0)
    cell = {"submission": township, "form": FORM, "sheet": sheet, "cell": "E6", "field": FIELD}
    notes = shaped(pl.DataFrame([{**cell, "fix": "unit_word", "raw": "10次", "value": "10"}]), NOTE)
    _, found = examine(replace(batch, notes=notes), catalogue(), rulebook())
    assert found.filter(pl.col("rule") == "total.sheet", pl.col("field") == FIELD).is_empty()
    other = replace(batch, notes=notes.with_columns(value=pl.lit("4")))
    assert examine(other, catalogue(), rulebook())[1].filter(pl.col("rule") == "total.sheet").height == 1


@pytest.mark.parametrize(
    ("field", "severity", "is_named"), [("a", "warning", False), ("a", "info", True), ("b", "warning", True)]
)
def test_a_total_over_rows_in_question_is_not_named_as_the_one_to_mend(
    field: str, severity: str, is_named: bool
) -> None:
    about = {"submission": "s", "unit_code": "1", "year": 2024, "form": "f", "item": "", "message": "有误"}
    total = about | {
        "rule": "total.sheet",
        "severity": "critical",
        "field": "a",
        "likely": f"{ONLY_ONE}合计（应为9）。",
    }
    row = about | {"rule": "series.unusual_change", "severity": severity, "field": field}
    found = shaped(pl.DataFrame([total, row]), FINDING)
    told = doubt_totals(found, empty(BLOCK_CELL), rulebook())
    assert told["likely"][0].startswith(ONLY_ONE) is is_named
    assert told["likely"][1] is None
