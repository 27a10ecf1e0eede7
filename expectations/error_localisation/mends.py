"""Which value of one cell would make every rule that reads it hold; tried on all suspect rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from expectations.error_localisation.slips import LOST, find_column_slips, is_near, undo_slips
from expectations.rulebook.message import value_text
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Schema
from warehouse.catalogue.models import Field
from warehouse.expression.expression import Expression, Term
from warehouse.words.number_words import number_text

MEND: Schema = {
    "suspect": pl.UInt32,  # key: index of the row among the suspects
    "words": pl.String,  # the cells of the set, their values and what these should be
    "has_slip": pl.Boolean,  # whether a usual slip explains the mend
    "gain": pl.Float64,  # how much nearer to last year's numbers the mend brings the row (log ratio); null without history
}
"""A set of cells that mends a row; one frame holds the mends of one set."""

SAME = 1e-6


@dataclass(frozen=True)
class Variable:
    """A cell that may be wrong: its column, its label and its valid values (a range, or a list of answers)."""

    name: str
    label: str
    is_number: bool
    is_whole: bool = True
    low: float | None = None
    high: float | None = None
    answers: tuple[str | bool, ...] = ()
    is_typed: bool = True  # typed by a clerk; False: a sum or a count, which has no slips

    def allows(self, mend: pl.Expr) -> pl.Expr:
        """Whether the cell may hold the number ``mend``."""
        tests = [mend.is_finite()]
        if self.is_whole:
            tests.append(mend == mend.round())
        if self.low is not None:
            tests.append(mend >= self.low)
        if self.high is not None:
            tests.append(mend <= self.high)
        return pl.all_horizontal(tests)


def make_variable(field: Field, labels: Sequence[str] = ()) -> Variable:
    """The variable of a form's field; ``labels``: the answers of its code list."""
    answers: tuple[str | bool, ...] = (True, False) if field.type == "boolean" else tuple(labels)
    return Variable(
        field.id, field.label, field.is_numeric, field.type != "cny", field.low, field.high, answers
    )


@dataclass(frozen=True)
class Trial:
    """What a mend of some cells is tried on.

    ``rows``: the suspect rows, with ``suspect``; ``rules``: all that read one of the cells; ``edges``: the expressions at
    whose zero a rule changes its answer; ``frame``: the whole form; ``history``: org_code, year, measure, previous_value.
    """

    rows: pl.DataFrame
    rules: Sequence[Check]
    edges: Sequence[Expression]
    frame: pl.DataFrame
    history: pl.DataFrame

    def select_mended(self, tried: pl.DataFrame, mends: dict[str, str]) -> pl.DataFrame:
        """The rows of ``tried`` in which every rule holds after replacing columns by others (``mends``: old -> new)."""
        if not self.rules:  # only the total's rule reads the number
            return tried
        changed = tried.with_columns(pl.col(new).alias(name) for name, new in mends.items())
        holds = pl.all_horizontal(rule.verdict.fill_null(value=True) for rule in self.rules)
        return tried.filter(changed.select(holds).to_series())

    def previous_values(self, name: str) -> pl.DataFrame:
        """org_code, year, previous_value of one column."""
        return self.history.filter(measure=name).select("org_code", "year", "previous_value")

    def with_previous_value(self, name: str) -> pl.DataFrame:
        """The rows that have a number in ``name``, with previous_value."""
        known = self.rows.filter(pl.col(name).is_not_null()).join(
            self.previous_values(name), on=["org_code", "year"], how="left", maintain_order="left"
        )
        return known.with_columns(previous_value=pl.when(_IS_OWN).then("previous_value"))

    def with_column_slips(self, name: str, known: pl.DataFrame) -> pl.DataFrame:
        """``known`` (:meth:`with_previous_value`) with column_value and column_text where the column shows a slip."""
        keys = ["submission", "org_level", "org_code"]
        shape = [
            *keys,
            "org_name",
            "previous_value",
            pl.lit(name).alias("measure"),
            pl.col(name).alias("value"),
        ]
        column = self.frame.filter(pl.col(name).is_not_null(), _IS_OWN).join(
            self.previous_values(name), on=["org_code", "year"]
        )
        slips = find_column_slips(known.select(shape), column.select(shape)).drop("measure")
        return known.join(slips, on=keys, how="left", maintain_order="left")


_IS_OWN = pl.col("item").fill_null("") == ""
"""A roster's rows are left out: nobody knows which of last year's rows is the same thing."""


def find_single_mends(variable: Variable, trial: Trial) -> pl.DataFrame:
    """MEND of the rows that a change of ``variable`` alone mends."""
    return (_try_numbers if variable.is_number else _try_answers)(variable, trial)


def _try_answers(variable: Variable, trial: Trial) -> pl.DataFrame:
    dtype = pl.Boolean if True in variable.answers else pl.String
    options = pl.DataFrame({"mend": pl.Series(list(variable.answers), dtype=dtype)})
    given = trial.rows.filter(pl.col(variable.name).is_not_null())
    held = trial.select_mended(given.join(options, how="cross"), {variable.name: "mend"})
    texts = held.group_by("suspect", maintain_order=True).agg(
        value=value_text(pl.col(variable.name), dtype).first(),
        mends=value_text(pl.col("mend"), dtype).str.join("或"),
    )
    return texts.select(
        "suspect",
        words=pl.format("{}（现填{}，应为{}）", pl.lit(variable.label), "value", "mends"),
        has_slip=pl.lit(value=False),
        gain=pl.lit(None, pl.Float64),
    )


