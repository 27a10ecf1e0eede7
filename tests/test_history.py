"""What becomes of a finding from submission to submission: open, mended, blanked, back again, and for how many nights."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.small_city import RULES
from tests.warehouse_samples import TOWNSHIP, batch, finding, measures_of, observation, refused, sha
from warehouse.catalogue.frames import with_finding_id
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.ledger.explanation_entries import list_explanations
from warehouse.ledger.journal import Event, Journal
from warehouse.ledger.review_entries import EMPTY, YEAR_LOCKED
from warehouse.standing.outcomes import read_outcome
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import query

BEIJING = timezone(timedelta(hours=8))
LAST_RUN = 20
Batch = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Without its indicators, whose dictionary takes a third of the time of a build this small."""
    return replace(load_catalogue(), indicators={})


def told(name: str, day: int, value: Any = 3, asks: bool = True, **more: Any) -> Batch:
    """What the township says on a day of January 2025: a number, and whether there is a question about it."""
    made = batch(name, day, **more)
    cell = observation(name, "activity_count", value)
    made |= {"observations": cell, "measures": measures_of(cell)}
    if asks:
        made["findings"] = finding(name, operands=f"activity_count={value}")
    return made


def night(
    home: Path, catalogue: Catalogue, *batches: Batch, day: int = LAST_RUN, journal: Journal | None = None
) -> Path:
    published = home / "warehouse.duckdb"
    run = {"run": f"run-{day}", "started_at": f"2025-01-{day:02}T02:00:00+08:00"}
    with NightBuild(build_path(published), None, catalogue) as build:
        for each in batches:
            build.add_batch(**each)
        build.set_rules(RULES)
        if journal is not None:
            build.add_events(journal.frame())
            build.set_explanations(list_explanations(journal.entries()))
        build.add_run({**run, "journal_count": 1, "journal_hash": "0" * 64})
    publish(build_path(published), published)
    return published


def history(path: Path, columns: str = "finding_status") -> list[tuple[Any, ...]]:
    return query(
        path, f"SELECT {columns} FROM quality.finding_history ORDER BY form, rule, org_code, item, field"
    ).rows()


LATER = {
    "refused": refused("b", 5),
    "locked": told("b", 5, asks=False, decision="held", rule=YEAR_LOCKED, filled_count=1),
    "empty": told("b", 5, value=None, asks=False, decision="held", rule=EMPTY, filled_count=0),
}


@pytest.mark.parametrize("kind", LATER)
def test_a_file_that_does_not_count_leaves_every_question_as_it_was(
    tmp_path: Path, catalogue: Catalogue, kind: str
) -> None:
    path = night(tmp_path, catalogue, told("a", 1), LATER[kind])
    assert history(path) == [("open",)]
    assert query(path, "SELECT file_name FROM quality.finding_latest").rows() == [("a.xlsx",)]
    assert query(path, "SELECT cell FROM quality.worklist").rows() == [("C6",)]
    last = "empty" if kind == "empty" else "refused" if kind == "refused" else "held"
    states = query(
        path,
        "SELECT report_state, last_file_state, warning_count FROM mart.reporting WHERE year = 2024 AND unit_code = '371602'",
    )
    assert states.rows() == [("accepted", last, 1)]
    counts = read_outcome(path).submissions.select("previous", "fixed_count", "blanked_count")
    assert counts.rows()[1] == (None, 0, 0)


def test_a_held_submission_that_is_readable_moves_the_questions(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, told("a", 1), told("b", 5, value=4, asks=False, decision="held"))
    assert history(path) == [("fixed",)]


