"""The frames that rooms hand to each other: their columns, types and keys, stated once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import polars as pl

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

Submissions: TypeAlias = pl.DataFrame
Problems: TypeAlias = pl.DataFrame
Notes: TypeAlias = pl.DataFrame
Observations: TypeAlias = pl.DataFrame
CountedRows: TypeAlias = pl.DataFrame
Measures: TypeAlias = pl.DataFrame
Verdicts: TypeAlias = pl.DataFrame
Findings: TypeAlias = pl.DataFrame
Answers: TypeAlias = pl.DataFrame
"""Names for signatures: plain frames of the schema of that name (SUBMISSION, PROBLEM, …).

Verdicts have no fixed columns, but one for each check (:mod:`expectations.verdicts.verdicts`).
"""

ERROR_MARK = "\x00error"
"""The text of a read cell with an error value or a formula without a value."""

DATE_MARK = "\x00date "
"""The beginning of the text of a number with a date or time format; the stored and the shown number follow."""

SUBMISSION: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,  # sha256 of the bytes; key
    "unit_code": pl.String,
    "year": pl.Int32,
    "received_seq": pl.Int64,  # seq of the receipt in the journal: the order that decides "latest"
    "received_at": pl.String,  # ISO time with offset
    "file_name": pl.String,
    "run": pl.String,
}

RECEIVED: Schema = {
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "received_seq": pl.Int64,
    "received_at": pl.String,
    "critical_rules": pl.List(pl.String),  # ids of the rules whose critical findings it has
}
"""A readable submission, for comparison with later ones."""

PROBLEM: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "form": pl.String,  # form id; null: the whole workbook
    "rule": pl.String,  # rule id, e.g. conform.unreadable_number
    "sheet": pl.String,
    "cell": pl.String,  # A1 address; null: no cell
    "field": pl.String,
    "org_code": pl.String,
    "org_name": pl.String,
    "item": pl.String,
    "value": pl.String,  # content of the cell, as text
    "detail": pl.String,  # fills {detail} of the rule's message
    "suggestion": pl.String,  # a near match offered, never applied
}

NOTE: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "form": pl.String,
    "sheet": pl.String,
    "cell": pl.String,
    "field": pl.String,
    "fix": pl.String,  # id of the normalisation, e.g. full_width, thousands, ten_thousand, excel_date
    "raw": pl.String,
    "value": pl.String,
}

UNREAD: Schema = {
    "submission": pl.String,
    "form": pl.String,
    "sheet": pl.String,
    "row": pl.UInt32,
    "cell": pl.String,
    "heading": pl.String,  # of its column, as written
    "text": pl.String,  # as written
    "reason": pl.String,  # unknown_unit | second_row | part | own_column | cover
}
"""A filled cell that was not taken over, of a form or (a signature) of the cover. Key: submission, sheet, cell."""

DECLARED_EMPTY: Schema = {"submission": pl.String, "form": pl.String}
"""A roster that says it has nothing to list."""

FINDING: dict[str, pl.DataType | type[pl.DataType]] = {
    "finding": pl.String,  # id of the question (with_finding_id), the same in every submission of the unit and year
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "form": pl.String,
    "rule": pl.String,
    "severity": pl.String,  # critical | warning | info
    "org_code": pl.String,
    "org_name": pl.String,
    "item": pl.String,
    "field": pl.String,  # the field the finding is shown at; `fields` has the ids of all
    "fields": pl.List(pl.String),
    "sheet": pl.String,
    "cell": pl.String,
    "value": pl.String,
    "message": pl.String,  # one Chinese sentence with the numbers in it
    "fix": pl.String,  # what to do, in Chinese
    "suggestion": pl.String,
    "likely": pl.String,  # which cells are most likely wrong, one Chinese sentence; null: unknown
    "operands": pl.String,  # the values read, as text; an explanation is bound to them
    "follows": pl.String,  # id of the question about misplaced numbers that explains this one; null: none
}

FINDING_KEY = ("form", "rule", "org_code", "item", "field")
"""The columns that identify, with unit and year, the same finding in several submissions; never null."""

_ID_LENGTH = (
    16  # hexadecimal digits: among 10 million findings two share an id with a probability of 1 in 300,000
)


def finding_key(findings: pl.DataFrame) -> list[pl.Expr]:
    """The FINDING_KEY columns of ``findings``: '' where null; an unknown unit by its written name."""
    names = {"org_code": ("org_code", "org_name")}
    return [
        pl.coalesce(*(n for n in names.get(column, (column,)) if n in findings.columns), pl.lit("")).alias(
            column
        )
        for column in FINDING_KEY
    ]


def with_finding_id(findings: pl.DataFrame) -> pl.DataFrame:
    """``findings`` (FINDING, EXPLANATION) with ``finding``: a short hash of unit, year and FINDING_KEY.

    The same question of a later submission of the unit and year has the same id, and so have repeated rows of one unit.
    """
    key = [pl.col("unit_code").fill_null(""), pl.col("year").cast(pl.String).fill_null("")]
    text = findings.select(pl.concat_str([*key, *finding_key(findings)], separator="|")).to_series()
    ids = [hashlib.sha256(each.encode()).hexdigest()[:_ID_LENGTH] for each in text]
    return findings.with_columns(finding=pl.Series(ids, dtype=pl.String))


ANSWER: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "sheet": pl.String,
    "cell": pl.String,  # of the box
    "form": pl.String,  # this and the next five: the finding it answers, '' where the finding has none
    "rule": pl.String,
    "org_code": pl.String,
    "item": pl.String,
    "field": pl.String,
    "operands": pl.String,
    "text": pl.String,  # what the clerk wrote; never blank
}

EXPLANATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "explanation": pl.Int64,  # key: seq of its entry in the journal
    "unit_code": pl.String,
    "year": pl.Int32,
    "form": pl.String,
    "rule": pl.String,
    "org_code": pl.String,
    "item": pl.String,
    "field": pl.String,
    "operands": pl.String,
    "text": pl.String,
    "submission": pl.String,  # the one that brought it
    "explained_at": pl.String,
    "decision": pl.String,  # explained | accepted | refused
    "reason": pl.String,  # of the decision
    "decided_by": pl.String,
    "decided_at": pl.String,
    "is_current": pl.Boolean,  # the latest one for this finding with these values
}

RULE_RESULT = {
    "rule": pl.String,
    "form": pl.String,
    "severity": pl.String,
    "evaluated": pl.Int64,
    "failed": pl.Int64,
    "not_evaluated": pl.Int64,
}

OBSERVATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "form": pl.String,
    "org_code": pl.String,
    "item": pl.String,  # roster: the row's name; figures: ''
    "field": pl.String,
    "state": pl.String,
    "value": pl.Float64,  # numbers; null otherwise
    "text": pl.String,  # texts, codes, dates (ISO), booleans (true/false)
    "sheet": pl.String,
    "row": pl.UInt32,
    "cell": pl.String,
}

MEASURE: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "org_code": pl.String,
    "measure": pl.String,
    "state": pl.String,
    "value": pl.Float64,
}

COUNTED_ROW: dict[str, pl.DataType | type[pl.DataType]] = {
    "submission": pl.String,
    "measure": pl.String,
    "org_code": pl.String,  # whose number it counts for
    "form": pl.String,
    "sheet": pl.String,
    "row": pl.UInt32,
}
"""A row of a roster that counts for a measure; key: submission, measure, sheet, row. Its cells: OBSERVATION."""

ROLLUP: dict[str, pl.DataType | type[pl.DataType]] = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_level": pl.String,
    "measure": pl.String,
    "value": pl.Float64,  # null unless something was reported
    "state": pl.String,  # value | zero | not_applicable | not_reported
    "reported_count": pl.Int64,  # cells that hold a value or a zero
    "expected_count": pl.Int64,  # cells asked for, without those answered 不适用
    "coverage_pct": pl.Float64,  # null where nothing is expected
}
"""A measure summed over a node and everything below it; key: year, org_code, measure."""

SUPPRESSED: Schema = {"year": pl.Int32, "org_code": pl.String, "measure": pl.String}
"""A sum (a row of ROLLUP) that is not published, nor the unit's own number."""

