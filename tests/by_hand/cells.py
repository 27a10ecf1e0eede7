"""What every unit said of every number in every year: a number, 不适用, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.by_hand.sheets import NOT_APPLICABLE, Form, Row, Submission, Value
from tests.by_hand.units import CITY, COUNTY, TOWNSHIP, VILLAGE, Units

Said = float | str | None
"""A number, 不适用, or null: it was asked for and is not there."""

ALL_LEVELS = (CITY, COUNTY, TOWNSHIP, VILLAGE)
LEADERS = ("党政主要领导", "分管负责同志")
SECRETARY = "村(社区)党支部书记兼任"
SIX = ("has_venue", "has_sign", "has_rules", "has_plan", "has_activities", "has_management")


def both(*answers: Value) -> Value:
    """Yes when all are yes, no when one is no; else null when one is missing, else 不适用."""
    if False in answers:
        return False
    if all(answer is True for answer in answers):
        return True
    return None if None in answers else NOT_APPLICABLE


def one_of(answer: Value, wanted: tuple[str, ...]) -> Value:
    """Whether an answer is one of those wanted."""
    return answer if answer in (None, NOT_APPLICABLE) else answer in wanted


def some(number: Value) -> Value:
    """Whether a number is more than zero."""
    return number > 0 if isinstance(number, int | float) else number


ROW_COUNTS: dict[str, tuple[str, tuple[str, ...], Callable[[Row], Value]]] = {
    "association_count": ("organisation", ALL_LEVELS, lambda row: row["has_association"]),
    "association_county_count": ("organisation", (COUNTY,), lambda row: row["has_association"]),
    "association_township_count": ("organisation", (TOWNSHIP,), lambda row: row["has_association"]),
    "association_village_count": ("organisation", (VILLAGE,), lambda row: row["has_association"]),
    "association_renewed_count": (
        "organisation",
        ALL_LEVELS,
        lambda row: both(row["has_association"], row["is_term_renewed"]),
    ),
    "association_renewal_due_count": (
        "organisation",
        ALL_LEVELS,
        lambda row: both(row["has_association"], row["is_term_renewed"] in (True, False)),
    ),
    "township_president_leader_count": (
        "organisation",
        (TOWNSHIP,),
        lambda row: both(row["has_association"], one_of(row["president_post"], LEADERS)),
    ),
    "village_president_secretary_count": (
        "organisation",
        (VILLAGE,),
        lambda row: both(row["has_association"], one_of(row["president_post"], (SECRETARY,))),
    ),
    "legal_aid_county_count": ("warm_service", (COUNTY,), lambda row: some(row["legal_aid_centre_count"])),
}
"""Numbers that are 1 or 0 for each row of a form: form, who is asked, what must be so."""

ROSTER_COUNTS: dict[str, tuple[str, Callable[[Row, int], bool]]] = {
    "sunflower_site_count": ("sunflower_site", lambda row, year: row["status"] != "已撤销"),
    "sunflower_site_national_count": (
        "sunflower_site",
        lambda row, year: row["status"] != "已撤销" and row["tier"] == "国家级",
    ),
    "sunflower_site_provincial_count": (
        "sunflower_site",
        lambda row, year: row["status"] != "已撤销" and row["tier"] == "省级",
    ),
    "sunflower_site_municipal_count": (
        "sunflower_site",
        lambda row, year: row["status"] != "已撤销" and row["tier"] == "市级",
    ),
    "sunflower_site_opened_count": ("sunflower_site", lambda row, year: row["opened_year"] == year),
    "sunflower_site_closed_count": ("sunflower_site", lambda row, year: row["status"] == "已撤销"),
    "youth_project_count": ("youth_project", lambda row, year: True),
    "youth_project_national_count": (
        "youth_project",
        lambda row, year: row["youth_project_kind"] == "高校项目" and row["designated_by"] == "国家级",
    ),
    "youth_base_national_count": (
        "youth_project",
        lambda row, year: row["youth_project_kind"] == "教育基地" and row["designated_by"] == "国家级",
    ),
    "youth_base_provincial_count": (
        "youth_project",
        lambda row, year: row["youth_project_kind"] == "教育基地" and row["designated_by"] == "省级",
    ),
    "rights_project_count": ("rights_project", lambda row, year: True),
    "rights_project_national_count": ("rights_project", lambda row, year: row["designated_by"] == "国家级"),
    "warm_home_count": ("warm_home", lambda row, year: True),
    "warm_home_national_count": ("warm_home", lambda row, year: row["tier"] == "国家级"),
    "warm_home_provincial_count": ("warm_home", lambda row, year: row["tier"] == "省级"),
    "warm_home_municipal_count": ("warm_home", lambda row, year: row["tier"] == "市级"),
    "warm_home_opened_count": ("warm_home", lambda row, year: row["opened_year"] == year),
    "warm_home_six_have_count": ("warm_home", lambda row, year: all(row[field] is True for field in SIX)),
    "case_birth_collected_count": ("case", lambda row, year: row["case_theme"] == "优生"),
    "case_taste_collected_count": ("case", lambda row, year: row["case_theme"] == "味道"),
    "case_selected_count": ("case", lambda row, year: row["is_selected_national"] is True),
    "culture_pilot_provincial_count": (
        "culture_pilot",
        lambda row, year: row["pilot_kind"] == "新型婚育文化建设试点市" and row["designated_by"] == "省级",
    ),
}
"""Numbers that count the rows of a roster: roster, which rows."""

REGISTRY_COUNTS = {
    "registry_county_count": COUNTY,
    "registry_township_count": TOWNSHIP,
    "registry_village_count": VILLAGE,
}
"""Numbers that count the units of the registry: level."""


class Cells:
    """The cells of some years, as the submissions that stand give them."""

    def __init__(
        self,
        forms: Mapping[str, Form],
        units: Units,
        submissions: Mapping[tuple[str, int], Submission | None],
    ) -> None:
        self.years = sorted({year for _, year in submissions})
        self._forms, self._units, self._submissions = forms, units, submissions
        self._form_of = {
            field: form
            for form in forms.values()
            if not form.is_roster
            for field, kind in form.kinds.items()
            if kind in ("count", "cny", "rank")
        }
        self._known: dict[tuple[str, int], dict[str, Said]] = {}

    def levels(self, number: str) -> tuple[str, ...]:
        """Who is asked for a number."""
        if number in REGISTRY_COUNTS:
            return (REGISTRY_COUNTS[number],)
        if number in ROW_COUNTS:
            return ROW_COUNTS[number][1]
        if number in ROSTER_COUNTS:
            return self._forms[ROSTER_COUNTS[number][0]].levels
        return self._form_of[number].levels_of[number]

    def smallest(self, number: str) -> Fraction:
        """What a number cannot be divided below: one, or a cent."""
        form = self._form_of.get(number)
        return Fraction(1, 100) if form and form.kinds[number] == "cny" else Fraction(1)

    def of(self, number: str, year: int) -> Mapping[str, Said]:
        """What each unit that is asked for a number said in a year."""
        if (number, year) not in self._known:
            asked = [unit for level in self.levels(number) for unit in self._units.at_level(level, year)]
            self._known[number, year] = {unit.code: self._said(number, unit.code, year) for unit in asked}
        return self._known[number, year]

    def _said(self, number: str, code: str, year: int) -> Said:
        if number in REGISTRY_COUNTS:
            return 1
        submission = self._submissions[code[:6], year]
        if submission is None:
            return None
        if number in ROSTER_COUNTS:
            return self._count_rows(number, code, year, submission)
        if number in ROW_COUNTS:
            form, _, holds = ROW_COUNTS[number]
            answer = holds(submission.units[form][code])
            return answer if answer in (None, NOT_APPLICABLE) else int(answer)
        return submission.units[self._form_of[number].id][code][number]

    def _count_rows(self, number: str, code: str, year: int, submission: Submission) -> Said:
        form, counts = ROSTER_COUNTS[number]
        rows = submission.rosters[form]
        if rows is None:
            return None
        name = self._units.of_year(year)[code].name
        return sum(counts(row, year) for row in rows if row.get("org_name", name) == name)
