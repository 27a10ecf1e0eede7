"""The same work on many things of a place: most of the time of each is waiting for an answer, so several go at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AT_A_TIME = 8


def run_together(work: Callable[[T], R], things: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Each thing, once, with what ``work`` gives for it, in their order. The first error ends it: what has not begun is left."""
    wanted = list(dict.fromkeys(things))
    if not wanted:
        return
    pool = ThreadPoolExecutor(min(_AT_A_TIME, len(wanted)), thread_name_prefix="places")
    try:
        yield from zip(wanted, pool.map(work, wanted), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
