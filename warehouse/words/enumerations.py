"""Names one after the other in a sentence, of many only the first."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 10


def name_units(names: Sequence[str]) -> str:
    """东岸县、西岸县; of more units than can be read the first, and how many there are: 东岸县、…等25个单位."""
    more = f"等{len(names)}个单位" if len(names) > MOST_NAMED else ""
    return "、".join(names[:MOST_NAMED]) + more