def test_what_could_not_be_read_is_quoted_where_it_is_told_what_changed(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    first = told("a", 1, value=None, asks=False)
    first["findings"] = finding("a", value="1O1", rule="conform.unreadable_number")
    path = night(tmp_path, catalogue, first, told("b", 5, value=101, asks=False))
    found = read_outcome(path, forms=["sunflower_activity"]).changes
    assert found.select("old", "new").rows() == [("1O1", "101")]


def test_a_changed_number_is_mended_and_a_blanked_one_is_not(tmp_path: Path, catalogue: Catalogue) -> None:
    for value, status, counts in (
        (4, "fixed", (1, 0)),
        (None, "blanked", (0, 1)),
        ("不适用", "fixed", (1, 0)),
    ):
        path = night(tmp_path, catalogue, told("a", 1), told("b", 5, value=value, asks=False))
        assert history(path, "finding_status, closed_at") == [(status, "2025-01-05T08:00:00+08:00")]
        found = read_outcome(path).submissions.select("fixed_count", "blanked_count")
        assert found.rows() == [(0, 0), counts]
        assert query(path, "FROM quality.worklist").is_empty()


def test_a_row_that_is_left_out_is_blanked(tmp_path: Path, catalogue: Catalogue) -> None:
    later = told("b", 5, asks=False)
    later["observations"] = observation("b", "activity_count", 3, org_code="371602002")
    assert history(night(tmp_path, catalogue, told("a", 1), later)) == [("blanked",)]


def test_a_row_of_a_roster_that_is_left_out_is_mended(tmp_path: Path, catalogue: Catalogue) -> None:
    place = {"form": "sunflower_site", "item": "甲小屋"}
    first, later = told("a", 1, asks=False), told("b", 5, asks=False)
    first["observations"] = observation("a", "opened_year", 2030, **place)
    first["findings"] = finding("a", field="opened_year", fields=["opened_year"], **place)
    later["observations"] = observation("b", "opened_year", 2020, **(place | {"item": "乙小屋"}))
    assert history(night(tmp_path, catalogue, first, later)) == [("fixed",)]


def test_what_could_not_be_read_and_is_blank_now_is_blanked(tmp_path: Path, catalogue: Catalogue) -> None:
    for value, status in ((None, "blanked"), (300, "fixed")):
        first = told("a", 1, value=None, asks=False)
        first["findings"] = finding("a", value="约三百", rule="conform.unreadable_number")
        path = night(tmp_path, catalogue, first, told("b", 5, value=value, asks=False))
        assert history(path) == [(status,)]


def test_a_question_answered_by_filling_a_cell_in_is_mended(tmp_path: Path, catalogue: Catalogue) -> None:
    first = told("a", 1, value=None)
    first["findings"] = finding("a", value=None, rule="column.required")
    assert history(night(tmp_path, catalogue, first, told("b", 5, asks=False))) == [("fixed",)]


@pytest.mark.parametrize("scope", ["unit", "total"])
def test_a_sum_of_which_a_cell_was_blanked_is_not_mended(
    tmp_path: Path, catalogue: Catalogue, scope: str
) -> None:
    for value, status in ((None, "blanked"), (4, "fixed")):
        first = told("a", 1, asks=False)
        first["findings"] = finding("a", org_code="371602", value=None, rule=f"{scope}.any")
        later = told("b", 5, value=value, asks=False)
        assert history(night(tmp_path, catalogue, first, later)) == [(status,)]


def test_what_was_mended_and_later_left_blank_stays_mended(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(
        tmp_path, catalogue, told("a", 1), told("b", 5, value=4, asks=False), told("c", 9, None, asks=False)
    )
    assert history(path) == [("fixed",)]


def test_what_was_blanked_and_later_filled_in_is_mended(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(
        tmp_path, catalogue, told("a", 1), told("b", 5, None, asks=False), told("c", 9, 4, asks=False)
    )
    assert history(path) == [("fixed",)]


def test_what_is_gone_is_compared_where_it_went_and_as_it_is_now_however_often_a_unit_sends(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    days = {day: told(f"of-{day}", day, asks=day in (1, 4)) for day in range(1, 13)}
    path = night(tmp_path, catalogue, *days.values())
    compared = query(path, "SELECT turn, seen_turn FROM quality.gone ORDER BY turn")
    assert compared.rows() == [(2, 1), (5, 4), (12, 4)]


def test_an_open_finding_counts_its_nights_until_the_last_run(tmp_path: Path, catalogue: Catalogue) -> None:
    said = "finding_status, nights_open, last_seen"
    for day in (1, 2, 12):
        path = night(tmp_path, catalogue, told("a", 1), day=day)
        assert history(path, said) == [("open", day - 1, f"2025-01-{day:02}")]


def test_nights_end_when_the_finding_is_mended(tmp_path: Path, catalogue: Catalogue) -> None:
    path = night(tmp_path, catalogue, told("a", 1), told("b", 5, asks=False), told("c", 9, asks=False))
    assert history(path, "finding_status, nights_open, last_seen") == [("fixed", 4, "2025-01-05")]


def test_the_days_in_which_a_finding_was_mended_are_none_of_its_nights(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = night(tmp_path, catalogue, told("a", 1), told("b", 3, asks=False), told("c", 13), told("d", 15))
    assert history(path, "finding_status, nights_open, first_seen") == [
        ("reopened", 2 + LAST_RUN - 13, "2025-01-01T08:00:00+08:00")
    ]


def explained_on(home: Path, day: int, decided: int | None, *, accepted: bool = True) -> Journal:
    """A journal in which the question of ``told`` is explained on a day, and decided on another."""
    journal = Journal(home / "journal.jsonl")
    place = {
        "form": "sunflower_activity",
        "rule": "a.b",
        "org_code": TOWNSHIP,
        "item": "",
        "field": "activity_count",
    }
    about = {"submission": sha("a"), "unit_code": "371602", "year": 2024}
    at = datetime(2025, 1, day, 2, tzinfo=BEIJING)
    said = journal.append(
        Event.EXPLAINED, "nianbao", at, "run-1", **about, **place, operands="activity_count=3", text="属实。"
    )
    if decided is not None:
        event = Event.EXPLANATION_ACCEPTED if accepted else Event.EXPLANATION_REFUSED
        at = datetime(2025, 1, decided, 9, tzinfo=BEIJING)
        journal.append(
            event, "王主任", at, None, explanation=said.seq, reason="见台账", unit_code="371602", year=2024
        )
    journal.append(Event.LOCKED, "王主任", datetime(2025, 3, 1, tzinfo=UTC), None, year=2023)
    return journal


@pytest.mark.parametrize(
    ("decided", "accepted", "expected"),
    [
        (None, True, ("explained", LAST_RUN - 1)),
        (8, True, ("accepted", 7)),
        (8, False, ("open", LAST_RUN - 1)),
    ],
)
def test_a_finding_is_open_until_its_explanation_is_accepted(
    tmp_path: Path, catalogue: Catalogue, decided: int | None, accepted: bool, expected: tuple[str, int]
) -> None:
    journal = explained_on(tmp_path, 1, decided, accepted=accepted)
    path = night(tmp_path, catalogue, told("a", 1), journal=journal)
    assert history(path, "finding_status, nights_open") == [expected]


@pytest.mark.parametrize(("decided", "folded"), [(None, [True, True]), (8, [False, True])])
def test_one_explanation_answers_for_all_that_follows_but_for_what_blocks(
    tmp_path: Path, catalogue: Catalogue, decided: int | None, folded: list[bool]
) -> None:
    submission = told("a", 1)
    [block] = with_finding_id(submission["findings"])["finding"]
    followers = [
        finding("a", severity, rule="a.c", field=field, fields=[field], follows=block, operands="x")
        for severity, field in (("critical", "class_count"), ("warning", "home_visit_count"))
    ]
    submission["findings"] = pl.concat([submission["findings"], *followers])
    path = night(tmp_path, catalogue, submission, journal=explained_on(tmp_path, 1, decided))
    latest = query(
        path, "SELECT is_folded FROM quality.finding_latest WHERE follows IS NOT NULL ORDER BY severity"
    )
    assert latest["is_folded"].to_list() == folded
    told_of = read_outcome(path).findings.filter(pl.col("follows").is_not_null()).sort("severity")
    assert told_of["is_folded"].to_list() == folded


def test_an_accepted_explanation_spares_the_nights_of_later_submissions_with_the_same_values(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    journal = explained_on(tmp_path, 1, 8)
    path = night(tmp_path, catalogue, told("a", 1), told("b", 10), journal=journal)
    assert history(path, "finding_status, nights_open") == [("accepted", 7)]
    path = night(tmp_path, catalogue, told("a", 1), told("b", 10, value=30), journal=journal)
    assert history(path, "finding_status, nights_open") == [("reopened", 7 + LAST_RUN - 10)]
