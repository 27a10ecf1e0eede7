"""Bars: an indicator of several units in one year, beside each other."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from flows.charts.drawing import COLOURS, INK, Drawn, write_scale
from warehouse.words.number_words import show_number
from warehouse.words.printed_numbers import PLACE

_BAR = 26  # pixels of height of a bar with the space around it


def draw_bars(
    frame: pl.DataFrame,
    unit: str,
    *,
    by: str = "org_name",
    decimals: int = 0,
    beside: tuple[str, float] | None = None,
    width: int = 480,
) -> Drawn:
    """A bar of ``value`` from 0 for each ``by`` (key), the largest first, its number or the mark of its state behind it.

    Ranks (unit 位) are points, the first above: a longer bar would look like more.

    ``frame``: ``by``, value in ``unit``, state. ``beside``: a name and a number to compare with, drawn as a line.
    """
    is_rank = unit == PLACE
    ordered = frame.sort("value", descending=not is_rank, nulls_last=True, maintain_order=True)
    shown = [
        show_number(value, state, decimals) for value, state in ordered.select("value", "state").iter_rows()
    ]
    filled = ordered.select(by, "value", at=pl.col("value").fill_null(0.0), shown=pl.Series(shown))
    base = alt.Chart(alt.Data(values=filled.to_dicts())).encode(
        x=alt.X("at:Q", axis=alt.Axis(**write_scale(decimals), grid=True), title=f"单位：{unit}"),
        y=alt.Y(
            f"{by}:N",
            sort=filled[by].to_list(),
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelPadding=8, labelLimit=260),
        ),
        tooltip=[alt.Tooltip(f"{by}:N", title="名称"), alt.Tooltip("shown:N", title=unit)],
    )
    there = base.transform_filter("isValid(datum.value)")
    bars = there.mark_bar(color=COLOURS[0], size=16)
    points = there.mark_circle(color=COLOURS[0], size=110, opacity=1)
    layers: list[alt.Chart] = [points if is_rank else bars]
    if beside is not None:
        layers += _draw_beside(*beside, decimals)
    layers += _write_numbers(base, away=11 if is_rank else 5)
    return alt.layer(*layers).properties(width=width, height=_BAR * max(filled.height, 1))


def _write_numbers(base: alt.Chart, away: int) -> list[alt.Chart]:
    """The numbers at the ends of the bars, on white where they stand on a line."""
    sides: dict[str, dict[str, Any]] = {
        "datum.at >= 0": {"align": "left", "dx": away},
        "datum.at < 0": {"align": "right", "dx": -away},
    }
    strokes: list[dict[str, Any]] = [{"stroke": "white", "strokeWidth": 4}, {"color": INK}]
    return [
        base.transform_filter(side).mark_text(fontSize=12, **place, **stroke).encode(text="shown:N")
        for side, place in sides.items()
        for stroke in strokes
    ]


def _draw_beside(name: str, value: float, decimals: int) -> list[alt.Chart]:
    """A line through all bars with its name above them."""
    said = [{"value": value, "name": f"{name} {show_number(value, 'value', decimals)}"}]
    base = alt.Chart(alt.Data(values=said)).encode(x="value:Q")
    rule = base.mark_rule(color=COLOURS[1], strokeDash=[5, 3], strokeWidth=1.5)
    return [
        rule,
        base.mark_text(color=COLOURS[1], fontSize=12, dy=-8).encode(y=alt.value(0), text="name:N"),
    ]
