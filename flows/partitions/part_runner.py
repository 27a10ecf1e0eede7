"""Runs the partitions of a batch as task runs: in threads of this process, in processes, or on Dask's workers.

What a partition leaves is kept in the place of work under a name that says what it was made of. So one whose worker is lost is
run again, here at last, without doubling anything: whoever ends first keeps it, and the other finds it kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, TypeVar

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import CrashedRun
from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.partitions.check_part import CheckingJob, leave_checked_part
from flows.partitions.read_part import ReadingJob, leave_read_part
from flows.running.tasks import named
from flows.settings import DASK, PROCESSES, THREADS, Settings
from flows.steps.steps import READ_FILE
from flows.wall.kept_children import KEPT
from flows.wall.process import Limits

Job = TypeVar("Job")

DESERTED_SECONDS = 60.0
"""How long a night waits for workers when there are none, before it does their work itself."""
_LOOK_SECONDS = 0.05

OnDone = Callable[[str, object], None]
"""Hears of each file that was read: its submission, and what came of it."""

PART_TAG = "nianbao-part"
"""Of the task runs of partitions where a batch has several: a server may limit how many of them run at a time."""
_READ = task(name="read part", cache_policy=NO_CACHE, persist_result=False)(leave_read_part)
_CHECK = task(name="check part", cache_policy=NO_CACHE, persist_result=False)(leave_checked_part)


class Parts:
    """Runs the partitions of a night's batches. Made by :func:`open_parts`."""

    def __init__(
        self, runner: PartRunner, on_read: OnDone | None = None, on_checked: OnDone | None = None
    ) -> None:
        self._runner = runner
        self._on_read = on_read
        self._on_checked = on_checked

    def telling(self, on_read: OnDone | None, on_checked: OnDone | None) -> Parts:
        """The same workers, telling of each file that was read and of each submission that was judged."""
        return Parts(self._runner, on_read, on_checked)

    def read(self, jobs: Sequence[ReadingJob]) -> None:
        """Read partitions of files."""
        places = {
            job.key: f"{at} of {len(jobs)}, {len(job.files)} files" for at, job in enumerate(jobs, start=1)
        }
        self._runner.run(_READ, jobs, lambda job: places[job.key], self._tell_read)

    def check(self, jobs: Sequence[CheckingJob]) -> None:
        """Judge partitions of submissions."""
        self._runner.run(_CHECK, jobs, lambda job: job.about, self._tell_checked)

    def _tell_read(self, job: ReadingJob) -> None:
        for file in job.files if self._on_read else ():
            self._on_read(file.submission, None)  # type: ignore[misc]  # asked above

    def _tell_checked(self, job: CheckingJob) -> None:
        for submission in job.submissions if self._on_checked else ():
            self._on_checked(submission, None)  # type: ignore[misc]  # asked above


class PartRunner:
    """The workers of a night, started when the first partitions come."""

    def __init__(self, kind: str, workers: int, stack: ExitStack) -> None:
        self._kind = kind
        self._workers = workers
        self._stack = stack
        self._started: TaskRunner[Any] | None = None

    def run(
        self,
        step: Task[[Job], str],
        jobs: Sequence[Job],
        name: Callable[[Job], str],
        on_done: Callable[[Job], None],
    ) -> None:
        """Run ``step`` on every job; ``name`` gives what a run is about. Whatever a step raises is raised here."""
        # One partition, as in most offices: a thread would only add to it, and so would asking the server, which takes a
        # second, whether one more may run.
        if self._kind == THREADS and len(jobs) == 1:
            named(step, name(jobs[0]))(jobs[0])
            on_done(jobs[0])
            return
        waiting = self._submit(step.with_options(tags=[PART_TAG]), jobs, name)
        lost = []
        for future in _list_ended(list(waiting), self._is_deserted):
            job = waiting.pop(future)
            try:
                # What a worker keeps of an ended run is lost with it: then Dask would wait for another worker, for ever.
                future.result(timeout=DESERTED_SECONDS)
            except Exception as error:
                if not is_worker_lost(error):
                    raise
                lost.append(job)
            else:
                on_done(job)
        for job in [*lost, *waiting.values()]:
            named(step, f"{name(job)} again")(job)
            on_done(job)

    def _submit(
        self, step: Task[[Job], str], jobs: Sequence[Job], name: Callable[[Job], str]
    ) -> dict[PrefectFuture[str], Job]:
        if self._started is None:
            self._started = self._stack.enter_context(_make_runner(self._kind, self._workers))
        with _as_workers_see_it():
            return {self._started.submit(named(step, name(job)), {"job": job}): job for job in jobs}

    def _is_deserted(self) -> bool:
        """Whether nobody is there who could run anything; Dask would wait for workers, or for a scheduler, for ever."""
        if not self._kind.startswith(DASK) or self._started is None:
            return False
        client = self._started.client  # type: ignore[attr-defined]  # of DaskTaskRunner
        return client.status != "running" or not client.scheduler_info()["workers"]


