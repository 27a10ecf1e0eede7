"""The reading wall: hostile files are read in child processes, and a file that kills its child is refused
alone.

A legal workbook of 1.4 KB can make its reader ask for 512 GiB and abort, which no `except` catches. So every
file is read by a child (flows.wall.child) with bounds on address space, CPU time and time by the clock. A
child reads many files; when it dies, the file at hand is refused with a reason and a new child goes on with
the next file. Only after a death is the file looked at for its reason, and that in a child too.

The wall guards against exhaustion, not against code that takes over a child: answers come back pickled.

Children are started as fresh interpreters, not with multiprocessing: fork and polars do not go together, and
its spawn imports the parent's __main__ again (a console script, pytest, a Prefect worker). No threads are
used, so the wall works from any thread.
"""

from __future__ import annotations

import math
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from flows.wall.child import Reply
from flows.wall.kept_children import KEPT
from flows.wall.process import End, Limits, ReadingProcess, WallBroken

__all__ = ["Death", "Limits", "ReadJob", "WallBroken", "read_all"]

_LOOK_SECONDS = 5.0
_DETAIL_HALF = 1000
_ENDED_EARLY = 20  # children that somebody else ended before they were ready, in one batch
# How Rust, C++ and the system say that memory ran out (the last one: no room for a further thread's stack).
_OUT_OF_MEMORY = (
    *("memory allocation of", "capacity overflow", "bad_alloc"),
    *("Cannot allocate memory", "Resource temporarily unavailable"),
)
_MEND = "请用 WPS 表格或 Excel 打开原文件，另存为新的 .xlsx 工作簿并核对内容后重新报送"

DeathCode = Literal["memory", "cpu", "timeout", "crash"]


