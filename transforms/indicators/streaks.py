"""For how many years in a row a condition has held at a node, counted back from each year."""

from __future__ import annotations

import polars as pl

from transforms.indicators.departures import seen_from_later
from transforms.indicators.measure_cells import columns_of
from transforms.indicators.plans import Plan, evaluate, readings
from transforms.indicators.rollup import fold_up
from transforms.indicators.term_tree import Tree
from warehouse.catalogue.load import Catalogue


def with_streaks(rolled: pl.DataFrame, tree: Tree, plans: list[Plan], catalogue: Catalogue) -> pl.DataFrame:
    """Adds the streak column of every plan whose window function is ``streak`` to the rolled-up rows.

    The condition is asked of every earlier year as it stands seen from the row's year (a merged township carries
    the history of both its parts). A year in which it cannot be known ends the streak; if that is the row's own
    year, the streak is null. A second column says how long it was a year ago,
    seen from the row's year.
    """
    wanted = [p for p in plans if p.window == "streak"]
    if not wanted or tree.base.is_empty():
        return rolled
    read = dict.fromkeys(c for p in wanted for t in p.terms for c in columns_of(t))
    keys = ["source_year", "year"]
    whole = {columns_of(t)[0]: catalogue.measures[t.name].quantum for p in wanted for t in p.terms}
    seen = seen_from_later(tree.base.select("year", "unit", *read), tree.gone, whole)
    seen = seen.group_by(*keys, "unit", maintain_order=True).agg(pl.all().sum())  # parts of what has merged
    above = tree.base.select("year", "unit", "county", "city", "org_level", "^n__.*$", is_open=pl.lit(False))
    seen = seen.join(above, on=["year", "unit"], how="inner")
    nodes = fold_up(seen, keys, readings(wanted, keys))
    held = nodes.select(
        "year",
        "unit",
        back=pl.col("year") - pl.col("source_year"),
        **{p.streak_column: evaluate(p, p.inner).cast(pl.Int32) for p in wanted},
    ).sort("back")
    lengths = held.group_by("year", "unit", maintain_order=True).agg(
        _count_streak(p.streak_column, since).alias(name)
        for p in wanted
        for since, name in enumerate((p.streak_column, before_column(p)))
    )
    return rolled.join(lengths, on=["year", "unit"], how="left", maintain_order="left")


def before_column(plan: Plan) -> str:
    """The column that says how long a streak was a year ago."""
    return f"{plan.streak_column}_before"


def _count_streak(held: str, since: int) -> pl.Expr:
    """How many years in a row, from ``since`` years back; the rows of a group are sorted by how far they lie back."""
    back, answer = (pl.col(c).filter(pl.col("back") >= since) for c in ("back", held))
    unbroken = back == back.cum_count().cast(pl.Int64) + (since - 1)
    return pl.when(answer.first().is_not_null() & (back.first() == since)).then(
        pl.when(unbroken).then(answer).fill_null(0).cum_min().sum()
    )
