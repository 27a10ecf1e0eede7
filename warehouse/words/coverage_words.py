"""Which printed numbers do not cover all units that had to report, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

WHOLE = 100.0 - 1e-9
"""A coverage in % from here on is whole: it is a quotient of counts."""
_MOST_NAMES = 3
_MOST_UNITS, _MOST_NOTES = 5, 8


class Gap(NamedTuple):
    """A printed number, whole or not: of which year and unit, how many reported of those expected, its name."""

    period: str
    unit_name: str
    reported_count: int | None
    expected_count: int | None
    name: str

    @property
    def is_whole(self) -> bool:
        """Whether all expected units are in it, or coverage has no meaning for it."""
        reported, expected = self.reported_count, self.expected_count
        return reported is None or expected is None or reported >= expected


def describe_gaps(numbers: Iterable[Gap]) -> Iterator[str]:
    """A sentence for all numbers of a period that lack the same units; none of those that are whole."""
    gaps: dict[tuple[str, str], list[str]] = {}
    for number in numbers:
        if not number.is_whole:
            said = f"{number.unit_name}应报{number.expected_count}项、实报{number.reported_count}项"
            gaps.setdefault((number.period, said), []).append(number.name)
    told: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (period, said), names in gaps.items():
        told.setdefault((period, tuple(names)), []).append(said)
    for (period, lacking), sayings in [*told.items()][:_MOST_NOTES]:
        named = "；".join(sayings[:_MOST_UNITS])
        more = f"；还有{len(sayings) - _MOST_UNITS}个单位未报全" if len(sayings) > _MOST_UNITS else ""
        yield f"{period}{_join(lacking)}：{named}{more}。数中不含未报的。"
    if len(told) > _MOST_NOTES:
        yield f"其余未报全的数（{len(told) - _MOST_NOTES}种情形）不再逐一列出。"


def _join(names: Sequence[str]) -> str:
    said = "".join(f"“{name}”" for name in names[:_MOST_NAMES])
    return f"{said}等{len(names)}项" if len(names) > _MOST_NAMES else said
