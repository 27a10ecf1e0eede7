"""What children of the reading wall are made to do in tests: named as "reading_functions:name"."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine

Args = tuple[Any, ...]
SLEEP_SECONDS = 60


def content(path: str, args: Args) -> str:
    """The text of the file and the arguments; some texts are orders."""
    text = Path(path).read_text()
    if text in ORDERS:
        ORDERS[text]()
    return f"{text}{args}"


def process_id(path: str, args: Args) -> tuple[int, int, bool]:
    return os.getpid(), os.getsid(0), os.isatty(0) or os.isatty(1) or os.isatty(2)


def surroundings(path: str, args: Args) -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "threads": pl.thread_pool_size(),
    }


def frame(path: str, args: Args) -> pl.DataFrame:
    return pl.DataFrame({"path": [path], "text": ["甲"]})


def first_sheet(path: str, args: Args) -> list[list[Any]]:
    return python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def second_sheet(path: str, args: Args) -> list[list[Any]]:
    return python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(1).to_python()


def large_result(path: str, args: Args) -> bytes:
    return bytes(args[0] << 20)


def unpicklable(path: str, args: Args) -> Any:
    return lambda: None


def kept_memory(path: str, args: Args) -> int:
    """Hold on to memory, as a leak would."""
    _kept.append(bytearray(args[0] << 20))
    return len(_kept)


_kept: list[bytearray] = []


def _spin() -> None:
    while True:
        pass


def _ask_for_memory() -> None:
    kept = []
    while True:
        kept.append(bytearray(64 << 20))


def _complain_and_abort() -> None:
    os.write(1, b"noise on standard output\n")
    os.write(2, b"noise on standard error\n")
    os.abort()


def _raise_panic() -> None:
    class PanicException(BaseException):
        pass

    raise PanicException("capacity overflow")


def _be_killed_once() -> None:
    """As by somebody outside, but only the first time: the mark is a file."""
    mark = Path(os.environ["TMPDIR"], "killed-once")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


ORDERS: dict[str, Any] = {
    "spin": _spin,
    "sleep": lambda: time.sleep(SLEEP_SECONDS),
    "ask for memory": _ask_for_memory,
    "abort": _complain_and_abort,
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "leave": lambda: sys.exit(3),
    "panic": _raise_panic,
    "raise": lambda: os.environ["NO_SUCH_KEY"],
    "be killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "be killed once": _be_killed_once,
}
