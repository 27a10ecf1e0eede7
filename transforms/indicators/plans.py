"""How the formulas of indicators read the terms of base nodes: what is added up for whom, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from transforms.indicators.coverage import Cells, added, least_covered
from transforms.indicators.groups import Group
from transforms.indicators.measure_cells import columns_of
from transforms.indicators.rollup import counts_of_levels
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.expression.expression import Expression, Term


@dataclass(frozen=True)
class Plan:
    """One indicator, ready to be evaluated on rolled-up rows.

    ``inner`` is the formula within the window function, if there is one; ``terms`` are what it reads, and in a
    comparison with last year what is read for that. ``prefix`` marks the columns of its reading: plans that align
    the same terms share them, plans that align nothing share the plain sums.
    ``align_within``: county or city when terms can only be compared there (null: at each base node).
    """

    indicator: Indicator
    window: str | None
    inner: Expression
    terms: tuple[Term, ...]
    prefix: str
    align_within: str | None

    @property
    def is_aligned(self) -> bool:
        """Whether base nodes that lack a cell of any term are left out of all terms."""
        return self.prefix != ""

    @property
    def open_column(self) -> str:
        """The column that counts contributing rows whose unit is not approved."""
        return f"{self.prefix}{_names(self.terms)}__open"

    @property
    def streak_column(self) -> str:
        """The column that holds the length of a streak."""
        return f"{self.indicator.id}__streak"

    def reading(self, terms: Iterable[Term], catalogue: Catalogue, *, is_aligned: bool) -> Plan:
        """The same formula over a reading of other ``terms``."""
        read = tuple(dict.fromkeys(terms))
        prefix = f"{_names(read)}|" if is_aligned else ""
        return replace(self, terms=read, prefix=prefix, align_within=_meeting_level(read, catalogue))


def _names(terms: Iterable[Term]) -> str:
    return "+".join(sorted(t.column for t in terms))


def plans_of(catalogue: Catalogue, group: Group | None = None) -> list[Plan]:
    """The plans of all indicators, or of a group's, in the order of the catalogue."""
    plans: list[Plan] = []
    for indicator in catalogue.indicators.values():
        if group is not None and indicator.id not in group.indicators:
            continue
        expression = catalogue.expand_formula(indicator)
        window, inner = expression.window or (None, expression)
        alone = inner.is_sum or len(inner.terms) == 1
        plan = Plan(indicator, window, inner, inner.terms, "", None)
        plans.append(plan.reading(inner.terms, catalogue, is_aligned=not alone))
    return plans


def _meeting_level(terms: Iterable[Term], catalogue: Catalogue) -> str | None:
    """Where terms asked at different levels meet: consultations of a county, population of its townships.

    One township without its population then leaves out the whole county, not a hundredth of the denominator.
    """
    asked = {catalogue.asked_levels(catalogue.measures[term.name]) for term in terms}
    if len(asked) == 1 or all({"township", "village"} & set(levels) for levels in asked):
        return None
    return "county" if all(set(levels) - {"city"} for levels in asked) else "city"


def readings(plans: list[Plan], keys: list[str]) -> list[pl.Expr]:
    """The columns that ``plans`` need, over base rows (with is_open) of ``keys``, ready to be added up."""
    found: dict[str, pl.Expr] = {}
    for plan in plans:
        if plan.open_column in found:
            continue
        kept = pl.all_horizontal(_is_complete(t) for t in plan.terms) if plan.is_aligned else pl.lit(True)
        if plan.is_aligned and plan.align_within is not None:
            kept = kept.all().over(*keys, plan.align_within)
        for term in plan.terms:
            names, sources = columns_of(term, plan.prefix), columns_of(term)
            for name, source in zip(names[:2], sources[:2], strict=True):
                column = pl.col(source)
                found[name] = (
                    pl.when(kept).then(column).otherwise(0.0) if plan.is_aligned else column
                ).alias(name)
            found[names[2]] = pl.col(names[2])
        contributes = pl.any_horizontal(pl.col(columns_of(t)[1]) > 0 for t in plan.terms)
        found[plan.open_column] = (
            (contributes & kept & pl.col("is_open")).cast(pl.Int64).alias(plan.open_column)
        )
    return [*counts_of_levels(), *found.values()]


def _is_complete(term: Term) -> pl.Expr:
    """Whether a base row reported every cell of the term that is expected of it."""
    _, reported, expected = columns_of(term)
    return pl.col(reported) >= pl.col(expected) - 1e-6


def known_value(plan: Plan, term: Term) -> pl.Expr:
    """The value of a term on a rolled-up row: null where nothing was reported."""
    value, reported, _ = columns_of(term, plan.prefix)
    return pl.when(pl.col(reported) > 0).then(pl.col(value))


def evaluate(plan: Plan, expression: Expression) -> pl.Expr:
    """``expression`` over the terms of ``plan`` on a rolled-up row; a sum is what was reported of it."""
    if plan.inner.is_sum and not plan.is_aligned:
        anything = pl.any_horizontal(pl.col(columns_of(t)[1]) > 0 for t in plan.terms)
        return pl.when(anything).then(expression.polars(lambda term: pl.col(term.column)))
    return expression.polars(lambda term: known_value(plan, term))


def standing_of(value: pl.Expr, window: str, level: list[str]) -> pl.Expr:
    """The place (rank, rank_asc) or the percentile of a value among those of its ``level``; null where there is none."""
    if window != "percentile":
        return value.rank("min", descending=window == "rank").over(level)
    below, others = value.rank("min").over(level) - 1, value.count().over(level) - 1
    return pl.when(others > 0).then(below / others * 100.0)


def cells(plan: Plan) -> Cells:
    """Cells reported and expected: of the worst covered term, or of all terms where they only add up."""
    return least_covered(pairs_of(plan)) if plan.is_aligned else added(pairs_of(plan))


def pairs_of(plan: Plan) -> list[Cells]:
    """Cells reported and expected of each term."""
    return [(pl.col(reported), pl.col(expected)) for _, reported, expected in _columns(plan)]


def _columns(plan: Plan) -> list[tuple[str, str, str]]:
    return [columns_of(term, plan.prefix) for term in plan.terms]
