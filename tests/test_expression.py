"""The expression language: one text, read once, evaluated, put into Excel and said in Chinese."""

from __future__ import annotations

import decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.expression.expression import Cell, ExpressionError, Term, parse

LABELS = {"a": "甲数", "b": "乙数", "c": "丙数", "t": "级别", "p": "是否建成"}


def value(text: str, tolerance: float = 0.0, **columns: Any) -> Any:
    """What an expression gives for one row; a term function's value is given as ``x__prev``."""
    frame = pl.DataFrame({name: [v] for name, v in columns.items()})
    return frame.select(parse(text).polars(lambda t: pl.col(t.column), tolerance).alias("_")).item()


def excel(text: str, tolerance: float = 0.0) -> str:
    return parse(text).excel(lambda t: Cell(t.column.upper(), f"has({t.column.upper()})"), tolerance)


def words(text: str) -> str:
    return parse(text).words(lambda t: LABELS[t.name])


ROWS: list[tuple[str, dict[str, Any], Any]] = [
    ("a + b * 2", {"a": 1, "b": 3}, 7),
    ("(a + b) * 2", {"a": 1, "b": 3}, 8),
    ("a - (b - c)", {"a": 5, "b": 3, "c": 1}, 3),
    ("a / b", {"a": 1, "b": 4}, 0.25),
    ("a * 1e3", {"a": 2}, 2000),
    ("-a + .5", {"a": 1}, -0.5),
    ("a <= b AND NOT a = b", {"a": 1, "b": 2}, True),
    ("a > b OR a <> 1", {"a": 1, "b": 2}, False),
    ("a BETWEEN 1 AND 3", {"a": 3}, True),
    ("t IN ('省级', '市级')", {"t": "市级"}, True),
    ("t NOT IN ('省级', '市级')", {"t": "市级"}, False),
    ("a IS NULL", {"a": None}, True),
    ("a IS NOT NULL", {"a": None}, False),
    ("COALESCE(a, b)", {"a": None, "b": 2}, 2),
    ("CASE WHEN a > 1 THEN 'many' ELSE 'few' END", {"a": 2}, "many"),
    ("ABS(a - b)", {"a": 1, "b": 3}, 2),
    ("ROUND(a, 1)", {"a": 1.26}, 1.3),
    ("prev(a) * 2 <= a", {"a": 4, "a__prev": 2}, True),
    ("total(a) = a", {"a": 4, "a__total": 5}, False),
    ("cumulative(a, 2020) - cumulative(a)", {"a__cumulative": 9, "a__cumulative_2020": 5}, -4),
]
"""An expression, the row it is asked of, and its value."""


@pytest.mark.parametrize(("text", "columns", "expected"), ROWS)
def test_an_expression_is_evaluated_on_columns(text: str, columns: dict[str, Any], expected: Any) -> None:
    assert value(text, **columns) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        *ROWS,
        ("a / b", {"a": 1, "b": 0}, None),
        ("a / (b - 2) * 100", {"a": 1, "b": 2}, None),
        ("a + b", {"a": 1, "b": None}, None),
        ("a > 0 AND b > 0", {"a": 0, "b": None}, False),
        ("(a - prev(a)) / prev(a) * 100", {"a": 3, "a__prev": 2}, 50),
    ],
)
def test_an_expression_becomes_sql_that_gives_the_same(
    text: str, columns: dict[str, Any], expected: Any
) -> None:
    sql = parse(text).sql(lambda t: f"x.{t.column}")
    given_row = ", ".join(f"? AS {name}" for name in columns)
    found = duckdb.execute(f"SELECT {sql} FROM (SELECT {given_row}) AS x", [*columns.values()]).fetchone()
    assert found is not None
    is_decimal = isinstance(found[0], decimal.Decimal)  # of a literal such as 0.5
    assert (float(found[0]) if is_decimal else found[0]) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["a + b", "a <= b", "a / b", "a = b", "a * b > 0"])
def test_what_is_missing_makes_the_result_unknown(text: str) -> None:
    assert value(text, a=None, b=1) is None


def test_division_by_zero_is_unknown_rather_than_infinite() -> None:
    assert value("a / b", a=1, b=0) is None


