"""Sample entries: they add up to the published figures, hold together, and are the same every time."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from transforms.samples.lots import apportion_total, draw_lot
from transforms.samples.sample_entries import make_sample_entries
from transforms.samples.spec import in_year
from warehouse.catalogue.load import DEFAULT_FOLDER, Catalogue, load_catalogue
from warehouse.catalogue.models import in_force
from warehouse.expression.expression import parse

# A published figure that sums the years up, and the measures it sums.
CUMULATIVE = {
    "sunflower_activity_cumulative_count": ["activity_count"],
    "sunflower_class_cumulative_count": ["class_count"],
    "sunflower_home_visit_cumulative_count": ["home_visit_count"],
    "sunflower_family_cumulative_count": ["family_served_count"],
    "youth_session_cumulative_count": ["session_count"],
    "youth_reached_cumulative_count": ["youth_reached_count", "parent_reached_count"],
    "claim_paid_cumulative_cny": ["claim_paid_cny"],
    "claim_beneficiary_cumulative_count": ["claim_beneficiary_count"],
    "instructor_training_cumulative_count": ["training_count"],
    "instructor_trainee_cumulative_count": ["trainee_count"],
    "case_birth_count": ["case_birth_collected_count"],
    "case_taste_count": ["case_taste_collected_count"],
    "case_selected_national_count": ["case_selected_count"],
    "healthy_family_cumulative_count": ["healthy_family_awarded_count"],
    "publicity_event_cumulative_count": ["publicity_event_count"],
    "leaflet_cumulative_count": ["leaflet_count"],
}
STREAKS = {
    "expert_outreach_consecutive_years": "expert_talk_count",
    "healthy_family_consecutive_years": "healthy_family_awarded_count",
}
HEALTH_EXPERT = {
    "health_instructor_count": "instructor_count"
}  # published under another name than the measure
YEARS = range(2019, 2025)

Entries = dict[str, dict[str, pl.DataFrame]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEFAULT_FOLDER / "samples.yaml").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def entries(catalogue: Catalogue, spec: dict[str, Any]) -> dict[int, Entries]:
    return {year: make_sample_entries(catalogue, spec, year) for year in YEARS}


def rows_of(entries: Entries, form: str) -> list[dict[str, Any]]:
    """All rows of a form, of every reporting unit."""
    return [row for unit in entries.values() if form in unit for row in unit[form].to_dicts()]


def totals(catalogue: Catalogue, entries: Entries, year: int) -> dict[str, float]:
    """Every measure summed over the city, straight from the entries."""
    levels = dict(catalogue.registry.units(year).select("org_code", "level").iter_rows())
    found: dict[str, float] = {}
    for form in catalogue.forms.values():
        rows = rows_of(entries, form.id)
        for measure in (m for m in catalogue.measures.values() if m.form == form.id):
            if measure.where is None:
                found[measure.id] = sum(v for r in rows if isinstance(v := r.get(measure.id), float))
                continue
            names = [field.id for field in form.fields]
            answered = [
                {name: None if (said := row.get(name)) == "不适用" else said for name in names}
                | {"org_level": levels[row["org_code"]]}
                for row in rows
            ]
            frame = pl.DataFrame(
                answered, infer_schema_length=None, schema=None if answered else ["org_level"]
            )
            if answered:
                kept = frame.with_columns(year=pl.lit(year)).filter(
                    parse(measure.where).polars(lambda term: pl.col(term.column))
                )
                kept = kept.filter(pl.col("org_level").is_in(measure.levels))
                found[measure.id] = kept.height
            else:
                found[measure.id] = 0
    return found


@pytest.fixture(scope="module")
def city(catalogue: Catalogue, entries: dict[int, Entries]) -> dict[int, dict[str, float]]:
    return {year: totals(catalogue, entries[year], year) for year in YEARS}


def test_the_samples_add_up_to_every_published_figure(
    spec: dict[str, Any], city: dict[int, dict[str, float]]
):
    facts = spec["facts"]
    assert len(facts) == 45
    wrong = {}
    for name, fact in facts.items():
        low, high = fact if isinstance(fact, list) else (fact, fact)
        if name in CUMULATIVE:
            value = sum(city[year][measure] for year in YEARS for measure in CUMULATIVE[name])
        elif name in STREAKS:
            held = [city[year][STREAKS[name]] > 0 for year in YEARS]
            value = len(held) - max((i + 1 for i, ok in enumerate(held) if not ok), default=0)
        else:
            value = city[2024][HEALTH_EXPERT.get(name, name)]
        if not low <= value <= high:
            wrong[name] = (value, fact)
    assert wrong == {}


def test_every_cell_asked_for_has_an_answer(catalogue: Catalogue, entries: dict[int, Entries]):
    blank = []
    for year in YEARS:
        levels = dict(catalogue.registry.units(year).select("org_code", "level").iter_rows())
        for form in catalogue.forms.values():
            for row in rows_of(entries[year], form.id):
                blank += [
                    (year, form.id, row["org_code"], field.id)
                    for field in form.fields
                    if in_force(field, year)
                    and row[field.id] is None
                    and (form.is_roster or levels[row["org_code"]] in form.levels_of(field))
                ]
    assert blank == []


def test_every_unit_gets_the_forms_it_reports_and_all_its_org_units(
    catalogue: Catalogue, entries: dict[int, Entries]
):
    roster = catalogue.registry.roster(2024)
    assert set(entries[2024]) == set(roster["unit_code"])
    for code, level in roster.select("unit_code", "unit_level").iter_rows():
        assert list(entries[2024][code]) == [form.id for form in catalogue.forms_of(level, 2024)]
    assert len(rows_of(entries[2024], "organisation")) == catalogue.registry.units(2024).height


def test_values_stay_within_the_bounds_of_their_fields(catalogue: Catalogue, entries: dict[int, Entries]):
    outside = [
        (year, field.id, value)
        for year in YEARS
        for form in catalogue.forms.values()
        for row in rows_of(entries[year], form.id)
        for field in form.fields
        if isinstance(value := row.get(field.id), float)
        and not (field.low or 0) <= value <= (field.high if field.high is not None else float("inf"))
    ]
    assert outside == []


def test_parts_and_wholes_of_a_township_agree(entries: dict[int, Entries]):
    for year in YEARS:
        warm = {row["org_code"]: row for row in rows_of(entries[year], "warm_action")}
        for row in rows_of(entries[year], "population"):
            action = warm[row["org_code"]]
            assert (
                row["bereaved_member_count"] + row["disabled_member_count"]
                == row["special_family_member_count"]
            )
            assert row["infant_family_count"] <= row["infant_count"] < row["resident_population_count"]
            assert row["household_count"] < row["resident_population_count"]
            assert action["dual_contact_household_count"] <= row["special_family_count"]
            assert (
                action["claim_beneficiary_count"]
                <= action["nursing_insured_count"]
                <= row["special_family_member_count"]
            )
            assert action["claim_beneficiary_count"] <= action["claim_count"]
            assert (action["claim_paid_cny"] > 0) == (action["claim_beneficiary_count"] > 0)


def test_a_unit_without_an_association_answers_no_and_leaves_the_rest_not_applicable(
    entries: dict[int, Entries],
):
    rows = rows_of(entries[2024], "organisation")
    without = [row for row in rows if not row["has_association"]]
    assert {"371603400", "371603400598"} <= {row["org_code"] for row in without}
    assert len(without) == 2 + 58
    for row in without:
        assert {v for k, v in row.items() if k not in ("org_code", "has_association")} == {"不适用"}


def test_a_term_is_renewed_on_a_day_of_the_report_year_or_before(entries: dict[int, Entries]):
    for year in YEARS:
        for row in rows_of(entries[year], "organisation"):
            if row["is_term_renewed"] is True:
                assert row["term_renewed_date"].year <= year
            elif row["has_association"]:
                assert row["term_renewed_date"] == "不适用"


def test_city_totals_change_by_less_than_a_third_a_year(
    catalogue: Catalogue, city: dict[int, dict[str, float]]
):
    jumps = {
        (year, name): (city[year - 1][name], city[year][name])
        for year in YEARS
        if year > 2019
        for name, measure in catalogue.measures.items()
        if measure.where is None and name != "wechat_rank" and city[year - 1].get(name, 0) > 30
        if abs(city[year][name] / city[year - 1][name] - 1) >= 0.34
    }
    assert jumps == {}


@pytest.mark.parametrize("form", ["sunflower_site", "warm_home", "youth_project", "rights_project"])
def test_a_site_once_listed_stays_listed(entries: dict[int, Entries], form: str):
    for year in YEARS:
        if year > 2019:
            now, before = (
                {(r["org_code"], r["name"]): r for r in rows_of(entries[y], form)} for y in (year, year - 1)
            )
            assert before.keys() <= now.keys()
            assert all(now[key].get("tier") == before[key].get("tier") for key in before)


def test_names_on_a_roster_are_unique_within_a_reporting_unit(
    catalogue: Catalogue, entries: dict[int, Entries]
):
    for form in (f for f in catalogue.forms.values() if f.is_roster):
        for unit in entries[2024].values():
            names = (
                [row[form.item_field or ""] for row in unit[form.id].to_dicts()] if form.id in unit else []
            )
            assert len(names) == len(set(names))


def test_known_sites_stand_under_their_names(entries: dict[int, Entries]):
    names = {(row["org_code"][:6], row["name"]) for row in rows_of(entries[2024], "youth_project")}
    assert names == {
        ("371602", "山东航空学院"),
        ("371602", "滨城区彭李街道青春健康俱乐部"),
        ("371602", "滨城区市中街道爱民社区青春健康俱乐部"),
        ("371621", "惠民县职业中等专业学校"),
    }


def test_a_township_without_a_site_reports_no_activity_at_sites(entries: dict[int, Entries]):
    with_site = {row["org_code"] for row in rows_of(entries[2019], "sunflower_site")}
    active = {r["org_code"] for r in rows_of(entries[2019], "sunflower_activity") if r["activity_count"]}
    assert active <= with_site


def test_the_same_year_comes_out_the_same_twice(
    catalogue: Catalogue, spec: dict[str, Any], entries: dict[int, Entries]
):
    again = make_sample_entries(load_catalogue(), spec, 2022)
    assert all(
        again[unit][form].to_dicts() == frame.to_dicts()
        for unit, forms in entries[2022].items()
        for form, frame in forms.items()
    )


@pytest.mark.parametrize("nothing", [None, {}, {"units": {"population": {"fields": {}}}}])
def test_a_catalogue_without_declared_samples_still_gets_complete_ones(
    catalogue: Catalogue, nothing: dict[str, Any] | None
):
    made = make_sample_entries(catalogue, nothing, 2024)
    people = rows_of(made, "population")
    assert all(row[field.id] is not None for row in people for field in catalogue.forms["population"].fields)
    assert all(
        unit[f].height > 0 for unit in made.values() for f in unit if catalogue.forms[f].rows == "units"
    )
    assert rows_of(made, "case")


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"units": {"populaton": {}}}, "报表“populaton”没有定义，是否应为“population”"),
        ({"units": {"population": {"fields": {"infants": {"total": 3}}}}}, "栏目“infants”没有定义"),
        (
            {
                "units": {
                    "population": {"fields": {"infant_count": {"ratio": 1.0, "of": "consultation_count"}}}
                }
            },
            "字段“consultation_count”不由同一层级的单位填报",
        ),
        ({"units": {"population": {"feilds": {}}}}, "feilds"),
        ({"units": {"population": {"fields": {"infant_count": {"ratio": 2.0, "of": "nobody"}}}}}, "nobody"),
        (
            {"units": {"organisation": {"presence": {"field": "has_asociation"}}}},
            "报表“organisation”的栏目“has_asociation”没有定义，是否应为“has_association”",
        ),
        (
            {"units": {"population": {"fields": {"infant_count": {"ratio": 2.0, "of": "household_cuont"}}}}},
            "字段infant_count的 of：栏目“household_cuont”没有定义，是否应为“household_count”",
        ),
        (
            {
                "units": {
                    "population": {"fields": {"infant_count": {"rest_of": ["household_count", "nobody"]}}}
                }
            },
            "字段infant_count的 rest_of：栏目“nobody”没有定义",
        ),
        (
            {"units": {"population": {"fields": {"infant_count": {"total": 3, "weight": "equals"}}}}},
            "字段infant_count的 weight：栏目“equals”没有定义，是否应为“equal”",
        ),
        ({"units": {"warm_service": {"fields": {"consultation_count": {"total": 9, "at_most": 1}}}}}, "上限"),
        (
            {"units": {"population": {"fields": {"infant_count": {"ratio": 1.0, "of": "infant_count"}}}}},
            "绕回了它自己",
        ),
    ],
)
def test_a_wrong_declaration_is_named(catalogue: Catalogue, spec: dict[str, Any], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        make_sample_entries(catalogue, spec, 2024)


@given(
    total=st.integers(0, 5000),
    rows=st.lists(st.tuples(st.floats(0, 100), st.integers(0, 400)), min_size=1, max_size=40),
    minimum=st.integers(0, 3),
)
def test_a_split_adds_up_exactly_within_minimum_and_caps(
    total: int, rows: list[tuple[float, int]], minimum: int
):
    weights, caps = [w for w, _ in rows], [float(c) for _, c in rows]
    if minimum * len(rows) > total or sum(caps) < total or min(caps) < minimum:
        with pytest.raises(ValueError, match="无法分给"):
            apportion_total(total, weights, minimum, caps)
        return
    parts = apportion_total(total, weights, minimum, caps)
    assert sum(parts) == total
    assert all(minimum <= part <= cap for part, cap in zip(parts, caps, strict=True))


def test_a_split_follows_the_weights():
    assert apportion_total(10, [3.0, 1.0, 1.0]) == [6, 2, 2]
    assert apportion_total(3, [0.0, 1.0, 0.0]) == [0, 3, 0]
    assert apportion_total(2, [0.0, 0.0]) == [1, 1]


def test_a_year_not_named_takes_the_nearest_earlier_one():
    assert [in_year({2019: 1, 2022: 4}, year) for year in (2018, 2019, 2021, 2022, 2030)] == [1, 1, 1, 4, 4]
    assert in_year(7, 2024) == 7


def test_lots_are_the_same_everywhere():
    assert draw_lot("滨州样例", "371602001", "staff_count") == pytest.approx(0.547780411482)
    assert draw_lot("a", 1) == draw_lot("a", 1) != draw_lot("a", 2)
