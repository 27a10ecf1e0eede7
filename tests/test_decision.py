"""A critical finding holds its submission and no other."""

from __future__ import annotations

import polars as pl

from expectations.verdicts.decision import decide
from warehouse.catalogue.frames import FINDING, empty, shaped

SUBMISSIONS = pl.DataFrame({"submission": ["a", "b", "c", "d"]})


def findings(*pairs: tuple[str, str, str]) -> pl.DataFrame:
    rows = pl.DataFrame(list(pairs), schema=["submission", "severity", "rule"], orient="row")
    return shaped(rows, FINDING)


def test_a_critical_finding_holds_and_warnings_let_pass() -> None:
    found = findings(
        ("b", "critical", "x.y"), ("b", "warning", "x.z"), ("c", "warning", "x.z"), ("c", "info", "x.i")
    )
    assert decide(SUBMISSIONS, found).rows() == [
        ("a", "accepted", 0, 0, 0),
        ("b", "held", 1, 1, 0),
        ("c", "accepted", 0, 1, 1),
        ("d", "accepted", 0, 0, 0),
    ]


def test_a_finding_that_refuses_a_file_refuses_it() -> None:
    found = findings(("d", "critical", "refuse.empty"))
    decided = decide(SUBMISSIONS, found, frozenset({"refuse.empty"}))
    assert decided["decision"].to_list() == ["accepted", "accepted", "accepted", "refused"]


def test_a_batch_without_findings_is_accepted_in_its_order() -> None:
    assert decide(SUBMISSIONS, empty(FINDING))["submission"].to_list() == ["a", "b", "c", "d"]


def test_a_batch_without_submissions_decides_nothing() -> None:
    assert decide(SUBMISSIONS.clear(), empty(FINDING)).is_empty()
