"""A valid batch of one county and the city, as conforming would hand it over, to be bent in one place."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from expectations.judge import Evidence
from expectations.rulebook.rulebook import FIELD_TYPES, RuleBook, load_rules
from transforms.conforming.conform import Conformed
from transforms.observing.observations import observe
from warehouse.catalogue.frames import ANSWER, MEASURE, NOTE, PROBLEM, SUBMISSION, UNREAD, empty, shaped
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Field, Form, in_force

COUNTY, CITY, YEAR = "371622", "371600", 2024
NOT_APPLICABLE, UNREADABLE = "不适用", "\x00unreadable"

Rows = dict[str, list[dict[str, Any]]]
"""form -> rows: org_code, unit_code, level and the form's fields as Python values; None is blank."""


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load_catalogue()


@lru_cache(maxsize=1)
def rulebook() -> RuleBook:
    """All rules but those over series of years (tests/test_series.py): a bent number differs from last year's too."""
    book = load_rules(None, catalogue())
    return RuleBook({rule.id: rule for rule in book.rules.values() if rule.scope != "series"})


_PRESIDENT = {"village": "村(社区)党支部书记兼任"}
_UNIT_VALUES: dict[str, dict[str, Any]] = {
    "organisation": {
        "has_association": True,
        "is_term_renewed": True,
        "term_renewed_date": date(2022, 5, 1),
        "staff_count": 3.0,
        "member_count": 60.0,
        "volunteer_count": 10.0,
    },
    "population": {
        "resident_population_count": 30000.0,
        "household_count": 10000.0,
        "childbearing_women_count": 6000.0,
        "infant_count": 900.0,
        "infant_family_count": 800.0,
        "adolescent_count": 5000.0,
        "special_family_count": 60.0,
        "special_family_member_count": 100.0,
        "bereaved_member_count": 40.0,
        "disabled_member_count": 60.0,
    },
    "sunflower_activity": {
        "activity_count": 4.0,
        "class_count": 2.0,
        "home_visit_count": 10.0,
        "family_served_count": 100.0,
    },
    "youth_activity": {"session_count": 2.0, "youth_reached_count": 200.0, "parent_reached_count": 50.0},
    "warm_action": {
        "spring_visit_count": 60.0,
        "member_day_visit_count": 50.0,
        "double_ninth_visit_count": 40.0,
        "hardship_worker_visit_count": 5.0,
        "dual_contact_household_count": 60.0,
        "nursing_insured_count": 90.0,
        "nursing_premium_cny": 9000.0,
        "accident_insured_count": 500.0,
        "claim_count": 3.0,
        "claim_paid_cny": 6000.5,
        "claim_beneficiary_count": 2.0,
    },
    "warm_service": {
        "legal_aid_centre_count": 1.0,
        "consultation_count": 50.0,
        "legal_aid_case_count": 5.0,
        "legal_publicity_count": 4.0,
    },
    "warm_home_activity": {
        "birthday_party_count": 2.0,
        "health_lecture_count": 2.0,
        "fellowship_count": 2.0,
        "attendance_count": 120.0,
    },
    "family_health": {
        "instructor_count": 10.0,
        "training_count": 1.0,
        "trainee_count": 30.0,
        "expert_talk_count": 2.0,
        "healthy_family_awarded_count": 5.0,
        "health_expert_count": 522.0,
    },
    "publicity": {
        "publicity_event_count": 10.0,
        "leaflet_count": 1000.0,
        "culture_event_count": 4.0,
        "wechat_rank": 4.0,
        "wechat_rank_window": "2024年度",
        "wechat_follower_count": 50000.0,
    },
}
_ITEM_VALUES: dict[str, dict[str, Any]] = {
    "sunflower_site": {"name": "亲子小屋", "tier": "市级", "opened_year": 2020.0, "status": "正常运行"},
    "youth_project": {
        "name": "青春健康俱乐部",
        "youth_project_kind": "教育基地",
        "designated_by": "省级",
        "designated_year": 2021.0,
    },
    "rights_project": {"name": "家庭维权项目", "designated_by": "国家级", "designated_year": 2022.0},
    "warm_home": {
        "name": "暖心家园",
        "tier": "市级",
        "opened_year": 2020.0,
        **dict.fromkeys(
            ("has_venue", "has_sign", "has_rules", "has_plan", "has_activities", "has_management"), True
        ),
    },
    "case": {"name": "幸福一家", "case_theme": "优生", "case_year": 2024.0, "is_selected_national": False},
    "culture_pilot": {
        "name": "滨州市试点",
        "pilot_kind": "新型婚育文化建设试点市",
        "designated_by": "省级",
        "designated_year": 2023.0,
    },
}


