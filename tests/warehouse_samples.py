"""Tiny invented batches for the tests of the warehouse: one unit's year, bent in one thing at a time."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl

from warehouse.catalogue.frames import (
    FINDING,
    INDICATOR,
    MEASURE,
    NOTE,
    OBSERVATION,
    RULE_RESULT,
    SUBMISSION,
    empty,
    shaped,
)

TOWNSHIP = "371602001"
NOON = datetime(2025, 1, 12, 12, 0, tzinfo=timezone(timedelta(hours=8)))
A_RUN = {
    "run": "run-1",
    "started_at": "2025-01-01T01:00:00+08:00",
    "journal_count": 1,
    "journal_hash": "0" * 64,
    "published_at": datetime.fromisoformat("2025-01-01T02:03:00"),
}
"""A night that published, as quality.run notes it."""


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def submission(
    name: str,
    seq: int,
    unit: str | None = "371602",
    year: int | None = 2024,
    decision: str = "accepted",
    **more: Any,
) -> pl.DataFrame:
    row = {
        "submission": sha(name),
        "unit_code": unit,
        "year": year,
        "received_seq": seq,
        "received_at": f"2025-01-{seq:02}T08:00:00+08:00",
        "file_name": f"{name}.xlsx",
        "run": f"run-{seq}",
        "decision": decision,
        **more,
    }
    extra = {
        **dict.fromkeys(("decision", "status", "reason", "rule"), pl.String),
        "filled_count": pl.Int64,
    }
    return pl.DataFrame(
        [row], schema_overrides={k: v for k, v in {**SUBMISSION, **extra}.items() if k in row}
    )


def observation(name: str, field: str, value: Any, **more: Any) -> pl.DataFrame:
    """One cell of a figures form of 2024; ``value`` None: not reported, "不适用": not applicable."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    state = (
        "not_reported"
        if value is None
        else "not_applicable"
        if value == "不适用"
        else "zero"
        if number and value == 0
        else "value"
    )
    text = str(value).lower() if isinstance(value, bool) else value
    row = {
        "submission": sha(name),
        "unit_code": "371602",
        "year": 2024,
        "form": "sunflower_activity",
        "org_code": TOWNSHIP,
        "item": "",
        "field": field,
        "state": state,
        "value": float(value) if number else None,
        "text": None if number or state not in ("value", "zero") else text,
        "sheet": "年3-2表",
        "row": 6,
        "cell": "C6",
        **more,
    }
    return shaped(pl.DataFrame([row], infer_schema_length=None), OBSERVATION)


def measures_of(observations: pl.DataFrame) -> pl.DataFrame:
    """The numbers of the observations as measures, as transforms.observing.observations would give them."""
    return observations.filter(pl.col("text").is_null()).rename({"field": "measure"}).pipe(shaped, MEASURE)


def finding(name: str, severity: str = "warning", **more: Any) -> pl.DataFrame:
    row = {
        "submission": sha(name), "unit_code": "371602", "year": 2024, "form": "sunflower_activity", "rule": "a.b",
        "severity": severity, "org_code": TOWNSHIP, "field": "activity_count", "fields": ["activity_count"],
        "sheet": "年3-2表", "cell": "C6", "value": "3", "message": "不对。", "fix": "请改。", **more,
    }  # fmt: skip
    return shaped(pl.DataFrame([row]), FINDING)


def note(name: str, raw: str, value: str, cell: str = "C6") -> pl.DataFrame:
    row = {
        "submission": sha(name), "form": "sunflower_activity", "sheet": "年3-2表", "cell": cell,
        "field": "activity_count", "fix": "full_width", "raw": raw, "value": value,
    }  # fmt: skip
    return shaped(pl.DataFrame([row]), NOTE)


def results() -> pl.DataFrame:
    row = {
        "rule": "a.b",
        "form": "sunflower_activity",
        "severity": "warning",
        "evaluated": 10,
        "failed": 1,
        "not_evaluated": 2,
    }
    return shaped(pl.DataFrame([row]), RULE_RESULT)


def indicator(
    name: str, value: float | None, org_code: str = "371600", year: int = 2024, **more: Any
) -> pl.DataFrame:
    levels = {6: "county", 9: "township", 12: "village"}
    row = {
        "year": year, "org_code": org_code, "org_name": org_code, "programme": "sunflower_house", "indicator": name,
        "org_level": "city" if org_code == "371600" else levels[len(org_code)], "name_zh": name, "kind": "flow",
        "value": value, "state": "not_reported" if value is None else "value" if value else "zero", "unit": "个",
        "reported_count": 1, "expected_count": 8, "coverage_pct": 12.5, "maturity": "provisional", **more,
    }  # fmt: skip
    return shaped(pl.DataFrame([row], infer_schema_length=None), INDICATOR)


def batch(name: str, seq: int, value: Any = 3, **more: Any) -> dict[str, pl.DataFrame]:
    """A submission whose one cell says that ``value`` activities were held; the arguments of NightBuild.add_batch."""
    submissions = submission(name, seq, **more)
    place = {"unit_code": submissions["unit_code"][0], "year": submissions["year"][0]}
    cell = observation(name, "activity_count", value, org_code=f"{place['unit_code']}001", **place)
    return {
        "submissions": submissions,
        "observations": cell,
        "measures": measures_of(cell),
        "findings": empty(FINDING),
        "notes": empty(NOTE),
        "results": results(),
    }


def refused(name: str, seq: int, **more: Any) -> dict[str, pl.DataFrame]:
    """A file that could not be read."""
    return {
        "submissions": submission(name, seq, decision="refused", reason="文件已损坏。", **more),
        "observations": empty(OBSERVATION),
        "measures": empty(MEASURE),
        "findings": empty(FINDING),
        "notes": empty(NOTE),
        "results": empty(RULE_RESULT),
    }
