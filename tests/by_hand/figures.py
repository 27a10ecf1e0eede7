"""Every indicator as its meaning in the catalogue says it in words, written down a second time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.by_hand.sums import Term

Number = Callable[..., float]
"""Gives a number of a unit by its name: of this year, or ``when="before"``, ``when="ever"``, ``since=2020``."""

SAME = (
    *(
        "association_count",
        "association_county_count",
        "association_township_count",
        "association_village_count",
    ),
    *("association_renewed_count", "association_renewal_due_count"),
    *("township_president_leader_count", "village_president_secretary_count"),
    *("staff_count", "member_count", "volunteer_count"),
    *("resident_population_count", "childbearing_women_count", "household_count", "infant_count"),
    *("infant_family_count", "adolescent_count", "special_family_count", "special_family_member_count"),
    *("bereaved_member_count", "disabled_member_count"),
    *("sunflower_site_count", "sunflower_site_national_count", "sunflower_site_provincial_count"),
    *("sunflower_site_municipal_count", "sunflower_site_opened_count", "sunflower_site_closed_count"),
    *("class_count", "home_visit_count", "family_served_count"),
    *("youth_project_count", "youth_project_national_count", "youth_base_national_count"),
    *("youth_base_provincial_count", "youth_reached_count", "parent_reached_count"),
    *(
        "spring_visit_count",
        "member_day_visit_count",
        "double_ninth_visit_count",
        "hardship_worker_visit_count",
    ),
    *(
        "dual_contact_household_count",
        "nursing_insured_count",
        "nursing_premium_cny",
        "accident_insured_count",
    ),
    *("claim_count", "claim_paid_cny", "claim_beneficiary_count"),
    *("legal_aid_county_count", "legal_aid_centre_count", "legal_publicity_count", "legal_aid_case_count"),
    *("consultation_count", "rights_project_count", "rights_project_national_count"),
    *(
        "warm_home_count",
        "warm_home_national_count",
        "warm_home_provincial_count",
        "warm_home_municipal_count",
    ),
    *("warm_home_opened_count", "warm_home_six_have_count"),
    *("birthday_party_count", "health_lecture_count", "fellowship_count", "attendance_count"),
    *("training_count", "trainee_count", "expert_talk_count", "healthy_family_awarded_count"),
    *(
        "health_expert_count",
        "case_birth_collected_count",
        "case_taste_collected_count",
        "case_selected_count",
    ),
    *("publicity_event_count", "culture_event_count", "leaflet_count", "culture_pilot_provincial_count"),
    *("wechat_rank", "wechat_follower_count"),
)
"""Indicators that are the sum of one number of this year, under the number's own name."""


def _ever(*numbers: str) -> tuple[Term, ...]:
    return tuple(Term(number, "ever") for number in numbers)


def _since_2020(number: str) -> tuple[Term, ...]:
    return (Term(number, "ever", 2020),)


SUMS: Mapping[str, tuple[Term, ...]] = {
    **{name: (Term(name),) for name in SAME},
    "health_instructor_count": (Term("instructor_count"),),
    "sunflower_activity_count": (Term("activity_count"),),
    "youth_session_count": (Term("session_count"),),
    "special_family_visit_count": (
        Term("spring_visit_count"),
        Term("member_day_visit_count"),
        Term("double_ninth_visit_count"),
    ),
    "warm_home_event_count": (
        Term("birthday_party_count"),
        Term("health_lecture_count"),
        Term("fellowship_count"),
    ),
    "case_collected_count": (Term("case_birth_collected_count"), Term("case_taste_collected_count")),
    "sunflower_activity_cumulative_count": _ever("activity_count"),
    "sunflower_class_cumulative_count": _ever("class_count"),
    "sunflower_home_visit_cumulative_count": _ever("home_visit_count"),
    "sunflower_family_cumulative_count": _ever("family_served_count"),
    "youth_session_cumulative_count": _ever("session_count"),
    "youth_reached_cumulative_count": _ever("youth_reached_count", "parent_reached_count"),
    "claim_paid_cumulative_cny": _ever("claim_paid_cny"),
    "claim_beneficiary_cumulative_count": _ever("claim_beneficiary_count"),
    "instructor_training_cumulative_count": _ever("training_count"),
    "instructor_trainee_cumulative_count": _ever("trainee_count"),
    "expert_talk_cumulative_count": _ever("expert_talk_count"),
    "case_birth_count": _ever("case_birth_collected_count"),
    "case_taste_count": _ever("case_taste_collected_count"),
    "case_selected_national_count": _ever("case_selected_count"),
    "case_cumulative_count": _ever("case_birth_collected_count", "case_taste_collected_count"),
    "healthy_family_cumulative_count": _ever("healthy_family_awarded_count"),
    "publicity_event_cumulative_count": _ever("publicity_event_count"),
    "leaflet_cumulative_count": _ever("leaflet_count"),
    "instructor_trainee_since_2020_count": _since_2020("trainee_count"),
    "healthy_family_since_2020_count": _since_2020("healthy_family_awarded_count"),
    "publicity_event_since_2020_count": _since_2020("publicity_event_count"),
    "culture_event_since_2020_count": _since_2020("culture_event_count"),
    "sunflower_activity_since_2020_count": _since_2020("activity_count"),
    "sunflower_family_since_2020_count": _since_2020("family_served_count"),
    "claim_paid_since_2020_cny": _since_2020("claim_paid_cny"),
    "legal_aid_case_since_2020_count": _since_2020("legal_aid_case_count"),
    "youth_session_since_2020_count": _since_2020("session_count"),
}
"""Indicators that add up what was reported."""


