"""What reads a hidden count is hidden with it, in every year, vintage and text; what does not is as it was."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.measure_rows import WILLOW
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
    question,
    small_city,
    told,
)
from tests.test_vintages import APPROVED, DAY
from tests.warehouse_samples import NOON, note, sha
from transforms.indicators.indicators import compute, redraw
from warehouse.catalogue.frames import EXPLANATION, SUPPRESSED, UNREAD, shaped, with_finding_id
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import query
from warehouse.store.redaction.published_copy import write_published_copy

Batch = dict[str, pl.DataFrame]
Cell = tuple[int, str, str]
_FRAMES = ("observations", "measures")


def care(
    name: str,
    seq: int,
    visits: dict[str, float | None],
    households: dict[str, float | None],
    year: int,
    unit: str = EAST,
) -> Batch:
    """A submission with the visits and households of townships."""
    both = [
        told(name, seq, numbers, year=year, field=field, unit=unit)
        for field, numbers in (("visit_count", visits), ("household_count", households))
        if numbers
    ]
    return {**both[0], **{frame: pl.concat([one[frame] for one in both]) for frame in _FRAMES}}


class Office:
    """A small city whose nights publish a whole file and the copy of it without what is hidden."""

    def __init__(self, home: Path, protected: str = "") -> None:
        self.catalogue: Catalogue = small_city(home / "catalogue")
        if protected:
            declared = home / "catalogue" / "catalogue.yaml"
            law = f"disclosure: {{threshold: 2, levels: [township, village], group: few, measures: [{protected}]}}\n"
            declared.write_text(law + declared.read_text(encoding="utf-8"), encoding="utf-8")
            self.catalogue = load_catalogue(home / "catalogue")
        self.whole, self.published = home / "whole.duckdb", home / "published.duckdb"
        self.nights = 0

    def night(self, *batches: Batch, hidden: tuple[Cell, ...] = (), **tables: pl.DataFrame) -> None:
        previous = self.whole if self.whole.exists() else None
        with NightBuild(build_path(self.whole), previous, self.catalogue) as build:
            for each in batches:
                build.add_batch(**each)
            measures = build.read_standing_measures()
            computed = compute(measures, self.catalogue, APPROVED)
            redrawn = redraw(measures, self.catalogue, APPROVED, computed.indicators)
            at = build.find_moment(NOON + self.nights * DAY)
            build.set_indicators(computed.indicators, computed.comparisons, computed.rollup, redrawn, at=at)
            build.set_suppressed(pl.DataFrame(hidden, schema=SUPPRESSED, orient="row"))
            if "events" in tables:
                build.add_events(tables["events"])
            if "explanations" in tables:
                build.set_explanations(tables["explanations"])
        write_published_copy(build_path(self.whole), build_path(self.published), self.catalogue)
        publish(build_path(self.whole), self.whole)
        publish(build_path(self.published), self.published)
        self.nights += 1

    def state(self, indicator: str, code: str, year: int = 2024) -> str:
        """The state of a published number; AssertionError where the state and the number contradict."""
        asked = "SELECT state, value, numerator, denominator FROM mart.indicator"
        key = "indicator = ? AND org_code = ? AND year = ?"
        state, *numbers = query(self.published, f"{asked} WHERE {key}", [indicator, code, year]).row(0)
        assert (state == "suppressed") <= (numbers == [None, None, None])
        return str(state)

    def compared(self, indicator: str, code: str, year: int = 2024) -> tuple[float | None, float | None]:
        asked = "SELECT comparable_value, previous_value FROM mart.comparison WHERE indicator = ? AND org_code = ? AND year = ?"
        one, other = query(self.published, asked, [indicator, code, year]).row(0)
        return one, other


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def villages(seq: int, year: int, **numbers: float) -> Batch:
    """Members of the villages of the east; of the year's own villages only, as the caller names them."""
    codes = {"east": BRIDGE_EAST, "upper": UPPER, "lower": LOWER, "great": GREAT, "bend": BEND}
    return told(f"{year}-{seq}", seq, {codes[k]: v for k, v in numbers.items()}, year=year)


def test_a_hidden_number_is_hidden_alone(office: Office) -> None:
    office.night(villages(1, 2024, east=10, great=2), hidden=((2024, GREAT, "member_count"),))
    assert office.state("member_count", GREAT) == "suppressed"
    for code in (BRIDGE_EAST, BEND, EAST, CITY):
        assert office.state("member_count", code) == "value"
    whole = query(
        office.whole,
        "SELECT value FROM mart.indicator WHERE org_code = ? AND indicator = 'member_count'",
        [GREAT],
    )
    assert whole["value"].to_list() == [2.0]


