"""What a chart shows, whatever draws it: categories, one or several series, and the unit of its numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from warehouse.catalogue.bulletin import ChartOf

_LARGE = 100_000
"""From here on numbers are shown in 万."""
MONEY = "元"


@dataclass(frozen=True)
class Plotted:
    """A chart's content; a number of ``series`` is None where there is none to show (the marks have no place in a chart)."""

    title: str
    unit: str
    decimals: int
    categories: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]

    @property
    def has_numbers(self) -> bool:
        """Whether there is anything to draw."""
        return any(value is not None for values in self.series.values() for value in values)


def plot(chart: ChartOf, figures: pl.DataFrame, years: Sequence[int]) -> Plotted:
    """``chart`` of FIGURES: over ``years`` for the whole city, or over the counties in the last of them."""
    if chart.over == "years":
        rows = figures.filter(pl.col("org_level") == "city", pl.col("year").is_in(list(years)))
        axis, labels = "year", {year: str(year) for year in years}
    else:
        rows = figures.filter(pl.col("org_level") == "county", pl.col("year") == years[-1])
        axis = "org_code"
        labels = dict(
            rows.sort("org_code").select("org_code", "org_name").unique(maintain_order=True).iter_rows()
        )
    rows = rows.filter(pl.col("indicator").is_in(list(chart.indicators)))
    names = dict(rows.select("indicator", "name_zh").iter_rows())
    values = {(row["indicator"], row[axis]): row["value"] for row in rows.iter_rows(named=True)}
    unit, decimals = (
        rows.select(pl.col("unit").first(), pl.col("decimals").max()).row(0) if rows.height else ("", 0)
    )
    known = [value for value in values.values() if value is not None]
    scale, unit, decimals = choose_scale(unit, decimals, known, (unit,))
    return Plotted(
        chart.title,
        unit,
        decimals,
        tuple(labels.values()),
        {
            _name_series(names[indicator], chart.over): tuple(
                scaled(values.get((indicator, key)), scale) for key in labels
            )
            for indicator in chart.indicators
            if indicator in names
        },
    )


def _name_series(name: str, over: str) -> str:
    """本年 says nothing where the years stand below."""
    return name.removeprefix("本年") if over == "years" else name


def scaled(value: float | None, scale: float) -> float | None:
    """A number in the unit that :func:`choose_scale` chose."""
    return None if value is None else value / scale


def choose_scale(
    unit: str, decimals: int, values: Sequence[float], in_ten_thousands: Collection[str] = (MONEY,)
) -> tuple[float, str, int]:
    """By what the numbers are divided, the unit they are then in, and its decimals.

    ``in_ten_thousands``: units whose large numbers are shown in 万; in a table only money is, since all else is exact there.
    """
    if unit in in_ten_thousands and max(values, default=0) >= _LARGE:
        return 1e4, f"万{unit}", 1
    return 1.0, unit, decimals
