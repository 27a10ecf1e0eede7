"""Questions about suspicious numbers in short annual series: the gates of the series rules, and what breaks them.

A rule that reads ``column_`` scores asks about a whole column, one that reads ``row_`` scores about a row, one that
reads ``run_`` scores about a run of rows in a column: one question each, shown at the first of the numbers. What such
a question speaks of is not asked about number by number.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.error_localisation.slips import with_slips
from expectations.outliers.texts import texts
from expectations.rulebook.condition import Condition
from expectations.rulebook.message import filled
from expectations.rulebook.rulebook import SEVERITIES, Rule, RuleBook
from expectations.rulebook.series_names import SEVERAL
from expectations.verdicts.checks import Gate, condition_gate
from expectations.verdicts.findings import Located
from warehouse.catalogue.frames import FINDING, Schema, empty, shaped, with_place
from warehouse.words.numbers import number_text

_REACH = {
    "number": ["row"],
    "column": ["column"],
    "row": ["line"],
    **{
        kind: [f"{kind}_start"]
        for kind in ("workbook", "sheet", "shift", "swap", "exchange", "upper", "cross", "pair", "run")
    },
}
"""The columns that the rows share which one question speaks of."""

Gates = Sequence[tuple[Gate, Condition]]

BLOCK_CELL: Schema = {
    "submission": pl.String,
    "org_code": pl.String,
    "field": pl.String,
    "follows": pl.String,  # place of the question that speaks of the number
}


def series_gates(rulebook: RuleBook) -> list[tuple[Gate, Condition]]:
    """One gate for every series rule."""
    gates = []
    for rule in rulebook.of_scope("series"):
        assert rule.expression is not None, "a series rule has an expression"
        condition = Condition(
            rule.expression, when=rule.when, levels=rule.levels, since=rule.since, until=rule.until
        )
        gates.append((condition_gate(rule.id, rule, "", [condition], []), condition))
    return gates


def locate_series(
    gates: Gates, frame: pl.DataFrame
) -> tuple[list[Located], list[pl.DataFrame], pl.DataFrame]:
    """Count and locate what breaks each gate; the findings (FINDING) still lack sheet and cell.

    Last the numbers that questions about several speak of (BLOCK_CELL).
    """
    broken = _broken(gates, frame)
    located = [
        Located(gate, int(frame.select(condition.concerned.sum()).item()), rows.height)
        for (gate, condition), (_, rows) in zip(gates, broken, strict=True)
    ]
    once = _once(broken)
    blocks = [_cells_of(rule, asked, frame) for rule, asked in once if rule.speaks_of != "number"]
    return (
        located,
        [_findings(rule, asked, frame) for rule, asked in once],
        pl.concat([empty(BLOCK_CELL), *blocks]),
    )


def _cells_of(rule: Rule, asked: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """BLOCK_CELL of the questions ``asked`` by a rule."""
    reach = _REACH[rule.speaks_of]
    named = with_place(
        asked.select(
            *reach, "form", "org_code", rule=pl.lit(rule.id), item=pl.lit(""), field=pl.col("measure")
        )
    ).select(*reach, follows="place")
    return frame.join(named, on=reach).select(
        "submission", "org_code", field=pl.col("measure"), follows="follows"
    )


def cells_asked(gates: Gates, frame: pl.DataFrame) -> list[tuple[Rule, pl.DataFrame, pl.DataFrame]]:
    """For every rule the rows of ``frame`` that hold its questions, and all rows these speak of."""
    return [
        (rule, asked, frame.join(asked, on=_REACH[rule.speaks_of], how="semi"))
        for rule, asked in _once(_broken(gates, frame))
    ]


def _broken(gates: Gates, frame: pl.DataFrame) -> list[tuple[Rule, pl.DataFrame]]:
    return [
        (gate.rule, frame.filter((~condition.verdict).fill_null(value=False))) for gate, condition in gates
    ]


def _once(broken: list[tuple[Rule, pl.DataFrame]]) -> list[tuple[Rule, pl.DataFrame]]:
    """Leave out what a wider question speaks of (SEVERAL), and of one number all but the gravest question."""
    order = {kind: place for place, kind in enumerate((*SEVERAL, "number"))}
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    kept: dict[str, pl.DataFrame] = {}
    asked_before: list[tuple[Rule, pl.DataFrame]] = []
    for rule, asked in sorted(broken, key=lambda one: (order[one[0].speaks_of], rank[one[0].severity])):
        rows = asked
        for other, whole in asked_before:
            if other.speaks_of != rule.speaks_of or rule.speaks_of == "number":
                rows = rows.join(whole, on=_REACH[other.speaks_of], how="anti", maintain_order="left")
        kept[rule.id] = rows
        asked_before.append((rule, rows))
    return [(rule, kept[rule.id]) for rule, _ in broken]


def _findings(rule: Rule, broken: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    def meaning(place: str) -> pl.Expr:
        return pl.col("label" if place == "label" else f"{place}_text")

    if broken.is_empty():
        return empty(FINDING)
    # Where last year has no number, a slip is measured by what earlier years had.
    expected = (pl.col("previous_value").alias("stated"), pl.col("expected").alias("previous_value"))
    explained = with_slips(
        broken.with_columns(**texts()).with_columns(expected), frame.with_columns(expected[1])
    )
    has_unit = rule.speaks_of in ("number", "row", "pair", "run", "exchange", "upper", "cross")
    place = pl.format("{}：", "org_name") if has_unit else pl.lit("")
    return shaped(
        explained.with_columns(
            rule=pl.lit(rule.id),
            severity=pl.lit(rule.severity),
            item=pl.lit(""),
            field=pl.col("measure"),
            fields=pl.concat_list("measure"),
            value=number_text(pl.col("value")),
            message=pl.concat_str(place, filled(rule.message, meaning)),
            fix=pl.lit(rule.fix),
            operands=_operands(rule),
        ),
        FINDING,
    )


def _operands(rule: Rule) -> pl.Expr:
    """The values that an explanation is bound to: those of the number and last year's, or what stands for the column's."""
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
    now, last, count = values[rule.speaks_of]
    text = pl.format(
        "{}={};prev={}", "measure", number_text(pl.col(now)), number_text(pl.col(last)).fill_null("")
    )
    return text if count is None else pl.format("{};{}={}", text, pl.lit(count), number_text(pl.col(count)))


__all__ = ["cells_asked", "locate_series", "series_gates"]
