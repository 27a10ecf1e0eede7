"""Played by an attacker: with all published cells, every sum and linear programming no hidden cell is found to within one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from expectations.rulebook.rulebook import load_rules
from tests.example_counts import examples
from tests.workbooks import CATALOGUE
from transforms.disclosure.equations import CELL, EQUATION, Relation, list_relations
from transforms.disclosure.suppression import KEY, suppress
from warehouse.catalogue.disclosure import Disclosure
from warehouse.expression.expression import parse

PARTS = ("bereaved", "disabled")
ALL = "members"
MEASURES = (*PARTS, ALL)
RELATIONS: list[Relation] = [{"bereaved": 1.0, "disabled": 1.0, ALL: -1.0}]
LAW = Disclosure(measures=MEASURES, threshold=2, levels=("township", "village"), group="few")
CITY = "99"

Sum = dict[tuple[str, str], float]
"""Unit and measure -> coefficient, of cells that add up to what is known."""
Numbers = dict[str, tuple[int, int]]
"""Township -> bereaved and disabled; the first four digits of a township are its county."""


def city(numbers: Numbers, year: int = 2024) -> pl.DataFrame:
    """CELL of the townships, of the counties and of the city above them."""
    rows = []
    for township, parts in numbers.items():
        for code, level in ((township, "township"), (township[:4], "county"), (CITY, "city")):
            rows += [
                (year, code, level, name, float(value))
                for name, value in zip(MEASURES, (*parts, sum(parts)), strict=True)
            ]
    cells = pl.DataFrame(rows, schema=CELL, orient="row")
    keys = ["year", "org_code", "org_level", "measure"]
    return cells.group_by(keys, maintain_order=True).agg(pl.col("value").sum())


def parents(cells: pl.DataFrame) -> pl.DataFrame:
    above = {"township": pl.col("org_code").str.head(4), "county": pl.lit(CITY)}
    levels = [cells.filter(org_level=level).with_columns(parent_code=code) for level, code in above.items()]
    return pl.concat(levels).select("year", "org_code", "parent_code").unique()


def hide(cells: pl.DataFrame, law: Disclosure = LAW, **more: pl.DataFrame) -> pl.DataFrame:
    return suppress(cells, parents(cells), RELATIONS, law, **more)


def sums(cells: pl.DataFrame) -> list[Sum]:
    """What the attacker knows of the cells of one year: parts make members, units make the unit above."""
    codes = cells["org_code"].unique().to_list()
    found: list[Sum] = [{**{(code, part): 1.0 for part in PARTS}, (code, ALL): -1.0} for code in codes]
    below: dict[str, list[str]] = {}
    for code in codes:
        if code != CITY:
            below.setdefault(code[:4] if len(code) > 4 else CITY, []).append(code)
    return found + [
        {**{(code, m): 1.0 for code in children}, (parent, m): -1.0}
        for parent, children in below.items()
        for m in MEASURES
    ]


def attack(
    cells: pl.DataFrame, hidden: pl.DataFrame, besides: Sequence[Sum] = (), *, knows_sign: bool = True
) -> dict[tuple[str, str], tuple[float, float]]:
    """The lowest and the highest number that each hidden cell may be, as the published ones tell."""
    truth = {(code, m): v for code, m, v in cells.select("org_code", "measure", "value").iter_rows()}
    unknown = list(hidden.select("org_code", "measure").iter_rows())
    place = {cell: index for index, cell in enumerate(unknown)}
    matrix, right = [], []
    for equation in [*sums(cells), *besides]:
        row = np.zeros(len(unknown))
        known = -sum(coefficient * truth[cell] for cell, coefficient in equation.items())  # what is published
        for cell, coefficient in equation.items():
            if cell in place:
                row[place[cell]] = coefficient
            else:
                known += coefficient * truth[cell]
        if row.any():
            matrix.append(row)
            right.append(-known)
    found = {}
    for cell, index in place.items():
        aim = np.zeros(len(unknown))
        aim[index] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            result = linprog(
                sign * aim,
                A_eq=np.array(matrix),
                b_eq=right,
                bounds=(0, None) if knows_sign else (None, None),
            )
            assert result.status in (0, 3)
            ends.append(float(result.fun * sign) if result.status == 0 else -sign * np.inf)
        found[cell] = (ends[0], ends[1])
    return found


def assert_safe(cells: pl.DataFrame, hidden: pl.DataFrame, besides: Sequence[Sum] = ()) -> None:
    truth = {(code, m): v for code, m, v in cells.select("org_code", "measure", "value").iter_rows()}
    for cell, (low, high) in attack(cells, hidden, besides).items():
        assert low - 1e-6 <= truth[cell] <= high + 1e-6
        assert high - low > 2, f"{cell} is known to lie between {low:g} and {high:g}"


def small_counts(cells: pl.DataFrame) -> set[tuple[str, str]]:
    small = cells.filter(pl.col("org_level") == "township", pl.col("value").is_between(1, 2))
    return set(small.select("org_code", "measure").iter_rows())


def keys(hidden: pl.DataFrame) -> set[tuple[str, str]]:
    return set(hidden.select("org_code", "measure").iter_rows())


ORDINARY: Numbers = {
    "990101": (1, 8),
    "990102": (12, 20),
    "990103": (9, 15),
    "990201": (30, 41),
    "990202": (25, 33),
}

numbers = st.dictionaries(
    st.sampled_from([f"99{county:02}{township:02}" for county in (1, 2, 3) for township in range(1, 6)]),
    st.tuples(st.integers(0, 9), st.integers(0, 40)),
    min_size=1,
    max_size=9,
)


# ------------------------------------------------------------------------------------------------ the attack
def test_hiding_small_counts_alone_lets_the_attacker_find_them() -> None:
    cells = city(ORDINARY)
    alone = cells.filter(
        pl.col("org_level") == "township", pl.col("measure") == "bereaved", pl.col("value") == 1
    )
    assert attack(cells, alone)["990101", "bereaved"] == pytest.approx((1, 1))


@given(numbers)
@settings(deadline=None, max_examples=examples(60))
def test_in_a_drawn_city_no_hidden_cell_is_found_to_within_one(drawn: Numbers) -> None:
    cells = city(drawn)
    hidden = hide(cells)
    assert small_counts(cells) <= keys(hidden)
    assert_safe(cells, hidden)


@cache
def whole_county() -> pl.DataFrame:
    """The townships of 邹平市 as the registry has them, with invented numbers."""
    units = CATALOGUE.registry.units(2024).filter(level="township", parent_code="371681")["org_code"]
    draw = np.random.default_rng(2024)
    return city(
        {f"9901{code[-3:]}": tuple(draw.poisson(draw.choice([1.5, 6.0, 25.0]), 2).tolist()) for code in units}
    )


def test_in_a_whole_county_no_hidden_cell_is_found_to_within_one() -> None:
    cells = whole_county()
    assert cells["org_code"].n_unique() > 15
    hidden = hide(cells)
    assert len(small_counts(cells)) > 5
    assert small_counts(cells) <= keys(hidden)
    assert_safe(cells, hidden)


def test_an_attacker_with_linear_algebra_alone_finds_nothing_either() -> None:
    cells = city(ORDINARY)
    found = attack(cells, hide(cells), knows_sign=False)
    assert {high - low for low, high in found.values()} == {np.inf}


# ---------------------------------------------------------------------------------------------- what is hidden
def test_a_city_without_small_counts_hides_nothing() -> None:
    assert hide(city({"990101": (0, 8), "990102": (12, 20)})).is_empty()


def test_a_single_small_count_takes_a_square_of_townships_and_measures_with_it() -> None:
    hidden = hide(city(ORDINARY))
    assert hidden.filter(reason="primary").select(KEY).rows() == [(2024, "990101", "bereaved")]
    assert hidden.height == 4
    assert hidden["org_code"].n_unique() == hidden["measure"].n_unique() == 2
    assert set(hidden["org_code"].str.len_chars()) == {6}


def test_the_only_township_of_a_county_hides_behind_the_county() -> None:
    cells = city({"990101": (1, 8), "990201": (30, 41), "990202": (25, 33)})
    hidden = hide(cells)
    assert "9901" in hidden["org_code"].to_list()
    assert_safe(cells, hidden)


def test_a_number_at_a_level_that_is_not_protected_is_published() -> None:
    counties = Disclosure(measures=MEASURES, threshold=2, levels=("village",), group="few")
    assert hide(city(ORDINARY), counties).is_empty()


def test_the_threshold_decides_what_is_small() -> None:
    eight = Disclosure(measures=MEASURES, threshold=8, levels=("township",), group="few")
    primary = hide(city(ORDINARY), eight).filter(reason="primary")
    assert keys(primary) == {("990101", "bereaved"), ("990101", "disabled")}


def test_a_cell_that_nobody_reported_hides_nothing_and_is_not_hidden() -> None:
    cells = city(ORDINARY)
    blank = pl.col("org_code").eq("990102") & pl.col("measure").eq("bereaved")
    cells = cells.with_columns(value=pl.when(~blank).then("value"))
    assert ("990102", "bereaved") not in keys(hide(cells))


def test_the_order_of_rows_decides_nothing() -> None:
    cells = whole_county()
    assert hide(cells.reverse()).equals(hide(cells))


def test_what_was_hidden_before_stays_hidden() -> None:
    cells = city(ORDINARY)
    first = hide(cells)
    grown = city({**ORDINARY, "990101": (5, 8)})
    assert hide(grown).is_empty()
    assert keys(hide(grown, before=first.select(KEY))) >= keys(first)


def test_years_are_hidden_each_by_itself() -> None:
    quiet = city({code: (a + 20, b) for code, (a, b) in ORDINARY.items()}, 2023)
    hidden = hide(pl.concat([quiet, city(ORDINARY)]))
    assert hidden["year"].unique().to_list() == [2024]


def test_a_sum_that_is_published_besides_is_reckoned_with() -> None:
    cells = city(ORDINARY)
    square = hide(cells)
    [other] = set(square["org_code"]) - {"990101"}
    [measure] = set(square["measure"]) - {"bereaved"}
    across = {("990101", "bereaved"): 1.0, (other, measure): 1.0 if measure in PARTS else -1.0}
    rows = [("across", 2024, *cell, coefficient) for cell, coefficient in across.items()]
    more = hide(cells, more=pl.DataFrame(rows, schema=EQUATION, orient="row"))
    assert attack(cells, square, [across])["990101", "bereaved"] == pytest.approx((1, 1))
    assert_safe(cells, more, [across])


# -------------------------------------------------------------------------------------------------- relations
def relations(*texts: str) -> list[Relation]:
    return list_relations(parse(text) for text in texts)


def test_an_equation_of_sums_is_a_relation() -> None:
    assert relations("bereaved + disabled = members") == RELATIONS


@pytest.mark.parametrize(
    "text", ["a <= b", "a + b = 2 * c", "a = prev(a)", "a / b = c", "a + b = a", "a = 5"]
)
def test_what_is_no_equation_of_sums_is_no_relation(text: str) -> None:
    assert relations(text) == []


def test_the_rules_of_the_catalogue_state_what_members_are_made_of() -> None:
    rules = [
        rule for rule in load_rules(None, CATALOGUE).of_scope("row", "unit") if rule.severity == "critical"
    ]
    protected = CATALOGUE.settings.disclosure
    assert protected is not None
    read = [
        r for r in list_relations(rule.requirement for rule in rules) if r.keys() & set(protected.measures)
    ]
    assert read == [
        {"bereaved_member_count": 1.0, "disabled_member_count": 1.0, "special_family_member_count": -1.0}
    ]
