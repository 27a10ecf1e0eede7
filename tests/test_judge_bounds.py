"""What is one question costs a few rows, however often a sheet says it; different questions are all told."""

from __future__ import annotations

import polars as pl

from expectations.verdicts.silence import ROWS_OF_A_QUESTION, leave_out_repeated
from warehouse.catalogue.frames import FINDING, shaped


def findings(*places: tuple[str, str, str]) -> pl.DataFrame:
    rows = [
        {
            "submission": submission,
            "rule": rule,
            "form": "population",
            "org_code": org,
            "message": str(number),
        }
        for number, (submission, rule, org) in enumerate(places)
    ]
    return pl.DataFrame(rows).pipe(shaped, FINDING)


def test_a_unit_listed_a_thousand_times_is_told_a_few_times_from_the_first() -> None:
    told = leave_out_repeated(findings(*[("a", "conform.duplicate_unit", "371621001")] * 1000))
    assert told["message"].to_list() == [str(number) for number in range(ROWS_OF_A_QUESTION)]


def test_different_questions_are_all_told_in_their_order() -> None:
    asked = findings(*[(s, r, str(o)) for s in "ab" for r in ("x", "y") for o in range(300)])
    assert leave_out_repeated(asked).equals(asked)
