"""Orders nights of a process that has imported all they need (plain_night), and holds strace to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Order:
    """One night: in which home, with which catalogue; killed after its ``end``-th step or the step named ``last``, its clock so
    many ``days`` off.

    What it says goes to the file ``said``, or to one beside its home.
    """

    home: Path
    catalogue: Path
    end: int = 0
    last: str = ""
    days: int = 0
    mutant: str = ""
    said: Path | None = None


@dataclass(frozen=True)
class Ended:
    """How a night ended: its exit code (negative: the signal that killed it), and what it said."""

    code: int
    said: str


class Nights:
    """Nights, one after the other, each in a fork of one prepared process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.plain_night"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            # Sets in one order every night: the same calls in the same order.
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        )
        self._said = Path(os.devnull)
        self._tracer: subprocess.Popen[bytes] | None = None
        if self._hear() != "ready":
            raise RuntimeError("the process that runs the nights did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """No further night; the one that is running, if any, ends first."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, order: Order, strace: Sequence[str] = (), kill_after: float | None = None) -> Ended:
        """The night, with strace held to it if its options are given, killed when it has worked so many seconds."""
        night = self.begin(order, strace)
        if kill_after is not None:
            while (worked := read_worked(night)) is not None and worked < kill_after:
                time.sleep(0.001)
            with suppress(ProcessLookupError):
                os.kill(night, signal.SIGKILL)
        return self.end()

    def begin(self, order: Order, strace: Sequence[str] = ()) -> int:
        """Let the night begin; its process. :meth:`end` waits for it."""
        assert self._process.stdin
        self._said = order.said or order.home.with_name(order.home.name + ".said")
        says = {**vars(order), "said": self._said, "is_traced": bool(strace)}
        self._process.stdin.write(json.dumps(says, default=str) + "\n")
        self._process.stdin.flush()
        night = int(self._hear())
        if strace:
            command = ["strace", "-qq", "-f", "-b", "execve", *strace, "-p", str(night)]
            self._tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        return night

    def end(self) -> Ended:
        """Wait for the night that was begun."""
        code = int(self._hear())
        if self._tracer:
            self._tracer.wait()
            self._tracer = None
        return Ended(code, self._said.read_text(encoding="utf-8", errors="replace"))

    def _hear(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def read_worked(night: int) -> float | None:
    """Seconds for which a night's main thread has worked, however busy the machine is; None when the night has ended."""
    try:
        stat = Path(f"/proc/{night}/stat").read_text()
        return None if ") Z " in stat else int(Path(f"/proc/{night}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return None
