"""A number is compared with the history of all that became its unit, however often that changed."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.outliers.scores import series_frame
from tests.measure_rows import BAY, BRIDGE, CITY, EAST, Cell, lanhe, rows, with_registry
from tests.series_rows import questions
from warehouse.catalogue.load import Catalogue

NEW, NEWER = "990101003", "990101004"


def city(*succession: tuple[str, str, int, float]) -> Catalogue:
    """Townships of one county: BRIDGE and BAY, and NEW and NEWER that begin with the year of their inheritance."""
    end = {
        old: year - 1 for old, _, year, _ in succession if (old, old, year) not in {s[:3] for s in succession}
    }
    begin = {new: year for _, new, year, _ in succession if new in (NEW, NEWER)}
    units: list[tuple[str, str, str | None, int | None, int | None]] = [
        (CITY, "city", None, None, None),
        (EAST, "county", CITY, None, None),
        *((code, "township", EAST, begin.get(code), end.get(code)) for code in (BRIDGE, BAY, NEW, NEWER)),
    ]
    return with_registry(lanhe(), units, list(succession))


def visits(*years: tuple[int, dict[str, Cell]]) -> pl.DataFrame:
    return rows(*(("visit_count", year, cells) for year, cells in years))


def before(
    now: dict[str, Cell], prior: pl.DataFrame, catalogue: Catalogue
) -> list[tuple[str, float | None, float]]:
    """Unit, last year's number and how many earlier numbers are known."""
    frame = series_frame(visits((2024, now)), prior, catalogue)
    return frame.select("org_code", "previous_value", "past_count").rows()


def test_a_township_that_absorbed_another_is_compared_with_both() -> None:
    catalogue = city((BAY, BRIDGE, 2024, 1.0))
    prior = visits(*((year, {BRIDGE: 2000, BAY: 3000}) for year in (2021, 2022, 2023)))
    assert before({BRIDGE: 5000}, prior, catalogue) == [(BRIDGE, 5000.0, 3.0)]
    assert questions(visits((2024, {BRIDGE: 5000})), prior, catalogue).is_empty()
    [message] = questions(visits((2024, {BRIDGE: 50_000})), prior, catalogue)["message"]
    assert "上年5000户次（按区划变动折算），为上年的10倍" in message


def test_history_goes_through_several_changes_of_name() -> None:
    catalogue = city((BRIDGE, NEW, 2022, 1.0), (NEW, NEWER, 2024, 1.0))
    prior = visits((2021, {BRIDGE: 200}), (2022, {NEW: 210}), (2023, {NEW: 220}))
    assert before({NEWER: 230}, prior, catalogue) == [(NEWER, 220.0, 3.0)]


def test_a_part_that_was_given_away_is_no_longer_expected() -> None:
    catalogue = city((BRIDGE, BRIDGE, 2024, 0.6), (BRIDGE, NEW, 2024, 0.4))
    prior = visits(*((year, {BRIDGE: 1000}) for year in (2022, 2023)))
    found = before({BRIDGE: 600, NEW: 400}, prior, catalogue)
    assert found == [(BRIDGE, 600.0, 2.0), (NEW, 400.0, 2.0)]


@pytest.mark.parametrize("gap", [{BRIDGE: 2000, BAY: None}, {BRIDGE: 2000}])
def test_a_sum_with_a_gap_is_no_history(gap: dict[str, Cell]) -> None:
    catalogue = city((BAY, BRIDGE, 2024, 1.0))
    prior = visits((2022, {BRIDGE: 2000, BAY: 3000}), (2023, gap))
    assert before({BRIDGE: 5000}, prior, catalogue) == [(BRIDGE, None, 1.0)]


def test_years_after_the_one_that_is_judged_are_not_looked_at() -> None:
    prior = visits((2023, {BRIDGE: 200}), (2024, {BRIDGE: 9}), (2025, {BRIDGE: 9}))
    assert before({BRIDGE: 200}, prior, city()) == [(BRIDGE, 200.0, 1.0)]
