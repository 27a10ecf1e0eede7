"""Multiples of a unit of measurement, written before it: 万元 is ten thousand 元."""

from __future__ import annotations

from warehouse.words.folding import fold

SCALES = {"百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8}


def find_scale(stated: str, unit: str) -> float | None:
    """How many ``unit`` one ``stated`` is: 10,000 for 万元 and 元; None when it is no multiple."""
    said, base = fold(stated), fold(unit)
    if said == base:
        return 1.0
    return SCALES.get(said.removesuffix(base)) if said.endswith(base) else None
