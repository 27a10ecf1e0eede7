"""Which printed numbers do not cover all units that had to report, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_MOST_NAMES = 3


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
            said = f"{number.unit_name}应报{number.expected_count}个单位、实报{number.reported_count}个"
            gaps.setdefault((number.period, said), []).append(number.name)
    told: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (period, said), names in gaps.items():
        told.setdefault((period, tuple(names)), []).append(said)
    for (period, lacking), sayings in told.items():
        yield f"{period}{_join(lacking)}：{'；'.join(sayings)}。数中不含未报单位。"


def _join(names: Sequence[str]) -> str:
    said = "".join(f"“{name}”" for name in names[:_MOST_NAMES])
    return f"{said}等{len(names)}项" if len(names) > _MOST_NAMES else said
