"""For every expression rule one change of a valid batch that breaks it, and which rules that change breaks besides.

Where a bend breaks more than its rule, the reason is arithmetic (a township without residents has too many of everything).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.judged_batches import NOT_APPLICABLE, YEAR, Rows, valid_rows


@dataclass(frozen=True)
class Bend:
    """``changes``: form -> values set in its first row (at ``level``), or in all of them when ``every``.

    ``drop`` names a roster whose first row is taken out. ``also`` are the other rules broken.
    """

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    level: str | None = None
    every: bool = False
    drop: str | None = None
    also: frozenset[str] = frozenset()

    def rows(self, year: int = YEAR) -> Rows:
        bent = valid_rows(*self.changes, *([self.drop] if self.drop else []), year=year)
        for form, values in self.changes.items():
            fitting = [row for row in bent[form] if self.level is None or row["level"] == self.level]
            for row in fitting if self.every else fitting[:1]:
                row.update(values)
        if self.drop:
            del bent[self.drop][0]
        return bent


def _organisation(level: str, *also: str, **values: Any) -> Bend:
    return Bend({"organisation": values}, level, also=frozenset(also))


def _no_association(level: str, *also: str, **values: Any) -> Bend:
    nothing = dict.fromkeys(
        (
            "is_term_renewed",
            "term_renewed_date",
            "president_post",
            "staff_count",
            "member_count",
            "volunteer_count",
        ),
        NOT_APPLICABLE,
    )
    return _organisation(level, *also, **{"has_association": False, **nothing, **values})


def _of(form: str, *also: str, level: str | None = None, every: bool = False, **values: Any) -> Bend:
    return Bend({form: values}, level, every, also=frozenset(also))


_SHRINKS = "organisation.associations_not_shrinking"
_EVENTS = ("birthday_party_count", "health_lecture_count", "fellowship_count")

BENDS: dict[str, Bend] = {
    # 年1表
    "organisation.no_association_no_members": _no_association("village", _SHRINKS, member_count=60.0),
    "organisation.no_association_no_staff": _no_association("village", _SHRINKS, staff_count=2.0),
    "organisation.no_association_no_volunteers": _no_association("village", _SHRINKS, volunteer_count=2.0),
    "organisation.no_association_not_renewed": _no_association(
        "village", _SHRINKS, is_term_renewed=True, term_renewed_date=date(2022, 1, 1)
    ),
    "organisation.no_association_no_president": _no_association("village", _SHRINKS, president_post="其他"),
    "organisation.president_required": _organisation("village", president_post=NOT_APPLICABLE),
    "organisation.members_required": _organisation(
        "village", member_count=0.0, staff_count=0.0, volunteer_count=0.0
    ),
    "organisation.staff_required": _organisation("township", staff_count=0.0),
    "organisation.renewed_needs_date": _organisation("village", term_renewed_date=None),
    "organisation.county_association_expected": _no_association("county"),
    "organisation.township_association_expected": _no_association("township", _SHRINKS),
    "organisation.township_president_leads": _organisation("township", president_post="其他"),
    "organisation.village_president_of_village": _organisation("village", president_post="党政主要领导"),
    "organisation.village_president_other": _organisation("village", president_post="其他"),
    "organisation.village_staff_plausible": _organisation("village", staff_count=25.0),
    "organisation.staff_within_members": _organisation("village", staff_count=15.0, member_count=12.0),
    "organisation.volunteers_within_members": _organisation("village", volunteer_count=70.0),
    "organisation.members_within_residents": _organisation(
        "township", "organisation.members_change", member_count=40000.0
    ),
    "organisation.volunteers_within_residents": _organisation(
        "township",
        "organisation.volunteers_within_members",
        "organisation.volunteers_change",
        volunteer_count=40000.0,
    ),
    "organisation.members_change": _organisation("township", member_count=9000.0),
    "organisation.volunteers_change": _organisation("county", volunteer_count=20000.0),
    "organisation.staff_change": _of("organisation", level="village", every=True, staff_count=6.0),
    "organisation.associations_not_shrinking": _no_association("village"),
    # 年2表
    "population.residents_required": _of(
        "population",
        "population.households_within_residents",
        "population.women_within_residents",
        "population.adolescents_within_residents",
        "organisation.members_within_residents",
        "organisation.volunteers_within_residents",
        "warm_action.accident_insured_within_residents",
        resident_population_count=0.0,
    ),
    "population.special_members_add_up": _of("population", disabled_member_count=61.0),
    "population.special_families_have_members": _of("population", special_family_count=101.0),
    "population.special_members_per_family": _of(
        "population",
        special_family_member_count=181.0,
        bereaved_member_count=100.0,
        disabled_member_count=81.0,
    ),
    "population.infants_cover_families": _of("population", infant_count=790.0),
    "population.infants_per_family": _of("population", infant_family_count=290.0),
    "population.households_within_residents": _of("population", household_count=30001.0),
    "population.household_size": _of("population", "population.households_change", household_count=21000.0),
    "population.women_within_residents": _of("population", childbearing_women_count=30001.0),
    "population.women_share": _of("population", childbearing_women_count=2000.0),
    "population.adolescents_within_residents": _of("population", adolescent_count=30001.0),
    "population.young_within_residents": _of("population", adolescent_count=29500.0),
    "population.infant_share": _of("population", infant_count=3100.0, infant_family_count=1100.0),
    "population.infant_families_within_households": _of(
        "population",
        "population.infant_share",
        infant_count=10001.0,
        infant_family_count=10001.0,
    ),
    "population.special_families_within_households": _of(
        "population",
        "population.infant_families_within_households",
        "population.household_size",
        "population.households_change",
        household_count=59.0,
    ),
    "population.residents_change": _of("population", resident_population_count=37000.0),
    "population.households_change": _of("population", household_count=12500.0),
    "population.infants_change": _of("population", every=True, infant_count=1400.0),
    "population.special_families_change": _of("population", special_family_count=80.0),
    # 年3-1表、年3-2表
    "sunflower_site.opened_by_report_year": _of("sunflower_site", opened_year=2030.0),
    "sunflower_site.national_in_service": _of("sunflower_site", tier="省级", status="暂停"),
    "sunflower_site.continues_last_year": Bend(
        drop="sunflower_site", also=frozenset({"sunflower_activity.activity_needs_site"})
    ),
    "sunflower_activity.families_need_activity": _of(
        "sunflower_activity",
        "sunflower_activity.site_needs_activity",
        activity_count=0.0,
        class_count=0.0,
        home_visit_count=0.0,
    ),
    "sunflower_activity.families_per_activity": _of(
        "sunflower_activity",
        activity_count=1.0,
        class_count=0.0,
        home_visit_count=0.0,
        family_served_count=250.0,
    ),
    "sunflower_activity.families_within_infant_families": _of(
        "sunflower_activity", family_served_count=900.0
    ),
    "sunflower_activity.activity_needs_site": Bend(
        drop="sunflower_site", also=frozenset({"sunflower_site.continues_last_year"})
    ),
    "sunflower_activity.site_needs_activity": _of(
        "sunflower_activity",
        activity_count=0.0,
        class_count=0.0,
        home_visit_count=0.0,
        family_served_count=0.0,
    ),
    # 年4-1表、年4-2表
    "youth_project.designated_by_report_year": _of("youth_project", designated_year=2030.0),
    "youth_project.not_shrinking": Bend(drop="youth_project"),
    "youth_activity.reached_needs_session": _of(
        "youth_activity", "youth_activity.project_needs_session", session_count=0.0
    ),
    "youth_activity.session_needs_reached": _of(
        "youth_activity", youth_reached_count=0.0, parent_reached_count=0.0
    ),
    "youth_activity.youth_per_session": _of("youth_activity", youth_reached_count=5000.0),
    "youth_activity.parents_per_session": _of("youth_activity", parent_reached_count=5000.0),
    "youth_activity.reach_plausible": _of("youth_activity", session_count=20.0, youth_reached_count=26000.0),
    "youth_activity.project_needs_session": _of(
        "youth_activity", session_count=0.0, youth_reached_count=0.0, parent_reached_count=0.0
    ),
    # 年5表
    "warm_action.premium_per_person_possible": _of("warm_action", nursing_premium_cny=50.0),
    "warm_action.premium_per_person": _of("warm_action", nursing_premium_cny=450.0),
    "warm_action.premium_needs_insured": _of("warm_action", nursing_insured_count=0.0),
    "warm_action.claim_needs_payment": _of("warm_action", claim_paid_cny=0.0),
    "warm_action.payment_needs_claim": _of("warm_action", claim_count=0.0, claim_beneficiary_count=0.0),
    "warm_action.paid_per_claim": _of("warm_action", claim_paid_cny=60.0),
    "warm_action.beneficiaries_within_claims": _of("warm_action", claim_beneficiary_count=4.0),
    "warm_action.claim_needs_beneficiary": _of("warm_action", claim_beneficiary_count=0.0),
    "warm_action.beneficiaries_within_insured": _of(
        "warm_action", claim_beneficiary_count=600.0, claim_count=600.0, claim_paid_cny=600000.0
    ),
    "warm_action.dual_contact_within_families": _of("warm_action", dual_contact_household_count=61.0),
    "warm_action.spring_visits_plausible": _of("warm_action", spring_visit_count=121.0),
    "warm_action.member_day_visits_plausible": _of("warm_action", member_day_visit_count=121.0),
    "warm_action.double_ninth_visits_plausible": _of("warm_action", double_ninth_visit_count=121.0),
    "warm_action.nursing_insured_within_members": _of("warm_action", nursing_insured_count=101.0),
    "warm_action.accident_insured_within_residents": _of("warm_action", accident_insured_count=30001.0),
    "warm_action.nursing_insured_change": _of("warm_action", every=True, nursing_insured_count=40.0),
    # 年6表、年6-2表
    "warm_service.centre_expected": _of(
        "warm_service",
        "warm_service.centres_not_shrinking",
        legal_aid_centre_count=0.0,
        legal_aid_case_count=0.0,
    ),
    "warm_service.cases_within_consultations": _of("warm_service", legal_aid_case_count=60.0),
    "warm_service.cases_need_centre": _of(
        "warm_service",
        "warm_service.centre_expected",
        legal_aid_centre_count=0.0,
    ),
    "warm_service.centres_not_shrinking": _of(
        "warm_service",
        "warm_service.centre_expected",
        legal_aid_centre_count=0.0,
        legal_aid_case_count=0.0,
    ),
    "rights_project.designated_by_report_year": _of("rights_project", designated_year=2030.0),
    "rights_project.not_shrinking": Bend(drop="rights_project"),
    # 年7-1表、年7-2表
    "warm_home.opened_by_report_year": _of("warm_home", opened_year=2030.0),
    "warm_home.venue_expected": _of("warm_home", has_venue=False),
    "warm_home.management_needs_rules": _of("warm_home", has_rules=False),
    "warm_home.activities_need_plan": _of("warm_home", has_plan=False),
    "warm_home.upper_tiers_have_all_six": _of("warm_home", tier="省级", has_sign=False),
    "warm_home.continues_last_year": Bend(
        drop="warm_home", also=frozenset({"warm_home_activity.events_need_home"})
    ),
    "warm_home_activity.attendance_needs_events": _of(
        "warm_home_activity", "warm_home_activity.home_needs_events", **dict.fromkeys(_EVENTS, 0.0)
    ),
    "warm_home_activity.events_need_attendance": _of("warm_home_activity", attendance_count=3.0),
    "warm_home_activity.attendance_per_event": _of("warm_home_activity", attendance_count=3600.0),
    "warm_home_activity.events_need_home": Bend(
        drop="warm_home", also=frozenset({"warm_home.continues_last_year"})
    ),
    "warm_home_activity.home_needs_events": _of(
        "warm_home_activity", **dict.fromkeys((*_EVENTS, "attendance_count"), 0.0)
    ),
    # 年8表、年8-2表
    "family_health.instructors_expected": _of("family_health", level="township", instructor_count=0.0),
    "family_health.experts_expected": _of("family_health", level="city", health_expert_count=0.0),
    "family_health.trainees_cover_training": _of(
        "family_health", level="township", every=True, training_count=40.0
    ),
    "family_health.trainees_need_training": _of(
        "family_health", level="township", every=True, training_count=0.0
    ),
    "family_health.trainees_per_training": _of(
        "family_health", level="township", every=True, trainee_count=600.0
    ),
    "family_health.awarded_within_households": Bend(
        {
            "population": {"household_count": 900.0},
            "family_health": {"healthy_family_awarded_count": 950.0},
        },
        "township",
        also=frozenset({"population.household_size", "population.households_change"}),
    ),
    "family_health.instructors_change": _of(
        "family_health", level="township", every=True, instructor_count=4.0
    ),
    "case.collected_in_report_year": _of("case", case_year=2023.0),
    # 年9表、年9-2表
    "publicity.events_expected": _of(
        "publicity",
        level="township",
        publicity_event_count=0.0,
        culture_event_count=0.0,
        leaflet_count=0.0,
    ),
    "publicity.leaflets_need_event": _of(
        "publicity",
        "publicity.events_expected",
        level="township",
        publicity_event_count=0.0,
        culture_event_count=0.0,
    ),
    "publicity.leaflets_per_event": _of("publicity", level="township", leaflet_count=80000.0),
    "publicity.rank_needs_window": _of("publicity", level="city", wechat_rank_window=None),
    "publicity.window_needs_rank": _of("publicity", level="city", wechat_rank=NOT_APPLICABLE),
    "publicity.followers_expected": _of("publicity", level="city", wechat_follower_count=0.0),
    "publicity.followers_change": _of("publicity", level="city", wechat_follower_count=200000.0),
    "culture_pilot.designated_by_report_year": _of("culture_pilot", designated_year=2030.0),
}
