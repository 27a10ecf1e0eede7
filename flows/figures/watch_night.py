"""Watches a night from its beginning to its end, and leaves its log, figures and trace, whether it is good or breaks off."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from flows.backup.contents import STATE
from flows.error_log import note_error
from flows.figures.ended_night import EndedNight, describe_end, read_versions
from flows.figures.metrics import NightFigures, write_metrics
from flows.figures.night_log import NightLog
from flows.figures.trace import send_trace
from flows.keeping.marks import read_good_night
from flows.night import Night
from flows.running.timing import Step
from warehouse.standing.questions import count_open_questions
from warehouse.store.query import QueryError, WarehouseMissing


@contextmanager
def watching(night: Night) -> Iterator[None]:
    """Within, a night; a log, figure or trace that cannot be left does not fail it."""
    _try(partial(_log_beginning, night), night.home.root, night.run)
    try:
        yield
    except BaseException as error:
        leave_figures(partial(describe_end, night, error), night.home.root, night.run)
        raise
    leave_figures(partial(describe_end, night), night.home.root, night.run)


def leave_figures(describe: Callable[[], EndedNight], home: Path, run: str | None) -> None:
    """Log, figures and trace of a night that has ended: each by itself, whatever becomes of the others."""

    def leave() -> None:
        night = describe()
        for tell in (_log_end, _write_figures, send_trace):
            _try(partial(tell, night), home, run)

    _try(leave, home, run)


def _try(work: Callable[[], None], home: Path, run: str | None) -> None:
    """The night is done, or broke off for a reason of its own: neither may hang on what is told of it."""
    try:
        work()
    except Exception:  # noqa: BLE001 - whatever a disk or a library raises
        note_error(home, traceback.format_exc(), run or "")


def _log_beginning(night: Night) -> None:
    with closing(NightLog(night.home.root, night.run)) as log:
        about = {**read_versions(night), "is_from_scratch": night.is_from_scratch}
        log.note("night_started", about, night.at)


def _log_end(night: EndedNight) -> None:
    """A line for each submission that was decided, for each step, and for the night."""
    with closing(NightLog(night.home, night.run)) as log:
        for row in night.decided:
            log.note("submission_decided", row)
        for step in night.steps:
            log.note("step_ended", _describe_step(step), step.began)
        outcome = {
            "decisions": night.decisions,
            "left_count": night.left_count,
            "peak_memory_bytes": night.peak_memory_bytes,
        }
        if night.broken_by:
            log.note("night_broke_off", {"error": type(night.broken_by).__name__, **outcome})
        else:
            log.note("night_ended", outcome)


def _describe_step(step: Step) -> dict[str, object]:
    """A step for the log; ``error`` where it broke off."""
    broken = {"error": type(step.broken_by).__name__} if step.broken_by else {}
    return {"step": step.name, "seconds": round(step.seconds, 3), **step.counts, **broken}


def _write_figures(night: EndedNight) -> None:
    good = read_good_night(night.home)
    write_metrics(
        night.home,
        NightFigures(
            is_good=not night.broken_by,
            ended_at=night.ended.timestamp(),
            last_good_at=good.at.timestamp() if good else None,
            seconds=night.seconds,
            decisions=night.decisions,
            open_findings=_count_open(night.database),
            left_count=night.left_count,
            last_backup_at=_find_time(night.home / STATE),
            warehouse_bytes=_find_size(night.database),
            peak_memory_bytes=night.peak_memory_bytes,
        ),
    )


def _count_open(database: Path) -> dict[str, int]:
    counts = dict.fromkeys(("critical", "warning", "info"), 0)
    with suppress(WarehouseMissing, QueryError):
        counts |= count_open_questions(database)
    return counts


def _find_time(file: Path) -> float | None:
    with suppress(OSError):
        return file.stat().st_mtime
    return None


def _find_size(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_size
    return None
