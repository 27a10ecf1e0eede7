"""What a Prefect server runs when the process of a night is gone: it could tell nobody itself, and left no mark.

It runs in the worker, which systemd starts again; where no worker comes back, the dead man's switch tells (flows/health).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from prefect import flow, get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.answer.sending import tell_failure
from flows.figures.beginning import watching_beginning
from flows.keeping.marks import marking_failure, read_failure, read_good_night
from flows.settings import Installation, find_installation
from warehouse.store.publish import AlreadyRunning, writer_lock

LIMIT_SECONDS = 600
REASON = "作业进程已不在（断电、内存不足或被结束），没有做完；下次夜间作业会接着处理。"


class NightDied(Exception):
    """The process of a night is gone; one Chinese sentence."""


@flow(name="died", validate_parameters=False, persist_result=False, timeout_seconds=LIMIT_SECONDS)
def died(run_id: str, home: str | None = None, catalogue: str | None = None) -> State[object]:
    """Tell the administrators of the run that died, unless a night went well since, or one is at work."""
    installation = find_installation(Path(home) if home else None, Path(catalogue) if catalogue else None)
    root = installation.home.root
    try:
        with writer_lock(root):
            began = _find_beginning(run_id)
            if (good := read_good_night(root)) is not None and good.at > began:
                return Completed(message="此后已有一次夜间作业完成，不必再通知。")
            reason = _mark(installation, began)
    except AlreadyRunning:
        return Completed(message="作业仍在运行，不必通知。")
    tell_failure(installation, NightDied(reason))
    return Completed(message=f"已通知管理员：{reason}")


def _find_beginning(run_id: str) -> datetime:
    """When the run began; as far as the server knows, else long ago."""
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(run_id))
    return run.start_time or run.expected_start_time or datetime.min.replace(tzinfo=UTC)


def _mark(installation: Installation, began: datetime) -> str:
    """Leave what the night left not: its mark, its line of the log, its figures. Its own reason, where it left one."""
    failure = read_failure(installation.home.root)
    if failure is not None and failure.at > began:
        return failure.reason
    with (
        suppress(NightDied),
        watching_beginning(installation.home, is_from_scratch=False),
        marking_failure(installation.home.root),
    ):
        raise NightDied(REASON)
    return REASON