@dataclass(frozen=True, slots=True)
class ReadJob:
    """One file to read: `key` names it in the result, `args` go to the reading function (picklable)."""

    key: str
    path: str | Path
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Death:
    """A file that could not be read: the code, one Chinese sentence for the clerk, and details for the
    log."""

    code: DeathCode
    sentence: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a child is to do with a file: read it, or, when it has killed a child, look at it for the
    reason."""

    job: ReadJob
    death: Death | None = None
    is_second_try: bool = False


def read_all(
    jobs: Sequence[ReadJob],
    read: str,
    workers: int,
    on_done: Callable[[str, object], None] | None = None,
    limits: Limits | None = None,
) -> dict[str, object]:
    """Read every file behind the wall: key -> what the function returned, or a Death; in the order of the
    jobs.

    `read` names the function as "module:function"; it is called as `function(path, args)` in a child and must
    return something picklable. `on_done(key, result)` is called from here as each file is done. Raises
    WallBroken when no child can be made ready, ValueError for keys used twice. Nothing is left running,
    however this ends, but idle children that somebody keeps (KEPT).
    """
    limits = limits or Limits()
    if workers < 1:
        raise ValueError("at least one worker is needed")
    if len({job.key for job in jobs}) != len(jobs):
        raise ValueError("two files to read have the same key")
    results: dict[str, object] = {}
    wall = _Wall(read, workers, limits, deque(_Task(job) for job in jobs))
    try:
        while len(results) < len(jobs):
            for key, result in wall.step():
                results[key] = result
                if on_done:
                    on_done(key, result)
    finally:
        wall.stop()
    return {job.key: results[job.key] for job in jobs}


class _Wall:
    """The children, and what each of them is doing."""

    def __init__(self, read: str, workers: int, limits: Limits, waiting: deque[_Task]) -> None:
        self._read = read
        self._workers = workers
        self._limits = limits
        self._waiting = waiting
        self._tasks: dict[ReadingProcess, _Task | None] = {}  # None: the child is starting, or ready and idle
        self._ended_early = 0
        self._selector = selectors.DefaultSelector()

    def step(self) -> Iterator[tuple[str, object]]:
        """Keep the children busy, wait until one has something to say, and yield (key, result) of finished
        files."""
        to_come = sum(task is None for task in self._tasks.values())
        for _ in range(min(self._workers - len(self._tasks), len(self._waiting) - to_come)):
            child = KEPT.take(self._read, self._limits) or ReadingProcess(self._read, self._limits)
            self._tasks[child] = None
            self._selector.register(child, selectors.EVENT_READ)
        for child in [child for child, task in self._tasks.items() if child.is_ready and task is None]:
            if self._waiting:
                self._give(child, self._waiting.popleft())
        for child in self._wait_for_children():
            outcome = child.hear()
            if outcome is None:
                continue
            if not child.is_ready:
                self._ended_early += 1
                if self._ended_early > _ENDED_EARLY:
                    raise WallBroken(
                        "reading children are ended by somebody before they are ready, again and again"
                    )
            task, self._tasks[child] = self._tasks[child], None
            if child.is_over:
                self._selector.unregister(child)
                del self._tasks[child]
                child.stop()
            if task is None:
                continue
            settled = _settle(task, outcome, self._limits)
            if isinstance(settled, _Task):
                self._waiting.appendleft(settled)
            else:
                yield task.job.key, settled.result

    def stop(self) -> None:
        self._selector.close()
        for child, task in self._tasks.items():
            if child.is_ready and task is None:
                KEPT.leave(child)
            else:
                child.stop()

    def _give(self, child: ReadingProcess, task: _Task) -> None:
        self._tasks[child] = task
        wall_seconds = self._limits.wall_seconds
        if task.death is None:
            child.give("read", task.job.path, task.job.args, wall_seconds)
        else:
            child.give("look", task.job.path, (), min(wall_seconds, _LOOK_SECONDS))

    def _wait_for_children(self) -> list[ReadingProcess]:
        """Wait until children speak, die or run out of time; idle ones have all the time there is."""
        nearest = min(child.deadline for child in self._tasks)
        timeout = None if nearest == math.inf else max(0.0, nearest - time.monotonic())
        ready = {key.fileobj for key, _ in self._selector.select(timeout)}
        now = time.monotonic()
        return [child for child in self._tasks if child in ready or child.deadline <= now]


@dataclass(frozen=True, slots=True)
class _Settled:
    result: object


def _settle(task: _Task, outcome: Reply | End, limits: Limits) -> _Task | _Settled:
    """What follows from the end of a task: its result, or another task for the same file."""
    answer = _Settled(outcome.content) if isinstance(outcome, Reply) and outcome.kind == "done" else None
    if task.death is not None:
        return _Settled(_add_cause(task.death, answer.result if answer else None, limits))
    if answer:
        return answer
    if isinstance(outcome, End) and outcome.is_from_outside and not task.is_second_try:
        # Somebody else killed the child, most likely the kernel for want of memory on the machine: not proof
        # against the file.
        return replace(task, is_second_try=True)
    code, detail = _classify_death(outcome)
    return replace(task, death=Death(code, "", _shorten(detail)))


def _classify_death(outcome: Reply | End) -> tuple[DeathCode, str]:
    """What a file's child died of, and what it said."""
    if isinstance(outcome, Reply):
        said = str(outcome.content)
        is_memory = outcome.kind == "memory"
    else:
        said = f"exit code {outcome.exit_code}\n{outcome.complaints}"
        is_memory = False
        if outcome.is_timeout or outcome.exit_code == -signal.SIGALRM:
            return "timeout", said
        if outcome.exit_code == -signal.SIGXCPU:
            return "cpu", said
    return "memory" if is_memory or any(words in said for words in _OUT_OF_MEMORY) else "crash", said


def _shorten(said: str) -> str:
    """The beginning (a Rust message) and the end (a Python error) of what may be long."""
    return said if len(said) <= 2 * _DETAIL_HALF else f"{said[:_DETAIL_HALF]}\n…\n{said[-_DETAIL_HALF:]}"


def _add_cause(death: Death, cause: object, limits: Limits) -> Death:
    why = {
        "memory": f"读取该文件所需内存超过限额（{limits.memory_mib} MiB），未能读入",
        "cpu": f"读取该文件所用计算时间超过限额（{limits.cpu_seconds} 秒），未能读入",
        "timeout": f"该文件在规定时间（{limits.wall_seconds:g} 秒）内未能读完",
        "crash": "读取该文件时程序异常中止，文件可能已损坏",
    }[death.code]
    if isinstance(cause, tuple):
        found, mend = cause
        return replace(death, sentence=f"{why}：{found}；{mend}，另存为新的工作簿后重新报送。")
    return replace(death, sentence=f"{why}；{_MEND}。")
