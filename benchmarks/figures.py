"""Lines of a result: what was measured, the target where there is one, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A line of the result: what, the figure as printed, and, where there is a target, whether it is met."""

    what: str
    value: str
    target: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """met, missed, or nothing."""
        return "" if self.is_met is None else "met" if self.is_met else "**missed**"


def draw_table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| | measured | target | |", "|---|---:|---:|---|"]
    lines += [f"| {f.what} | {f.value} | {f.target} | {f.verdict} |" for f in figures]
    return "\n".join(lines)
