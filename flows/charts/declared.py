"""A declared chart as Vega-Lite: lines over the years, bars by county."""

from __future__ import annotations

import polars as pl

from flows.charts.bars import draw_bars
from flows.charts.drawing import Drawn, finish
from flows.charts.plotted import Plotted
from flows.charts.series import draw_series


def draw_plotted(plotted: Plotted, width: int = 520) -> Drawn:
    """The finished chart of ``plotted``, with its title."""
    if plotted.over == "counties":
        frame = plotted.rows.rename({"category": "org_name"})
        drawn = draw_bars(frame, plotted.unit, decimals=plotted.decimals, width=width)
    else:
        frame = plotted.rows.select(
            pl.col("category").cast(pl.Int32).alias("year"), "series", "value", "state"
        )
        drawn = draw_series(
            frame, plotted.unit, by="series", decimals=plotted.decimals, width=width, height=220
        )
    return finish(drawn, plotted.title, plotted.remark)
