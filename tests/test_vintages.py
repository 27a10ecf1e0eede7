"""Every number says from and to which moment it was what we knew; what was published then can be asked for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.small_city import BRIDGE_EAST, BRIDGE_WEST, CITY, EAST, GREAT, UPPER, small_city, told
from tests.warehouse_samples import NOON, sha
from transforms.indicators.indicators import compute, redraw
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.review_entries import list_approvals
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import QueryError, query
from warehouse.words.day_words import as_beijing

DAY = timedelta(days=1)
APPROVED = list_approvals([])


@dataclass
class City:
    """A small city and its nights, each built on the one before."""

    home: Path
    catalogue: Catalogue
    seen: list[tuple[datetime, pl.DataFrame]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.home / "warehouse.duckdb"

    def night(
        self, *batches: dict[str, pl.DataFrame], at: datetime | None = None, **more: Any
    ) -> pl.DataFrame:
        """Publish the batches on top of yesterday's file; mart.indicator afterwards."""
        moment = at or NOON + len(self.seen) * DAY
        remembered = self.path if more.get("is_anew") else None
        with NightBuild(
            build_path(self.path),
            None if more.get("is_anew") else self.path,
            self.catalogue,
            remembered=remembered,
        ) as build:
            for each in batches:
                build.add_batch(**each)
            if (decisions := more.get("decisions")) is not None:
                build.set_decisions(decisions)
            approved = more.get("approved", APPROVED)
            measures = build.read_standing_measures()
            computed = compute(measures, self.catalogue, approved)
            build.set_indicators(
                computed.indicators,
                computed.comparisons,
                computed.rollup,
                redraw(measures, self.catalogue, approved, computed.indicators),
                at=build.find_moment(moment),
            )
            build.set_releases(more.get("releases", pl.DataFrame()))
            build.add_run({
                "run": f"night-{len(self.seen)}", "started_at": moment.isoformat(),
                "finished_at": moment.isoformat(), "journal_count": 1, "journal_hash": "0" * 64,
                "code_version": more.get("code", "1"), "catalogue_version": more.get("version", "a"),
            })  # fmt: skip
            build.check()
        publish(build_path(self.path), self.path)
        rows = query(self.path, "FROM mart.indicator")
        self.seen.append((moment, rows))
        self.sizes.append(self.path.stat().st_size)
        return rows

    def ask(self, sql: str, *parameters: Any) -> pl.DataFrame:
        return query(self.path, sql, list(parameters))


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path, small_city(tmp_path / "catalogue"))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A city after ten nights, to be looked at."""
    home = tmp_path_factory.mktemp("lived")
    made = City(home, small_city(home / "catalogue"))
    ten_nights(made)
    return made


def report(seq: int, *numbers: float, unit: str = EAST, year: int = 2024) -> dict[str, pl.DataFrame]:
    villages = (BRIDGE_EAST, BRIDGE_WEST, GREAT) if year >= 2023 else (BRIDGE_EAST, BRIDGE_WEST, UPPER)
    return told(f"{unit}-{seq}", seq, dict(zip(villages, numbers, strict=False)), unit=unit, year=year)


def ten_nights(city: City) -> None:
    first = report(1, 10, 20, 30)
    city.night(first)
    city.night(report(2, 10, 25, 30))  # restated
    city.night()  # nothing
    city.night(report(3, 1, 2, 3, year=2023))  # an earlier year
    city.night(report(4, 1, 2, 4, year=2023))
    back = pl.DataFrame(
        {"submission": [sha(f"{EAST}-2")], "decision": ["held"], "reason": ["x"], "rule": ["y"]}
    )
    city.night(decisions=back)  # returned: the first stands again
    city.night(report(7, 10, 25, 31))
    approved = pl.DataFrame({"year": [2024], "unit_code": [EAST], "submission": [sha(f"{EAST}-7")]})
    approved = approved.cast({"year": pl.Int32})
    city.night(approved=approved)
    city.night(report(9, 5, 5, 5, year=2022), approved=approved)
    city.night(version="b", approved=approved)


KEY = ["year", "org_code", "indicator"]


def test_as_of_each_night_is_what_was_published_that_night(lived: City) -> None:
    for moment, rows in lived.seen:
        for asked in (as_beijing(moment), as_beijing(moment) + DAY / 2, f"{as_beijing(moment) + DAY / 4}"):
            found = lived.ask("FROM as_of(?)", asked)
            assert_frame_equal(found.sort(KEY), rows.sort(KEY), check_exact=True)


def test_a_file_that_is_built_upon_again_and_again_does_not_grow_for_it(lived: City) -> None:
    assert len(lived.sizes) == 10
    assert max(lived.sizes[3:]) < 1.25 * max(lived.sizes[:3])


def test_a_day_alone_means_the_end_of_it(lived: City) -> None:
    moment, rows = lived.seen[1]
    assert_frame_equal(lived.ask("FROM as_of(?)", f"{moment:%Y-%m-%d}").sort(KEY), rows.sort(KEY))
    before = lived.ask("FROM as_of(?)", f"{moment - 2 * DAY:%Y-%m-%d}")
    assert before.is_empty()


def test_changes_between_any_two_nights_are_all_that_differs_and_say_why(lived: City) -> None:
    moments = [as_beijing(moment) for moment, _ in lived.seen]
    for i, (earlier, (_, was)) in enumerate(zip(moments, lived.seen, strict=True)):
        for later, (_, now) in list(zip(moments, lived.seen, strict=True))[i:]:
            told_columns = [
                "value",
                "state",
                "coverage_pct",
                "numerator",
                "denominator",
                "peer_count",
                "maturity",
            ]
            both = was.join(now, on=KEY, how="full", suffix="_new", coalesce=True)
            is_same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_new")) for c in told_columns)
            expected = both.remove(is_same).select(KEY).sort(KEY)
            found = lived.ask("FROM changes(?, ?)", earlier, later)
            assert_frame_equal(found.select(KEY).unique().sort(KEY), expected)
            assert found.filter(why="其他单位或年度变动").is_empty(), (earlier, later)


def only(frame: pl.DataFrame, **which: Any) -> dict[str, Any]:
    return frame.filter(**which).row(0, named=True)


def test_a_restated_number_is_told_with_its_file_and_cell(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    city.night(report(2, 10, 25, 30))
    moments = [as_beijing(moment) for moment, _ in city.seen]
    row = only(city.ask("FROM changes(?, ?)", *moments), indicator="member_count", org_code=CITY)
    assert (row["old_value"], row["new_value"], row["why"]) == (60, 65, "更正")
    assert (row["unit_code"], row["file_name"], row["cell"]) == (EAST, f"{EAST}-2.xlsx", "C7")


def test_what_was_returned_and_approved_is_told_so(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    back = pl.DataFrame(
        {"submission": [sha(f"{EAST}-1")], "decision": ["held"], "reason": ["x"], "rule": ["y"]}
    )
    city.night(decisions=back)
    moments = [as_beijing(moment) for moment, _ in city.seen]
    row = only(city.ask("FROM changes(?, ?)", *moments), indicator="member_count", org_code=EAST)
    assert (row["new_value"], row["why"]) == (None, "退回")


@pytest.mark.parametrize(
    ("made_by", "why"), [({"version": "b"}, "制度目录变更"), ({"code": "2"}, "程序变更")]
)
def test_a_number_that_changes_without_a_submission_is_told_by_what_it_was_made(
    city: City, made_by: dict[str, str], why: str
) -> None:
    city.night(report(1, 10, 20, 30))
    city.catalogue = with_other_formula(city.catalogue)
    city.night(**made_by)
    moments = [as_beijing(moment) for moment, _ in city.seen]
    row = only(city.ask("FROM changes(?, ?)", *moments), indicator="member_count", org_code=CITY)
    assert (row["old_value"], row["new_value"], row["why"]) == (60, 120, why)


def with_other_formula(catalogue: Catalogue) -> Catalogue:
    import dataclasses

    indicators = dict(catalogue.indicators)
    one = indicators["member_count"]
    indicators["member_count"] = one.model_copy(update={"formula": "member_count * 2"})
    return dataclasses.replace(catalogue, indicators=indicators)


def test_history_is_every_value_of_one_number_with_its_versions(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    city.night()
    released = pl.DataFrame({
        "release": ["2024-初报"], "released_at": [as_beijing(NOON + DAY * 1.5)], "actor": ["王主任"],
    })  # fmt: skip
    city.night(report(2, 10, 25, 30), releases=released)
    found = city.ask("FROM history('member_count', ?, 2024)", CITY)
    assert found.select("value", "run", "release").rows() == [
        (60, "night-0", "2024-初报"),
        (65, "night-2", None),
    ]
    assert found["known_to"][0] == found["known_from"][1]
    value = city.ask(
        "SELECT value FROM as_of('2024-初报') WHERE indicator = 'member_count' AND org_code = ?", CITY
    )
    assert value.item() == 60


def test_a_version_that_does_not_exist_is_said_in_chinese(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    with pytest.raises(QueryError, match="没有名为“2024-终报”的版本"):
        city.ask("FROM as_of('2024-终报')")


def test_what_does_not_differ_is_not_stored_again(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    count = city.ask("SELECT count(*) FROM mart.indicator_log").item()
    for _ in range(5):
        city.night()
    assert city.ask("SELECT count(*) FROM mart.indicator_log").item() == count
    assert city.ask("SELECT count(*) FROM quality.standing_log").item() == 1


def test_the_past_is_kept_when_the_file_is_made_anew(lived: City, tmp_path: Path) -> None:
    home = shutil.copytree(lived.home, tmp_path / "home")
    city = City(home, lived.catalogue, list(lived.seen))
    before = city.ask("FROM mart.indicator_log").sort([*KEY, "known_from"])
    everything = [report(n, *v, year=y) for n, v, y in (
        (1, (10, 20, 30), 2024), (4, (1, 2, 4), 2023), (7, (10, 25, 31), 2024), (9, (5, 5, 5), 2022),
    )]  # fmt: skip
    approved = pl.DataFrame({"year": [2024], "unit_code": [EAST], "submission": [sha(f"{EAST}-7")]})
    city.night(*everything, is_anew=True, approved=approved.cast({"year": pl.Int32}))
    assert_frame_equal(city.ask("FROM mart.indicator_log").sort([*KEY, "known_from"]), before)
    moment, rows = city.seen[1]
    assert_frame_equal(city.ask("FROM as_of(?)", as_beijing(moment)).sort(KEY), rows.sort(KEY))


def test_a_clock_that_is_behind_does_not_turn_the_order(city: City) -> None:
    city.night(report(1, 10, 20, 30))
    city.night(report(2, 10, 25, 30), at=NOON - 3 * DAY)
    values = city.ask("SELECT value FROM history('member_count', ?, 2024)", CITY)["value"].to_list()
    assert values == [60, 65]
    assert city.ask("SELECT count(*) FROM mart.indicator_log WHERE known_to <= known_from").item() == 0


@pytest.mark.parametrize("table", ["core.observation_history", "core.measure_history"])
def test_what_the_numbers_rested_on_says_from_when_to_when(city: City, table: str) -> None:
    city.night(report(1, 10, 20, 30))
    city.night(report(2, 10, 25, 30))
    found = city.ask(f"FROM {table} WHERE org_code = ? ORDER BY known_from", BRIDGE_WEST)
    first, second = (as_beijing(moment) for moment, _ in city.seen)
    assert found.select("value", "known_from", "known_to").rows() == [(20, first, second), (25, second, None)]
