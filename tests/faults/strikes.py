"""Nights that meet one fault: at a call, at the end of a step, after a while. Each gives what is wrong afterwards."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

from tests.faults.nights import Nights, Order, read_worked
from tests.faults.points import FAULTS, Office, Point, read_paths
from tests.faults.wholeness import find_losses

NOT_STRUCK = "the fault did not strike"


def strike(office: Office, nights: Nights, point: Point, fault: str, home: Path) -> list[str]:
    """Run a night that a fault meets at the point, then an undisturbed one; what is wrong then, nothing when all is well."""
    has_struck, _ = _strike(office, nights, point, fault, home)
    # A file of the inbox that cannot be read waits, and the others go on.
    losses = find_losses(office, nights, home, is_all_or_none=not point.path.startswith("inbox/"))
    return losses + ([] if has_struck else [NOT_STRUCK])


def cut_power_in_rename(office: Office, nights: Nights, point: Point, home: Path) -> list[str]:
    """The new name is there after a power cut, and of what it names nothing: as a file system leaves it that lies about fsync.

    That the old name is still there is a night that was killed at the rename (:func:`strike`).
    """
    has_struck, log = _strike(office, nights, point, "KILL", home)
    if has_struck:
        call = next(line for line in log.splitlines() if "rename(" in line)
        unfinished, target = (home / path for path in read_paths(call, home))
        unfinished.write_bytes(b"")
        unfinished.rename(target)
    return find_losses(office, nights, home, is_sound=False) + ([] if has_struck else [NOT_STRUCK])


def _strike(office: Office, nights: Nights, point: Point, fault: str, home: Path) -> tuple[bool, str]:
    """Whether it has struck, and strace's log."""
    shutil.copytree(office.before, home)
    file = home.with_name(home.name + ".strace")
    options = ["-o", str(file), "-e", f"trace={point.call}", "-P", str(home / point.path)]
    struck = f"inject={point.call}:{FAULTS[fault]}:when={point.number}"
    ended = nights.run(Order(home, office.catalogue), [*options, "-e", struck])
    log = file.read_text(errors="replace")
    return (ended.code == -signal.SIGKILL if fault == "KILL" else "(INJECTED)" in log), log


def kill_after_step(office: Office, nights: Nights, step: int, home: Path) -> list[str]:
    """Run a night that is killed when its n-th step has ended; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    ended = nights.run(Order(home, office.catalogue, end=step))
    return find_losses(office, nights, home) + ([] if ended.code == -signal.SIGKILL else [NOT_STRUCK])


def kill_after(office: Office, nights: Nights, seconds: float, home: Path) -> list[str]:
    """Run a night that is killed when it has worked so many seconds; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    ended = nights.run(Order(home, office.catalogue), kill_after=seconds)
    return find_losses(office, nights, home) + ([] if ended.code == -signal.SIGKILL else [NOT_STRUCK])


def measure_night(office: Office, nights: Nights, home: Path) -> float:
    """Seconds that an undisturbed night works."""
    shutil.copytree(office.before, home)
    night = nights.begin(Order(home, office.catalogue))
    longest = 0.0
    while (worked := read_worked(night)) is not None:
        longest = max(longest, worked)
        time.sleep(0.001)
    nights.end()
    shutil.rmtree(home)
    return longest


def count_steps(office: Office, nights: Nights, home: Path) -> int:
    """How many steps a night has: the first number after which it is not killed is one more."""
    steps = 0
    while True:
        shutil.copytree(office.before, home)
        ended = nights.run(Order(home, office.catalogue, end=steps + 1))
        shutil.rmtree(home)
        if ended.code != -signal.SIGKILL:
            return steps
        steps += 1
