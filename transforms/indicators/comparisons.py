"""An indicator beside the year before: the same units in both years, as they stand today.

Each formula is computed twice over one reading that aligns its terms with those of the year before: a base node that
lacks a cell of either year is left out of both, merged units are compared with all they were. So the change is a
change of the world and not of who reported. A cumulative number differs by what this year added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from transforms.indicators.coverage import Cells, added, coverage_pct, least_covered_pct
from transforms.indicators.measure_cells import columns_of
from transforms.indicators.plans import Plan, evaluate, known_value, pairs_of, standing_of
from transforms.indicators.streaks import before_column
from warehouse.catalogue.frames import COMPARISON, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Term
from warehouse.expression.nodes import YEARS_BACK


@dataclass(frozen=True)
class Comparison:
    """How one indicator is compared: ``both`` reads both years, ``past`` the year before alone (for its coverage)."""

    both: Plan
    past: Plan

    @property
    def readings(self) -> tuple[Plan, Plan]:
        """The two plans whose columns are needed on a rolled-up row."""
        return self.both, self.past


def comparisons_of(plans: Sequence[Plan], catalogue: Catalogue) -> list[Comparison]:
    """The comparisons of ``plans``; an indicator that looks back itself (a growth) is none to be compared."""
    found = []
    for plan in plans:
        if any(term.function in YEARS_BACK for term in plan.terms):
            continue
        earlier = [_earlier_term(term) for term in plan.terms]
        is_running = _is_running(plan)
        both = plan.reading([*plan.terms, *earlier], catalogue, is_aligned=not is_running)
        before = [t for t in earlier if t.function == "prev"] or earlier
        found.append(Comparison(both, plan.reading(before, catalogue, is_aligned=plan.is_aligned)))
    return found


_NUMBERS = ("comparable_value", "previous_value", "comparable_pct", "previous_coverage_pct")


def compare(
    rolled: pl.DataFrame, comparisons: Sequence[Comparison], asked: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    """The COMPARISON frame of rolled-up rows (or village rows) that hold the readings of ``comparisons``.

    ``asked``: indicator -> the rows that speak of it in both years. One pass over all indicators side by side.
    """
    if not comparisons or rolled.is_empty():
        return empty(COMPARISON)
    place = ["year", "org_code", "org_level"]
    wide = rolled.select(*place, *(e for c in comparisons for e in _numbers(c, asked)))
    wide = wide.with_columns(
        _apply_window(pl.col(_column(c, name)), c.both.window).alias(_column(c, name))
        for c in comparisons
        for name in _NUMBERS[:2]
    )
    ids = [c.both.indicator.id for c in comparisons]
    rows = len(wide)
    long = pl.DataFrame(
        {
            "indicator": pl.Series(ids, dtype=pl.String).repeat_by(rows).explode(empty_as_null=True),
            **{key: pl.concat([wide[key]] * len(ids)) for key in place[:2]},
            **{name: pl.concat([wide[_column(c, name)] for c in comparisons]) for name in (*_NUMBERS, _HAS)},
        }
    )
    return shaped(long.filter(_HAS), COMPARISON)


_HAS = "has"


def _column(comparison: Comparison, name: str) -> str:
    return f"{comparison.both.indicator.id}|{name}"


def _numbers(comparison: Comparison, asked: Mapping[str, pl.Expr]) -> Iterator[pl.Expr]:
    """The four numbers of an indicator, the first two before the window function, and whether the row has it."""
    plan = comparison.both
    now, before = _values(plan)
    is_asked = asked[plan.indicator.id]
    is_known = is_asked & now.is_not_null() & before.is_not_null()
    found = (
        pl.when(is_known).then(now.cast(pl.Float64)),
        pl.when(is_known).then(before.cast(pl.Float64)),
        _coverage(comparison),
        _past_coverage(comparison),
        is_asked & pl.col("org_level").is_in(plan.indicator.levels),
    )
    yield from (e.alias(_column(comparison, n)) for e, n in zip(found, (*_NUMBERS, _HAS), strict=True))


def _earlier_term(term: Term) -> Term:
    """What tells how a term stood a year ago: last year's value, or what this year added to a running sum."""
    return Term(term.name) if term.function == "cumulative" else Term(term.name, "prev")


def _is_running(plan: Plan) -> bool:
    """Whether the number is a running sum: what was never reported lacks in both years alike."""
    return plan.inner.is_sum and all(term.function == "cumulative" for term in plan.inner.terms)


def _values(plan: Plan) -> tuple[pl.Expr, pl.Expr]:
    """The number within the window function this year and a year ago."""
    if plan.window == "streak":
        return pl.col(plan.streak_column), pl.col(before_column(plan))
    if not _is_running(plan):
        return evaluate(plan, plan.inner), plan.inner.polars(lambda term: _earlier_value(plan, term))
    pairs = [(columns_of(t), columns_of(_earlier_term(t))) for t in plan.inner.terms]
    adds = pl.any_horizontal(pl.col(own[1]) > 0 for _, own in pairs)
    stood = pl.any_horizontal(pl.col(run[1]) > pl.col(own[1]) for run, own in pairs)
    now = plan.inner.polars(lambda term: pl.col(term.column))
    before = plan.inner.polars(lambda term: pl.col(term.column) - pl.col(_earlier_term(term).column))
    return now, pl.when(adds & stood).then(before)


def _earlier_value(plan: Plan, term: Term) -> pl.Expr:
    """The value of a term a year ago; null where nothing was reported."""
    if term.function != "cumulative":
        return known_value(plan, _earlier_term(term))
    run, own = (columns_of(t, plan.prefix) for t in (term, _earlier_term(term)))
    return pl.when(pl.col(run[1]) > pl.col(own[1])).then(pl.col(run[0]) - pl.col(own[0]))


def _coverage(comparison: Comparison) -> pl.Expr:
    """How much of what both years expect is compared."""
    both = comparison.both
    return least_covered_pct(pairs_of(both)) if both.is_aligned else coverage_pct(added(pairs_of(both)))


def _past_coverage(comparison: Comparison) -> pl.Expr:
    """How well last year's number was covered by itself."""
    both, past = comparison.both, comparison.past
    pairs: list[Cells] = pairs_of(past) if past.terms[0].function == "prev" else []
    for term in both.inner.terms:
        if term.function == "cumulative":
            run, own = (columns_of(t, both.prefix) for t in (term, _earlier_term(term)))
            pairs.append((pl.col(run[1]) - pl.col(own[1]), pl.col(run[2]) - pl.col(own[2])))
    return least_covered_pct(pairs) if past.is_aligned else coverage_pct(added(pairs))


def _apply_window(value: pl.Expr, window: str | None) -> pl.Expr:
    """The place or the share that a number has in its year, among those that are compared."""
    match window:
        case "rank" | "rank_asc" | "percentile":
            place = standing_of(value, window, ["year", "org_level"])
            return place.cast(pl.Float64)
        case "share":
            whole = value.filter(pl.col("org_level") == "city").first().over("year")
            return pl.when(whole != 0).then(value / whole * 100.0)
    return value
