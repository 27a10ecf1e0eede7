"""Every number of a night is computed a second time, from the same workbooks: tests/by_hand, which imports nothing of nianbao.

Units that did not report, blank cells, 不适用, true zeros, a merged township, a split village, restated and held files:
tests/by_hand/bends.py and scenario.py say what is sent.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.by_hand.bends import MISSING
from tests.by_hand.night import LATEST, SAYS, Night, are_equal, take_night
from tests.by_hand.scenario import ENDED, HEIR, MERGED, OLD, OPENED, SPLIT, YEARS
from tests.by_hand.units import TOWNSHIP

pytestmark = pytest.mark.timeout(600)  # two commands, of which each takes half a minute

CITY, NOBODY, ONLY_HELD, STILL_STANDS = "371600", "371603", "371623", "371622"
BLANK, NOT_CONCERNED, ZEROS, RESTATED = "371625", "371602", "371681", "371621"
PUBLISHED = sorted(name for name, said in SAYS.items() if said.get("is_published"))


@pytest.fixture(scope="module", autouse=True)
def prefect_server() -> None:
    """None of this folder's: the night is a process of its own."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return take_night(tmp_path_factory.mktemp("by_hand"))


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    "digits",
    [
        pytest.param(6, id="city_and_counties"),
        pytest.param(9, id="townships"),
        pytest.param(12, id="villages"),
    ],
)
def test_every_figure_is_the_one_computed_by_hand(night: Night, digits: int, year: int) -> None:
    assert night.differences(year, digits) == []


def test_every_figure_stands_beside_the_year_before_as_computed_by_hand(night: Night) -> None:
    found = list(night.comparisons())
    different = [
        f"{name} of {code}: published {published}, by hand {by_hand}"
        for (name, code), published, by_hand in found
        if not (are_equal(published.now, by_hand.now) and are_equal(published.before, by_hand.before))
    ]
    assert different == []
    assert sum(by_hand.now is not None for _, _, by_hand in found) > 5_000
    assert ("leaflet_cumulative_count", NOBODY) in {key for key, _, by_hand in found if by_hand.now is None}


def test_all_published_indicators_and_more_than_a_hundred_others_are_compared(night: Night) -> None:
    compared = night.by_hand[LATEST]
    names = {name for name, _ in compared}
    assert len(PUBLISHED) == 45
    assert names >= set(PUBLISHED)
    kinds = Counter(SAYS[name]["kind"] for name in names - set(PUBLISHED))
    assert kinds.keys() >= {"rate", "share", "rank", "change", "cumulative", "flow", "stock"}
    assert sum(kinds[kind] for kind in ("rate", "share", "rank", "change", "cumulative")) > 80
    assert {SAYS[name]["kind"] for name in PUBLISHED} >= {"streak", "cumulative", "stock"}
    assert {code for name, code in compared if name == "member_count"} == night.units.of_year(LATEST).keys()
    digits = Counter(len(code) if code != CITY else 4 for _, code in compared)
    assert digits[4] > 160
    assert digits[6] > 7 * 170
    assert digits[9] > 10_000
    assert digits[12] > 12_000


def test_each_file_was_accepted_or_held_as_it_was_meant_to_be(night: Night) -> None:
    assert night.decisions == night.scenario.decided
    assert Counter(night.decisions.values()) == {"accepted": 23, "held": 2}


def test_a_unit_that_sent_nothing_or_only_a_held_file_has_no_number(night: Night) -> None:
    for code, state in ((NOBODY, "not_reported"), (ONLY_HELD, "held")):
        found = night.of("member_count", code)
        assert (found.value, found.reported, found.coverage_pct, found.state) == (None, 0, 0.0, state)
        assert night.of("member_count", code, LATEST - 1).value is not None
        assert night.of("healthy_family_consecutive_years", code).value is None
        lacking = [
            f.state for (_, c), f in night.published[LATEST].items() if f.value is None and c[:6] == code
        ]
        assert set(lacking) <= {state, "not_applicable"}
        assert len(lacking) > 1_000
    city = night.of("member_count", CITY)
    assert city.coverage_pct is not None
    assert 0 < city.coverage_pct < 100


def test_what_the_city_alone_is_asked_for_is_not_held_with_a_county(night: Night) -> None:
    assert night.of("wechat_follower_yoy_pct", CITY).state == "not_reported"
    assert night.of("wechat_follower_per_10k", CITY).state == "held"
    assert night.of("wechat_rank", CITY).state == "not_applicable"


