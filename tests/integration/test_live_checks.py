"""The same rows through polars, through SQL and through the recalculated workbook: one verdict for every rule.

Workbooks are filled with random answers (numbers near each other, blanks, 不适用), recalculated by LibreOffice, read by
nianbao like any submission, and compared rule by rule.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
import yaml

from expectations.form_frame import prepare
from expectations.issued_workbook import write_workbook
from expectations.judge import judge
from expectations.rulebook import Rule, RuleBook, load_rules
from expectations.workbook_audit import BROKEN, HEADS, NOT_EVALUATED, PASSED
from expectations.workbook_checks import live_checks
from transforms.conform import assemble, conform
from transforms.observations import measures
from transforms.reading import read_file, reading_plan
from transforms.samples import sample_entries
from warehouse.catalogue.frames import MEASURE, SUBMISSION, empty
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Field
from warehouse.catalogue.workbook_texts import AUDIT_SHEET

YEAR = 2024
UNITS = {"371625": (1, 2), "371681": (3, 4, 5), "371600": (6, 7, 8, 9)}  # unit -> seeds, a workbook each
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load_catalogue()


@lru_cache(maxsize=1)
def rulebook() -> RuleBook:
    return load_rules(None, catalogue())


def answer(field: Field, given: Any, draw: random.Random) -> Any:
    """Something a clerk may answer: mostly small numbers, so that sums come out both ways; sometimes nothing."""
    kind = draw.random()
    if kind < 0.08:
        return None
    if kind < 0.14:
        return "不适用"
    match field.type:
        case "boolean":
            return draw.random() < 0.5
        case "code":
            return draw.choice(catalogue().code_lists[field.codes or ""].labels)
        case "year":
            return float(draw.randint(2018, YEAR + 3))
        case "date" | "text":
            return given
        case _:
            return float(draw.choice([0, 0, 0, 0, 1, 2, 3, 8, 40, 400, 5000, 900_000]))


def random_entries(unit: str, seed: int) -> dict[str, pl.DataFrame]:
    """The unit's sample rows with random answers; names and dates stay."""
    spec = yaml.safe_load((catalogue().folder / "samples.yaml").read_text(encoding="utf-8"))
    draw = random.Random(seed)
    filled = {}
    for form_id, frame in sample_entries(catalogue(), spec, YEAR)[unit].items():
        fields = {f.id: f for f in catalogue().forms[form_id].fields}
        rows = [
            {
                name: answer(fields[name], value, draw) if name in fields else value
                for name, value in row.items()
            }
            for row in frame.to_dicts()
        ]
        filled[form_id] = pl.DataFrame(
            {name: pl.Series(name, [row[name] for row in rows], dtype=pl.Object) for name in frame.columns}
        )
    return filled


def recalculated(paths: list[Path], folder: Path) -> list[Path]:
    """The workbooks as LibreOffice saves them after computing every formula."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(RECALCULATE, encoding="utf-8")
    installation = f"-env:UserInstallation={profile.parent.as_uri()}"
    target = folder / "recalculated"
    command = ["soffice", installation, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run(
        [*command, "--outdir", str(target), *map(str, paths)], check=True, capture_output=True, timeout=300
    )
    return [target / path.name for path in paths]


def audit(path: Path) -> pl.DataFrame:
    """What 审核 says: rule, form number, verdict, failed, evaluated."""
    sheet = openpyxl.load_workbook(path, data_only=True)[AUDIT_SHEET]
    rows = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[0] is not None]
    place = {head: index for index, head in enumerate(HEADS)}
    return pl.DataFrame(
        [
            (
                row[place["编号"]],
                row[place["表号"]],
                row[place["结果"]],
                row[place["不符处数"]],
                row[len(HEADS)],
            )
            for row in rows
        ],
        schema={
            "rule": pl.String,
            "number": pl.String,
            "verdict": pl.String,
            "failed": pl.Int64,
            "evaluated": pl.Int64,
        },
        orient="row",
    )


def through_nianbao(path: Path, unit: str) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The rules' results (RULE_RESULT) on the workbook read as any submission, and the forms' prepared frames."""
    submissions = pl.DataFrame(
        {"submission": ["s"], "unit_code": [unit], "year": [YEAR], "received_seq": [1]},
        schema={name: SUBMISSION[name] for name in ("submission", "unit_code", "year", "received_seq")},
    )
    read = read_file(str(path), (reading_plan(catalogue()), path.name))
    conformed = conform(assemble({"s": read}, submissions), submissions, catalogue())
    judged = judge(
        conformed.forms, conformed.columns, conformed.problems, submissions, catalogue(), rulebook(), empty(MEASURE),
        measures=measures(conformed, catalogue()), declared_empty=conformed.declared_empty,
    )  # fmt: skip
    frames = {
        form.id: prepare(
            form, conformed.forms.get(form.id), conformed.columns, submissions, conformed.declared_empty,
            conformed.problems, catalogue(),
        )
        for form in catalogue().forms.values()
    }  # fmt: skip
    return judged.results, frames


