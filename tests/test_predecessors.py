"""What a unit had last year has one answer: of a rule's prev(), of an indicator's, and of the table that SQL joins with."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.frames.unit_frame import unit_frame
from expectations.rulebook.rulebook import Rule
from tests.example_counts import examples
from tests.measure_rows import CITY, EAST, NOBODY, WEST, lanhe, rows, with_indicator, with_registry
from transforms.indicators.indicators import indicators
from warehouse.catalogue.load import Catalogue
from warehouse.registry.succession import predecessors

ONE, OTHER, FAR = "990101001", "990101002", "990102001"  # townships, the last in WEST
STAYS, SPLIT, ENDS, MERGED = (f"{ONE}{n:03}" for n in range(1, 5))
NEW, MOVED, FURTHER = f"{ONE}005", f"{OTHER}001", f"{FAR}001"
BEFORE = [STAYS, SPLIT, ENDS, MERGED, MOVED, FURTHER]
YEAR = 2022
PREV = Rule.model_validate(
    {
        "id": "a.kept", "scope": "unit", "levels": ["township"], "severity": "info", "words": "不少于上年",
        "expression": "member_count >= prev(member_count)", "message": "少于上年", "why": "例", "fix": "例",
    }
)  # fmt: skip


def city(share: float, merged_into: str, moved_to: str, goes_on: bool) -> Catalogue:
    """A village split, one ended without an heir, one merged, one that became another of a township at choice."""
    old = (None, YEAR - 1)
    villages = [
        (STAYS, ONE, None, None), (SPLIT, ONE, None, None if goes_on else YEAR - 1), (NEW, ONE, YEAR, None),
        (ENDS, ONE, *old), (MERGED, ONE, *old), (MOVED, OTHER, *old), (f"{moved_to}009", moved_to, YEAR, None),
        (FURTHER, FAR, None, None),
    ]  # fmt: skip
    units = [
        (CITY, "city", None, None, None), (EAST, "county", CITY, None, None), (WEST, "county", CITY, None, None),
        (ONE, "township", EAST, None, None), (OTHER, "township", EAST, None, None), (FAR, "township", WEST, None, None),
        *((code, "village", above, since, until) for code, above, since, until in villages),
    ]  # fmt: skip
    given_away = [
        (SPLIT, NEW, YEAR, share),
        (MERGED, merged_into, YEAR, 1.0),
        (MOVED, f"{moved_to}009", YEAR, 1.0),
    ]
    if not goes_on:
        given_away.append((SPLIT, STAYS, YEAR, 1 - share))
    return with_registry(lanhe(), units, given_away)


@given(
    st.lists(st.integers(0, 500), min_size=len(BEFORE), max_size=len(BEFORE)),
    st.sampled_from([0.1, 0.25, 0.4, 0.5, 0.75]),
    st.sampled_from([STAYS, FURTHER]),
    st.sampled_from([ONE, OTHER, FAR]),
    st.booleans(),
)
@settings(max_examples=examples(20))
def test_last_year_has_one_answer_through_every_change_of_the_registry(
    numbers: list[int], share: float, merged_into: str, moved_to: str, goes_on: bool
) -> None:
    catalogue = city(share, merged_into, moved_to, goes_on)
    last = dict(zip(BEFORE, map(float, numbers), strict=True))
    valid = catalogue.registry.units(YEAR).filter(level="village")["org_code"].to_list()
    before = rows(("member_count", YEAR - 1, dict(last)))
    now = rows(("member_count", YEAR, dict.fromkeys(valid, 1.0)))

    frame = unit_frame([PREV], now, before, catalogue)
    by_rule = dict(frame.select("org_code", "member_count__prev").iter_rows())

    of_prev = with_indicator(catalogue, "prev(member_count)", kind="change", levels=("township",))
    found = indicators(pl.concat([before, now]), of_prev, NOBODY).filter(year=YEAR)
    by_indicator = dict(found.select("org_code", "value").iter_rows())

    table = predecessors(catalogue.registry, [YEAR])
    parts = table.group_by("old_code").agg(pl.col("share").sum())
    assert parts["share"].to_list() == pytest.approx([1.0] * parts.height)
    above = catalogue.registry.ancestors(YEAR)
    joined = table.join(before, left_on="old_code", right_on="org_code").join(above, on="org_code")
    summed = joined.group_by("ancestor_code").agg(value=(pl.col("value") * pl.col("share")).sum())
    by_table = dict(summed.iter_rows())

    for township in (ONE, OTHER, FAR):
        assert by_rule.get(township) == by_indicator.get(township), township
        assert (by_rule.get(township) or 0.0) == pytest.approx(by_table.get(township, 0.0), abs=0.51), (
            township
        )
    assert by_table[CITY] == pytest.approx(sum(numbers))
