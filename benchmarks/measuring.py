"""Runs a command and measures its time and the memory of its whole process tree; describes the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_PROC = Path("/proc")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
_SAMPLE_SECONDS = 0.05
LIBRARIES = (
    "polars", "duckdb", "python-calamine", "great_expectations", "prefect", "pandas", "openpyxl",
)  # fmt: skip


class CommandFailed(Exception):
    """The measured command ended with an error; the message holds the end of what it printed."""


@dataclass(frozen=True)
class Measured:
    """A finished command: wall and processor seconds, memory in MiB, exit code and what it printed.

    ``cpu_seconds`` covers the command and every process it started and waited for. ``tree_mib`` is the memory of the
    command and everything it started together, at its highest: resident sets are summed every 50 ms, and at each new
    peak the proportional sets (PSS), which count a page that processes share once. ``largest_mib`` is the highest
    resident set of a single process, as the kernel kept it. ``tree_mib`` is 0 where there is no /proc.
    """

    seconds: float
    cpu_seconds: float
    tree_mib: float
    largest_mib: float
    code: int
    text: str


def run_measured(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, good: tuple[int, ...] = (0,)
) -> Measured:
    """Run ``command`` in ``folder``. Raises CommandFailed when it ends with a code that is not in ``good``."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdout=printed, stderr=subprocess.STDOUT
        )
        peaks = [0.0, 0.0]
        over = threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, over, peaks), daemon=True)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)  # kernel's account of this child and of all it waited for
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        over.set()
        watch.join()
        printed.seek(0)
        text = printed.read()
    if process.returncode not in good:
        raise CommandFailed(f"{' '.join(command[-3:])} ended with {process.returncode}:\n{text[-4000:]}")
    kib = usage.ru_maxrss / 1024 if platform.system() == "Darwin" else usage.ru_maxrss
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Measured(seconds, cpu_seconds, peaks[1], kib / 1024, process.returncode, text)


def _watch(root: int, over: threading.Event, peaks: list[float]) -> None:
    """Keep the highest sums of resident and of proportional sets; the latter walks page tables, hence only at peaks."""
    while not over.wait(_SAMPLE_SECONDS):
        tree = list(_tree(root))
        resident = sum(_resident_mib(pid) for pid in tree)
        if resident > peaks[0] * 1.01:
            peaks[0] = resident
            peaks[1] = max(peaks[1], sum(_proportional_mib(pid) for pid in tree))


def _tree(root: int) -> Iterator[int]:
    """The process and all its descendants; children hang on the thread that started them."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        try:
            lists = [path.read_text() for path in (_PROC / str(pid) / "task").glob("*/children")]
        except OSError:  # the process ended while we looked
            continue
        waiting += [int(child) for text in lists for child in text.split()]


def _resident_mib(pid: int) -> float:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE_MIB
    except (OSError, IndexError):
        return 0.0


def _proportional_mib(pid: int) -> float:
    """PSS, or the resident set where the kernel does not tell."""
    text = _field(_PROC / str(pid) / "smaps_rollup", "Pss:")
    return float(text.split()[0]) / 1024 if text else _resident_mib(pid)


def machine() -> str:
    """Processor, cores, memory and system, in one line."""
    return (
        f"{_field(_PROC / 'cpuinfo', 'model name') or platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB memory, {platform.system()} {platform.release()}"
    )


def load() -> str:
    """How busy the machine is, and a warning where something else than the benchmark takes its time."""
    runnable, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = " (**busy with other work: every duration below is too long**)" if runnable > cores / 2 else ""
    return f"{runnable:.1f} processes runnable in the minute before, {cores} cores{busy}"


def versions() -> str:
    """Python and the libraries that do the work."""
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES)]
    )


def _field(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
