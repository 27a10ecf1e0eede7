"""The validation report for machines: every rule's verdict on the night's submissions, as JSON.

The structure is that of the European Statistical System (M. van der Loo, O. ten Bosch: Design of a generic
machine-readable validation report structure, 2017): id, event, rule, data (source, target), value 0, 1 or NA.
A rule that held everywhere, or could nowhere be evaluated, is one record for its form; every breach is a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expectations.rulebook import RuleBook
from warehouse.query import read_only, run

_SEVERITIES = {"critical": "error", "warning": "warning", "info": "information"}
_VALUE_NA, _VALUE_FALSE, _VALUE_TRUE = "NA", "0", "1"


def write_report(path: Path, database: Path, night: str, rulebook: RuleBook) -> int:
    """Write the report of the run ``night`` to ``path``; the number of records. None is written for an unknown run."""
    with read_only(database) as connection:
        results = run(connection, "FROM quality.rule_result WHERE run = ? ORDER BY rule, form", [night])
        findings = run(connection, _BREACHES, [night])
        when = run(connection, "SELECT started_at, code_version FROM quality.run WHERE run = ?", [night])
    if when.is_empty():
        return 0
    event = {"time": when["started_at"][0], "actor": "nianbao", "agent": f"nianbao {when['code_version'][0]}"}
    records = list(_whole(results.iter_rows(named=True), event, rulebook, night))
    records += [_breach(row, event, rulebook) for row in findings.iter_rows(named=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    report = [{"id": f"{night}.{number}", **record} for number, record in enumerate(records, start=1)]
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return len(report)


def _whole(
    rows: Iterator[dict[str, Any]], event: dict[str, str], rulebook: RuleBook, night: str
) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["failed"]:
            continue
        value = _VALUE_TRUE if row["evaluated"] else _VALUE_NA
        counts = f"evaluated {row['evaluated']}, not evaluated {row['not_evaluated']}"
        data = {"source": [night], "target": [row["form"]], "description": counts}
        yield {
            "event": event,
            "rule": _rule(row["rule"], row["severity"], rulebook),
            "data": data,
            "value": value,
        }


def _breach(row: dict[str, Any], event: dict[str, str], rulebook: RuleBook) -> dict[str, Any]:
    places = (row["form"], str(row["year"]), row["org_code"], row["item"], row["field"], row["cell"])
    data = {
        "source": [row["submission"]],
        "target": ["/".join(place or "" for place in places)],
        "description": row["message"],
    }
    return {
        "event": event,
        "rule": _rule(row["rule"], row["severity"], rulebook),
        "data": data,
        "value": _VALUE_FALSE,
    }


def _rule(rule_id: str, severity: str, rulebook: RuleBook) -> dict[str, str]:
    rule = rulebook.rules.get(rule_id)
    return {
        "language": "SQL",
        "id": rule_id,
        "expression": (rule and (rule.expression or rule.check)) or rule_id,
        "severity": _SEVERITIES[severity],
        "description": rule.words if rule else "",
        "status": "deployed",
    }


_BREACHES = """
    SELECT f.* FROM quality.finding AS f
    JOIN quality.submission_log AS s ON s.submission = f.submission
    WHERE s.run = ? ORDER BY f.rowid
"""