@lru_cache(maxsize=4)
def _valid_rows(year: int) -> Rows:
    units = catalogue().registry.units(year)
    inside = units.filter((pl.col("county_code") == COUNTY) | (pl.col("org_code") == CITY))
    found: Rows = {}
    for form in catalogue().forms.values():
        declared = (_ITEM_VALUES if form.is_roster else _UNIT_VALUES).get(form.id, {})
        values = {f.id: _any_value(f) for f in form.fields if f.id != "president_post"} | declared
        values |= {"case_year": float(year)} if "case_year" in values else {}
        found[form.id] = [
            _row(form, code, level, values)
            for code, level in inside.select("org_code", "level").iter_rows()
            if level in form.levels and ("city" if level == "city" else "county") in form.reported_by
        ]
    found["rights_project"].append({**found["rights_project"][0], "name": "家庭维权二期项目"})
    return found


def _any_value(field: Field) -> Any:
    """A valid value of a field that no rule ties to others; where one does, the lists above say another."""
    match field.type:
        case "boolean":
            return True
        case "date":
            return date(2022, 5, 1)
        case "code":
            return catalogue().code_lists[field.codes or ""].labels[0]
        case "text":
            return field.label
        case "year":
            return 2020.0
        case _:
            return max(field.low or 0.0, 1.0)


def _row(form: Form, code: str, level: str, values: dict[str, Any]) -> dict[str, Any]:
    row = {"org_code": code, "level": level, "unit_code": CITY if level == "city" else COUNTY, **values}
    if form.id == "organisation":
        row["president_post"] = _PRESIDENT.get(level, "党政主要领导")
    if form.is_roster and form.item_field and "org_code" not in form.key:
        row[form.item_field] = f"{row[form.item_field]}{code}"  # told apart by its name alone
    asked = {f.id for f in form.fields if level in form.levels_of(f)}
    return {k: v if k in asked or k not in values else NOT_APPLICABLE for k, v in row.items()}


def valid_rows(*bent: str, year: int = YEAR) -> Rows:
    """Rows of every form in which no rule is broken; those of the ``bent`` forms are copies to be changed."""
    return {form: copy.deepcopy(rows) if form in bent else rows for form, rows in _valid_rows(year).items()}


def first(rows: Rows, form: str, level: str | None = None) -> dict[str, Any]:
    """The first row of a form, at a level if one is given."""
    return next(row for row in rows[form] if level is None or row["level"] == level)


def conformed(
    rows: Rows,
    year: int = YEAR,
    *,
    mark: str = "",
    surplus: dict[str, dict[str, float]] | None = None,
    declared_empty: tuple[str, ...] = (),
) -> tuple[Conformed, pl.DataFrame]:
    """The rows as conforming hands them over, with total rows, and the SUBMISSION frame.

    ``surplus`` (form -> field -> number) makes total rows wrong; rosters of ``declared_empty`` say 无.
    """
    submissions = pl.DataFrame(
        [(f"{u}-{year}{mark}", u, year, n, "", "", "") for n, u in enumerate((COUNTY, CITY))],
        schema=SUBMISSION,
        orient="row",
    )
    units = catalogue().registry.units(year).select("org_code", org_name="name", org_level="level")
    forms, columns = {}, []
    for form in (form for form in catalogue().forms.values() if in_force(form, year)):
        for unit in (COUNTY, CITY):
            if ("city" if unit == CITY else "county") in form.reported_by:
                sheet = f"{form.number} {form.title}"
                columns += [
                    (f"{unit}-{year}{mark}", form.id, sheet, f.id, chr(67 + i))
                    for i, f in enumerate(form.fields)
                ]
        forms[form.id] = _of_form(form, rows[form.id], units, year, mark, (surplus or {}).get(form.id, {}))
    letters = pl.DataFrame(columns, schema=["submission", "form", "sheet", "field", "column"], orient="row")
    empty_rosters = pl.DataFrame(
        [(f"{COUNTY}-{year}{mark}", form) for form in declared_empty],
        schema={"submission": pl.String, "form": pl.String},
        orient="row",
    )
    return (
        Conformed(
            forms,
            letters,
            empty(NOTE),
            empty(PROBLEM),
            empty_rosters,
            submissions.select("submission", "unit_code", "year"),
            empty(ANSWER),
            empty(UNREAD),
        ),
        submissions,
    )


_made: dict[tuple[str, int], pl.DataFrame] = {}


def _of_form(
    form: Form,
    rows: list[dict[str, Any]],
    units: pl.DataFrame,
    year: int,
    mark: str,
    surplus: dict[str, float],
) -> pl.DataFrame:
    """Forms nobody bent are made once and get another submission's name."""
    if rows is not _valid_rows(year)[form.id] or surplus:
        return _conformed_form(form, rows, units, year, mark, surplus)
    if (form.id, year) not in _made:
        _made[form.id, year] = _conformed_form(form, rows, units, year, "", {})
    return _made[form.id, year].with_columns(submission=pl.col("submission") + mark)


