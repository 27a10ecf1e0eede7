"""Who has reported, in time and completely; what a rule would have said; the verdicts for machines."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from expectations.issued_workbook import write_workbook
from expectations.rulebook import Rule
from flows.rule_trial import try_rule
from flows.settings import Installation, Settings
from tests.integration.conftest import LANHE, NewInstallation, night
from warehouse.catalogue.load import load_catalogue
from warehouse.declared_tables import expected_reports
from warehouse.query import query
from warehouse.review import ReviewRefused

EAST, WEST = "990101", "990102"


@pytest.fixture
def place(installation: NewInstallation) -> Installation:
    """The small city after a night with one county's workbook and another's that nobody filled in."""
    made = installation([2024], units=[EAST], catalogue=LANHE)
    write_workbook(made.home.inbox / "西岸县.xlsx", WEST, 2024, made.catalogue, made.rulebook)
    night(made)
    return made


def test_a_workbook_that_nobody_filled_in_is_neither_missing_nor_reported(place: Installation) -> None:
    states = query(
        place.home.database, "SELECT unit_code, report_state FROM mart.reporting WHERE year = 2024 ORDER BY 1"
    )
    assert states.rows() == [("990100", "not_received"), (EAST, "accepted"), (WEST, "empty")]
    counts = query(
        place.home.database,
        "SELECT reported_count, accepted_count FROM mart.completeness WHERE year = 2024 AND org_code = ?",
        [WEST],
    )
    assert counts.rows() == [(0, 0)]


def test_no_rate_of_completeness_exceeds_a_hundred_and_none_counts_more_than_it_expects(
    place: Installation,
) -> None:
    frame = query(place.home.database, "FROM mart.completeness")
    assert set(frame["org_level"]) == {"city", "county", "township", "village"}
    rates = frame.select(pl.selectors.ends_with("_rate_pct"))
    assert rates.width == 3
    assert all(
        low >= 0 and high <= 100 for low, high in zip(rates.min().row(0), rates.max().row(0), strict=True)
    )
    assert frame.filter(
        (pl.col("on_time_count") > pl.col("reported_count"))
        | (pl.col("accepted_count") > pl.col("reported_count"))
        | (pl.col("reported_count") > pl.col("expected_count"))
    ).is_empty()
    assert (
        frame.filter(year=2024, org_code=EAST)
        .select(pl.col("reported_count") == pl.col("expected_count"))
        .item()
    )


def test_an_extension_moves_the_due_date_of_one_unit_and_one_year(tmp_path: Path) -> None:
    shutil.copytree(LANHE, tmp_path / "city")
    settings = tmp_path / "city" / "catalogue.yaml"
    text = settings.read_text(encoding="utf-8")
    granted = f'extensions: [{{unit: "{EAST}", year: 2024, until: 2025-03-01, reason: 因灾延期}}]'
    settings.write_text(f"{text}\n{granted}\n", encoding="utf-8")
    due = expected_reports(load_catalogue(tmp_path / "city")).filter(due_date=date(2025, 3, 1))
    assert due.select("year", "unit_code").rows() == [(2024, EAST)]


def test_a_rule_can_be_tried_on_past_years_before_it_is_in_force(place: Installation) -> None:
    form = next(f for f in place.catalogue.forms.values() if not f.is_roster)
    field = next(f.id for f in form.fields if f.is_numeric)
    rule = Rule(
        id="trial.never_any",
        scope="row",
        forms=(form.id,),
        expression=f"{field} < 0",
        severity="warning",
        words="一概不填",
        message="填了",
        why="试算。",
        fix="不必处理。",
        since=2030,
    )
    trying = Installation(Settings(home=place.home.root, catalogue=LANHE))
    trying.rulebook.rules[rule.id] = rule
    trial = try_rule(trying, rule.id, [2024])
    assert trial.submission_count == 1
    assert trial.findings.height > 0
    assert set(trial.findings["rule"]) == {rule.id}
    with pytest.raises(ReviewRefused, match="没有可以试算的审核关系"):
        try_rule(trying, "no.such_rule", [2024])


def test_the_validation_report_gives_every_verdict_to_machines(place: Installation) -> None:
    [path] = (place.home.site / "validation").iterdir()
    report = json.loads(path.read_text(encoding="utf-8"))
    assert {record["value"] for record in report} == {"0", "1", "NA"}
    assert {record["rule"]["severity"] for record in report} <= {"error", "warning", "information"}
    broken = [record for record in report if record["value"] == "0"]
    found = query(place.home.database, "SELECT count(*) FROM quality.finding").item()
    assert len(broken) == found
    assert len({record["id"] for record in report}) == len(report)
    results = query(place.home.database, "SELECT rule, evaluated FROM quality.rule_result WHERE failed = 0")
    whole = [record for record in report if record["value"] != "0"]
    assert len(whole) == results.height
    assert sum(record["value"] == "NA" for record in whole) == results.filter(evaluated=0).height