def _visits(n: Number) -> float:
    return n("spring_visit_count") + n("member_day_visit_count") + n("double_ninth_visit_count")


def _events(n: Number) -> float:
    return n("birthday_party_count") + n("health_lecture_count") + n("fellowship_count")


def _designated(n: Number) -> float:
    return (
        n("sunflower_site_national_count")
        + n("sunflower_site_provincial_count")
        + n("sunflower_site_municipal_count")
    )


def _cases(n: Number) -> float:
    return n("case_birth_collected_count", when="ever") + n("case_taste_collected_count", when="ever")


RATES: Mapping[str, Callable[[Number], float]] = {
    "association_village_coverage_pct": lambda n: (
        100 * n("association_village_count") / n("registry_village_count")
    ),
    "association_township_coverage_pct": lambda n: (
        100 * n("association_township_count") / n("registry_township_count")
    ),
    "association_renewed_pct": lambda n: (
        100 * n("association_renewed_count") / n("association_renewal_due_count")
    ),
    "township_president_leader_pct": lambda n: (
        100 * n("township_president_leader_count") / n("association_township_count")
    ),
    "village_president_secretary_pct": lambda n: (
        100 * n("village_president_secretary_count") / n("association_village_count")
    ),
    "member_per_10k": lambda n: 10_000 * n("member_count") / n("resident_population_count"),
    "volunteer_per_10k": lambda n: 10_000 * n("volunteer_count") / n("resident_population_count"),
    "volunteer_per_100_members": lambda n: 100 * n("volunteer_count") / n("member_count"),
    "member_per_association": lambda n: n("member_count") / n("association_count"),
    "sunflower_site_per_10k": lambda n: 10_000 * n("sunflower_site_count") / n("infant_count"),
    "sunflower_family_per_100": lambda n: 100 * n("family_served_count") / n("infant_family_count"),
    "sunflower_activity_per_site": lambda n: n("activity_count") / n("sunflower_site_count"),
    "sunflower_site_designated_pct": lambda n: 100 * _designated(n) / n("sunflower_site_count"),
    "youth_session_per_10k": lambda n: 10_000 * n("session_count") / n("adolescent_count"),
    "youth_reached_per_100": lambda n: 100 * n("youth_reached_count") / n("adolescent_count"),
    "youth_reached_per_session": lambda n: (
        (n("youth_reached_count") + n("parent_reached_count")) / n("session_count")
    ),
    "bereaved_member_pct": lambda n: 100 * n("bereaved_member_count") / n("special_family_member_count"),
    "disabled_member_pct": lambda n: 100 * n("disabled_member_count") / n("special_family_member_count"),
    "visit_per_special_family": lambda n: _visits(n) / n("special_family_count"),
    "dual_contact_coverage_pct": lambda n: (
        100 * n("dual_contact_household_count") / n("special_family_count")
    ),
    "nursing_insured_pct": lambda n: 100 * n("nursing_insured_count") / n("special_family_member_count"),
    "claim_per_100_insured": lambda n: (
        100 * n("claim_count") / (n("nursing_insured_count") + n("accident_insured_count"))
    ),
    "claim_mean_cny": lambda n: n("claim_paid_cny") / n("claim_count"),
    "legal_aid_county_coverage_pct": lambda n: 100 * n("legal_aid_county_count") / n("registry_county_count"),
    "consultation_per_10k": lambda n: 10_000 * n("consultation_count") / n("resident_population_count"),
    "legal_aid_case_per_100_consultations": lambda n: (
        100 * n("legal_aid_case_count") / n("consultation_count")
    ),
    "warm_home_six_have_pct": lambda n: 100 * n("warm_home_six_have_count") / n("warm_home_count"),
    "special_family_per_warm_home": lambda n: n("special_family_count") / n("warm_home_count"),
    "warm_home_attendance_per_event": lambda n: n("attendance_count") / _events(n),
    "instructor_per_10k": lambda n: 10_000 * n("instructor_count") / n("resident_population_count"),
    "instructor_per_village": lambda n: n("instructor_count") / n("registry_village_count"),
    "trainee_per_instructor": lambda n: n("trainee_count") / n("instructor_count"),
    "expert_talk_per_10k": lambda n: 10_000 * n("expert_talk_count") / n("resident_population_count"),
    "health_expert_per_10k": lambda n: 10_000 * n("health_expert_count") / n("resident_population_count"),
    "healthy_family_per_10k": lambda n: 10_000 * n("healthy_family_awarded_count") / n("household_count"),
    "case_selected_pct": lambda n: 100 * n("case_selected_count", when="ever") / _cases(n),
    "publicity_event_per_10k": lambda n: 10_000 * n("publicity_event_count") / n("resident_population_count"),
    "leaflet_per_100_households": lambda n: 100 * n("leaflet_count") / n("household_count"),
    "wechat_follower_per_10k": lambda n: 10_000 * n("wechat_follower_count") / n("resident_population_count"),
}
"""Indicators that relate numbers to each other, each over the units that gave all of them."""

