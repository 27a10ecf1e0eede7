"""What 审核 says of a workbook beside what nianbao says, rule by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from expectations.frames.form_frame import prepare
from expectations.frames.unit_frame import unit_frame
from expectations.judge import Evidence, judge
from expectations.live_audit.audit import FIRST, HEADS, HELD, OF
from expectations.live_audit.audit_top import TOP
from expectations.live_audit.unjudged import READING
from expectations.rulebook.condition import TOTAL_ROW
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.column_checks import column_checks
from expectations.verdicts.rule_checks import Check, row_checks, unit_checks
from transforms.conforming.conform import assemble, conform
from transforms.observing.observations import observe
from transforms.reading.reading import make_reading_plan, read_file
from warehouse.catalogue.frames import MEASURE, SUBMISSION, empty
from warehouse.catalogue.load import Catalogue
from warehouse.words.workbook_texts import AUDIT_SHEET, SUMS_SHEET

Sheets = dict[str, list[tuple[Any, ...]]]
"""Name of a sheet -> the values of its cells, row by row."""

SAID = {
    "rule": pl.String,
    "numbers": pl.String,
    "severity": pl.String,
    "verdict": pl.String,
    "evaluated": pl.Int64,
    "failed": pl.Int64,
    "not_evaluated": pl.Int64,
    "first": pl.Int64,  # line of the first broken row, 0 for none
    "place": pl.String,
}


def sheets_beside_forms(path: Path) -> Sheets:
    """What 审核 and the sums of a recalculated workbook show, which is read once: opening it takes a while.

    The city's own workbook compares nothing across forms, so it has no sums.
    """
    book = openpyxl.load_workbook(path, data_only=True, read_only=True)
    names = [name for name in (AUDIT_SHEET, SUMS_SHEET) if name in book.sheetnames]
    return {name: list(book[name].iter_rows(values_only=True)) for name in names}


def audit(sheets: Sheets) -> pl.DataFrame:
    """The lines of 审核, as SAID."""
    place = {head: index for index, head in enumerate(HEADS)}
    written = sheets[AUDIT_SHEET][TOP:]
    firsts = {row[OF]: row[FIRST] for row in reversed(written)}
    rows = []
    for row in written:
        if row[0] is None:
            continue
        rows.append(
            (
                row[place["编号"]],
                row[place["表号"]],
                row[place["性质"]],
                row[place["结果"]],
                row[HELD] + row[place["不符\n处数"]],
                row[place["不符\n处数"]],
                row[place["未核对\n处数"]],
                firsts.get(row[0], 0),
                row[place["首处"]] or "",
            )
        )
    return pl.DataFrame(rows, schema=SAID, orient="row")


def headline(sheets: Sheets) -> str:
    """What follows of all the lines, as 审核 says it."""
    return str(sheets[AUDIT_SHEET][2][0])


@dataclass(frozen=True)
class Reading:
    """A workbook as nianbao reads it: each check with the rows of its frame and what it says of them.

    Checks of a field that the workbook has no column for are left out.
    """

    checks: list[tuple[Check, pl.DataFrame, pl.DataFrame]]
    problems: pl.DataFrame
    findings: pl.DataFrame

    def refused(self, rule: str, catalogue: Catalogue) -> int:
        """How often a rule of reading speaks of what a sheet of the workbook can see: rows, and of units only rosters."""
        rosters = [form.id for form in catalogue.forms.values() if form.is_roster]
        found = self.problems.filter(pl.col("rule") == rule)
        if rule in ("conform.blank_unit", "conform.unknown_unit"):
            found = found.filter(pl.col("form").is_in(rosters))
        return found.height

    def broken(self, rule: str) -> Iterator[tuple[str, pl.DataFrame]]:
        """Form and rows that break ``rule``, check by check."""
        for check, frame, verdicts in self.checks:
            if check.rule.id == rule:
                yield check.form, frame.filter((~verdicts["verdict"]).fill_null(False))

    def counts(self, rule: str, forms: list[str] | None) -> tuple[int, int, int]:
        """Evaluated, failed and not evaluated rows of a rule, over ``forms`` (all, when None)."""
        evaluated = failed = concerned = 0
        for check, _, verdicts in self.checks:
            if check.rule.id == rule and (forms is None or check.form in forms):
                evaluated += verdicts["verdict"].count()
                failed += int((~verdicts["verdict"]).sum())
                concerned += int(verdicts["concerned"].sum())
        return evaluated, failed, max(concerned - evaluated, 0)


def through_nianbao(
    paths: list[Path], units: list[str], year: int, catalogue: Catalogue, rulebook: RuleBook
) -> list[Reading]:
    """Read and judge the workbooks as submissions of one night; each of them apart.

    Judging compares what polars locates with what Great Expectations counts, and raises where they differ.
    """
    names = [str(number) for number in range(len(paths))]
    submissions = pl.DataFrame(
        {
            "submission": names,
            "unit_code": units,
            "year": [year] * len(names),
            "received_seq": range(len(names)),
        },
        schema={name: SUBMISSION[name] for name in ("submission", "unit_code", "year", "received_seq")},
    )
    plan = make_reading_plan(catalogue)
    read = {name: read_file(str(path), (plan, path.name)) for name, path in zip(names, paths, strict=True)}
    made = conform(assemble(read, submissions), submissions, catalogue)
    numbers = observe(made, catalogue).measures
    batch = Evidence(
        forms=made.forms, columns=made.columns, problems=made.problems, submissions=submissions,
        measures=numbers, declared_empty=made.declared_empty,
    )  # fmt: skip
    judgement = judge(batch, catalogue, rulebook)
    checks: list[tuple[Check, pl.DataFrame]] = []
    for form in catalogue.forms.values():
        frame = prepare(
            form, made.forms.get(form.id), made.columns, submissions, made.declared_empty, made.problems,
            catalogue,
        )  # fmt: skip
        if frame.height:
            has_totals = bool((frame["row_kind"] == TOTAL_ROW).any())
            of_form = column_checks(form, rulebook, catalogue, has_totals)
            checks += [(check, frame) for check in (*of_form, *row_checks(form, rulebook, catalogue))]
    frame = unit_frame(rulebook.of_scope("unit"), numbers, empty(MEASURE), catalogue)
    checks += [(check, frame) for check in unit_checks(rulebook, catalogue)]
    readings = [
        Reading([], made.problems.filter(submission=name), judgement.findings.filter(submission=name))
        for name in names
    ]
    for check, frame in checks:
        said = frame.select("submission", verdict=check.verdict, concerned=check.is_concerned)
        for name, reading in zip(names, readings, strict=True):
            mine = pl.col("submission") == name
            there = set(made.columns.filter(mine, form=check.form)["field"])
            if check.rule.scope == "unit" or set(check.fields) <= there:
                reading.checks.append((check, frame.filter(mine), said.filter(mine)))
    return readings


def forms_of(line: Mapping[str, Any], catalogue: Catalogue) -> list[str] | None:
    """The forms whose rows a line counts; None for all. Only what is still blank has a line for each form."""
    if line["rule"] != "column.required":
        return None
    named = {form.number: form.id for form in catalogue.forms.values()}
    return [named[number] for number in line["numbers"].split("、")]


def disagreements(said: pl.DataFrame, reading: Reading, catalogue: Catalogue) -> list[str]:
    """Where a line of 审核 counts otherwise than the night."""
    found = []
    for line in said.iter_rows(named=True):
        if line["rule"] in READING:
            if line["not_evaluated"] != reading.refused(line["rule"], catalogue):
                refused = reading.refused(line["rule"], catalogue)
                found.append(f"{line['rule']}: sheet {line['not_evaluated']}, night {refused}")
            continue
        by_sheet = (line["evaluated"], line["failed"], line["not_evaluated"])
        by_night = reading.counts(line["rule"], forms_of(line, catalogue))
        if by_sheet != by_night:
            found.append(f"{line['rule']} {line['numbers']}: sheet {by_sheet}, night {by_night}")
    return found


def first_line(text: str) -> int | None:
    """The line that a place names."""
    found = re.search(r"第(\d+)行", text)
    return int(found[1]) if found else None
