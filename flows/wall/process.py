"""One reading child as its parent sees it: start it, give it a file, hear it, end it."""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.wall.child import LENGTH_BYTES, Reply, Start

_LOOK = "flows.wall.cause:look_for_cause"
_MIB = 1 << 20
_COMPLAINT_BYTES = 8192
_DYING_SECONDS = 5.0
# What a child may know of the environment: where its libraries are and how to spell, but no passwords or
# addresses.
_ENVIRONMENT = (
    *(
        "PATH",
        "HOME",
        "TMPDIR",
        "TZ",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "VIRTUAL_ENV",
    ),
    *("PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
)
# One thread per child: the children are the parallelism, and every further thread or malloc arena reserves
# address space (with them, polars alone takes 394 MiB instead of 203).
_BOUNDS = {
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "RUST_BACKTRACE": "0",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use. The address space includes the child's libraries (about 210 MiB with polars)."""

    memory_mib: int = 768
    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    result_mib: int = 128
    start_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended before it answered. `complaints` is what it wrote to standard error about this
    file."""

    exit_code: int | None
    is_timeout: bool
    is_from_outside: bool
    complaints: str


class WallBroken(RuntimeError):
    """A child could not be made ready: no file is to blame, so none is refused."""


class ReadingProcess:
    """A running child that reads with the function `read` within `limits`. `deadline` is a time of time.monotonic(), infinite
    while the child has nothing to do.
    """

    def __init__(self, read: str, limits: Limits) -> None:
        self.is_ready = False
        self.is_over = False
        self.deadline = time.monotonic() + limits.start_seconds
        self.read = read
        self.limits = limits
        self._received = bytearray()
        self._complaints_before = 0
        self._is_lost = False
        self._complaints = _open_nameless_file()
        self._wire, theirs = socket.socketpair()
        self._wire.setblocking(False)
        start = Start(
            socket=theirs.fileno(),
            read=read,
            look=_LOOK,
            memory=limits.memory_mib,
            cpu=limits.cpu_seconds,
            wall=limits.wall_seconds,
            result=limits.result_mib,
        )
        with theirs:
            # A session of its own: Ctrl-C and a closed terminal reach the parent alone, which then ends the
            # child, and the child cannot write to the terminal.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "flows.wall.child", json.dumps(start._asdict())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=_limit_environment(),
            )

    def fileno(self) -> int:
        return self._wire.fileno()

    def give(self, what: str, path: str | Path, args: tuple[Any, ...], seconds: float) -> None:
        """Hand over a job: "read" or "look"."""
        data = pickle.dumps((what, str(Path(path).absolute()), args), protocol=pickle.HIGHEST_PROTOCOL)
        self.deadline = time.monotonic() + seconds
        self._complaints_before = os.fstat(self._complaints).st_size
        self._wire.settimeout(seconds)  # arguments may be larger than what the wire holds at a time
        try:
            self._wire.sendall(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        except OSError:
            self._is_lost = True  # it died while idle; hear() tells
        finally:
            self._wire.setblocking(False)

    def hear(self) -> Reply | End | None:
        """The answer, or how the child ended, or None when there is neither yet. WallBroken if it could not become
        ready; when somebody else ended it before it was, that is no more than its end.

        To be called when there is something to read or the deadline has passed.
        """
        outcome = self._hear()
        if isinstance(outcome, End) or (outcome is not None and outcome.is_last):
            self.is_over = True
        if self.is_ready or outcome is None:
            return outcome
        if isinstance(outcome, Reply) and outcome.kind == "ready":
            self.is_ready = True
            return None
        if isinstance(outcome, End) and outcome.is_from_outside:
            return outcome
        why = outcome.complaints if isinstance(outcome, End) else str(outcome.content)
        how = "in time" if isinstance(outcome, End) and outcome.is_timeout else f"to read with {self.read}"
        raise WallBroken(f"a reading child did not become ready {how}:\n{why.strip()}")

    def stop(self) -> None:
        """End the child at once and let go of everything that belongs to it. May be called twice."""
        if self._wire.fileno() < 0:
            return
        self._process.kill()
        self._process.wait()
        self._wire.close()
        os.close(self._complaints)

    def _hear(self) -> Reply | End | None:
        try:
            chunk = self._wire.recv(_MIB)
        except BlockingIOError:
            return self._collect_end(is_timeout=True) if time.monotonic() >= self.deadline else None
        except OSError:
            chunk = b""
        if not chunk:
            return self._collect_end(is_timeout=False)
        self._received += chunk
        length = int.from_bytes(self._received[:LENGTH_BYTES], "big")
        if len(self._received) < LENGTH_BYTES or len(self._received) < LENGTH_BYTES + length:
            return self._collect_end(is_timeout=True) if time.monotonic() >= self.deadline else None
        # Pickled by a child: the wall is against exhaustion only (see flows.wall.wall).
        reply = Reply(*pickle.loads(memoryview(self._received)[LENGTH_BYTES:]))  # noqa: S301
        self._received = bytearray()
        self.deadline = math.inf
        return reply

    def _collect_end(self, *, is_timeout: bool) -> End:
        if is_timeout:
            self._process.kill()
        try:
            code = self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its end of the wire and lives on
            self._process.kill()
            code = self._process.wait()
        outside = not is_timeout and (self._is_lost or code in (-signal.SIGKILL, -signal.SIGTERM))
        complaints = os.pread(self._complaints, _COMPLAINT_BYTES, self._complaints_before)
        return End(code, is_timeout, outside, complaints.decode(errors="replace"))


def _open_nameless_file() -> int:
    handle, name = tempfile.mkstemp()
    Path(name).unlink()
    return handle


def _limit_environment() -> dict[str, str]:
    known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    search = [str(Path(folder).absolute()) for folder in sys.path if Path(folder).exists()]
    return {**known, **_BOUNDS, "PYTHONPATH": os.pathsep.join(search)}