GROWTH: Mapping[str, str] = {
    "member_yoy_pct": "member_count",
    "volunteer_yoy_pct": "volunteer_count",
    "staff_yoy_pct": "staff_count",
    "sunflower_site_yoy_pct": "sunflower_site_count",
    "sunflower_activity_yoy_pct": "activity_count",
    "youth_session_yoy_pct": "session_count",
    "claim_paid_yoy_pct": "claim_paid_cny",
    "consultation_yoy_pct": "consultation_count",
    "warm_home_yoy_pct": "warm_home_count",
    "health_instructor_yoy_pct": "instructor_count",
    "expert_talk_yoy_pct": "expert_talk_count",
    "health_expert_yoy_pct": "health_expert_count",
    "healthy_family_yoy_pct": "healthy_family_awarded_count",
    "publicity_event_yoy_pct": "publicity_event_count",
    "culture_event_yoy_pct": "culture_event_count",
    "wechat_follower_yoy_pct": "wechat_follower_count",
}
"""Indicators that say by how many per cent a number grew, over the units that gave it in both years."""


def growth(number: str) -> Callable[[Number], float]:
    """The growth of one number."""
    return lambda n: 100 * (n(number) - n(number, when="before")) / n(number, when="before")


SHARES: Mapping[str, str] = {
    "member_share_pct": "member_count",
    "volunteer_share_pct": "volunteer_count",
    "sunflower_site_share_pct": "sunflower_site_count",
    "youth_session_share_pct": "youth_session_count",
    "claim_paid_share_pct": "claim_paid_cny",
    "warm_home_share_pct": "warm_home_count",
    "health_instructor_share_pct": "health_instructor_count",
    "healthy_family_share_pct": "healthy_family_cumulative_count",
    "case_cumulative_share_pct": "case_cumulative_count",
    "publicity_event_share_pct": "publicity_event_count",
}
"""Indicators that say how much of the city's number a county has -> that number."""

RANKS: Mapping[str, str] = {
    "association_village_coverage_pct_rank": "association_village_coverage_pct",
    "member_per_10k_rank": "member_per_10k",
    "volunteer_per_100_members_rank": "volunteer_per_100_members",
    "sunflower_site_per_10k_rank": "sunflower_site_per_10k",
    "youth_session_per_10k_rank": "youth_session_per_10k",
    "dual_contact_coverage_pct_rank": "dual_contact_coverage_pct",
    "consultation_per_10k_rank": "consultation_per_10k",
    "warm_home_six_have_pct_rank": "warm_home_six_have_pct",
    "instructor_per_10k_rank": "instructor_per_10k",
    "case_cumulative_count_rank": "case_cumulative_count",
    "publicity_event_per_10k_rank": "publicity_event_per_10k",
}
"""Indicators that say which place a unit has among those of its level, the highest first -> of what."""

STREAKS: Mapping[str, str] = {
    "expert_outreach_consecutive_years": "expert_talk_count",
    "healthy_family_consecutive_years": "healthy_family_awarded_count",
}
"""Indicators that say for how many years in a row, up to this one, a number was more than zero -> the number."""