def test_the_sum_of_merged_villages_is_hidden_when_one_of_them_is(office: Office) -> None:
    """The number of the year before that is compared with is the two old villages', whose township stays what it was."""
    office.night(
        villages(1, 2022, east=10, upper=2, lower=9, bend=1),
        villages(2, 2023, east=10, great=12, bend=1),
        hidden=((2022, UPPER, "member_count"),),
    )
    assert office.state("member_count", UPPER, 2022) == "suppressed"
    assert office.state("member_count", GREAT, 2023) == "value"
    assert office.compared("member_count", GREAT, 2023) == (None, None)
    assert office.compared("member_count", BEND, 2023) == (13.0, 12.0)
    previous = query(
        office.published, "SELECT value FROM core.previous WHERE org_code = ? AND year = 2023", [GREAT]
    )
    assert previous["value"].to_list() == [None]


def test_a_sum_published_before_a_hidden_unit_reported_is_hidden_afterwards(office: Office) -> None:
    """What the sum has risen by since is what the unit reported."""
    office.night(villages(1, 2024, east=10))
    office.night(villages(2, 2024, east=10, great=2), hidden=((2024, GREAT, "member_count"),))
    asked = "SELECT value, state FROM mart.indicator_log WHERE indicator = 'member_count' AND org_code = ? ORDER BY known_from"
    assert query(office.published, asked, [BEND]).rows() == [(None, "not_reported"), (2.0, "value")]
    assert query(office.published, asked, [EAST]).rows() == [(None, "suppressed"), (12.0, "value")]


def test_a_ratio_that_leaves_out_units_is_hidden_above_a_hidden_one(office: Office) -> None:
    hidden = ((2024, BEND, "visit_count"),)
    office.night(care("a", 1, {BRIDGE: 10, BEND: 2}, {BRIDGE: 100, BEND: 50}, 2024), hidden=hidden)
    assert office.state("visit_per_100_households", BEND) == "suppressed"
    assert office.state("visit_per_100_households", EAST) == "value", "nobody is left out"
    office.night(care("b", 2, {BRIDGE: 10, BEND: 2}, {BRIDGE: 100, BEND: None}, 2024), hidden=hidden)
    assert office.state("visit_per_100_households", EAST) == "suppressed", (
        "its numerator is all visits but the hidden"
    )


def test_places_among_hidden_numbers_are_hidden(office: Office) -> None:
    office.night(
        care("a", 1, {BRIDGE: 10, BEND: 2}, {BRIDGE: 100, BEND: 50}, 2024),
        care("b", 2, {WILLOW: 10}, {WILLOW: 100}, 2024, unit=WEST),
        hidden=((2024, BEND, "visit_count"),),
    )
    assert office.state("visit_per_100_households_rank", BRIDGE) == "suppressed"
    assert office.state("visit_per_100_households_rank", EAST) == "value"
    assert office.state("visit_share_pct", BEND) == "suppressed"
    assert office.state("visit_share_pct", BRIDGE) == "value"


def test_places_of_today_stand_though_those_of_an_earlier_night_are_hidden(office: Office) -> None:
    hidden = ((2024, BEND, "visit_count"),)
    west = care("w", 1, {WILLOW: 10}, {WILLOW: 100}, 2024, unit=WEST)
    office.night(west, care("a", 2, {BRIDGE: 10, BEND: 2}, {BRIDGE: 100, BEND: 50}, 2024), hidden=hidden)
    office.night(care("b", 3, {BRIDGE: 90, BEND: 2}, {BRIDGE: 100, BEND: 50}, 2024), hidden=hidden)
    assert office.state("visit_per_100_households_rank", EAST) == "value"
    asked = (
        "SELECT state FROM mart.indicator_log WHERE indicator = ? AND org_code = ? AND known_to IS NOT NULL"
    )
    earlier = query(office.published, asked, ["visit_per_100_households_rank", EAST])
    assert earlier["state"].to_list() == ["suppressed"]


def test_a_sum_of_years_is_hidden_when_one_of_them_is(office: Office) -> None:
    office.night(
        care("a", 1, {BRIDGE: 10, BEND: 2}, {}, 2023),
        care("b", 2, {BRIDGE: 10, BEND: 20}, {}, 2024),
        hidden=((2023, BEND, "visit_count"),),
    )
    assert office.state("visit_cumulative_count", BEND) == "suppressed"
    assert office.state("visit_cumulative_count", BRIDGE) == "value"
    assert office.state("visit_cumulative_count", EAST) == "value"
    assert office.state("visit_yoy_pct", BEND) == "suppressed"


