"""A series as a small line without axes: where its points lie in a box, for an inline picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 120, 32, 4


@dataclass(frozen=True)
class Sparkline:
    """``lines``: points of each unbroken piece (``"4,28 32,10"``); ``dots``: years without a neighbour; ``end``: the newest."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT


def draw_sparkline(values: Sequence[float | None], *, is_first_above: bool = False) -> Sparkline | None:
    """The line of a series, with a gap where a value is missing; None where fewer than two values are there.

    ``is_first_above``: of ranks the first lies above.
    """
    if is_first_above:
        values = [None if value is None else -value for value in values]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    points = [
        None if value is None else (_across(place, len(values)), _up(value, low, high))
        for place, value in enumerate(values)
    ]
    pieces = _split(points)
    return Sparkline(
        lines=tuple(" ".join(f"{x:g},{y:g}" for x, y in piece) for piece in pieces if len(piece) > 1),
        dots=tuple(piece[0] for piece in pieces if len(piece) == 1),
        end=pieces[-1][-1],
    )


def _across(place: int, count: int) -> float:
    return round(MARGIN + (WIDTH - 2 * MARGIN) * place / (count - 1), 1)


def _up(value: float, low: float, high: float) -> float:
    """From below upwards; a series that never changes lies in the middle."""
    share = 0.5 if high == low else (value - low) / (high - low)
    return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share, 1)


def _split(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The points in pieces, cut where one is missing."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]