def _list_ended(
    futures: Sequence[PrefectFuture[str]], is_deserted: Callable[[], bool]
) -> Iterator[PrefectFuture[str]]:
    """The futures as they end; not those that are left when everybody has been gone for DESERTED_SECONDS."""
    left = dict.fromkeys(futures)
    deserted_since: float | None = None
    while left:
        ended = [future for future in left if future.wrapped_future.done()]  # type: ignore[attr-defined]
        for future in ended:
            del left[future]
            yield future
        if ended or not is_deserted():
            deserted_since = None
        else:
            deserted_since = deserted_since or time.monotonic()
            if time.monotonic() - deserted_since > DESERTED_SECONDS:
                return
        if not ended:
            time.sleep(_LOOK_SECONDS)


@contextmanager
def open_parts(settings: Settings, new_file_count: int = 0) -> Iterator[Parts]:
    """What runs the partitions of a night; its workers end with the block, and the reading children of this process too.

    ``new_file_count``: of files that are to be read; where that is done here, children for them start at once.
    """
    with ExitStack() as stack, KEPT.keeping():
        if settings.task_runner == THREADS:
            KEPT.start(READ_FILE, Limits(), min(settings.workers, new_file_count))
        yield Parts(PartRunner(settings.task_runner, settings.workers, stack))


@flow(name="night", persist_result=False)
def _night() -> None:
    """Stands for the night's own flow where that is handed to workers."""


@contextmanager
def _as_workers_see_it() -> Iterator[None]:
    """Prefect hands its whole context to each worker, with the flow, its arguments and those of the step: a night, locks and all.

    What a worker needs is which run it belongs to.
    """
    of_flow = FlowRunContext.get()
    hidden = TaskRunContext.__var__.set(None)  # type: ignore[arg-type]
    try:
        with of_flow.model_copy(update={"flow": _night, "parameters": {}}) if of_flow else nullcontext():
            yield
    finally:
        TaskRunContext.__var__.reset(hidden)


def is_worker_lost(error: BaseException) -> bool:
    """Whether a partition ended because its worker, its pool or the scheduler did, and not by what it does.

    What took too long is asked here again, so a time-out of the partition's own is raised then.
    """
    if isinstance(error, (BrokenExecutor, CancelledError, asyncio.CancelledError, TimeoutError)):
        return True
    return type(error).__module__.partition(".")[0] == "distributed" or isinstance(error, CrashedRun)


def _make_runner(kind: str, workers: int) -> TaskRunner[Any]:
    if kind == THREADS:
        return ThreadPoolTaskRunner(max_workers=workers)
    if kind == PROCESSES:
        return ProcessPoolTaskRunner(max_workers=workers)
    from prefect_dask.task_runners import DaskTaskRunner  # of the extra "shared"

    logging.getLogger("distributed").setLevel(logging.ERROR)  # it tells of every worker that comes and goes
    _, _, address = kind.partition(":")
    if address:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    )
