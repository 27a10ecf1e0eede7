"""Nights that meet one fault: at a call, at the end of a step, after a while. Each gives what is wrong afterwards."""

from __future__ import annotations

import re
import shutil
import signal
import time
from pathlib import Path

from tests.faults.nights import Nights, Order
from tests.faults.points import FAULTS, Office, Point
from tests.faults.wholeness import find_losses

NOT_STRUCK = "the fault did not strike"
_IS_KILLED = re.compile(r"killed by SIGKILL")


def strike(office: Office, nights: Nights, point: Point, fault: str, home: Path) -> list[str]:
    """Run a night that a fault meets at the point, then an undisturbed one; what is wrong then, nothing when all is well."""
    shutil.copytree(office.before, home)
    log = home.with_name(home.name + ".strace")
    options = ["-o", str(log), "-e", f"trace={point.call}", "-P", str(home / point.path)]
    struck = f"inject={point.call}:{FAULTS[fault]}:when={point.number}"
    ended = nights.run(Order(home, office.catalogue), [*options, "-e", struck])
    has_struck = ended.code == -signal.SIGKILL if fault == "KILL" else "(INJECTED)" in log.read_text()
    return find_losses(office, nights, home) + ([] if has_struck else [NOT_STRUCK])


def kill_after_step(office: Office, nights: Nights, step: int, home: Path) -> list[str]:
    """Run a night that is killed when its n-th step has ended; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    ended = nights.run(Order(home, office.catalogue, end=step))
    return find_losses(office, nights, home) + ([] if ended.code == -signal.SIGKILL else [NOT_STRUCK])


def kill_after(office: Office, nights: Nights, seconds: float, home: Path) -> list[str]:
    """Run a night that is killed after so many seconds, if it has not ended by then; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    ended = nights.run(Order(home, office.catalogue), kill_after=seconds)
    return find_losses(office, nights, home) + (
        [NOT_STRUCK] if ended.code not in (0, -signal.SIGKILL) else []
    )


def measure_night(office: Office, nights: Nights, home: Path) -> float:
    """Seconds that an undisturbed night takes."""
    shutil.copytree(office.before, home)
    begun = time.monotonic()
    nights.run(Order(home, office.catalogue))
    shutil.rmtree(home)
    return time.monotonic() - begun


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
