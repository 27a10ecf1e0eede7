"""A night that breaks off before it is open leaves log, figures and trace too; nothing else is imported unless one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flows.clock import TIME_ZONE
from flows.figures.metrics import METRICS
from flows.settings import Home
from warehouse.store.publish import AlreadyRunning


@contextmanager
def watching_beginning(home: Home, *, is_from_scratch: bool) -> Iterator[None]:
    """Within, a night and what comes before it. What breaks it off is told here, unless the night has told it itself."""
    began, told_before = datetime.now(TIME_ZONE), _find_last_figures(home)
    try:
        yield
    except AlreadyRunning:
        raise  # the other night is well
    except BaseException as error:
        if _find_last_figures(home) == told_before:
            _tell(home, began, error, is_from_scratch=is_from_scratch)
        raise


def _find_last_figures(home: Home) -> tuple[int, int] | None:
    """Which file of figures there is: it is replaced whenever a night tells its end."""
    try:
        found = (home.root / METRICS).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _tell(home: Home, began: datetime, error: BaseException, *, is_from_scratch: bool) -> None:
    from flows.figures.ended_night import EndedNight
    from flows.figures.watch_night import leave_figures

    def describe() -> EndedNight:
        return EndedNight(home.root, home.database, began, is_from_scratch=is_from_scratch, broken_by=error)

    leave_figures(describe, home.root, run=None)
