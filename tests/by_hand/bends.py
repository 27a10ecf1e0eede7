"""What each unit sends instead of its sample workbook: blanks, 不适用, zeros, files that restate or contradict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.by_hand.sheets import NOT_APPLICABLE, NOTHING, Sheet, Workbook

ACCEPTED, HELD = "accepted", "held"

SPECIAL_FAMILIES = (
    *("special_family_count", "special_family_member_count"),
    *("bereaved_member_count", "disabled_member_count"),
)
DONE_FOR_THEM = (
    *("spring_visit_count", "member_day_visit_count", "double_ninth_visit_count"),
    *("dual_contact_household_count", "nursing_insured_count", "nursing_premium_cny"),
)
CLAIMS = ("claim_count", "claim_paid_cny", "claim_beneficiary_count")
OF_AN_ASSOCIATION = (
    *("is_term_renewed", "term_renewed_date", "president_post"),
    *("staff_count", "member_count", "volunteer_count"),
)


@dataclass(frozen=True)
class Sent:
    """A file that a unit sends for a year, what should become of it, and whether its numbers count."""

    unit: str
    year: int
    path: Path
    decision: str = ACCEPTED
    stands: bool = True


Bend = Callable[[Workbook], None]


def enter_all(sheet: Sheet, rows: list[str], **values: object) -> None:
    """Write the same values into several rows."""
    for row in rows:
        sheet.enter(row, **values)  # type: ignore[arg-type]


def raise_by(sheet: Sheet, row: str, **steps: int) -> None:
    """Add to the numbers of a row."""
    for field, step in steps.items():
        value = sheet.read(row)[field]
        assert isinstance(value, int | float), (row, field, value)
        sheet.enter(row, **{field: value + step})


def leave_blank(book: Workbook) -> None:
    """博兴县: cells left blank, one by one, by township, for the county; a roster that does not even say 无."""
    population = book.sheet("population")
    population.enter("371625001", resident_population_count=None, household_count=None)
    population.enter("371625002", infant_count=None)
    population.enter("371625003", adolescent_count=None, special_family_count=None)
    villages = [code for code in book.sheet("organisation").rows if code.startswith("371625002")]
    enter_all(book.sheet("organisation"), villages[1:4], member_count=None)
    book.sheet("organisation").enter("371625101", volunteer_count=None)
    book.sheet("organisation").enter("371625", staff_count=None)
    book.sheet("warm_action").enter("371625101", spring_visit_count=None, claim_paid_cny=None)
    book.sheet("warm_action").enter(
        "371625102", dual_contact_household_count=None, nursing_insured_count=None
    )
    book.sheet("youth_activity").enter("371625103", session_count=None, youth_reached_count=None)
    fields = ("instructor_count", "training_count", "trainee_count", "expert_talk_count")
    book.sheet("family_health").enter("371625104", **dict.fromkeys(fields))
    townships = list(book.sheet("family_health").rows)
    enter_all(book.sheet("family_health"), townships, healthy_family_awarded_count=None)
    book.sheet("warm_service").enter("371625", consultation_count=None)
    book.sheet("publicity").enter("371625106", publicity_event_count=None)
    book.sheet("warm_home").clear()


def leave_blank_a_year_before(book: Workbook) -> None:
    """博兴县, the year before: other cells blank, so that growth leaves out both years."""
    villages = [code for code in book.sheet("organisation").rows if code.startswith("371625110")]
    enter_all(book.sheet("organisation"), villages[:2], member_count=None)
    book.sheet("family_health").enter("371625109", instructor_count=None, trainee_count=None)
    book.sheet("publicity").enter("371625108", publicity_event_count=None, leaflet_count=None)
    book.sheet("sunflower_activity").enter("371625107", activity_count=None)


def say_not_applicable(book: Workbook) -> None:
    """滨城区: 不适用 in cells, in a whole township's part, in a whole column; a village without an association."""
    population = book.sheet("population")
    population.enter("371602001", infant_count=NOT_APPLICABLE, infant_family_count=NOT_APPLICABLE)
    population.enter("371602002", **dict.fromkeys(SPECIAL_FAMILIES, NOT_APPLICABLE))
    book.sheet("warm_action").enter("371602002", **dict.fromkeys(DONE_FOR_THEM, NOT_APPLICABLE))
    organisation = book.sheet("organisation")
    villages = [code for code in organisation.rows if code.startswith("371602003") and len(code) == 12]
    for village in villages[:2]:
        organisation.enter(village, has_association="否", **dict.fromkeys(OF_AN_ASSOCIATION, NOT_APPLICABLE))
    enter_all(organisation, villages[2:5], is_term_renewed=NOT_APPLICABLE, term_renewed_date=None)
    enter_all(organisation, villages[5:7], is_term_renewed="否", term_renewed_date=None)
    enter_all(organisation, villages[7:8], president_post="其他")
    organisation.enter("371602004", president_post="其他")
    townships = list(book.sheet("family_health").rows)
    enter_all(book.sheet("family_health"), townships, expert_talk_count=NOT_APPLICABLE)
    service = book.sheet("warm_service")
    service.enter("371602", consultation_count=NOT_APPLICABLE, legal_aid_case_count=NOT_APPLICABLE)
    service.enter("371602", legal_aid_centre_count=NOT_APPLICABLE)


