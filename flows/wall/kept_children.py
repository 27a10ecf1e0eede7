"""Reading children that wait for the next files, or start before there are any: a partition starts none of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flows.wall.process import Limits, ReadingProcess


class KeptChildren:
    """Idle children of this process; used from any thread. They are kept as long as somebody is in ``keeping``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[ReadingProcess] = []
        self._keepers = 0

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Until the block ends, children that have nothing to do are kept; then they are ended."""
        with self._lock:
            self._keepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._keepers -= 1
                ended = [] if self._keepers else self._idle
                self._idle = self._idle if self._keepers else []
            for child in ended:
                child.stop()

    def start(self, read: str, limits: Limits, count: int) -> None:
        """Start children for files that are to come, so that they are ready by then; within ``keeping``."""
        for _ in range(count):
            child = ReadingProcess(read, limits)
            with self._lock:
                self._idle.append(child)

    def take(self, read: str, limits: Limits) -> ReadingProcess | None:
        """A child that waits for files to read with ``read`` within ``limits``, or is about to, if there is one."""
        with self._lock:
            for child in self._idle:
                if (child.read, child.limits) == (read, limits):
                    self._idle.remove(child)
                    return child
        return None

    def leave(self, child: ReadingProcess) -> None:
        """Keep an idle child, or end it where nobody keeps any."""
        with self._lock:
            if self._keepers:
                self._idle.append(child)
                return
        child.stop()


KEPT = KeptChildren()
