"""Findings: the rows that break a rule, each with its cell and one Chinese sentence with the numbers in it.

Sentences are built as one expression per check, for the broken rows only.
"""

from __future__ import annotations

import polars as pl

from expectations.rulebook.message import quote
from expectations.rulebook.rulebook import Rule, RuleBook
from expectations.verdicts.rule_checks import Check
from expectations.verdicts.verdicts import Suite
from warehouse.catalogue.frames import FINDING, Findings, Problems, Schema, Submissions, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.words.filled_sentences import fill_template

ADDRESS: Schema = {
    "submission": pl.String,
    "form": pl.String,
    "sheet": pl.String,
    "field": pl.String,
    "column": pl.String,
}
"""The column letter of each field in each sheet."""


ONLY_ONE = "如只有一处有误，应是"
"""The beginning of ``likely`` where a single cell is the only possible mistake."""


def locate(suite: Suite, columns: pl.DataFrame) -> Findings:
    """The False cells of VERDICT as findings (FINDING), each with its sentence; check by check, row by row."""
    failed = suite.count_failures()
    found = [
        _locate_findings(check, suite.select_broken(check), columns)
        for check in suite.checks
        if failed[check.id]
    ]
    return pl.concat(found) if found else empty(FINDING)


def _locate_findings(check: Check, broken: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    has_rows = "row" in broken.columns
    written = broken.select(
        "submission",
        "unit_code",
        "year",
        pl.lit(check.form).alias("form"),
        pl.lit(check.rule.id).alias("rule"),
        pl.lit(check.rule.severity).alias("severity"),
        "org_code",
        "org_name",
        pl.col("item"),
        pl.lit(check.finding_field, pl.String).alias("field"),
        pl.lit(list(check.fields), pl.List(pl.String)).alias("fields"),
        pl.col("sheet") if has_rows else pl.lit(None, pl.String).alias("sheet"),
        pl.col("row") if has_rows else pl.lit(None, pl.UInt32).alias("row"),
        check.value().alias("value"),
        pl.concat_str(_say_where(check.rule), fill_template(check.rule.message, check.meaning)).alias(
            "message"
        ),
        pl.lit(check.rule.fix).alias("fix"),
        check.operands().alias("operands"),
    )
    addresses = columns.filter(
        pl.col("form") == check.form, pl.col("field").eq_missing(pl.lit(check.finding_field, pl.String))
    ).select("submission", "sheet", "column")
    addressed = written.join(addresses, on=["submission", "sheet"], how="left", maintain_order="left")
    assert addressed.height == broken.height, "a field has one column in a sheet"
    return shaped(addressed.with_columns(cell=pl.concat_str("column", "row")), FINDING)


def _say_where(rule: Rule) -> pl.Expr:
    """The prefix of a message: ``第17行 彭李街道：``."""
    if rule.check in ("unit_rows", "roster_rows"):
        return pl.lit("")
    unit = pl.coalesce("unit_text", pl.lit(""))
    if rule.scope == "unit":
        return pl.format("{}：", unit)
    item = pl.col("item").fill_null("")
    named = pl.when(item == "").then(pl.lit("")).otherwise(quote(item))
    return pl.format("第{}行 {}：", pl.col("row"), pl.concat_str(unit, named))


def with_rows(findings: Findings, frames: dict[str, pl.DataFrame], columns: pl.DataFrame) -> Findings:
    """Give findings of unit rules their sheet and, where the form has a row and a field for them, their cell."""
    if findings.is_empty():
        return findings
    sheets = columns.group_by("submission", "form").agg(pl.col("sheet").first().alias("any_sheet"))
    rows = pl.concat(
        [
            pl.DataFrame(
                schema={
                    "submission": pl.String,
                    "form": pl.String,
                    "org_code": pl.String,
                    "sheet": pl.String,
                    "row": pl.UInt32,
                }
            ),
            *(
                frame.filter(pl.col("row_kind") == "data", pl.col("item").fill_null("") == "")
                .select("submission", pl.lit(form).alias("form"), "org_code", "sheet", "row")
                .unique(["submission", "org_code"], keep="first")
                for form, frame in frames.items()
            ),
        ]
    )
    addresses = columns.select("submission", "form", "sheet", "field", "column").unique(
        ["submission", "form", "sheet", "field"], keep="first"
    )
    joined = (
        findings.drop("sheet", "cell")
        .join(rows, on=["submission", "form", "org_code"], how="left", maintain_order="left")
        .join(addresses, on=["submission", "form", "sheet", "field"], how="left", maintain_order="left")
        .join(sheets, on=["submission", "form"], how="left", maintain_order="left")
    )
    assert joined.height == findings.height, "a unit rule's finding is shown at one row"
    return shaped(
        joined.with_columns(sheet=pl.coalesce("sheet", "any_sheet"), cell=pl.concat_str("column", "row")),
        FINDING,
    )


def locate_problems(
    problems: Problems, submissions: Submissions, rulebook: RuleBook, catalogue: Catalogue
) -> Findings:
    """FINDING of ``problems`` (PROBLEM, of reading and conforming). Raises ValueError for an unknown rule id."""
    cited = problems["rule"].unique().to_list()
    unknown = sorted(set(cited) - {rule.id for rule in rulebook.of_scope("problem", "refusal")})
    if unknown:
        raise ValueError(f"problems cite rules that the rule book has not: {', '.join(unknown)}")
    whose = problems.join(
        submissions.select("submission", "unit_code", "year"),
        on="submission",
        how="left",
        maintain_order="left",
    )
    named = whose.with_columns(
        pl.col("form")
        .replace_strict(
            {form.id: f"{form.number}（{form.title}）" for form in catalogue.forms.values()}, default=None
        )
        .alias("form_text")
    ).join(_field_labels(catalogue), on=["form", "field"], how="left", maintain_order="left")
    return pl.concat(
        [
            empty(FINDING),
            *(_locate_problem(rule, named) for rule in map(rulebook.rules.__getitem__, sorted(cited))),
        ]
    )


def _field_labels(catalogue: Catalogue) -> pl.DataFrame:
    rows = [(form.id, f.id, f.label) for form in catalogue.forms.values() for f in form.fields]
    return pl.DataFrame(
        rows, schema={"form": pl.String, "field": pl.String, "label": pl.String}, orient="row"
    )


def _locate_problem(rule: Rule, problems: Problems) -> Findings:
    column = {"form": "form_text", "unit": "org_name"}

    def meaning(placeholder: str) -> pl.Expr:
        text = pl.col(column.get(placeholder, placeholder)).cast(pl.String)
        return pl.when(text != "").then(text)

    row = pl.col("cell").str.extract(r"(\d+)$")
    item = quote(pl.when(pl.col("item") != "").then("item")).fill_null("")
    prefix = pl.format("第{}行 {}{}：", row, pl.col("org_name").fill_null(""), item).str.replace(
        " ：", "：", literal=True
    )
    says_where = "{sheet}" in rule.message or "{cell}" in rule.message
    message = fill_template(rule.message, meaning)
    return shaped(
        problems.filter(pl.col("rule") == rule.id).with_columns(
            severity=pl.lit(rule.severity),
            fields=pl.concat_list("field").list.drop_nulls(),
            message=message if says_where else pl.concat_str(prefix.fill_null(""), message),
            fix=pl.lit(rule.fix),
            operands=pl.col("value").fill_null(""),
        ),
        FINDING,
    )
