"""A critical finding holds its submission and no other."""

from __future__ import annotations

import polars as pl

from expectations.verdicts.decision import CIRCUMSTANCE, decide
from warehouse.catalogue.frames import FINDING, empty, shaped

SUBMISSIONS = pl.DataFrame({"submission": ["a", "b", "c", "d"]})


def findings(*pairs: tuple[str, str, str]) -> pl.DataFrame:
    rows = pl.DataFrame(list(pairs), schema=["submission", "severity", "rule"], orient="row")
    return shaped(rows, FINDING)


def test_a_critical_finding_holds_and_warnings_let_pass() -> None:
    found = findings(
        ("b", "critical", "x.y"), ("b", "warning", "x.z"), ("c", "warning", "x.z"), ("c", "info", "x.i")
    )
    decided = decide(SUBMISSIONS, found).drop("rule", "reason")
    assert decided.rows() == [
        ("a", "accepted", 0, 0, 0),
        ("b", "held", 1, 1, 0),
        ("c", "accepted", 0, 1, 1),
        ("d", "accepted", 0, 0, 0),
    ]


def test_what_is_recorded_stands_whatever_the_rules_say_today() -> None:
    found = findings(("a", "critical", "x.y"))
    known = circumstances(("a", "accepted", None, None), ("b", "held", None, "有 2 处强制性问题"))
    decided = decide(SUBMISSIONS, found, known)
    assert decided["decision"].to_list() == ["accepted", "held", "accepted", "accepted"]
    assert decided["reason"].to_list() == [None, "有 2 处强制性问题", None, None]


def test_of_several_circumstances_the_first_decides_and_gives_the_reason() -> None:
    known = circumstances(("c", "held", "held.year_locked", "已锁定"), ("c", "held", "held.empty", "空表"))
    row = decide(SUBMISSIONS, findings(("c", "critical", "x.y")), known).row(2, named=True)
    assert (row["rule"], row["reason"], row["critical_count"]) == ("held.year_locked", "已锁定", 1)


def circumstances(*rows: tuple[str, str, str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CIRCUMSTANCE, orient="row")


def test_a_batch_without_findings_is_accepted_in_its_order() -> None:
    assert decide(SUBMISSIONS, empty(FINDING))["submission"].to_list() == ["a", "b", "c", "d"]


def test_a_batch_without_submissions_decides_nothing() -> None:
    assert decide(SUBMISSIONS.clear(), empty(FINDING)).is_empty()