def test_a_held_file_leaves_the_one_before_it_and_a_restatement_takes_its_place(night: Night) -> None:
    for key, said in (((STILL_STANDS, LATEST), "不符"), ((RESTATED, LATEST), "更正")):
        assert key in night.scenario.standing
        [other] = [n for n in night.decisions if n.startswith(f"{key[0]}_{key[1]}") and said in n]
        assert (other == night.scenario.standing[key].name) == (said == "更正")
    assert night.of("youth_project_national_count", RESTATED).value == 1
    assert night.of("youth_base_provincial_count", "371621101").value == 1


def test_blank_cells_leave_a_township_without_a_rate_and_its_county_with_less_than_all(night: Night) -> None:
    assert night.of("member_per_10k", f"{BLANK}001").value is None
    assert night.of("member_count", f"{BLANK}001").value is not None
    assert night.of("member_per_10k", f"{BLANK}001").state == "not_reported"
    lower = ("member_per_10k", "special_family_visit_count", "member_yoy_pct", "warm_home_share_pct")
    for indicator in lower:
        coverage = night.of(indicator, BLANK).coverage_pct
        assert coverage is not None, indicator
        assert coverage < 100, indicator
    assert night.of("consultation_per_10k", BLANK).value is None
    assert night.of("warm_home_count", BLANK).state == "not_reported"


def test_not_applicable_leaves_what_is_expected(night: Night) -> None:
    townships = [unit for unit in night.units.at_level(TOWNSHIP, LATEST) if unit.parent == NOT_CONCERNED]
    found = night.of("infant_count", NOT_CONCERNED)
    assert found.reported == found.expected == len(townships) - 1
    assert found.coverage_pct == 100.0
    assert night.of("sunflower_site_per_10k", f"{NOT_CONCERNED}001").state == "not_applicable"
    assert night.of("sunflower_site_count", f"{NOT_CONCERNED}001").value
    rate, sites = (
        night.of(name, NOT_CONCERNED).value for name in ("sunflower_site_per_10k", "sunflower_site_count")
    )
    assert rate == pytest.approx(10_000 * (sites or 0) / (found.value or 0))  # that township's sites, too
    assert night.of("expert_outreach_consecutive_years", NOT_CONCERNED).state == "not_applicable"
    assert night.of("association_renewed_pct", f"{NOT_CONCERNED}003").value not in (None, 100.0)


def test_zeros_are_numbers_and_nothing_is_divided_by_them(night: Night) -> None:
    assert night.of("special_family_count", f"{ZEROS}001").state == "zero"
    assert night.of("dual_contact_coverage_pct", f"{ZEROS}001").state == "not_applicable"
    assert night.of("healthy_family_consecutive_years", ZEROS).value == 0
    assert night.of("warm_home_count", ZEROS).value == 0
    assert night.of("legal_aid_county_count", ZEROS).value == 0
    assert night.of("warm_home_count", ZEROS).coverage_pct == 100.0


def test_a_merged_township_goes_on_in_its_heir(night: Night) -> None:
    before, now = night.units.of_year(LATEST - 1), night.units.of_year(LATEST)
    assert {OLD, MERGED, ENDED, SPLIT} <= before.keys()
    assert not {OLD, MERGED, ENDED, SPLIT} & now.keys()
    assert ("member_count", OLD) not in night.published[LATEST]
    assert OPENED not in before
    assert night.of("member_count", OPENED).value
    both = sum(
        night.of("sunflower_activity_cumulative_count", code, LATEST - 1).value or 0 for code in (OLD, HEIR)
    )
    added = night.of("sunflower_activity_count", HEIR).value
    assert night.of("sunflower_activity_cumulative_count", HEIR).value == both + (added or 0) > both
    [then, of_old, now_all] = (
        night.of("member_count", code, year).value or 0
        for code, year in ((HEIR, LATEST - 1), (OLD, LATEST - 1), (HEIR, LATEST))
    )
    grown = night.of("member_yoy_pct", HEIR).value
    assert grown == pytest.approx(100 * (now_all / (then + of_old) - 1), abs=2)  # a split village makes less
    assert 100 * (now_all / then - 1) > 20


def test_years_that_were_not_reported_break_what_looks_back(night: Night) -> None:
    assert MISSING[0] == (NOT_CONCERNED, LATEST - 1)
    assert night.of("member_yoy_pct", NOT_CONCERNED).value is None
    assert night.of("healthy_family_consecutive_years", NOT_CONCERNED).value == 1
    assert night.of("healthy_family_consecutive_years", RESTATED).value == 3
    assert night.of("case_selected_pct", NOT_CONCERNED).value is None
    cumulative = night.of("publicity_event_cumulative_count", NOT_CONCERNED)
    assert (cumulative.reported, cumulative.expected) == (30, 45)  # 15 townships, two of three years
    assert night.of("publicity_event_since_2020_count", RESTATED).value != (
        night.of("publicity_event_cumulative_count", RESTATED).value
    )
