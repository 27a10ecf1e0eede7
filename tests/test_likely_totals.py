"""Behind a broken total: the row or the total most likely wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from expectations.judge import examine
from tests.judged_batches import batch_of, catalogue, first, rulebook, valid_rows
from warehouse.catalogue.frames import NOTE, shaped

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
    assert likely(-right - 5) == f"只改一处即可相符的，只有合计（应为{right}）。"


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
