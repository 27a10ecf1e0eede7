"""Arithmetic of the samples: reproducible random numbers, and splits that add up exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import floor, inf


def draw_lot(*parts: object) -> float:
    """A number in [0, 1) that depends on ``parts`` alone, the same on every machine and version."""
    digest = hashlib.blake2b("|".join(str(part) for part in parts).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def apportion_total(
    total: int, weights: Sequence[float], minimum: int = 0, caps: Sequence[float] | None = None
) -> list[int]:
    """Whole numbers that add up to ``total``, in proportion to ``weights`` (largest remainder).

    Each part is at least ``minimum`` and at most its cap; what exceeds a cap goes to the others. A weight of zero gets
    nothing beyond the minimum as long as another part has room. Raises ValueError when no such split exists.
    """
    count = len(weights)
    room = [inf if caps is None else caps[i] - minimum for i in range(count)]
    rest = total - minimum * count
    if rest < 0 or min(room, default=0) < 0 or sum(room) < rest:
        raise ValueError(f"合计{total}无法分给{count}行，每行不少于{minimum}，且不超过各自的上限")
    parts = [float(minimum)] * count
    open_rows = [i for i in range(count) if room[i] > 0]
    left = float(rest)
    exact = [0.0] * count
    # Fill proportionally; whoever reaches its cap is closed and the others share what is left.
    while left > 1e-9 and open_rows:
        weight = sum(weights[i] for i in open_rows)
        shares = {i: (weights[i] / weight if weight > 0 else 1 / len(open_rows)) * left for i in open_rows}
        full = [i for i in open_rows if exact[i] + shares[i] >= room[i]]
        if not full:
            for i, share in shares.items():
                exact[i] += share
            break
        for i in full:
            left -= room[i] - exact[i]
            exact[i] = room[i]
        open_rows = [i for i in open_rows if i not in full]
    whole = [floor(x + 1e-9) for x in exact]
    missing = rest - sum(whole)
    by_remainder = sorted(range(count), key=lambda i: (whole[i] - exact[i], i))
    while missing > 0:
        before = missing
        for i in by_remainder:
            if missing and whole[i] + 1 <= room[i] and (weights[i] > 0 or not any(weights)):
                whole[i] += 1
                missing -= 1
        if missing == before:  # only rows of no weight have room
            weights = [1.0] * count
    return [int(parts[i]) + whole[i] for i in range(count)]
