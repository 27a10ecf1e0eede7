"""The flows that a Prefect server schedules: a night, and a backfill; each ends in one sentence, whatever became of it."""

from __future__ import annotations

import errno
import traceback
from datetime import datetime
from pathlib import Path

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.answer.outgoing import Report
from flows.clock import TIME_ZONE
from flows.ending import list_own_errors
from flows.error_log import note_error
from flows.keeping.marks import read_good_night
from flows.nightly import run_night
from flows.places.destination import DestinationFailed
from flows.settings import Installation, find_installation
from flows.system_words import explain_error, explain_machine_fault
from warehouse.ledger.journal_lines import JournalUnreachable
from warehouse.store.publish import AlreadyRunning

LIMIT_SECONDS = 4 * 3600
"""A night takes minutes; one of hours hangs, and holds up the next."""
WAITS = (60.0, 300.0)
"""Seconds before a night that something passing stopped is tried again."""
_PASSING = {errno.EBUSY, errno.EAGAIN, errno.EINTR, errno.ESTALE, errno.ETIMEDOUT, errno.EIO}


def _is_passing(error: BaseException | None) -> bool:
    """Whether a night that ended so may be tried again: a busy disk, place or database, or a command that held the lock."""
    while error is not None:
        if isinstance(error, AlreadyRunning | DestinationFailed | JournalUnreachable) or (
            isinstance(error, OSError) and error.errno in _PASSING
        ):
            return True
        error = error.__cause__
    return False


def _may_heal(_task: object, _run: object, state: State[object]) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and _is_passing(error)


def _run_once(installation: Installation, *, from_scratch: bool) -> Report:
    """One try of a night. People hear of its failure when there is no other."""
    return run_night(
        installation,
        from_scratch=from_scratch,
        is_tried_again=lambda error: runtime.task_run.run_count <= len(WAITS) and _is_passing(error),
    )


_try_night = task(
    name="night",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(WAITS),
    retry_delay_seconds=list(WAITS),
    retry_condition_fn=_may_heal,
)(_run_once)


def _name_night() -> str:
    return f"night of {datetime.now(TIME_ZONE):%Y-%m-%d %H:%M}"


def _name_backfill() -> str:
    return f"backfill of {datetime.now(TIME_ZONE):%Y-%m-%d %H:%M}"


@flow(
    name="nightly",
    flow_run_name=_name_night,
    validate_parameters=False,
    persist_result=False,
    timeout_seconds=LIMIT_SECONDS,
)
def nightly(home: str | None = None, catalogue: str | None = None) -> State[object]:
    """The scheduled night. Parameters default to NIANBAO_HOME and NIANBAO_CATALOGUE."""
    return _run_to_a_sentence(home, catalogue, from_scratch=False)


@flow(
    name="backfill",
    flow_run_name=_name_backfill,
    validate_parameters=False,
    persist_result=False,
    timeout_seconds=LIMIT_SECONDS,
)
def backfill(home: str | None = None, catalogue: str | None = None) -> State[object]:
    """Replay the whole journal from the archive into a new warehouse."""
    return _run_to_a_sentence(home, catalogue, from_scratch=True)


def _is_overtaken(installation: Installation) -> bool:
    """Whether a good night has ended since this run was due: after a standstill one late night runs, not one for each."""
    last = read_good_night(installation.home.root)
    due = runtime.flow_run.scheduled_start_time
    return last is not None and due is not None and last.has_ended_since(due, datetime.now(TIME_ZONE))


def _run_to_a_sentence(home: str | None, catalogue: str | None, *, from_scratch: bool) -> State[object]:
    installation: Installation | None = None
    try:
        installation = find_installation(Path(home) if home else None, Path(catalogue) if catalogue else None)
        if not from_scratch and _is_overtaken(installation):
            return Completed(message="此后已有一次夜间作业完成，本次不必再运行。")
        return Completed(message=_summarise(_try_night(installation, from_scratch=from_scratch)))
    except Exception as error:  # noqa: BLE001 - whatever it was, the run's page says it in a sentence
        if installation is not None and not isinstance(error, list_own_errors()):
            note_error(installation.home.root, traceback.format_exc())
        return Failed(message=_explain(error))


def _summarise(report: Report) -> str:
    decided = report.submissions.group_by("decision").len() if report.submissions.height else None
    counts = dict(decided.iter_rows()) if decided is not None else {}
    parts = [("接收", "accepted"), ("暂存", "held"), ("未能接收", "refused")]
    said = "，".join(f"{word} {counts.get(decision, 0)} 份" for word, decision in parts)
    undelivered = f"；{len(report.failed_channels)} 份通知或答复未能送达" if report.failed_channels else ""
    return f"{said}，{len(report.left)} 个文件留在收件箱{undelivered}。"


def _explain(error: Exception) -> str:
    if isinstance(error, list_own_errors()):
        return str(error)
    if isinstance(error, TimeoutError):
        return "夜间作业超过时限，已中止，数据仓库未改动；请查看是哪一步没有结束。"
    if isinstance(error, OSError):
        return f"{error.filename or '文件'}：{explain_error(error)}"
    return (
        explain_machine_fault(error)
        or "夜间作业没有完成，数据仓库未改动；详情见数据目录下的 nianbao-error.log。"
    )
