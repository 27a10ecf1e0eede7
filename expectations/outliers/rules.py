"""Questions about suspicious numbers in short annual series: the checks of the series rules, and the rows that break them.

A rule that reads ``column_`` scores asks about a whole column, ``row_`` scores about a row, ``run_`` scores about a run of
rows in a column. Each is one question, at the first of its numbers, and these are not asked about one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from expectations.error_localisation.slips import with_slips
from expectations.outliers.scores import MOST_NUMBERS, list_series_frames
from expectations.outliers.series_texts import describe_series
from expectations.rulebook.condition import Condition
from expectations.rulebook.rulebook import Rule, RuleBook
from expectations.verdicts.rule_checks import Check
from expectations.verdicts.silence import ask_widest
from expectations.verdicts.verdicts import Suite, evaluate, join_suites
from warehouse.catalogue.frames import FINDING, Measures, Schema, empty, shaped, with_finding_id
from warehouse.catalogue.load import Catalogue
from warehouse.words.filled_sentences import fill_template
from warehouse.words.number_words import number_text

_REACH = {
    "number": ["row"],
    "column": ["column"],
    "row": ["line"],
    **{
        kind: [f"{kind}_start"]
        for kind in ("workbook", "sheet", "shift", "swap", "exchange", "upper", "cross", "pair", "run")
    },
}
"""Subject of a question -> the columns whose values its rows share."""

SERIES = "series"
"""The suite of the series rules."""

_KEYS = ("submission", "org_code", "measure")

BLOCK_CELL: Schema = {
    "submission": pl.String,
    "org_code": pl.String,
    "field": pl.String,
    "follows": pl.String,  # id of the question about the block
}


def series_checks(rulebook: RuleBook) -> list[Check]:
    """One check for every series rule, over the frame of :mod:`expectations.outliers.scores`."""
    checks = []
    for rule in rulebook.of_scope("series"):
        assert rule.expression is not None, "a series rule has an expression"
        condition = Condition(
            rule.expression, when=rule.when, levels=rule.levels, since=rule.since, until=rule.until
        )
        check = Check(
            id=rule.id,
            rule=rule,
            form="",
            fields=(),
            finding_field=None,
            is_concerned=condition.is_concerned,
            verdict=condition.verdict,
            meaning=_meaning,
            value=partial(number_text, pl.col("value")),
            operands=partial(_operands, rule),
            label="历年数列",
            words=rule.words,
        )
        checks.append(check)
    return checks


def examine_series(checks: Sequence[Check], frame: pl.DataFrame) -> Suite:
    """VERDICT of the series rules."""
    return evaluate(SERIES, "年度数列审核", checks, frame)


def examine_numbers(
    rulebook: RuleBook,
    measures: Measures,
    standing: Measures,
    totals: pl.DataFrame,
    catalogue: Catalogue,
    most_numbers: int = MOST_NUMBERS,
) -> tuple[Suite, pl.DataFrame, pl.DataFrame]:
    """VERDICT of the series rules on every number of ``measures``, and what :func:`locate_series` finds in it.

    ``totals``: :func:`expectations.outliers.effects.list_published_totals` of the whole city.
    The suite keeps the keys of its rows only. About ``most_numbers`` are scored at a time.
    """
    checks = series_checks(rulebook)
    if not checks:
        return examine_series([], pl.DataFrame()), empty(FINDING), empty(BLOCK_CELL)
    suites, questions, blocks = [], [], []
    for frame in list_series_frames(measures, standing, totals, catalogue, most_numbers):
        suite = examine_series(checks, frame)
        found, cells = locate_series(suite)
        questions.append(found)
        blocks.append(cells)
        suites.append(replace(suite, rows=suite.rows.select(_KEYS)))
    return join_suites(suites), pl.concat(questions), pl.concat(blocks)


def locate_series(suite: Suite) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The questions (FINDING, without sheet and cell), and the numbers of those about several (BLOCK_CELL)."""
    asked = _select_questions(suite)
    blocks = [
        _list_cells(check.rule, rows, suite.rows) for check, rows in asked if check.rule.subject != "number"
    ]
    return (
        pl.concat([empty(FINDING), *(_collect_findings(check, rows, suite.rows) for check, rows in asked)]),
        pl.concat([empty(BLOCK_CELL), *blocks]),
    )


