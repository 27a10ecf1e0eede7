"""The lines of a chart, as SVG draws them."""

from __future__ import annotations

import xml.etree.ElementTree as ET


def line_paths(svg: str) -> list[str]:
    """The path of each line: M where it begins, L to where it goes on."""
    return [
        path.get("d", "")
        for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g")
        if "mark-line" in group.get("class", "")
        for path in group.iter("{http://www.w3.org/2000/svg}path")
    ]
