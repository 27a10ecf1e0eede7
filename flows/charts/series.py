"""Lines over years: an indicator of one unit or several, or several indicators of one unit in one measure."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from flows.charts.drawing import COLOURS, INK, Drawn, write_scale
from warehouse.words.number_words import show_number
from warehouse.words.printed_numbers import PLACE

MOST_LINES = len(COLOURS)
"""More lines than this are not told apart: each gets a field of its own."""
_SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-left",
    "triangle-right",
)
_ACROSS = 4
_HAS_NUMBER = "isValid(datum.value)"


def draw_series(
    frame: pl.DataFrame,
    unit: str,
    *,
    by: str = "org_name",
    decimals: int = 0,
    is_from_zero: bool = True,
    width: int = 560,
    height: int = 280,
) -> Drawn:
    """Lines of ``value`` over ``year``, one for each ``by`` in the order of the frame.

    ``frame``: year, ``by`` (together the key), value in ``unit``, state. A year without a number is a gap, never 0. Of ranks
    (unit 位) the first is above. A single line has its numbers, or the marks of the legend, written at the points.
    """
    filled = _fill_gaps(frame, by, decimals)
    names = filled[by].unique(maintain_order=True).to_list()
    is_rank = unit == PLACE
    scale = alt.Scale(reverse=True, zero=False, padding=12) if is_rank else alt.Scale(zero=is_from_zero)
    axis = write_scale(decimals)
    if len(names) > MOST_LINES:
        return _draw_fields(filled, names, unit, by, scale, axis, (width, 110))
    base = _start(filled, unit, by).encode(
        x=alt.X("year:O", title=None),
        y=alt.Y("value:Q", scale=scale, axis=alt.Axis(**axis, **_write_unit_above(unit))),
    )
    layers = _draw_one(base, height) if len(names) == 1 else _draw_several(filled, base)
    return alt.layer(*layers).properties(width=width, height=height)


def _start(filled: pl.DataFrame, unit: str, by: str) -> alt.Chart:
    return alt.Chart(alt.Data(values=filled.to_dicts())).encode(
        tooltip=[
            alt.Tooltip(f"{by}:N", title="名称"),
            alt.Tooltip("year:O", title="年度"),
            alt.Tooltip("shown:N", title=unit),
        ]
    )


def _write_unit_above(unit: str) -> dict[str, Any]:
    """The unit lies above the axis, as yearbooks print it."""
    at = {"titleX": -40, "titleY": -14, "titleBaseline": "bottom"}
    return {"title": f"单位：{unit}", "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", **at}


def _write_unit_beside(unit: str) -> dict[str, Any]:
    return {"title": unit, "titleAngle": 0, "titleAlign": "right", "titlePadding": 8}


def _fill_gaps(frame: pl.DataFrame, by: str, decimals: int) -> pl.DataFrame:
    """Every year for each of ``by``, with an empty number where there is no row.

    ``shown``: the number as text, or its mark. ``label``: the name, with the last mark where there is no number at all.
    """
    names = frame.select(by).unique(maintain_order=True)
    years = frame.select("year").unique().sort("year")
    numbers = frame.select("year", by, "value", "state")
    filled = names.join(years, how="cross").join(numbers, on=["year", by], how="left", maintain_order="left")
    shown = [
        show_number(value, state, decimals) if state else ""
        for value, state in filled.select("value", "state").iter_rows()
    ]
    is_empty = pl.col("value").is_null().all().over(by)
    label = pl.when(is_empty).then(pl.format("{} {}", by, pl.col("shown").last().over(by))).otherwise(by)
    return filled.with_columns(shown=pl.Series(shown, dtype=pl.String)).with_columns(label=label)


def _draw_several(filled: pl.DataFrame, base: alt.Chart) -> list[alt.Chart]:
    """One legend for colour and shape: their scales have the same names."""
    names = filled["label"].unique(maintain_order=True).to_list()
    colours, shapes = list(COLOURS[: len(names)]), list(_SHAPES[: len(names)])
    colour = alt.Color("label:N", title=None, scale=alt.Scale(domain=names, range=colours))
    shape = alt.Shape("label:N", title=None, scale=alt.Scale(domain=names, range=shapes))
    return [
        base.mark_line(strokeWidth=2).encode(color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(color=colour, shape=shape),
    ]


def _draw_one(base: alt.Chart, height: int) -> list[alt.Chart]:
    """A line with its numbers."""
    text = base.transform_filter(_HAS_NUMBER).mark_text(dy=-12, fontSize=12, color=INK)
    return [*_draw_plain(base, height), text.encode(text="shown:N")]


def _draw_plain(base: alt.Chart, height: int) -> list[alt.Chart]:
    """A line of its own; the marks of the years without a number lie at the bottom."""
    missing = base.transform_filter(f"!{_HAS_NUMBER}").mark_text(fontSize=12, color=INK)
    return [
        base.mark_line(strokeWidth=2, color=COLOURS[0]),
        base.mark_point(filled=True, size=40, opacity=1, color=COLOURS[0]),
        missing.encode(y=alt.value(height - 10), text="shown:N"),
    ]


def _draw_fields(
    filled: pl.DataFrame,
    names: list[str],
    unit: str,
    by: str,
    scale: alt.Scale,
    axis: dict[str, Any],
    size: tuple[int, int],
) -> alt.ConcatChart:
    """A small field for each name, all with the same scale; the first of a row has the numbers beside it."""
    years = [int(filled["year"].min()), int(filled["year"].max())]  # type: ignore[arg-type]
    fields = []
    for at, name in enumerate(names):
        is_first = at % _ACROSS == 0
        beside = _write_unit_beside(unit) if is_first else {"title": None, "labels": False}
        base = _start(filled.filter(pl.col(by) == name), unit, by).encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(values=years)),
            y=alt.Y("value:Q", scale=scale, axis=alt.Axis(**axis, **beside)),
        )
        field = alt.layer(*_draw_plain(base, size[1]), title=alt.TitleParams(name, fontSize=12, offset=6))
        fields.append(field.properties(width=size[0] // _ACROSS, height=size[1]))
    together: alt.ConcatChart = alt.concat(*fields, columns=_ACROSS, spacing=16).resolve_scale(y="shared")
    return together