def _conformed_form(
    form: Form,
    rows: list[dict[str, Any]],
    units: pl.DataFrame,
    year: int,
    mark: str,
    surplus: dict[str, float],
) -> pl.DataFrame:
    schema: dict[str, Any] = {"org_code": pl.String, "unit_code": pl.String, "row": pl.UInt32}
    data: dict[str, list[Any]] = {
        "org_code": [row["org_code"] for row in rows],
        "unit_code": [row["unit_code"] for row in rows],
        "row": [row.get("row", 6 + n) for n, row in enumerate(rows)],
    }
    for field in form.fields:
        given = [row.get(field.id) for row in rows]
        data[field.id] = [None if v in (NOT_APPLICABLE, UNREADABLE) else v for v in given]
        data[f"{field.id}__state"] = [_state(value) for value in given]
        data[f"{field.id}__is_unreadable"] = [value == UNREADABLE for value in given]
        schema |= {
            field.id: FIELD_TYPES[field.type],
            f"{field.id}__state": pl.String,
            f"{field.id}__is_unreadable": pl.Boolean,
        }
    frame = pl.DataFrame(data, schema=schema).join(units, on="org_code", how="left", maintain_order="left")
    frame = frame.with_columns(
        submission=pl.format("{}-{}{}", "unit_code", pl.lit(year), pl.lit(mark)),
        year=pl.lit(year, pl.Int32),
        sheet=pl.lit(f"{form.number} {form.title}"),
        row_kind=pl.lit("data"),
        item=pl.col(form.item_field) if form.item_field else pl.lit(""),
    )
    if form.is_roster or "county" not in form.reported_by:
        return frame
    county = frame.filter(pl.col("unit_code") == COUNTY)
    total = county.group_by("submission", "unit_code", "year", "sheet").agg(
        pl.lit(5, pl.UInt32).alias("row"),
        pl.lit("total").alias("row_kind"),
        pl.lit("合计").alias("org_name"),
        pl.lit(COUNTY).alias("org_code"),
        *(pl.col(f.id).sum() + surplus.get(f.id, 0.0) for f in form.fields if f.type in ("count", "cny")),
    )
    return pl.concat([frame, total], how="diagonal")


def _state(value: Any) -> str:
    if value == NOT_APPLICABLE:
        return "not_applicable"
    if value is None or value == UNREADABLE:
        return "not_reported"
    return "zero" if value == 0 and not isinstance(value, bool) else "value"


def measures_before(rows: Rows | None = None, year: int = YEAR - 1) -> pl.DataFrame:
    """The standing measures of the year before, of valid rows unless others are given."""
    before, _ = conformed(rows or valid_rows(year=year), year, mark="-before")
    return observe(before, catalogue()).measures


@lru_cache(maxsize=1)
def _standing() -> pl.DataFrame:
    return measures_before()


def batch_of(
    rows: Rows,
    *,
    surplus: dict[str, dict[str, float]] | None = None,
    declared_empty: tuple[str, ...] = (),
    prior: pl.DataFrame | None = None,
    problems: pl.DataFrame | None = None,
    only: tuple[str, ...] | None = None,
) -> Evidence:
    """A night's batch of these rows; ``prior`` defaults to the same numbers a year before.

    ``only`` leaves the sheets of all other forms out, which makes judging faster.
    """
    batch = _judged([conformed(rows, surplus=surplus, declared_empty=declared_empty)], prior, problems)
    if only is None:
        return batch
    forms = {form: frame for form, frame in batch.forms.items() if form in only}
    columns = batch.columns.filter(pl.col("form").is_in(only))
    return replace(batch, forms=forms, columns=columns)


def batch_of_many(rows: dict[str, Rows], year: int = YEAR) -> Evidence:
    """One night with a pair of submissions (county and city) for each of several rows; submissions end in the key."""
    prior = None if year == YEAR else measures_before(year=year - 1)
    return _judged([conformed(each, year, mark=f"/{key}") for key, each in rows.items()], prior, None)


def _judged(
    parts: list[tuple[Conformed, pl.DataFrame]], prior: pl.DataFrame | None, problems: pl.DataFrame | None
) -> Evidence:
    made = Conformed(
        {form: pl.concat([c.forms[form] for c, _ in parts], how="diagonal") for form in parts[0][0].forms},
        *(
            pl.concat([getattr(c, name) for c, _ in parts])
            for name in ("columns", "notes", "problems", "declared_empty", "submissions", "answers", "unread")
        ),
    )
    return Evidence(
        made.forms,
        made.columns,
        empty(PROBLEM) if problems is None else shaped(problems, PROBLEM),
        pl.concat([submissions for _, submissions in parts]),
        made.declared_empty,
        shaped(observe(made, catalogue()).measures, MEASURE),
        _standing() if prior is None else prior,
    )