def test_sums_of_money_may_differ_by_the_tolerance() -> None:
    assert value("a = b", tolerance=0.01, a=0.1 + 0.2, b=0.3) is True
    assert value("a = b", tolerance=0.01, a=1.0, b=1.1) is False
    assert value("a <= b", tolerance=0.5, a=1.4, b=1.0) is True


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("a + b <= c", "IF(has(A)*has(B)*has(C),IF((A+B)<=C,1,0),0.5)"),
        ("a / (b + c) > 1", "IF(has(A)*has(B)*has(C),IF((B+C)<>0,IF((A/(B+C))>1,1,0),0.5),0.5)"),
        ("t IN ('省级')", '1-(1-(IF(has(T),IF(T="省级",1,0),0.5)))'),
        ("p AND NOT q", "(IF(has(P),IF(P,1,0),0.5))*(1-(IF(has(Q),IF(Q,1,0),0.5)))"),
        ("a IS NOT NULL", "1-(IF(has(A),0,1))"),
        ("p = TRUE", "IF(has(P),IF(P=1,1,0),0.5)"),
        (
            "CASE WHEN p THEN b ELSE c END = 1",
            "IF(IF(IF(has(P),IF(P,1,0),0.5)=1,has(B),has(C)),IF(IF(IF(has(P),IF(P,1,0),0.5)=1,B,C)=1,1,0),0.5)",
        ),
        ("COALESCE(a, b) = 1", "IF(IF(has(A),TRUE,has(B)),IF(IF(has(A),A,B)=1,1,0),0.5)"),
        ("ROUND(ABS(a - 1), 1) = 2", "IF(has(A),IF(ROUND(ABS(A-1),1)=2,1,0),0.5)"),
        ("t = 'say \"yes\"'", 'IF(has(T),IF(T="say ""yes""",1,0),0.5)'),
    ],
)
def test_an_expression_becomes_an_excel_formula(text: str, formula: str) -> None:
    assert excel(text) == formula


def test_an_excel_formula_keeps_the_tolerance() -> None:
    assert excel("a = b + c", tolerance=0.01) == "IF(has(A)*has(B)*has(C),IF(ABS(A-(B+C))<=0.01,1,0),0.5)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a + b <= c", "甲数 ＋ 乙数 ≤ 丙数"),
        ("a - (b + c) = 0", "甲数 － （乙数 ＋ 丙数） ＝ 0"),
        ("a >= prev(a)", "甲数 ≥ 上年甲数"),
        ("a = total(a)", "甲数 ＝ 合计行甲数"),
        ("t = '省级' AND a > 0", "级别为“省级”，且甲数 ＞ 0"),
        ("t IN ('省级', '市级')", "级别为“省级”或“市级”"),
        ("a IS NOT NULL", "甲数已填"),
        ("NOT p", "是否建成为“否”"),
        ("cumulative(a, 2020) / b * 100", "2020年以来累计甲数 ÷ 乙数 × 100"),
        ("rank(a / b)", "甲数 ÷ 乙数的位次（由高到低）"),
        ("share(a)", "甲数占全市比重"),
        ("streak(a > 0)", "甲数 ＞ 0的连续年数"),
    ],
)
def test_an_expression_is_said_in_chinese(text: str, said: str) -> None:
    assert words(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "a +",
        "",
        "SELECT a FROM b",
        "a; b",
        "a AS b",
        "__import__('os')",
        "system(a)",
        "a % 2",
        "a || b",
        "a.b + 1",
        "prev(1)",
        "prev(a + b)",
        "prev()",
        "prev(a, 2020)",
        "cumulative(a, b)",
        "cumulative(a, 2020, 2021)",
        "1 + rank(a)",
        "rank(rank(a))",
        "COUNT(a)",
        "a LIKE '%x'",
        "CASE a WHEN 1 THEN 2 END",
        "(SELECT 1)",
        "*",
    ],
)
def test_whatever_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_terms_are_named_once_in_order_of_appearance() -> None:
    found = parse("a + prev(b) - a * cumulative(a, 2020)").terms
    assert found == (Term("a"), Term("b", "prev"), Term("a", "cumulative", 2020))
    assert [t.column for t in found] == ["a", "b__prev", "a__cumulative_2020"]


def test_a_quotient_shows_its_numerator_and_denominator() -> None:
    for text in ("a / b", "a / b * 100", "(a / b) * 100", "((a) / (b))"):
        ratio = parse(text).ratio
        assert ratio is not None
        assert (ratio[0].text, ratio[1].text) == ("a", "b")
    assert parse("a / b - 1").ratio is None