def _try_numbers(variable: Variable, trial: Trial) -> pl.DataFrame:
    name = variable.name
    value, before, mend = pl.col(name), pl.col("previous_value"), pl.col("mend")
    known = trial.with_previous_value(name)
    if variable.is_typed:
        known = trial.with_column_slips(name, known)
    slips = [(pl.col("column_value"), pl.col("column_text"))] if variable.is_typed else []
    slips += (
        [(other, pl.lit(text)) for other, text in undo_slips(value, is_money=not variable.is_whole)]
        if variable.is_typed
        else []
    )
    crossings = [_solve_for_one(edge, name) for edge in trial.edges]
    points = [
        before,
        *(other for other, _ in slips),
        *(pl.lit(limit) for limit in (variable.low, variable.high) if limit is not None),
        *(point for crossing in crossings for point in list_numbers_around(crossing, variable)),
    ]
    tried = (
        known.with_columns(mend=pl.concat_list(point.cast(pl.Float64) for point in points))
        .explode("mend")
        .filter(variable.allows(mend), (mend - value).abs() > SAME)
        .unique(["suspect", "mend"], maintain_order=True)
    )
    held = trial.select_mended(tried, {name: "mend"})
    slip = pl.coalesce(
        pl.lit(None, pl.String), *(pl.when((mend - other).abs() <= SAME).then(text) for other, text in slips)
    )
    # A slip explains a mend that is the only one, or that is near last year's number where the value is not.
    explains = (pl.len().over("suspect") == 1) | (is_near(mend, before) & ~is_near(value, before))
    return (
        held.with_columns(
            slip=pl.when(explains).then(slip), way=log_distance(mend, pl.coalesce(before, value))
        )
        .with_columns(
            has_slip=pl.col("slip").is_not_null(),
            count=pl.len().over("suspect"),
            below=mend.filter(mend < value).max().over("suspect"),
            above=mend.filter(mend > value).min().over("suspect"),
        )
        .sort("suspect", "has_slip", "way", "mend", descending=[False, True, False, False])
        .unique("suspect", keep="first", maintain_order=True)
        .select(
            "suspect",
            words=describe_cell(variable, _write_advice()),
            has_slip="has_slip",
            gain=log_distance(value, before) - pl.col("way"),
        )
    )


def _write_advice() -> pl.Expr:
    """应为, 应不大于 or 应不小于 a number; 应为 where only one value is left. Reads count, slip, mend, below, above."""
    mend = pl.col("mend")
    limit = (
        pl.when(mend <= pl.col("below"))
        .then(pl.format("应不大于{}", number_text(pl.col("below"))))
        .otherwise(pl.format("应不小于{}", number_text(pl.col("above"))))
    )
    # Nobody knows a digit that was lost, so the number is stated only where the rules leave a single one.
    is_known = pl.col("has_slip") & ~pl.col("slip").is_in(LOST)
    is_said = is_known.fill_null(value=False) | (pl.col("count") == 1)
    wanted = pl.when(is_said).then(pl.format("应为{}", number_text(mend))).otherwise(limit)
    return pl.concat_str(pl.concat_str("slip", pl.lit("，")).fill_null(""), wanted)


def describe_cell(variable: Variable, wanted: pl.Expr | None = None, past: str = "previous_value") -> pl.Expr:
    """``失独人数（现填412，上年41，疑多写一位，应为41）``: the cell, its value, last year's, and ``wanted``."""
    says = "现填{}" if variable.is_typed else "现为{}"
    parts = [
        pl.format(says, number_text(pl.col(variable.name))),
        pl.format("上年{}", number_text(pl.col(past))),
        *([] if wanted is None else [wanted]),
    ]
    return pl.format(
        "{}（{}）", pl.lit(variable.label), pl.concat_str(parts, separator="，", ignore_nulls=True)
    )


def substitute_numbers(edge: Expression, values: dict[str, float]) -> pl.Expr:
    """The edge's difference with ``values`` (column -> number) substituted."""

    def meaning(term: Term) -> pl.Expr:
        return pl.lit(values[term.column]) if term.column in values else pl.col(term.column)

    return edge.polars(meaning)


def _solve_for_one(edge: Expression, name: str) -> pl.Expr:
    """The value of ``name`` at which the edge is zero, the other columns unchanged; not finite where there is none."""
    zero, one = substitute_numbers(edge, {name: 0.0}), substitute_numbers(edge, {name: 1.0})
    return -zero / (one - zero)


def list_numbers_around(point: pl.Expr, variable: Variable) -> list[pl.Expr]:
    """The two whole numbers on either side of a point, and the point itself where the cell holds fractions.

    Two, because only a second valid number shows that the first is not the only one.
    """
    tidy = point.round(6)  # rounding errors of a division must not lead to the next whole number
    beside = [tidy.floor() - 2, tidy.floor() - 1, tidy.floor(), tidy.ceil(), tidy.ceil() + 1, tidy.ceil() + 2]
    return beside if variable.is_whole else [*beside, point]


def log_distance(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The absolute log ratio of two numbers, each plus 1."""
    return ((value + 1) / (other + 1)).log().abs()
