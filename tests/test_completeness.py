"""Who has reported, on time and accepted: one definition at every level, whatever comes in."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.example_counts import examples
from tests.small_city import (
    BEND,
    BRIDGE,
    BRIDGE_EAST,
    CITY,
    EAST,
    GREAT,
    LOWER,
    UPPER,
    WEST,
    published,
    small_city,
    told,
)
from tests.warehouse_samples import refused
from warehouse.catalogue.load import Catalogue
from warehouse.store.query import query

ORGS = (CITY, EAST, WEST, BRIDGE, BEND, BRIDGE_EAST, UPPER, LOWER, GREAT, "990102001", "990102001001")
YEARS = (2021, 2022, 2023, 2024)


@dataclass(frozen=True)
class Sent:
    """An invented file: what a unit says of some org units, on which day after the end of the year."""

    unit: str
    year: int
    decision: str
    day: int
    numbers: dict[str, float | None]

    @property
    def is_told(self) -> bool:
        return self.decision != "refused" and any(n is not None for n in self.numbers.values())

    def batch(self, number: int) -> dict[str, pl.DataFrame]:
        at = f"{date(self.year, 12, 31) + timedelta(self.day)}T02:00:00+08:00"
        name = f"file {number}"
        if self.decision == "refused":
            return refused(name, number, unit=self.unit, year=self.year, received_at=at)
        filled = sum(n is not None for n in self.numbers.values())
        decision = self.decision if filled else "held"
        return told(
            name, number, self.numbers, unit=self.unit, year=self.year, decision=decision, received_at=at,
            filled_count=filled,
        )  # fmt: skip


sent = st.builds(
    Sent,
    unit=st.sampled_from((CITY, EAST, WEST)),
    year=st.sampled_from(YEARS),
    decision=st.sampled_from(("accepted", "held", "refused")),
    day=st.integers(1, 80),
    numbers=st.dictionaries(st.sampled_from(ORGS), st.sampled_from((None, 0.0, 3.0)), min_size=1),
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_city(tmp_path_factory.mktemp("city") / "lanhe")


@settings(
    max_examples=examples(20),
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # each example builds a warehouse: shrinking takes too long
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=st.lists(sent, max_size=8).map(lambda files: sorted(files, key=lambda file: file.day)))
@example(files=[Sent(EAST, 2022, "accepted", 5, dict.fromkeys((UPPER, LOWER, GREAT), 3.0))])
@example(files=[Sent(unit, 2023, "accepted", 60, dict.fromkeys(ORGS, 3.0)) for unit in (CITY, EAST, WEST)])
def test_no_rate_exceeds_a_hundred_and_none_counts_more_than_it_expects(
    catalogue: Catalogue, files: list[Sent]
) -> None:
    with tempfile.TemporaryDirectory() as home:
        path = published(
            Path(home), catalogue, *(file.batch(number) for number, file in enumerate(files, start=1))
        )
        nodes = query(path, "FROM mart.completeness")
        units = query(path, "FROM mart.reporting")
        rates = query(path, "FROM mart.reporting_rate ORDER BY year")
        of_places = query(path, "SELECT DISTINCT year, unit_code FROM quality.reported")
    assert set(units.filter("is_reported").select("year", "unit_code").iter_rows()) == set(
        of_places.iter_rows()
    )
    _within_bounds(nodes)
    _within_bounds(rates)
    years = [year for year in YEARS if year >= min((file.year for file in files), default=YEARS[-1])]
    expected = {
        (year, code): count
        for year in years  # from the first of which anything was received
        for code, count in catalogue.registry.ancestors(year).group_by("ancestor_code").len().iter_rows()
    }
    assert (
        dict(zip(nodes.select("year", "org_code").iter_rows(), nodes["expected_count"], strict=True))
        == expected
    )
    _add_up(nodes, catalogue)
    _say_what_was_sent(units, rates, files, catalogue)


def _within_bounds(frame: pl.DataFrame) -> None:
    for name in ("reporting", "on_time", "accepted"):
        rate = frame[f"{name}_rate_pct"]
        assert rate.is_between(0, 100).all()
    assert (frame["on_time_count"] <= frame["reported_count"]).all()
    assert (frame["accepted_count"] <= frame["reported_count"]).all()
    assert (frame["reported_count"] <= frame["expected_count"]).all()


def _add_up(nodes: pl.DataFrame, catalogue: Catalogue) -> None:
    """A unit counts itself and what the units below it count."""
    counts = ["expected_count", "reported_count", "on_time_count", "accepted_count"]
    for year in nodes["year"].unique():
        own = nodes.filter(year=year).join(
            catalogue.registry.units(year).select("org_code", "parent_code"), on="org_code"
        )
        below = own.group_by("parent_code").agg(pl.col(counts).sum())
        joined = own.join(below, left_on="org_code", right_on="parent_code", suffix="_below")
        for count in counts:
            itself = joined[count] - joined[f"{count}_below"]
            assert itself.is_between(0, 1).all()


def _say_what_was_sent(
    units: pl.DataFrame, rates: pl.DataFrame, files: list[Sent], catalogue: Catalogue
) -> None:
    """The first file with a number decides when a unit reported; that any of them is accepted, whether it stands."""
    for row in units.iter_rows(named=True):
        mine = [f for f in files if (f.unit, f.year) == (row["unit_code"], row["year"])]
        numbers = [f for f in mine if f.is_told]
        assert row["is_reported"] == bool(numbers)
        assert row["is_accepted"] == any(f.decision == "accepted" for f in numbers)
        on_time = bool(numbers) and date(row["year"], 12, 31) + timedelta(numbers[0].day) <= row["due_date"]
        assert row["is_on_time"] == (on_time if numbers else None)
        assert (row["report_state"] == "not_received") == (not mine)
    for row in rates.iter_rows(named=True):
        of_year = units.filter(year=row["year"])
        assert row["expected_count"] == catalogue.registry.roster(row["year"]).height == 3
        assert row["reported_count"] == of_year["is_reported"].sum()
        assert row["on_time_count"] == (of_year["is_on_time"].sum() or 0)
        assert row["accepted_count"] == of_year["is_accepted"].sum()


@pytest.fixture
def corrected(tmp_path: Path, catalogue: Catalogue) -> Path:
    """The east reported in time and sent a correction a month late; the west is held; the city's own file is empty."""
    return published(
        tmp_path,
        catalogue,
        Sent(EAST, 2024, "accepted", 15, {EAST: 3.0}).batch(1),
        Sent(WEST, 2024, "held", 20, {WEST: 3.0}).batch(2),
        Sent(CITY, 2024, "held", 20, {CITY: None}).batch(3),
        Sent(EAST, 2024, "accepted", 60, {EAST: 4.0}).batch(4),
    )


def test_a_unit_that_corrects_itself_late_has_reported_on_time(corrected: Path) -> None:
    found = query(
        corrected,
        "SELECT is_on_time, left(reported_at, 10), left(received_at, 10) FROM mart.reporting WHERE year = 2024 AND unit_code = ?",
        [EAST],
    )
    assert found.rows() == [(True, "2025-01-15", "2025-03-01")]


def test_a_held_unit_has_reported_at_every_level_and_is_accepted_at_none(corrected: Path) -> None:
    rates = query(corrected, "SELECT * EXCLUDE year FROM mart.reporting_rate WHERE year = 2024")
    assert rates.rows()[0][:4] == (3, 2, 2, 1)
    west = query(
        corrected,
        "SELECT reported_count, on_time_count, accepted_count FROM mart.completeness WHERE year = 2024 AND org_code = ?",
        [WEST],
    )
    assert west.rows() == [(1, 1, 0)]


def test_states_of_a_report(corrected: Path) -> None:
    states = query(
        corrected,
        "SELECT unit_code, report_state, last_file_state FROM mart.reporting WHERE year = 2024 ORDER BY unit_code",
    )
    assert states.rows() == [(CITY, "empty", "empty"), (EAST, "accepted", "accepted"), (WEST, "held", "held")]
