"""The validation report says every verdict: what held, what did not and where, what could not be evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from flows.answer.validation_report import write_report
from flows.settings import Installation, Settings
from tests.small_city import BRIDGE, BRIDGE_EAST, EAST, LANHE, question, told
from tests.validation_report_schema import SCHEMA
from warehouse.catalogue.frames import RULE_RESULT
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

Counts = tuple[str, str, int, int, int]  # rule, form, evaluated, failed, not evaluated


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = Installation(Settings(home=tmp_path / "home", catalogue=LANHE))
    made.home.make()
    return made


def report_of(place: Installation, *results: Counts, found: list[pl.DataFrame], run: str = "2") -> list[Any]:
    """The report of the run ``run``, which judged one submission of the run 2 with these results and findings."""
    made = told("now", 2, {EAST: 3.0}, asked=found, run="2")
    rows = [(rule, form, "warning", *counts) for rule, form, *counts in results]
    made["results"] = pl.DataFrame(rows, schema=RULE_RESULT, orient="row")
    database = place.home.database
    with NightBuild(build_path(database), None, place.catalogue) as build:
        build.add_batch(**made)
        at = "2025-01-02T02:00:00+08:00"
        numbers = {"journal_count": 1, "journal_hash": "0" * 64, "code_version": "0.1"}
        build.add_run({"run": run, "started_at": at, "finished_at": at, **numbers})
    publish(build_path(database), database)
    target = place.home.root / "report.json"
    count = write_report(target, place, "2")
    report = json.loads(target.read_text(encoding="utf-8"))
    assert len(report) == count
    jsonschema.validate(report, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert len({record["id"] for record in report}) == count
    return list(report)


def verdicts(report: list[Any]) -> list[tuple[str, str, int]]:
    return [(r["rule"]["id"], r["value"], r["data"]["count"]) for r in report]


def test_a_rule_that_failed_somewhere_still_says_what_it_could_not_evaluate(place: Installation) -> None:
    found = [question(BRIDGE, 3.0, rule="a.b"), question(BRIDGE_EAST, 4.0, rule="a.b")]
    report = report_of(place, ("a.b", "network", 2, 2, 1), found=found)
    assert verdicts(report) == [("a.b", "0", 1), ("a.b", "0", 1), ("a.b", "NA", 1)]


def test_a_rule_that_failed_somewhere_still_says_where_it_held(place: Installation) -> None:
    report = report_of(place, ("a.b", "network", 9, 1, 4), found=[question(BRIDGE, 3.0, rule="a.b")])
    assert verdicts(report) == [("a.b", "0", 1), ("a.b", "1", 8), ("a.b", "NA", 4)]


def test_a_rule_that_concerned_nobody_has_no_record(place: Installation) -> None:
    assert report_of(place, ("a.b", "network", 0, 0, 0), found=[]) == []


def test_a_breach_that_another_rule_tells_is_still_counted(place: Installation) -> None:
    report = report_of(place, ("a.b", "network", 5, 3, 0), found=[question(BRIDGE, 3.0, rule="a.b")])
    assert verdicts(report) == [("a.b", "0", 1), ("a.b", "1", 2), ("a.b", "0", 2)]


def test_a_rule_over_the_years_of_a_number_is_counted_though_its_results_have_no_form(
    place: Installation,
) -> None:
    found = [question(BRIDGE, 3.0, "series", rule="series.unusual_change")]
    report = report_of(place, ("series.unusual_change", "", 5, 1, 0), found=found)
    assert [value for _, value, _ in verdicts(report)] == ["0", "1"]
    assert [r["data"]["target"] for r in report] == [
        [
            f"unit={EAST};year=2024;form=network;org_code={BRIDGE};field=member_count;sheet=兰1表;cell=C{BRIDGE}"
        ],
        ["run=2"],
    ]


def test_what_reading_could_not_make_sense_of_is_one_breach_each(place: Installation) -> None:
    found = [question(None, None, "problem", rule="conform.unknown_unit", field=None, org_name="大弯村")]
    [record] = report_of(place, found=found)
    assert (record["value"], record["rule"]["expression"]) == ("0", "conform.unknown_unit")
    assert "org_name=大弯村" in record["data"]["target"][0]


def test_a_rule_says_in_which_language_it_is_written(place: Installation) -> None:
    series = place.rulebook.rules["series.unusual_change"]
    assert series.when
    results = [
        ("column.range", "network", 1, 0, 0),
        (series.id, "", 1, 0, 0),
        ("no.longer_there", "network", 1, 0, 0),
    ]
    rules = {r["rule"]["id"]: r["rule"] for r in report_of(place, *results, found=[])}
    written = {name: (rule["language"].split(",")[0], rule["expression"]) for name, rule in rules.items()}
    assert written == {
        "column.range": ("declared check", "range"),
        series.id: ("SQL condition", f"CASE WHEN {series.when} THEN {series.expression} END"),
        "no.longer_there": ("reading check", "no.longer_there"),
    }


def test_a_batch_that_an_interrupted_night_left_is_reported_by_the_next(place: Installation) -> None:
    assert verdicts(report_of(place, ("a.b", "network", 1, 0, 0), found=[], run="3")) == [("a.b", "1", 1)]
