"""What a declared chart shows, whatever draws it: numbers by category and series, in one unit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from warehouse.catalogue.bulletin import ChartOf
from warehouse.words.coverage_words import WHOLE
from warehouse.words.enumerations import name_units
from warehouse.words.printed_numbers import PLACE

_LARGE = 100_000
"""From here on numbers are shown in 万."""
MONEY = "元"
MOST_COUNTIES = 30
"""So many counties are shown beside each other; of more, those with the highest numbers."""
SAID_OF_FIRST = f"只列前{MOST_COUNTIES}个"


@dataclass(frozen=True)
class Plotted:
    """A chart's content.

    ``rows``: category (a year or a county) and series (together the key, in the order of drawing), value in ``unit``, state; a
    value is null where there is none to show. ``decimals`` are shown of it.
    """

    title: str
    unit: str
    decimals: int
    over: Literal["years", "counties"]
    rows: pl.DataFrame
    remark: str = ""  # which years or counties have not all reported

    @property
    def categories(self) -> list[str]:
        """Years or counties."""
        return self.rows["category"].unique(maintain_order=True).to_list()

    @property
    def series(self) -> dict[str, list[float | None]]:
        """Series -> its values, one for each category."""
        groups = self.rows.partition_by("series", as_dict=True, maintain_order=True)
        return {str(name): rows["value"].to_list() for (name,), rows in groups.items()}

    @property
    def is_drawable(self) -> bool:
        """Whether there are two numbers to compare."""
        return self.rows.drop_nulls("value")["category"].n_unique() > 1


def plot(chart: ChartOf, figures: pl.DataFrame, years: Sequence[int]) -> Plotted:
    """``chart`` of FIGURES: over ``years`` for the whole city, or over the counties in the last of them."""
    drawn = figures.filter(pl.col("indicator").is_in(list(chart.indicators)))
    if chart.over == "years":
        drawn = drawn.filter(pl.col("org_level") == "city", pl.col("year").is_in(list(years)))
        category, name = pl.col("year").cast(pl.String), pl.col("name_zh").str.strip_prefix("本年")
    else:
        drawn = drawn.filter(pl.col("org_level") == "county", pl.col("year") == years[-1])
        category, name = pl.col("org_name"), pl.col("name_zh")
    units, decimals = drawn["unit"].unique().to_list() or [""], drawn["decimals"].max() or 0
    known = drawn["value"].drop_nulls().to_list()
    scale, unit, decimals = choose_scale(units[0], int(str(decimals)), known, units)
    remarks = []
    if chart.over == "counties" and drawn["org_code"].n_unique() > MOST_COUNTIES:
        drawn = keep_highest(drawn, is_first_best=units[0] == PLACE)
        remarks.append(SAID_OF_FIRST)
    else:
        drawn = drawn.sort("year", "org_code", maintain_order=True)
    rows = drawn.select(category=category, series=name, value=pl.col("value") / scale, state="state")
    whole = rows.select("category").unique(maintain_order=True)
    whole = whole.join(rows.select("series").unique(maintain_order=True), how="cross")
    filled = whole.join(rows, on=["category", "series"], how="left", maintain_order="left")
    is_partial = pl.col("value").is_not_null() & (pl.col("coverage_pct") < WHOLE)
    is_missing = pl.col("state").is_in(["not_reported", "held"])
    partial = drawn.filter(is_partial | is_missing).select(category).unique()
    remarks.append(name_partial(sorted(partial.to_series()), chart.over))
    return Plotted(chart.title, unit, decimals, chart.over, filled, "，".join(filter(None, remarks)))


def keep_highest(figures: pl.DataFrame, *, is_first_best: bool = False) -> pl.DataFrame:
    """FIGURES of the MOST_COUNTIES with the highest numbers in all, the highest first; ``is_first_best``: with the lowest."""
    whole = figures.group_by("org_code").agg(pl.col("value").sum(), is_known=pl.col("value").count() > 0)
    order = whole.filter("is_known").sort("value", "org_code", descending=[not is_first_best, False])
    kept = order.head(MOST_COUNTIES).select("org_code")
    return kept.join(figures, on="org_code", how="left", maintain_order="left_right").select(figures.columns)


def name_partial(categories: Sequence[str], over: str) -> str:
    """Of which years or counties a chart does not show all: 2024年未报全, 无棣县未报全; '' for none."""
    named = f"{'、'.join(categories)}年" if over == "years" else name_units(categories)
    return f"{named}未报全" if categories else ""


def choose_scale(
    unit: str, decimals: int, values: Sequence[float], in_ten_thousands: Collection[str] = (MONEY,)
) -> tuple[float, str, int]:
    """By what the numbers are divided, the unit they are then in, and its decimals.

    ``in_ten_thousands``: units whose large numbers are shown in 万; in a table only money is, since all else is exact there.
    """
    if unit in in_ten_thousands and max(values, default=0) >= _LARGE:
        return 1e4, f"万{unit}", 1
    return 1.0, unit, decimals
