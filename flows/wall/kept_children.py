"""Reading children that wait for the next files, so that each partition of a night does not start children of its own."""

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

    def take(self, read: str, limits: Limits) -> ReadingProcess | None:
        """A child that waits for files to read with ``read`` within ``limits``, if there is one."""
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
