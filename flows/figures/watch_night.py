"""Watches a night from its beginning to its end, and leaves its log and figures, whether it is good or breaks off."""

from __future__ import annotations

import resource
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from flows.backup.contents import STATE
from flows.clock import TIME_ZONE
from flows.error_log import note_error
from flows.figures.metrics import NightFigures, write_metrics
from flows.figures.night_log import NightLog
from flows.keeping.marks import read_good_night
from flows.night import Night, list_versions
from flows.running.timing import Step
from warehouse.standing.questions import read_open_questions
from warehouse.store.query import QueryError, WarehouseMissing, query

_DECIDED = """SELECT submission, unit_code, year, decision, critical_count, warning_count FROM quality.submission
              WHERE run = ? ORDER BY received_seq"""


@contextmanager
def watching(night: Night) -> Iterator[None]:
    """Within, a night; a log or figure that cannot be written does not fail it."""
    try:
        log = NightLog(night.home.root, night.run)
    except OSError:
        note_error(night.home.root, traceback.format_exc(), night.run)
        yield
        return
    try:
        log.note(
            "night_started", {**list_versions(night.installation), "is_from_scratch": night.is_from_scratch}
        )
        yield
    except BaseException as error:
        _leave(night, log, broken_by=type(error).__name__)
        raise
    else:
        _leave(night, log)
    finally:
        log.close()


def _leave(night: Night, log: NightLog, broken_by: str = "") -> None:
    """Write what is known of the night at its end."""
    try:
        decisions = _note_decisions(night, log)
        for step in night.steps.ended:
            log.note("step_ended", _describe_step(step), step.began)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        outcome = {"decisions": decisions, "left_count": len(night.record.left), "peak_memory_bytes": peak}
        if broken_by:
            log.note("night_broke_off", {"error": broken_by, **outcome})
        else:
            log.note("night_ended", outcome)
        good = read_good_night(night.home.root)
        write_metrics(
            night.home.root,
            NightFigures(
                is_good=not broken_by,
                ended_at=datetime.now(TIME_ZONE).timestamp(),
                last_good_at=good.at.timestamp() if good else None,
                seconds=night.steps.seconds,
                decisions=decisions,
                open_findings=_count_open(night.home.database),
                left_count=len(night.record.left),
                last_backup_at=_find_time(night.home.root / STATE),
                warehouse_bytes=_find_size(night.home.database),
                peak_memory_bytes=peak,
            ),
        )
    except Exception:  # noqa: BLE001 - the night is done, or broke off for a reason of its own: neither may hang on figures
        note_error(night.home.root, traceback.format_exc(), night.run)


def _describe_step(step: Step) -> dict[str, object]:
    """A step for the log; ``error`` where it broke off."""
    broken = {"error": type(step.broken_by).__name__} if step.broken_by else {}
    return {"step": step.name, "seconds": round(step.seconds, 3), **step.counts, **broken}


def _note_decisions(night: Night, log: NightLog) -> dict[str, int]:
    """A line for each submission of the night; how many of each decision."""
    counts = dict.fromkeys(("accepted", "held", "refused"), 0)
    with suppress(WarehouseMissing, QueryError):
        for row in query(night.home.database, _DECIDED, [night.run]).iter_rows(named=True):
            log.note("submission_decided", row)
            counts[row["decision"]] = counts.get(row["decision"], 0) + 1
    return counts


def _count_open(database: Path) -> dict[str, int]:
    counts = dict.fromkeys(("critical", "warning", "info"), 0)
    with suppress(WarehouseMissing, QueryError):
        counts |= dict(read_open_questions(database)["severity"].value_counts().iter_rows())
    return counts


def _find_time(file: Path) -> float | None:
    with suppress(OSError):
        return file.stat().st_mtime
    return None


def _find_size(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_size
    return None