def test_texts_with_hidden_numbers_are_masked_and_others_are_not(office: Office) -> None:
    about = [
        question(GREAT, 2, message="会员数为2人。", operands="member_count=2"),
        question(
            BRIDGE,
            3,
            field="association_count",
            message="协会数为3个。",
            operands="association_count=3",
            likely="有误的应是会员数（现填2）。",
        ),
    ]
    sent = told("a", 1, {GREAT: 2, BRIDGE_EAST: 10}, asked=about)
    sent["observations"] = sent["observations"].with_columns(cell=pl.format("C{}", "row"))
    sent["notes"] = pl.concat([note("a", "2人", "2"), note("a", "10人", "10", cell="C7")])
    sent["notes"] = sent["notes"].with_columns(sheet=pl.lit(sent["observations"]["sheet"][0]))
    sent["unread"] = shaped(
        pl.DataFrame({"submission": [sha("a")] * 2, "form": ["network", "network"], "sheet": ["兰1表"] * 2,
                      "row": [9, 1], "cell": ["C9", "B1"], "heading": ["会员数", ""], "text": ["2", "王"],
                      "reason": ["unknown_unit", "cover"]}), UNREAD)  # fmt: skip
    asked = with_finding_id(sent["findings"])
    said = shaped(
        asked.select("unit_code", "year", "form", "rule", "org_code", "item", "field", "operands", "submission").with_columns(
            explanation=pl.Series([5, 6]), text=pl.lit("确为这些"), explained_at=pl.lit(""), decision=pl.lit("explained"),
            is_current=pl.lit(True)), EXPLANATION)  # fmt: skip
    events = pl.DataFrame(
        [(5, "explained", '{"operands":"member_count=2"}'), (6, "explained", '{"operands":"association_count=3"}'),
         (7, "explanation_refused", '{"explanation":5,"reason":"2人？"}')],
        schema=["seq", "event", "payload"], orient="row",
    ).with_columns(at=pl.lit(""), actor=pl.lit(""), run=pl.lit(None, pl.String), submission=pl.lit(None, pl.String),
                   unit_code=pl.lit(None, pl.String), year=pl.lit(None, pl.Int32))  # fmt: skip
    office.night(sent, hidden=((2024, GREAT, "member_count"),), explanations=said, events=events)

    def texts(sql: str) -> list[object]:
        return query(office.published, sql).to_series().to_list()

    messages = texts("SELECT message FROM quality.finding ORDER BY field")
    assert messages[0] == "协会数为3个。"
    assert messages[1] == "涉及个别家庭的计数，所涉数字不公布，见填报单位的回执和更正表。"
    assert texts("SELECT likely FROM quality.finding ORDER BY field") == [None, None], (
        "it names a hidden count"
    )
    assert texts("SELECT operands FROM quality.finding ORDER BY field") == ["association_count=3", "*1"]
    assert texts("SELECT text FROM quality.explanation ORDER BY explanation") == ["*", "确为这些"]
    assert texts("SELECT payload FROM quality.event ORDER BY seq")[0] == '{"suppressed":true}'
    assert texts("SELECT payload FROM quality.event ORDER BY seq")[1] == '{"operands":"association_count=3"}'
    assert texts("SELECT payload FROM quality.event ORDER BY seq")[2] == '{"suppressed":true}'
    assert texts("SELECT raw FROM quality.note ORDER BY cell") == [None, "10人"]
    assert texts("SELECT value FROM core.observation_log ORDER BY cell") == [None, 10.0]


def test_an_earlier_year_on_todays_boundaries_is_hidden_when_one_of_its_parts_is(office: Office) -> None:
    """The last year of data counts, not the last that is open for reports."""
    office.night(
        villages(1, 2022, east=10, upper=2, lower=9),
        villages(2, 2023, east=10, great=12),
        hidden=((2022, UPPER, "member_count"),),
    )
    asked = "SELECT value, state FROM mart.comparable WHERE indicator = 'member_count' AND year = 2022 AND org_code = ?"
    assert query(office.published, asked, [GREAT]).rows() == [(None, "suppressed")]
    assert query(office.published, asked, [BRIDGE_EAST]).rows() == [(10.0, "value")]
    assert query(office.whole, asked, [GREAT]).rows() == [(11.0, "value")]


def test_of_a_file_that_never_stood_the_forms_with_protected_counts_are_hidden(tmp_path: Path) -> None:
    """Nobody has worked out what in it would tell its small counts."""
    office = Office(tmp_path, "visit_count")
    held = care("held", 1, {BRIDGE: 10, BEND: 2}, {BRIDGE: 100, BEND: 50}, 2024)
    held["submissions"] = held["submissions"].with_columns(decision=pl.lit("held"))
    office.night(held, villages(2, 2024, east=10), hidden=((2024, BEND, "visit_count"),))
    of_file = "SELECT DISTINCT state, value FROM {} WHERE submission = ?"
    for table in ("core.measure_log", "core.observation_log"):
        assert query(office.published, of_file.format(table), [sha("held")]).rows() == [("suppressed", None)]
    standing = "SELECT value FROM core.measure WHERE measure = 'member_count'"
    assert query(office.published, standing)["value"].to_list() == [10.0]


def test_every_table_has_as_many_rows_as_the_whole_one(office: Office) -> None:
    office.night(villages(1, 2024, east=10, great=2), hidden=((2024, GREAT, "member_count"),))
    asked = """SELECT schema_name || '.' || table_name AS name FROM duckdb_tables()
               WHERE database_name = 'warehouse' ORDER BY name"""
    names = query(office.published, asked)["name"].to_list()
    assert names == query(office.whole, asked)["name"].to_list()
    for name in names:
        counts = [
            query(path, f"SELECT count(*) FROM {name}").item() for path in (office.whole, office.published)
        ]
        assert counts[0] == counts[1], name
