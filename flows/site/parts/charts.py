"""The charts of the pages: Vega-Lite, designed by Altair once and filled with the numbers of each page.

Altair takes a second to import and thirty milliseconds for a chart that it checks. Pages differ in numbers and titles
alone, so a design is made and checked once, kept beside the pages, and filled as plain data.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from warehouse.words.printed_numbers import PLACE

Design = dict[str, Any]
_TITLE = "计量单位"
"""Stands in a design where a chart has its unit."""
_HEIGHT, _BAR = 250, 30
_SEVERAL = 2


@dataclass(frozen=True)
class Point:
    """A number of a chart: what it is called, of which series and year, and how it reads."""

    name: str
    series: str
    value: float | None
    text: str


def read_versions() -> str:
    """Which programs make designs and draw them."""
    return f"altair {version('altair')}, vl-convert {version('vl-convert-python')}"


def design_charts() -> dict[str, Design]:
    """The designs: ``years`` (lines over years, one for each series) and ``units`` (a bar for each unit)."""
    return {"years": _plain(_design_years()), "units": _plain(_design_units())}


def _design_years() -> Any:
    import altair as alt

    picked = alt.selection_point(name="picked", fields=["series"], bind="legend")
    near = alt.selection_point(
        name="near", fields=["series"], on="pointerover", nearest=True, empty=False, clear="pointerout"
    )
    legend = alt.Legend(orient="bottom", columns=4, symbolLimit=0)
    lines = alt.Chart(alt.NamedData("numbers")).encode(
        x=alt.X("name:O", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", axis=_write_unit_above(alt), scale=alt.Scale(zero=True, nice=True)),
        color=alt.Color("series:N", title=None, sort=None, legend=legend),
        opacity=alt.condition(picked, alt.value(1), alt.value(0.15)),
        tooltip=_tooltip(alt),
    )
    marks = lines.encode(shape=alt.Shape("series:N", title=None, sort=None, legend=legend))
    return alt.layer(
        lines.mark_line().encode(strokeWidth=alt.condition(near, alt.value(4), alt.value(2), empty=False)),
        marks.mark_point(filled=True, size=55).add_params(picked, near),
    ).properties(width="container", height=_HEIGHT, autosize=_fit(alt))


def _design_units() -> Any:
    import altair as alt

    bars = alt.Chart(alt.NamedData("numbers")).encode(
        y=alt.Y("name:N", title=None, sort=None),
        x=alt.X("value:Q", title=None, axis=None, scale=alt.Scale(zero=True)),
        tooltip=_tooltip(alt),
    )
    return alt.layer(
        bars.mark_bar(height={"band": 0.62}), bars.mark_text(align="left", dx=4).encode(text="text:N")
    ).properties(width="container", height=_BAR, autosize=_fit(alt))


def _write_unit_above(alt: Any) -> Any:
    """The unit lies above the axis, as yearbooks print it."""
    at = {"titleX": -4, "titleY": -10, "titleBaseline": "bottom", "titleAlign": "right", "titleAngle": 0}
    return alt.Axis(title=_TITLE, tickCount=6, **at)


def _fit(alt: Any) -> Any:
    return alt.AutoSizeParams(type="fit-x", contains="padding")


def _tooltip(alt: Any) -> list[Any]:
    return [
        alt.Tooltip("series:N", title="项"),
        alt.Tooltip("name:N", title="年度或单位"),
        alt.Tooltip("text:N", title="数值"),
    ]


def _plain(chart: Any) -> Design:
    """A chart as data, without the address of its schema and without colours, which the page's style has."""
    made: Design = chart.to_dict()
    return {key: value for key, value in made.items() if key not in ("$schema", "config")}


def fill_design(design: Design, points: Sequence[Point], unit: str, *, is_from_zero: bool = True) -> Design:
    """A design with its numbers; no unit, no title of the axis. A point without a value is a gap in its line."""
    filled = copy.deepcopy(design)
    _set_axes(filled, unit, is_from_zero=is_from_zero and unit != PLACE)
    _set_series(filled, list(dict.fromkeys(point.series for point in points)))
    if filled["height"] == _BAR:
        filled["height"] = _BAR * len(points)
    filled["datasets"] = {"numbers": [vars(point) for point in points]}
    return filled


def _set_axes(filled: Design, unit: str, *, is_from_zero: bool) -> None:
    """The unit as the title of the axis; of ranks the first is above."""
    for layer in filled["layer"]:
        for channel in ("x", "y"):
            axis = layer["encoding"].get(channel, {}).get("axis") or {}
            if axis.get("title") == _TITLE:
                axis["title"] = unit or None
                layer["encoding"][channel]["scale"] |= {"reverse": unit == PLACE, "zero": is_from_zero}


def _set_series(filled: Design, names: list[str]) -> None:
    """One legend for colour and shape, since both have the same names; none for one series, which the title names."""
    for layer in filled["layer"]:
        for channel in {"color", "shape"} & set(layer["encoding"]):
            layer["encoding"][channel]["scale"] = {"domain": names}
            if len(names) < _SEVERAL:
                layer["encoding"][channel]["legend"] = None
    if len(names) < _SEVERAL:
        filled["params"] = [
            {key: value for key, value in each.items() if key != "bind"} for each in filled.get("params", [])
        ]


def as_script_text(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON that can stand within a script element, whatever texts are in it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
