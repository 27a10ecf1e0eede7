"""From an Altair chart to a picture, without a browser and without network; the look that all charts share."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import vl_convert

FONT = "Noto Sans CJK SC, Microsoft YaHei, SimSun, sans-serif"
"""What is on the office's machine, else what Windows has."""
COLOURS = ("#1f5a94", "#d9730d", "#2a9d6f", "#b3261e", "#7a4fa3", "#8a6d1d", "#3fa7c9", "#5f6b76")
"""Apart for the colour-blind too, as far as eight can be; the shapes of the points tell them apart in print."""
INK = "#333333"

Drawn = alt.Chart | alt.LayerChart | alt.FacetChart | alt.ConcatChart | alt.VConcatChart

_NAMESPACE = re.compile(r' xmlns(:\w+)?="[^"]*"')

_CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "range": {"category": list(COLOURS)},
    "title": {"anchor": "start", "fontSize": 15, "offset": 14, "color": INK, "subtitleColor": "#666666"},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#e5e5e5"},
    "axisX": {"grid": False, "labelAngle": 0},
    "legend": {"labelFontSize": 12, "title": None, "orient": "right", "symbolSize": 70},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelAnchor": "start"},
}


def write_scale(decimals: int) -> dict[str, Any]:
    """The numbers along an axis: about five, and none between those that can be shown (no 1, 1, 2 for 1, 1.5, 2)."""
    steps = f"datum.value * {10**decimals}"
    label = f"abs({steps} - round({steps})) > 1e-6 ? '' : datum.label"
    return {"format": f",.{decimals}~f", "tickCount": 5, "tickMinStep": 10.0**-decimals, "labelExpr": label}


def finish(chart: Drawn, title: str, remark: str = "") -> Drawn:
    """The chart with its title, the lines of ``remark`` below that, and the look that all share."""
    heading = alt.TitleParams(title, subtitle=remark.splitlines()) if remark else alt.TitleParams(title)
    finished: Drawn = chart.properties(title=heading).configure(**_CONFIG)
    return finished


def write_svg(chart: Drawn) -> str:
    """A finished chart as SVG, its words as text."""
    return str(vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[]))


def write_inline_svg(chart: Drawn) -> str:
    """The same to stand in a page, where SVG needs no namespaces: pages name no address."""
    return _NAMESPACE.sub("", write_svg(chart), count=2)


def write_png(chart: Drawn) -> bytes:
    """A finished chart as PNG, sharp enough for print."""
    return bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=2, allowed_base_urls=[]))