def _select_questions(suite: Suite) -> list[tuple[Check, pl.DataFrame]]:
    """Each check with the rows it asks about: those that no wider or graver question covers."""
    rules = [check.rule for check in suite.checks]
    rows = ask_widest(rules, [suite.select_broken(check) for check in suite.checks], _REACH)
    return list(zip(suite.checks, rows, strict=True))


def _list_cells(rule: Rule, asked: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """BLOCK_CELL of the questions ``asked`` by a rule."""
    reach = _REACH[rule.subject]
    named = with_finding_id(
        asked.select(
            *reach,
            "unit_code",
            "year",
            "form",
            "org_code",
            rule=pl.lit(rule.id),
            item=pl.lit(""),
            field=pl.col("measure"),
        )
    ).select(*reach, follows="finding")
    return frame.join(named, on=reach).select(
        "submission", "org_code", field=pl.col("measure"), follows="follows"
    )


def locate_questions(
    checks: Sequence[Check], frame: pl.DataFrame
) -> list[tuple[Rule, pl.DataFrame, pl.DataFrame]]:
    """For every rule: the rows of ``frame`` that its questions are shown at, and all rows that these cover."""
    return [
        (check.rule, asked, frame.join(asked, on=_REACH[check.rule.subject], how="semi"))
        for check, asked in _select_questions(examine_series(checks, frame))
    ]


def _meaning(placeholder: str) -> pl.Expr:
    return pl.col("label" if placeholder == "label" else f"{placeholder}_text")


def _collect_findings(check: Check, broken: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    rule = check.rule
    if broken.is_empty():
        return empty(FINDING)
    # Without a number last year a slip is measured against the earlier years.
    expected = (pl.col("previous_value").alias("stated"), pl.col("expected").alias("previous_value"))
    explained = with_slips(
        broken.with_columns(**describe_series()).with_columns(expected), frame.with_columns(expected[1])
    )
    has_unit = rule.subject in ("number", "row", "pair", "run", "exchange", "upper", "cross")
    prefix = pl.format("{}：", "org_name") if has_unit else pl.lit("")
    return shaped(
        explained.with_columns(
            rule=pl.lit(rule.id),
            severity=pl.lit(rule.severity),
            item=pl.lit(""),
            field=pl.col("measure"),
            fields=pl.concat_list("measure"),
            value=check.value(),
            message=pl.concat_str(prefix, fill_template(rule.message, check.meaning)),
            fix=pl.lit(rule.fix),
            operands=check.operands(),
        ),
        FINDING,
    )


def _operands(rule: Rule) -> pl.Expr:
    """The values that an explanation is bound to: the number and last year's, or the sums of a column or row."""
    values = {
        "number": ("value", "stated", None),
        "column": ("column_sum", "column_previous_sum", "column_count"),
        "row": ("row_sum", "row_previous_sum", "row_count"),
        "pair": ("value", "stated", "pair_value"),
        "run": ("value", "run_high", "run_count"),
        "workbook": ("workbook_same_count", "workbook_same_pct", None),
        "sheet": ("sheet_same_count", "sheet_same_pct", None),
        "cross": ("value", "cross_other_value", "cross_count"),
        **dict.fromkeys(("shift", "swap", "exchange"), ("value", "stated", None)),
        "upper": ("value", "stated", "upper_count"),
    }
    now, last, count = values[rule.subject]
    text = pl.format(
        "{}={};prev={}", "measure", number_text(pl.col(now)), number_text(pl.col(last)).fill_null("")
    )
    return text if count is None else pl.format("{};{}={}", text, pl.lit(count), number_text(pl.col(count)))
