"""Who has reported, in time and completely; what a rule would have said; the verdicts for machines."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from expectations.rulebook.rulebook import Rule
from expectations.workbook.issued import write_workbook
from flows.answer.validation_report import find_last_judging_run, write_report
from flows.decisions.rule_trial import try_rule
from flows.settings import Installation, Settings
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.validation_report_schema import SCHEMA
from warehouse.catalogue.load import load_catalogue
from warehouse.ledger.review_entries import ReviewRefused
from warehouse.store.query import query
from warehouse.store.schema.declared_tables import list_expected_reports

EAST, WEST = "990101", "990102"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """The small city after a night with one county's workbook and another's that nobody filled in; tests only look."""
    made = new_installation(tmp_path_factory.mktemp("reporting") / "home", samples, [2024], [EAST], LANHE)
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


def test_a_whole_workbook_reports_for_every_unit_below_its_county(place: Installation) -> None:
    frame = query(place.home.database, "FROM mart.completeness WHERE year = 2024 AND org_code = ?", [EAST])
    assert frame.select(pl.col("reported_count") == pl.col("expected_count")).item()
    assert frame["expected_count"].item() > 1


def test_an_extension_moves_the_due_date_of_one_unit_and_one_year(tmp_path: Path) -> None:
    shutil.copytree(LANHE, tmp_path / "city")
    settings = tmp_path / "city" / "catalogue.yaml"
    text = settings.read_text(encoding="utf-8")
    granted = f'extensions: [{{unit: "{EAST}", year: 2024, until: 2025-03-01, reason: 因灾延期}}]'
    settings.write_text(f"{text}\n{granted}\n", encoding="utf-8")
    due = list_expected_reports(load_catalogue(tmp_path / "city")).filter(due_date=date(2025, 3, 1))
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


def test_the_validation_report_gives_every_verdict_to_machines(place: Installation, tmp_path: Path) -> None:
    run = find_last_judging_run(place)
    assert run is not None
    path = tmp_path / "report.json"
    write_report(path, place, run)
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert {record["value"] for record in report} == {"0", "1", "NA"}
    counted = pl.DataFrame(
        [(record["rule"]["id"], record["value"], record["data"]["count"]) for record in report],
        schema=["rule", "value", "count"],
        orient="row",
    ).pivot(on="value", index="rule", values="count", aggregate_function="sum")
    results = query(
        place.home.database,
        """SELECT rule, sum(evaluated)::INT AS evaluated, sum(failed)::INT AS failed, sum(not_evaluated)::INT AS na
           FROM quality.rule_result GROUP BY rule HAVING sum(evaluated + not_evaluated) > 0""",
    )
    joined = results.join(counted, on="rule", how="left").fill_null(0)
    assert joined.filter(pl.col("failed") != pl.col("0")).is_empty()
    assert joined.filter(pl.col("evaluated") != pl.col("0") + pl.col("1")).is_empty()
    assert joined.filter(pl.col("na") != pl.col("NA")).is_empty()
    problems = set(counted["rule"]) - set(results["rule"])
    assert all(place.rulebook.rules[rule].scope == "problem" for rule in problems)
