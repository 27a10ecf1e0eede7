"""Whether a file in the inbox is finished: quiet for a stated time, and open for writing to nobody.

That a file did not change while it was read proves nothing: a copy over a slow line pauses between two packets.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from flows.receiving.inbox import Mark

_TELLS_WHO_WRITES = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay", "zfs"}
"""File systems whose leases are the kernel's own; those of network shares depend on what the server grants."""


def is_quiet(mark: Mark, quiet_seconds: float) -> bool:
    """Whether a file was last touched at least so long ago."""
    return _measure_wait(mark, quiet_seconds) <= 0


def wait_until_quiet(marks: Iterable[Mark], quiet_seconds: float) -> None:
    """Wait, at most ``quiet_seconds``, until files that are not touched any more have been quiet long enough."""
    longest = max((_measure_wait(mark, quiet_seconds) for mark in marks), default=0.0)
    if longest > 0:
        time.sleep(min(longest, quiet_seconds))


def _measure_wait(mark: Mark, quiet_seconds: float) -> float:
    """Seconds until a file has been quiet long enough, if nobody touches it; a time in the future counts as now."""
    age = max(0.0, (time.time_ns() - mark.last_change) / 1e9)
    return quiet_seconds - age


@contextmanager
def hold_off_writers(file: Path) -> Iterator[bool]:
    """Whether nobody has ``file`` open for writing; whoever opens it for writing meanwhile waits until this ends.

    True where the system cannot tell: elsewhere than on Linux and on local disks, and for files of somebody else.
    OSError when the file cannot be opened.
    """
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield not (
            hasattr(fcntl, "F_SETLEASE") and _is_local(os.fstat(handle).st_dev) and _is_written(handle)
        )
    finally:
        os.close(handle)  # and with it the lease


def _is_written(handle: int) -> bool:
    """Take a lease on the open file; True when that is refused because somebody is writing."""
    try:
        # Whoever opens the file for writing makes the kernel send a signal: one that is ignored unless asked for.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)  # type: ignore[attr-defined,unused-ignore]
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False


@lru_cache(maxsize=64)
def _is_local(device: int) -> bool:
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    rows = (line.split(" ") for line in mounts.splitlines())
    kinds = {row[row.index("-") + 1] for row in rows if row[2] == number and "-" in row}
    return bool(kinds) and kinds <= _TELLS_WHO_WRITES
