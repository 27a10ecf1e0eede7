"""Which cells of a broken row are named: all smallest sets whose change satisfies every rule, the likeliest first."""

from __future__ import annotations

from itertools import combinations, product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.error_localisation.mends import Variable
from expectations.error_localisation.smallest_sets import Search, find_likely_cells
from expectations.frames.unit_frame import HISTORY
from expectations.rulebook.condition import Condition
from expectations.rulebook.rulebook import Rule
from expectations.verdicts.rule_checks import Check
from tests.example_counts import examples

LABELS = {"a": "甲数", "b": "乙数", "c": "丙数", "d": "丁数"}
TOP = 12


def check(expression: str, when: str | None = None, number: int = 0) -> Check:
    rule = Rule(
        id=f"test.rule_{number}",
        scope="row",
        forms=("test",),
        expression=expression,
        when=when,
        severity="critical",
        message="不符",
        why="不符",
        fix="请核对",
    )
    condition = Condition(expression, when=when)
    nothing = pl.lit("")
    return Check(
        rule.id, rule, "test", rule.operands, None, condition.is_concerned, condition.verdict, lambda _: nothing,
        lambda: nothing, lambda: nothing, "", "",
    )  # fmt: skip


def checks(*expressions: str | tuple[str, str]) -> list[Check]:
    return [
        check(e, number=n) if isinstance(e, str) else check(e[0], e[1], n) for n, e in enumerate(expressions)
    ]


def frame(*rows: dict[str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "submission": "s",
                "org_code": f"{n:02}",
                "org_name": f"单位{n}",
                "org_level": "township",
                "item": "",
                "row_kind": "data",
                "year": 2024,
                **row,
            }
            for n, row in enumerate(rows)
        ],
        schema_overrides=dict.fromkeys(LABELS, pl.Float64) | {"year": pl.Int32},
    )


def variables(high: float | None = None) -> list[Variable]:
    return [Variable(name, label, is_number=True, low=0.0, high=high) for name, label in LABELS.items()]


def history(*rows: dict[str, float]) -> pl.DataFrame:
    long = [(f"{n:02}", 2024, name, value) for n, row in enumerate(rows) for name, value in row.items()]
    return pl.DataFrame(long, schema=HISTORY, orient="row")


def said(rules: list[Check], *rows: dict[str, float | None], before: pl.DataFrame | None = None) -> list[str]:
    found = find_likely_cells(rules, frame(*rows), variables(), history() if before is None else before)
    return found["likely"].to_list()


SUM = "a + b = c"


def test_each_number_of_a_broken_sum_is_named_with_what_it_should_be() -> None:
    [sentence] = said(checks(SUM), {"a": 3, "b": 4, "c": 9})
    assert sentence == (
        "可能有误的是下列某一项：甲数（现填3，应为5）、乙数（现填4，应为6）、丙数（现填9，应为7）。"
    )


def test_the_number_that_history_contradicts_comes_first() -> None:
    [sentence] = said(checks(SUM), {"a": 30, "b": 41, "c": 60}, before=history({"a": 29, "b": 30, "c": 59}))
    assert sentence.startswith("最可能有误：乙数（现填41，上年30，应为30）；也可能是")
    assert "甲数（现填30，上年29，应为19）" in sentence
    assert "丙数（现填60，上年59，应为71）" in sentence


@pytest.mark.parametrize(
    ("value", "right", "slip"),
    [(1200, 120, "疑多写一位"), (12, 120, "疑少写一位"), (1_200_000, 120, "疑多写四位"), (210, 120, "疑相邻两位数字写颠倒")],
)  # fmt: skip
def test_a_usual_slip_that_mends_the_sum_is_named(value: float, right: int, slip: str) -> None:
    [sentence] = said(checks(SUM), {"a": value, "b": 7, "c": 127})
    assert sentence.startswith(f"最可能有误：甲数（现填{value:.0f}，{slip}，应为{right}）")


def test_a_digit_that_was_lost_is_not_made_up_where_the_rule_leaves_many_numbers() -> None:
    # 4 for 41 or 47: that a digit is missing is known, which one is not.
    [sentence] = said(checks("a >= b"), {"a": 4, "b": 30}, before=history({"a": 41, "b": 30}))
    assert (
        sentence
        == "最可能有误：甲数（现填4，上年41，疑少写一位，应不小于30）；也可能是乙数（现填30，上年30，应不大于4）。"
    )