def enter_zeros(book: Workbook) -> None:
    """邹平市: true zeros, also below the line of rates; rosters of which nothing is left but 无."""
    book.sheet("population").enter("371681001", **dict.fromkeys(SPECIAL_FAMILIES, 0))
    book.sheet("warm_action").enter("371681001", **dict.fromkeys((*DONE_FOR_THEM, *CLAIMS), 0))
    health = book.sheet("family_health")
    health.enter("371681002", instructor_count=0, training_count=0, trainee_count=0)
    enter_all(health, list(health.rows), healthy_family_awarded_count=0)
    book.sheet("warm_service").enter("371681", legal_aid_centre_count=0, legal_aid_case_count=0)
    book.sheet("warm_service").enter("371681", consultation_count=0)
    for roster in ("warm_home", "case"):
        book.sheet(roster).clear()
        book.sheet(roster).enter("1", name=NOTHING)
    sites = book.sheet("sunflower_site")
    sites.enter("1", status="已撤销")
    sites.enter("2", opened_year=2021)


def restate(book: Workbook) -> None:
    """惠民县: the second file of the year says more of nearly everything, and lists projects."""
    raise_by(book.sheet("organisation"), "371621", staff_count=2, member_count=5, volunteer_count=3)
    raise_by(book.sheet("organisation"), "371621101", member_count=40, volunteer_count=7)
    raise_by(book.sheet("population"), "371621102", resident_population_count=311, adolescent_count=17)
    raise_by(book.sheet("sunflower_activity"), "371621103", activity_count=2, home_visit_count=5)
    raise_by(book.sheet("family_health"), "371621104", instructor_count=3, healthy_family_awarded_count=1)
    raise_by(book.sheet("publicity"), "371621105", publicity_event_count=4, leaflet_count=150)
    raise_by(book.sheet("warm_service"), "371621", consultation_count=33, legal_aid_case_count=2)
    kinds = (("高校项目", "国家级"), ("教育基地", "国家级"), ("教育基地", "省级"), ("其他项目", "市级"))
    projects = book.sheet("youth_project")
    for number, (kind, designated_by) in enumerate(kinds, start=1):
        projects.enter(
            str(number),
            org_name="石庙镇",
            name=f"石庙镇青春健康{number}号",
            youth_project_kind=kind,
            designated_by=designated_by,
            designated_year=2021,
        )


def restate_with_less(book: Workbook) -> None:
    """惠民县, the year before: the second file leaves blank what the first had."""
    raise_by(book.sheet("organisation"), "371621107", member_count=-9)
    book.sheet("organisation").enter("371621108", member_count=None)
    book.sheet("warm_action").enter("371621109", claim_paid_cny=None)


def contradict(unit: str) -> Bend:
    """Numbers that cannot be true together, so that the file is held; others beside them are only other numbers."""

    def bend(book: Workbook) -> None:
        population = book.sheet("population")
        raise_by(population, f"{unit}101", special_family_member_count=1, resident_population_count=500)
        raise_by(book.sheet("organisation"), f"{unit}102", member_count=25)

    return bend


def change_the_citys_own(book: Workbook) -> None:
    """市本级: not listed in the ranking, and a pilot of the province."""
    own = book.sheet("publicity")
    own.enter("371600", wechat_rank=NOT_APPLICABLE, wechat_rank_window=NOT_APPLICABLE)
    pilots = book.sheet("culture_pilot")
    pilots.clear()
    pilots.enter(
        "1",
        name="滨州市新型婚育文化建设试点",
        pilot_kind="新型婚育文化建设试点市",
        designated_by="省级",
        designated_year=2021,
    )


def leave_the_citys_own_blank(book: Workbook) -> None:
    """市本级, the year before: followers unknown."""
    book.sheet("publicity").enter("371600", wechat_follower_count=None)


MISSING = (("371602", 2020), ("371603", 2021))
"""Units and years of which nothing is sent."""

BENT: dict[tuple[str, int], Bend] = {
    ("371600", 2020): leave_the_citys_own_blank,
    ("371600", 2021): change_the_citys_own,
    ("371602", 2021): say_not_applicable,
    ("371625", 2020): leave_blank_a_year_before,
    ("371625", 2021): leave_blank,
    ("371681", 2021): enter_zeros,
}
"""What stands in the place of a sample."""

FOLLOWED: dict[tuple[str, int], Bend] = {("371621", 2020): restate_with_less, ("371621", 2021): restate}
"""What is sent after the sample and restates it."""

CONTRADICTED: dict[tuple[str, int], bool] = {("371622", 2021): True, ("371623", 2021): False}
"""Of whom a file is held, and whether the sample was sent before."""


def bend_all(samples: Path, folder: Path, catalogue: Path) -> list[Sent]:
    """Everything that is sent, in the order in which it comes."""
    folder.mkdir()
    first: list[Sent] = []
    later: list[Sent] = []
    for path in sorted(samples.glob("*/*.xlsx")):
        unit, year = path.name.split("_")[0], int(path.name.split("_")[1])
        key = (unit, year)
        if key in MISSING:
            continue
        if key in BENT:
            first.append(Sent(unit, year, _bent(path, folder / path.name, BENT[key], catalogue)))
        elif key in FOLLOWED:
            again = folder / f"{path.stem}_更正.xlsx"
            first.append(Sent(unit, year, path, stands=False))
            later.append(Sent(unit, year, _bent(path, again, FOLLOWED[key], catalogue)))
        elif key in CONTRADICTED:
            held = _bent(path, folder / f"{path.stem}_不符.xlsx", contradict(unit), catalogue)
            later.append(Sent(unit, year, held, HELD, stands=False))
            if CONTRADICTED[key]:
                first.append(Sent(unit, year, path))
        else:
            first.append(Sent(unit, year, path))
    return first + later


def _bent(path: Path, target: Path, bend: Bend, catalogue: Path) -> Path:
    book = Workbook(path, catalogue)
    bend(book)
    return book.save(target)