INDICATOR: dict[str, pl.DataType | type[pl.DataType]] = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_name": pl.String,
    "org_level": pl.String,
    "parent_code": pl.String,
    "programme": pl.String,
    "indicator": pl.String,
    "name_zh": pl.String,
    "kind": pl.String,
    "value": pl.Float64,
    "state": pl.String,  # value | zero | not_applicable | not_reported; in the warehouse also held, published also suppressed
    "unit": pl.String,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "reported_count": pl.Int64,
    "expected_count": pl.Int64,
    "coverage_pct": pl.Float64,
    "peer_count": pl.Int64,  # ranks and shares: how many units of the level have a value; else null
    "maturity": pl.String,  # provisional | final
}

COMPARISON: dict[str, pl.DataType | type[pl.DataType]] = {
    "year": pl.Int32,
    "org_code": pl.String,
    "indicator": pl.String,
    "comparable_value": pl.Float64,  # of the units that reported in both years; null: none
    "previous_value": pl.Float64,  # of the same units a year ago, through succession
    "comparable_pct": pl.Float64,  # cells that are compared, of those expected
    "previous_coverage_pct": pl.Float64,  # of last year's number alone
}
"""An indicator compared with the year before, over the units that reported in both."""


def form_position(forms: Iterable[str]) -> pl.Expr:
    """The position of the row's ``form`` in ``forms`` (ids in the catalogue's order); -1 without a form.

    Every list by form is sorted by it (年1表, 年2表, 年3-1表 …).
    """
    positions = {form: index for index, form in enumerate(forms)}
    return pl.col("form").replace_strict(positions, default=-1, return_dtype=pl.Int64)


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of no rows with the columns of ``schema``."""
    return pl.DataFrame(schema=schema)


def select_latest(submissions: Submissions) -> Submissions:
    """Of the submissions of one unit and year the one that was received last."""
    return submissions.sort("received_seq").unique(["unit_code", "year"], keep="last", maintain_order=True)


def shaped(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """``frame`` with exactly the columns of ``schema``: missing ones null, types cast, order as declared."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )
