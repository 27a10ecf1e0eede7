"""Nights in processes of their own, without Prefect's server; what is tried is what they do to the home.

``python -m tests.faults.plain_night`` imports all that a night needs, and then takes orders (nights.Order) from standard
input: each is one night, in a fork of this process, so that it begins at once. The steps are the functions that the tasks
wrap. NIANBAO_MUTANT names a mistake to be planted (mutants).
"""

from __future__ import annotations

import ctypes
import datetime
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import flows.nightly
from expectations.judge import start_great_expectations
from flows.partitions.check_part import CheckingJob, check_part
from flows.partitions.read_part import ReadingJob, read_part
from flows.settings import Installation, Settings
from tests.faults.mutants import MUTANTS

NOBODY_CAME = 97
"""The exit code of a night that was to be traced, and nobody came."""
_PATIENCE_SECONDS = 60
_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)


def serve() -> None:
    """For each order a line with the night's process, and one with how it ended."""
    start_great_expectations()
    print("ready", flush=True)  # noqa: T201 - to whoever gives the orders
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _obey(**json.loads(line))
        print(process, flush=True)  # noqa: T201
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _obey(said: str, is_traced: bool, days: int, mutant: str, **night: Any) -> None:
    """Be the night of an order; ends this process."""
    code = 1
    try:
        with open(said, "wb") as file:  # noqa: PTH123
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # What is written anew has the same name in every night, so that a fault finds it.
        tempfile._name_sequence = (f"{n:08}" for n in count())  # type: ignore[attr-defined]
        if mutant:
            MUTANTS[mutant]()
        if days:
            _move_clock(days)
        code = NOBODY_CAME if is_traced and not _wait_for_tracer() else _run(**night)
    except BaseException:  # noqa: BLE001 - told, whatever it is
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class _PlainParts:
    """Runs partitions one after the other in this process."""

    def telling(self, *_: object) -> _PlainParts:
        return self

    def read(self, jobs: Sequence[ReadingJob]) -> None:
        for job in jobs:
            read_part(job)

    def check(self, jobs: Sequence[CheckingJob]) -> None:
        for job in jobs:
            check_part(job)


def _run(home: str, catalogue: str, end: int, last: str) -> int:
    """The night; after its ``end``-th step, or the one that flows.nightly calls ``last``, the process is killed."""
    done = count(1)

    def and_die(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def work(*given: Any, **named: Any) -> Any:
            result = step(*given, **named)
            if next(done) == end or name == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return work

    for name, found in vars(flows.nightly).copy().items():
        if hasattr(found, "cache_policy"):  # a task
            setattr(flows.nightly, name, and_die(name, found.fn))
    flows.nightly.named = flows.nightly.retried = lambda step, _about: step  # type: ignore[assignment]
    flows.nightly.open_parts = lambda *_: nullcontext(_PlainParts())  # type: ignore[assignment]
    flows.nightly.tell_log = lambda _sentence: None  # type: ignore[assignment]  # there is no run whose log it were
    settings = Settings(home=Path(home), catalogue=Path(catalogue), workers=1, quiet_seconds=0)
    flows.nightly.run_night(Installation(settings))
    return 0


def _wait_for_tracer() -> bool:
    """Wait until strace holds this process."""
    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANYBODY, 0, 0, 0)
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if "TracerPid:\t0\n" not in Path("/proc/self/status").read_text():
            return True
        time.sleep(0.01)
    return False


def _move_clock(days: int) -> None:
    """Every module that asks what time it is hears a time so many days off."""

    class Moved(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return datetime.datetime.now(tz) + datetime.timedelta(days=days)

    for module in list(sys.modules.values()):
        is_ours = getattr(module, "__name__", "").startswith(("flows.", "warehouse.", "expectations."))
        if is_ours and getattr(module, "datetime", None) is datetime.datetime:
            module.datetime = Moved  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve()
