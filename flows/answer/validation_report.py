"""The validation report for machines: every rule's verdict on the night's submissions, as JSON.

The structure is that of the European Statistical System, version 1.0.0 (M. van der Loo, O. ten Bosch: Design of a
generic machine-readable validation report structure, 2017; schema in github.com/data-cleaning/ValidatReport): each
record has id, type, event, rule, data (source, target) and a value of 0, 1 or NA. Every breach is a record of its own;
the places of a form where a rule held, and those where it could not be evaluated, are one record each. How many places
a record speaks of is ``data.count``, an extension that the structure leaves room for; for every rule and form the counts
of 1 and 0 add up to ``evaluated`` of quality.rule_result, those of 0 to ``failed`` and those of NA to ``not_evaluated``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from expectations.rulebook.rulebook import Rule, RuleBook
from flows.settings import Installation, read_code_version
from warehouse.store.query import read_only, run

_SEVERITIES = {"critical": "error", "warning": "warning", "info": "information"}
_NOT_AVAILABLE, _FALSE, _TRUE = "NA", "0", "1"
_PLACES = ("form", "org_code", "org_name", "item", "field", "sheet", "cell")
Record = dict[str, Any]


def write_report(path: Path, installation: Installation, night: str) -> int:
    """Write the report of the run ``night`` to ``path``; the number of records. None is written for an unknown run.

    Record by record: memory does not grow with the number of breaches but by the rows that the database hands over.
    """
    with read_only(installation.home.database) as connection:
        results = run(connection, "FROM quality.rule_result WHERE run = ? ORDER BY rule, form", [night])
        breaches = run(connection, _BREACHES, [night])
        when = run(connection, _JUDGED, [night])
    if when.is_empty():
        return 0
    event = {
        "time": when["finished_at"][0],
        "actor": f"nianbao {when['code_version'][0]}",
        "agent": installation.catalogue.settings.city.association,
        "trigger": installation.settings.actor,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for count, record in enumerate(
            _list_records(breaches, results, night, installation.rulebook), start=1
        ):
            whole = {
                "id": f"{night}.{count}",
                "type": "validation",
                "event": event,
                "rule": _describe_rule(record["rule"], record["severity"], installation.rulebook),
                "data": record["data"],
                "value": record["value"],
            }
            out.write(f"{',' if count > 1 else '['}\n{json.dumps(whole, ensure_ascii=False)}")
        out.write("\n]\n" if count else "[]\n")
    return count


def find_last_judging_run(installation: Installation) -> str | None:
    """The latest run whose submissions the warehouse has results for."""
    with read_only(installation.home.database) as connection:
        return run(connection, "SELECT max(run) AS run FROM quality.rule_result")["run"][0]  # type: ignore[no-any-return]


def _list_records(
    breaches: pl.DataFrame, results: pl.DataFrame, night: str, rulebook: RuleBook
) -> Iterator[Record]:
    """Every breach, then what else is to be said of each rule and form."""
    told: Counter[tuple[str, str]] = Counter()
    for row in breaches.iter_rows(named=True):
        told[row["rule"], _name_counting_form(row, rulebook)] += 1
        yield _describe_breach(row)
    for row in results.iter_rows(named=True):
        yield from _list_remaining_records(row, told[row["rule"], row["form"]], night)


def _name_counting_form(row: Record, rulebook: RuleBook) -> str:
    """The form under which quality.rule_result counts a breach; none for a rule over the years of any number."""
    rule = rulebook.rules.get(row["rule"])
    return "" if rule is not None and rule.scope == "series" else row["form"] or ""


def _describe_breach(row: Record) -> Record:
    """One place where a rule does not hold."""
    whose = {"unit": row["unit_code"], "year": row["year"]}
    target = _format_key({**whose, **{name: row[name] for name in _PLACES}})
    return {
        **_identify_rule(row),
        "data": {
            "source": [row["submission"]],
            "target": [target],
            "description": row["message"],
            "count": 1,
        },
        "value": _FALSE,
    }


def _list_remaining_records(row: Record, told: int, night: str) -> Iterator[Record]:
    """The places of a form that have no record of their own, verdict by verdict; none where a rule concerned nobody."""
    target = _format_key({"run": night, "form": row["form"]})
    counts = (
        (_TRUE, row["evaluated"] - row["failed"], "the rule holds"),
        (
            _NOT_AVAILABLE,
            row["not_evaluated"],
            "not evaluated: a value concerned was not reported or does not apply",
        ),
        (_FALSE, row["failed"] - told, "the rule does not hold; another rule asks about the same cells"),
    )
    for value, count, what in counts:
        if count > 0:
            data = {
                "source": [_format_key({"run": night})],
                "target": [target],
                "description": what,
                "count": count,
            }
            yield {**_identify_rule(row), "data": data, "value": value}


def _identify_rule(row: Record) -> Record:
    return {"rule": row["rule"], "severity": row["severity"]}


def _format_key(parts: Record) -> str:
    """Names and values of what identifies data, without what is not known."""
    return ";".join(f"{name}={value}" for name, value in parts.items() if value not in (None, ""))


def _describe_rule(rule_id: str, severity: str, rulebook: RuleBook) -> dict[str, str]:
    """``status`` says whether the severity was raised or lowered for this report: it never is."""
    rule = rulebook.rules.get(rule_id)
    language, expression = _describe_expression(rule_id, rule)
    return {
        "id": rule_id,
        "language": f"{language}, nianbao {read_code_version()}",
        "expression": expression,
        "severity": _SEVERITIES[severity],
        "description": rule.words if rule else "",
        "status": "",
    }


def _describe_expression(rule_id: str, rule: Rule | None) -> tuple[str, str]:
    """In which language a rule is written, and how: an SQL condition, or the name of a check that a program makes."""
    if rule is not None and rule.expression is not None:
        condition = f"CASE WHEN {rule.when} THEN {rule.expression} END" if rule.when else rule.expression
        return "SQL condition", condition
    if rule is not None and rule.check is not None:
        return "declared check", rule.check
    return "reading check", rule_id


# The run that judged: a batch that an interrupted night left was judged by the next one.
_JUDGED = "SELECT finished_at, code_version FROM quality.run WHERE run >= ? ORDER BY run LIMIT 1"
_BREACHES = """
    SELECT f.* FROM quality.finding AS f
    JOIN quality.submission_log AS s ON s.submission = f.submission
    WHERE s.run = ? ORDER BY f.rowid
"""