def in_sql(rule: Rule, form_id: str, frame: pl.DataFrame) -> tuple[int, int]:
    """Rows evaluated and broken when DuckDB evaluates the rule's own text."""
    form = catalogue().forms[form_id]
    asked = [set(form.levels_of(form.field(name))) for name in rule.operands]
    levels = rule.levels or tuple(lv for lv in form.levels if all(lv in each for each in asked))
    names = list(dict.fromkeys(["year", "org_level", *rule.operands]))
    rows = frame.filter(pl.col("row_kind") == "data", pl.col("org_level").is_in(list(levels))).select(names)
    with duckdb.connect() as connection:
        connection.execute(
            "SET ieee_floating_point_ops = false"
        )  # a division by zero is null, as standard SQL has it
        connection.register("rows", rows.to_arrow())
        found = connection.execute(
            f"SELECT count({rule.expression}), count(*) FILTER (NOT ({rule.expression})) FROM rows WHERE {rule.when or 'true'}"
        ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory,
) -> list[tuple[str, pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]]:
    """Unit, what 审核 says, what nianbao says, and the prepared frames, for every workbook."""
    folder = tmp_path_factory.mktemp("live")
    made = []
    for unit, seeds in UNITS.items():
        for seed in seeds:
            path = folder / f"{unit}_{seed}.xlsx"
            write_workbook(path, unit, YEAR, catalogue(), rulebook(), random_entries(unit, seed))
            made.append((unit, path))
    computed = recalculated([path for _, path in made], folder)
    return [
        (unit, audit(path), *through_nianbao(path, unit))
        for (unit, _), path in zip(made, computed, strict=True)
    ]


def test_the_sheet_polars_and_sql_give_every_rule_the_same_verdict(compared: Any) -> None:
    numbers = {form.number: form.id for form in catalogue().forms.values()}
    rules = {rule.id: rule for rule in live_checks(rulebook(), YEAR)}
    broken: set[str] = set()
    for _, said, results, frames in compared:
        for row in said.filter(pl.col("rule").is_in(list(rules))).iter_rows(named=True):
            form = numbers[row["number"]]
            night = results.filter(rule=row["rule"], form=form)
            by_night = (night["evaluated"].sum(), night["failed"].sum())
            by_sheet = (row["evaluated"], row["failed"])
            assert by_sheet == by_night == in_sql(rules[row["rule"]], form, frames[form]), row
            expected = BROKEN if row["failed"] else PASSED if row["evaluated"] else NOT_EVALUATED
            assert row["verdict"] == expected
            broken |= {row["rule"]} if row["failed"] else set()
    assert len(broken) > 0.85 * len(rules), sorted(rules.keys() - broken)


def test_sql_and_polars_agree_on_the_rules_that_a_sheet_cannot_check(compared: Any) -> None:
    live = {rule.id for rule in live_checks(rulebook(), YEAR)}
    others = [rule for rule in rulebook().of_scope("row") if rule.id not in live and rule.is_in_force(YEAR)]
    assert others
    for _, _, results, frames in compared:
        for rule in others:
            for form in rule.forms:
                night = results.filter(rule=rule.id, form=form)
                if night.height:
                    assert (night["evaluated"].sum(), night["failed"].sum()) == in_sql(
                        rule, form, frames[form]
                    ), rule.id


def test_the_sheet_counts_the_cells_that_are_still_blank(compared: Any) -> None:
    for _, said, _, frames in compared:
        for row in said.filter(rule="column.required").iter_rows(named=True):
            form = next(f for f in catalogue().forms.values() if f.number == row["number"])
            asked = [f"{f.id}__answer" for f in form.fields if f.required]
            frame = frames[form.id].select(asked)
            assert row["failed"] == sum((frame[name] == "not_reported").sum() for name in asked), form.id


def test_no_formula_refers_to_a_cell_that_a_clerk_can_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "blank.xlsx"
    write_workbook(path, "371625", YEAR, catalogue(), rulebook())
    sheet = openpyxl.load_workbook(path)[AUDIT_SHEET]
    formulas = [
        str(getattr(c.value, "text", c.value)) for row in sheet.iter_rows() for c in row if c.data_type == "f"
    ]
    assert len(formulas) > 150
    for formula in formulas:
        others = [part for part in formula.split("'")[2::2] if not part.startswith("!$A$1:$")]
        assert not others, formula
