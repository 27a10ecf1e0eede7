"""A night computes again what is made of numbers that changed; what it takes over is what computing would give."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.small_city import BRIDGE_EAST, BRIDGE_WEST, CITY, EAST, GREAT, WEST, small_city, told
from tests.warehouse_samples import A_RUN, NOON, batch, sha
from transforms.indicators.groups import list_groups
from transforms.indicators.indicators import compute, redraw
from transforms.indicators.term_tree import lay_ground
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.review_entries import list_approvals
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import query
from warehouse.store.unchanged import Changed

TABLES = ("mart.indicator_log", "mart.indicator", "mart.comparison", "mart.redrawn", "core.rollup")
Batch = dict[str, pl.DataFrame]


class City:
    """The same nights twice: in one file all is computed every night, in the other what changed."""

    def __init__(self, home: Path) -> None:
        self.catalogue: Catalogue = small_city(home / "catalogue")
        self._files = {way: home / way / "warehouse.duckdb" for way in ("all", "changed")}
        self._nights = 0

    def night(self, *batches: Batch, returned: str | None = None) -> Changed | None:
        """A night of both; what of the second was computed again: None is everything."""
        self._nights += 1
        changed = [self._build(file, way, batches, returned) for way, file in self._files.items()]
        one, other = ({name: read(file, name) for name in TABLES} for file in self._files.values())
        for name, rows in one.items():
            assert_frame_equal(other[name], rows, check_exact=True)
        return changed[1]

    def ask(self, sql: str) -> pl.DataFrame:
        return query(self._files["changed"], sql)

    def _build(
        self, file: Path, way: str, batches: tuple[Batch, ...], returned: str | None
    ) -> Changed | None:
        file.parent.mkdir(exist_ok=True)
        with NightBuild(build_path(file), file, self.catalogue) as build:
            for each in batches:
                build.add_batch(**each)
            if returned:
                build.set_decisions(pl.DataFrame({"submission": [sha(returned)], "decision": ["held"]}))
            years = build.list_standing_years()
            keeps = (
                way == "changed"
                and build.known_journal_count is not None
                and years == build.list_known_years()
            )
            changed = build.find_changed() if keeps else None
            build.begin_indicators(NOON + timedelta(days=self._nights), changed)
            approved = list_approvals([])
            ground = lay_ground(self.catalogue, approved, years)
            for group in list_groups(self.catalogue, years, changed=changed and changed.measures):
                measures = build.read_standing_measures(measures=group.read)
                given = (measures, self.catalogue, approved)
                computed = compute(*given, group, ground)
                build.add_indicators(
                    computed.indicators,
                    computed.comparisons,
                    computed.rollup,
                    redraw(*given, computed.indicators, group, ground),
                )
            build.end_indicators()
            build.add_run({**A_RUN, "run": f"night-{self._nights}"})
            build.check()
        publish(build_path(file), file)
        return changed


def read(file: Path, table: str) -> pl.DataFrame:
    rows = query(file, f"FROM {table}")
    return rows.sort([c for c, dtype in rows.schema.items() if dtype != pl.Float64])


@pytest.fixture
def city(tmp_path: Path) -> City:
    """A city whose east and west have reported two years of members and visits."""
    made = City(tmp_path)
    made.night(
        told("e23", 1, {BRIDGE_EAST: 1, BRIDGE_WEST: 2, GREAT: 3}, year=2023),
        told("e24", 2, {BRIDGE_EAST: 10, BRIDGE_WEST: 20, GREAT: 30}),
    )
    return made


def test_nothing_new_leaves_nothing_to_compute(city: City) -> None:
    assert city.night() == Changed([], [])


def test_a_restated_number_leaves_the_other_measures_alone(city: City) -> None:
    changed = city.night(told("e24b", 3, {BRIDGE_EAST: 10, BRIDGE_WEST: 25, GREAT: 30}))
    assert changed is not None
    assert changed.measures == ["member_count"]
    assert "member_count" in changed.indicators
    assert "visit_cumulative_count" not in changed.indicators
    row = city.ask(
        f"FROM mart.indicator WHERE org_code = '{CITY}' AND indicator = 'member_count' AND year = 2024"
    )
    assert row["value"].to_list() == [65]


def test_the_same_numbers_in_another_file_leave_nothing_to_compute(city: City) -> None:
    assert city.night(told("again", 3, {BRIDGE_EAST: 10, BRIDGE_WEST: 20, GREAT: 30})) == Changed([], [])


def test_what_a_returned_submission_said_is_taken_back(city: City) -> None:
    city.night(told("e24b", 3, {BRIDGE_EAST: 10, BRIDGE_WEST: 25, GREAT: 30}))
    changed = city.night(returned="e24b")
    assert changed is not None
    assert changed.measures == ["member_count"]


def test_a_missing_number_whose_report_is_held_is_told_so_though_nothing_is_computed(city: City) -> None:
    missing = f"""SELECT DISTINCT state FROM mart.indicator
                  WHERE org_code = '{WEST}' AND indicator = 'member_count' AND year = 2024"""
    assert city.ask(missing)["state"].to_list() == ["not_reported"]
    assert city.night(batch("w24", 3, unit=WEST, decision="held")) == Changed([], [])
    assert city.ask(missing)["state"].to_list() == ["held"]
    assert city.night(told("e24b", 4, {BRIDGE_EAST: 11, BRIDGE_WEST: 20, GREAT: 30})) is not None
    assert city.ask(missing)["state"].to_list() == ["held"]


def test_a_missing_number_is_held_no_more_when_the_report_that_was_held_gave_way_to_one_without_it(
    city: City,
) -> None:
    of_west = f"""SELECT indicator, state, known_from FROM mart.indicator
                  WHERE org_code = '{WEST}' AND year = 2024 AND indicator LIKE 'member%' ORDER BY ALL"""
    city.night(batch("w24", 3, unit=WEST, decision="held"))
    held = city.ask(of_west)
    assert "held" in held["state"].to_list()
    assert city.night() == Changed([], [])
    assert city.ask(of_west).equals(held)
    empty_handed = told("w24b", 4, {BRIDGE_EAST: 1}, unit=WEST, decision="accepted")
    empty_handed["observations"] = empty_handed["observations"].clear()
    empty_handed["measures"] = empty_handed["measures"].clear()
    assert city.night(empty_handed) == Changed([], [])
    assert "held" not in city.ask(of_west)["state"].to_list()


def test_another_year_has_everything_computed(city: City) -> None:
    assert city.night(told("e22", 3, {BRIDGE_EAST: 1, BRIDGE_WEST: 2}, year=2022)) is None
    assert city.ask(f"FROM mart.indicator WHERE org_code = '{EAST}' AND year = 2022").height
