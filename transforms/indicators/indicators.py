"""Computes every indicator of the catalogue for every year and node from the measures of standing submissions.

A formula of one term, or a sum of terms, says what was reported, with its coverage. Any other formula *aligns* its
terms: a base node (a township with its villages, a county's own row, the city's own row) at which any cell of any
term is expected but not reported is left out of all terms, so that a rate never divides a partial numerator by a
full denominator; what was left out is missing from the coverage. What is not asked at a node (a county's own row
has no population, a new village no year before) and what does not apply there (不适用) leaves nothing out.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.indicators.comparisons import compare, comparisons_of
from transforms.indicators.coverage import coverage_pct, least_covered
from transforms.indicators.groups import Group
from transforms.indicators.measure_cells import columns_of, data_years, is_deep
from transforms.indicators.plans import (
    Plan,
    cells,
    evaluate,
    known_value,
    plans_of,
    readings,
    standing_of,
)
from transforms.indicators.redrawn import list_moved, select_redrawn
from transforms.indicators.rollup import covers, fold_up, roll_up
from transforms.indicators.streaks import with_streaks
from transforms.indicators.term_tree import Ground, Tree, lay_ground, term_tree
from warehouse.catalogue.frames import COMPARISON, INDICATOR, ROLLUP, Measures, empty
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Expression, Term
from warehouse.expression.nodes import YEARS_BACK

_PLACE = ("year", "org_code", "org_name", "org_level", "parent_code")
_ALMOST = 1e-6  # shares of a split unit add up to whole cells but for rounding


@dataclass(frozen=True)
class Computed:
    """What the standing measures amount to: the frames INDICATOR, COMPARISON (beside last year) and ROLLUP."""

    indicators: pl.DataFrame
    comparisons: pl.DataFrame
    rollup: pl.DataFrame


def compute(
    measures: Measures,
    catalogue: Catalogue,
    final: pl.DataFrame,
    group: Group | None = None,
    ground: Ground | None = None,
) -> Computed:
    """Every indicator and every sum of the MEASURE rows of all standing submissions; of a ``group``, its own.

    ``final``: year, unit_code of the approved submissions. ``measures`` may be those that the group reads; then ``ground`` is
    that of all years with data and of ``final``. One INDICATOR row per year with data, indicator and node of the indicator's
    levels that is asked for all its terms, in the order of the catalogue, year and code. ``value`` is null, never 0, where it
    cannot be known; ``state`` then says whether it was not reported or does not apply.
    """
    ground = ground or _lay_ground(measures, catalogue, final)
    if ground is None:
        return Computed(empty(INDICATOR), empty(COMPARISON), empty(ROLLUP))
    years = ground.years
    plans = plans_of(catalogue, group)
    summed = list(group.measures if group else catalogue.measures)
    comparisons = comparisons_of(plans, catalogue)
    read = [*plans, *(p for c in comparisons for p in c.readings)]
    terms = [*(t for p in read for t in p.terms), *map(Term, summed)]
    tree = term_tree(measures, catalogue, dict.fromkeys(terms), ground)
    nodes = _read_nodes(tree, plans, read, catalogue)
    indicators = _list_indicators(nodes, plans, catalogue, years)
    asked = {c.both.indicator.id: _is_asked(c.both, catalogue, years) for c in comparisons}
    of_villages = [c for c in comparisons if _is_for_villages(c.both, catalogue)]
    changes = [compare(nodes.rolled, comparisons, asked), compare(nodes.villages, of_villages, asked)]
    return Computed(
        indicators, pl.concat(changes), roll_up(tree, [catalogue.measures[m] for m in summed], catalogue)
    )


def redraw(
    measures: Measures,
    catalogue: Catalogue,
    final: pl.DataFrame,
    indicators: pl.DataFrame,
    group: Group | None = None,
    ground: Ground | None = None,
) -> pl.DataFrame:
    """INDICATOR of earlier years as if the units of the last year had been there, where that differs from ``indicators``.

    Arguments as of :func:`compute`, and the indicators that it gave.
    """
    ground = ground or _lay_ground(measures, catalogue, final)
    moved = list_moved(catalogue.registry, ground.years) if ground else empty(INDICATOR)
    if ground is None or moved.is_empty():
        return empty(INDICATOR)
    years = ground.years
    plans = plans_of(catalogue, group)
    terms = dict.fromkeys(t for p in plans for t in p.terms)
    tree = term_tree(measures, catalogue, terms, ground, seen_from=years[-1])
    nodes = _read_nodes(tree, plans, plans, catalogue)
    is_other = pl.col("year").is_in(moved["year"].unique().implode())
    of_moved = _Nodes(
        nodes.rolled.filter(is_other), nodes.villages.join(moved, on=["year", "org_code"], how="semi")
    )
    redrawn = _list_indicators(of_moved, plans, catalogue, years)
    today = catalogue.registry.units(years[-1])
    as_was = indicators.filter(is_other).join(today, on="org_code", how="semi", maintain_order="left")
    other_villages = as_was.filter(org_level="village").join(moved, on=["year", "org_code"], how="semi")
    return select_redrawn(redrawn, pl.concat([as_was.remove(org_level="village"), other_villages]))


def _lay_ground(measures: Measures, catalogue: Catalogue, final: pl.DataFrame) -> Ground | None:
    """The ground of the years of ``measures``; None where there are none."""
    years = data_years(measures)
    return lay_ground(catalogue, final, years) if years else None


@dataclass(frozen=True)
class _Nodes:
    """What plans read, on one row per year and node above the villages, and per year and village."""

    rolled: pl.DataFrame
    villages: pl.DataFrame


def _read_nodes(tree: Tree, plans: list[Plan], read: list[Plan], catalogue: Catalogue) -> _Nodes:
    """The readings of ``read``, and the streaks of ``plans``, on the nodes of ``tree``."""
    names = tree.places.select("year", "unit", "org_code", "org_name", "org_level", "parent_code")
    rolled = with_streaks(fold_up(tree.base, ["year"], readings(read, ["year"])), tree, plans, catalogue)
    rolled = rolled.join(names, on=["year", "unit"], how="left").sort("year", "org_code")
    deep = [p for p in read if _is_for_villages(p, catalogue)]
    villages = tree.villages.select("year", "unit", *readings(deep, ["year"]))
    return _Nodes(rolled, villages.join(names, on=["year", "unit"], how="left", maintain_order="left"))


def _list_indicators(
    nodes: _Nodes, plans: list[Plan], catalogue: Catalogue, years: list[int]
) -> pl.DataFrame:
    """The INDICATOR rows of ``plans``."""
    found = [_rows(nodes.rolled.lazy(), plan, catalogue, years) for plan in plans]
    deep = [plan for plan in plans if _is_for_villages(plan, catalogue)]
    found += [_rows(nodes.villages.lazy(), plan, catalogue, years) for plan in deep]
    return pl.concat([empty(INDICATOR), *pl.collect_all(found)])


def _is_for_villages(plan: Plan, catalogue: Catalogue) -> bool:
    """Whether villages have the indicator: only what is asked of villages, and no place in a ranking."""
    asked = all(is_deep(catalogue.measures[t.name]) for t in plan.terms)
    return asked and plan.window is None and "village" in plan.indicator.levels


def _rows(rolled: pl.LazyFrame, plan: Plan, catalogue: Catalogue, years: list[int]) -> pl.LazyFrame:
    """The INDICATOR rows of one plan from rolled-up rows (or village rows) that hold its reading."""
    indicator = plan.indicator
    value, numerator, denominator = _value(plan)
    reported, expected = cells(plan)
    nothing = pl.lit(None, dtype=pl.Float64)
    worked = (
        rolled.select(  # first, so that what follows handles a dozen columns and not a thousand
            *_PLACE,
            is_asked=_is_asked(plan, catalogue, years),
            value=value.cast(pl.Float64),
            numerator=nothing if numerator is None else numerator.cast(pl.Float64),
            denominator=nothing if denominator is None else denominator.cast(pl.Float64),
            reported=reported,
            expected=expected,
            is_final=(pl.col(plan.open_column) == 0) & (reported > 0),
            state=_state(plan),
        )
        .filter("is_asked")
        .with_columns(_apply_window(plan))
        .filter(pl.col("org_level").is_in(indicator.levels))
    )
    has_peers = plan.window in ("rank", "rank_asc", "percentile", "share")
    return worked.select(
        *_PLACE,
        programme=pl.lit(indicator.programme),
        indicator=pl.lit(indicator.id),
        name_zh=pl.lit(indicator.name_zh),
        kind=pl.lit(indicator.kind),
        value="value",
        state=pl.when(pl.col("value") == 0)
        .then(pl.lit("zero"))
        .when(pl.col("value").is_not_null())
        .then(pl.lit("value"))
        .otherwise("state"),
        unit=pl.lit(indicator.unit),
        numerator="numerator",
        denominator="denominator",
        reported_count=(pl.col("reported") - _ALMOST).ceil().cast(pl.Int64),
        expected_count=(pl.col("expected") - _ALMOST).ceil().cast(pl.Int64),
        coverage_pct=coverage_pct((pl.col("reported"), pl.col("expected"))),
        peer_count=pl.col("peer_count") if has_peers else pl.lit(None),
        maturity=pl.when("is_final").then(pl.lit("final")).otherwise(pl.lit("provisional")),
    ).cast(INDICATOR)  # type: ignore[arg-type]


def _is_asked(plan: Plan, catalogue: Catalogue, years: list[int]) -> pl.Expr:
    """Rows that cover a unit asked for each of the terms, now or in the years a term looks back to."""
    asked = []
    for term in plan.terms:
        measure = catalogue.measures[term.name]
        in_years = catalogue.asked_years(measure, range(years[0], years[-1] + 1))
        if back := YEARS_BACK.get(term.function or ""):
            in_years = [*in_years, *(y + back for y in in_years)]
        elif term.function == "cumulative":
            in_years = [y for y in years if in_years and y >= in_years[0]]
        asked.append(pl.col("year").is_in(in_years) & covers(catalogue.asked_levels(measure)))
    return pl.all_horizontal(asked)


def _value(plan: Plan) -> tuple[pl.Expr, pl.Expr | None, pl.Expr | None]:
    """Value within the window function, and what stands above and below the line of a rate."""
    if plan.window == "streak":
        return pl.col(plan.streak_column), None, None
    inner = evaluate(plan, plan.inner)
    if plan.window == "share":
        return inner, inner, None  # the denominator is the city, see _apply_window
    ratio: tuple[Expression, Expression] | None = None if plan.window else plan.inner.ratio
    if ratio is None:
        return inner, None, None
    above, below = (side.polars(lambda term: known_value(plan, term)) for side in ratio)
    return inner, above, below


def _apply_window(plan: Plan) -> list[pl.Expr]:
    """What a window function makes of the values of the same year, and how well the others are covered, too.

    A place is among all units of the level, a share is of the whole city: what those lack, it lacks as well.
    """
    value, level = pl.col("value"), ["year", "org_level"]
    own = (pl.col("reported"), pl.col("expected"))
    peer_count = value.count().over(level).cast(pl.Int64).alias("peer_count")
    no_open_one = (pl.col("is_final") | value.is_null()).all().over(level)
    match plan.window:
        case "rank" | "rank_asc" | "percentile":
            place = standing_of(value, plan.window, level)
            everybody = (own[0].sum().over(level), own[1].sum().over(level))
            return [
                place.cast(pl.Float64).alias("value"),
                *_name_columns(least_covered([own, everybody])),
                peer_count,
                (pl.col("is_final") & no_open_one).alias("is_final"),
            ]
        case "share":
            is_city = pl.col("org_level") == "city"
            of_city = value.filter(is_city).first().over("year")
            city_is_final = pl.col("is_final").filter(is_city).first().over("year")
            city = (of.filter(is_city).first().over("year") for of in own)
            part = pl.when(of_city != 0).then(value / of_city * 100.0)
            return [
                part.alias("value"),
                of_city.alias("denominator"),
                *_name_columns(least_covered([own, (next(city), next(city))])),
                peer_count,
                (pl.col("is_final") & city_is_final).alias("is_final"),
            ]
    return []


def _name_columns(pair: tuple[pl.Expr, pl.Expr]) -> tuple[pl.Expr, pl.Expr]:
    return pair[0].alias("reported"), pair[1].alias("expected")


def _state(plan: Plan) -> pl.Expr:
    """Why there is no value, if there is none. A rate whose denominator is zero does not apply."""
    names = [columns_of(t, plan.prefix) for t in plan.terms]
    none_expected = [pl.col(expected) == 0 for _, _, expected in names]
    none_reported = [pl.col(reported) == 0 for _, reported, _ in names]
    nothing_concerned = (
        pl.any_horizontal(none_expected) if plan.is_aligned else pl.all_horizontal(none_expected)
    )
    return (
        pl.when(nothing_concerned | ~pl.any_horizontal(none_reported))
        .then(pl.lit("not_applicable"))
        .otherwise(pl.lit("not_reported"))
    )