def test_a_rule_that_another_cell_would_break_rules_that_cell_out() -> None:
    [sentence] = said(checks(SUM, "c >= 7", "b >= a"), {"a": 3, "b": 3, "c": 8})
    assert sentence == "如只有一处有误，应是乙数（现填3，应为5）。"


def test_one_cell_that_explains_two_broken_rules_is_named_for_both() -> None:
    found = said(checks("a <= b", "b >= c"), {"a": 5, "b": 1, "c": 7})
    assert found == ["如只有一处有误，应是乙数（现填1，应不小于7）。"] * 2


def test_mistakes_that_share_no_cell_are_told_apart() -> None:
    found = said(checks("a <= b", "c <= d"), {"a": 5, "b": 1, "c": 7, "d": 2})
    assert found == [
        "可能有误的是下列某一项：甲数（现填5，应不大于1）、乙数（现填1，应不小于5）。",
        "可能有误的是下列某一项：丙数（现填7，应不大于2）、丁数（现填2，应不小于7）。",
    ]


def test_two_cells_are_named_where_one_is_not_enough() -> None:
    found = said(
        checks("a + b = 10", "b + c = 10", "b <= 2"),
        {"a": 1, "b": 2, "c": 1},
        before=history({"a": 8, "b": 2, "c": 8}),
    )
    assert set(found) == {
        "只改一处不能相符，最可能有误的是甲数（现填1，上年8）和丙数（现填1，上年8）。"
        if "最可能" in found[0]
        else "只改一处不能相符，有误的应是甲数（现填1，上年8）和丙数（现填1，上年8）。"
    }


def test_where_three_are_wrong_nothing_is_guessed() -> None:
    found = said(checks("a + b + c = 30", "a = 10", "b = 10", "c = 10"), {"a": 1, "b": 1, "c": 1})
    assert set(found) == {"改动任何一个或两个数都不能相符，请逐项核对。"}


def test_a_rule_that_applies_no_more_is_satisfied() -> None:
    [sentence] = said(checks(("b = 0", "a = 0")), {"a": 0, "b": 4})
    assert sentence == "可能有误的是下列某一项：甲数（现填0，应不小于1）、乙数（现填4，应为0）。"


def test_a_blank_cell_is_never_named() -> None:
    assert said(checks("a <= b"), {"a": 5, "b": None}) == []


def test_two_units_whose_rows_were_exchanged_name_each_other() -> None:
    rows = [{"a": 900, "b": 100}, {"a": 90, "b": 1000}, {"a": 50, "b": 70}]
    before = history({"a": 88, "b": 101}, {"a": 880, "b": 990}, {"a": 51, "b": 72})
    [sentence] = said(checks("a <= b"), *rows, before=before)
    assert sentence.startswith("最可能有误：甲数（现填900，上年88，疑与单位1填串，应为90）")


TEMPLATES = ("a + b = c", "a <= b", "c <= 2 * a", "b + c <= 12", "a / b <= 3", "a BETWEEN 1 AND b", "c = 5")
CONDITIONAL = (("c = 0", "a = 0"), ("b >= a", "c > 2"))
RULES = st.lists(st.sampled_from([*TEMPLATES, *CONDITIONAL]), min_size=1, max_size=4, unique=True)
NUMBERS = st.fixed_dictionaries(dict.fromkeys("abc", st.integers(0, TOP)))


def holding(rules: list[Check], rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.all_horizontal(rule.verdict.fill_null(value=True) for rule in rules))


def smallest_sets(rules: list[Check], row: dict[str, int]) -> set[frozenset[str]]:
    """By trying every whole number in every cell."""
    for size in (1, 2):
        found = set()
        for cells in combinations("abc", size):
            tried = [
                {**row, **dict(zip(cells, values, strict=True))}
                for values in product(range(TOP + 1), repeat=size)
            ]
            if holding(rules, frame(*tried)).height:
                found.add(frozenset(cells))
        if found:
            return found
    return set()


@settings(max_examples=examples(80))
@given(RULES, NUMBERS)
def test_the_sets_named_are_those_found_by_trying_every_number(
    expressions: list[str | tuple[str, str]], row: dict[str, int]
) -> None:
    rules = checks(*expressions)
    rows = frame({name: float(value) for name, value in row.items()})
    search = Search(rules, rows, variables(high=TOP), history())
    ones = search.find_single_sets()
    sets = pl.concat([ones, search.find_pair_sets(ones)])
    if search.groups.height != 1:
        return  # nothing is broken, or mistakes of their own, which are solved apart
    assert {frozenset(cells) for cells in sets["cells"]} == smallest_sets(rules, row)