def test_a_comparison_shows_its_sides() -> None:
    sides = parse("a + b <= c").sides
    assert sides is not None
    assert (sides[0].text, sides[1], sides[2].text) == ("a + b", "≤", "c")
    assert parse("a AND b").sides is None


@pytest.mark.parametrize(
    ("text", "is_sum"),
    [("a", True), ("a + (b + cumulative(c))", True), ("a - b", False), ("a + 1", False), ("rank(a)", False)],
)
def test_a_sum_of_terms_is_told_from_other_formulas(text: str, is_sum: bool) -> None:
    assert parse(text).is_sum is is_sum


def test_a_window_function_stands_outermost() -> None:
    window = parse("rank_asc(a / b)").window
    assert window is not None
    assert (window[0], window[1].text) == ("rank_asc", "a / b")
    assert parse("a").window is None


def test_names_are_replaced_by_what_they_mean() -> None:
    meanings = {"x": parse("a + b"), "y": parse("a / b")}
    assert parse("x / c * x").substitute(meanings.get).text == "(a + b) / c * (a + b)"
    assert parse("prev(x)").substitute(meanings.get).text == "(PREV(a) + PREV(b))"
    assert parse("rank(y)").substitute(meanings.get).text == "RANK((a / b))"
    assert parse("cumulative(a, 2020)").substitute(meanings.get).terms == (Term("a", "cumulative", 2020),)


# ------------------------------------------------------------------------------------------------ laws


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 3) -> str:
    """A text with and without brackets, so that both must agree on what binds what."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "2", "0.5", "7"]))
    left, right = draw(arithmetic(depth - 1)), draw(arithmetic(depth - 1))
    text = f"{left} {draw(st.sampled_from('+-*'))} {right}"
    return f"({text})" if draw(st.booleans()) else text


def said_by_sql(text: str, a: int, b: int) -> float:
    """What a database makes of the text: the language is SQL, so it must agree."""
    row = duckdb.execute(
        f"SELECT ({text})::DOUBLE FROM (SELECT ?::DOUBLE AS a, ?::DOUBLE AS b)", [a, b]
    ).fetchone()
    assert row is not None
    return float(row[0])


@given(arithmetic(), st.integers(-9, 9), st.integers(-9, 9))
def test_arithmetic_binds_as_in_sql(text: str, a: int, b: int) -> None:
    assert value(text, a=float(a), b=float(b)) == pytest.approx(said_by_sql(text, a, b))


@given(arithmetic(), st.integers(-9, 9), st.integers(-9, 9))
def test_an_excel_formula_computes_what_the_expression_does(text: str, a: int, b: int) -> None:
    formula = parse(f"{text} > 3").excel(lambda t: Cell(t.name))
    sums = formula.removeprefix("IF(").removesuffix(",1,0)")
    # Plus, minus, times and brackets mean the same in Excel and SQL.
    assert bool(said_by_sql(sums, a, b)) == (said_by_sql(text, a, b) > 3)


@pytest.mark.parametrize("a", [True, False, None])
@pytest.mark.parametrize("b", [True, False, None])
@pytest.mark.parametrize("text", ["p AND q", "p OR q", "NOT p OR q", "NOT (p AND NOT q)", "p IN (q)"])
def test_the_three_answers_of_a_formula_are_those_of_sql(text: str, a: bool | None, b: bool | None) -> None:
    terms = {"p": a, "q": b}
    cells = {
        name: Cell("0" if value is None else str(int(value)), str(int(value is not None)))
        for name, value in terms.items()
    }
    formula = parse(text).excel(lambda t: cells[t.name])
    found = duckdb.execute(f"SELECT ({formula})::DOUBLE").fetchone()
    assert found is not None
    expected = duckdb.execute(
        f"SELECT {text} FROM (SELECT ?::BOOLEAN AS p, ?::BOOLEAN AS q)", [a, b]
    ).fetchone()
    assert expected is not None
    assert {1.0: True, 0.0: False}.get(found[0]) == expected[0]


@given(arithmetic())
def test_an_expression_can_be_written_and_read_again(text: str) -> None:
    again = parse(text).text
    assert parse(again).text == again
    assert value(again, a=3.0, b=5.0) == pytest.approx(value(text, a=3.0, b=5.0))
