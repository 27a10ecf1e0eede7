"""Questions about suspicious numbers in short annual series: the gates of the series rules, and what breaks them.

A rule that reads ``column_`` scores asks about a whole column, one that reads ``row_`` scores about a row, one that
reads ``run_`` scores about a run of rows in a column: one question each, shown at the first of the numbers. What such
a question speaks of is not asked about number by number.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.checks import Gate, condition_gate
from expectations.condition import Condition
from expectations.findings import Located
from expectations.likely.slips import with_slips
from expectations.message import filled, number_text
from expectations.rulebook import Rule, RuleBook
from expectations.series.texts import texts
from warehouse.catalogue.frames import FINDING, empty, shaped

_REACH = {
    "number": ["row"],
    "column": ["column"],
    "row": ["line"],
    "pair": ["pair_start"],
    "run": ["run_start"],
}
"""The columns that the rows share which one question speaks of."""

Gates = Sequence[tuple[Gate, Condition]]


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


def locate_series(gates: Gates, frame: pl.DataFrame) -> tuple[list[Located], list[pl.DataFrame]]:
    """Count and locate what breaks each gate; the findings (FINDING) still lack sheet and cell."""
    broken = _broken(gates, frame)
    located = [
        Located(gate, int(frame.select(condition.concerned.sum()).item()), rows.height)
        for (gate, condition), (_, rows) in zip(gates, broken, strict=True)
    ]
    return located, [_findings(rule, asked, frame) for rule, asked in _once(broken)]


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
    """Leave out single numbers of what is asked about as a whole."""
    kept = []
    for rule, asked in broken:
        rows = asked
        for other, whole in broken:
            if rule.speaks_of == "number" and other.speaks_of != "number":
                rows = rows.join(whole, on=_REACH[other.speaks_of], how="anti", maintain_order="left")
        kept.append((rule, rows))
    return kept


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
    place = pl.lit("") if rule.speaks_of == "column" else pl.format("{}：", "org_name")
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
    }
    now, last, count = values[rule.speaks_of]
    text = pl.format(
        "{}={};prev={}", "measure", number_text(pl.col(now)), number_text(pl.col(last)).fill_null("")
    )
    return text if count is None else pl.format("{};{}={}", text, pl.lit(count), number_text(pl.col(count)))


__all__ = ["cells_asked", "locate_series", "series_gates"]
