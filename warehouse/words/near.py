"""Finds the name nearest to an unknown one, as a suggestion that is never applied."""

from __future__ import annotations

from collections.abc import Sequence

NEAR = 50.0
"""Of 100, as rapidfuzz counts likeness: 石庙 and 石苗, one of two characters."""


def find_nearest(name: str, known: Sequence[str], cutoff: float = NEAR) -> int | None:
    """The index in ``known`` of the name most like ``name``; null when none is as near as ``cutoff``."""
    from rapidfuzz import fuzz, process  # only where something is wrong

    best = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=cutoff)
    return None if best is None else int(best[2])
