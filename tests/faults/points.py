"""The calls by which a night makes its home durable, each struck by a fault; and what must hold afterwards.

strace injects: the n-th call of a kind in the night's main thread is killed at (before it is done) or fails. The night
is a process of its own without Prefect's server (plain_night).
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flows.settings import Home
from tests.compare_warehouses import COMPARED, differences
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import DECISIONS, Journal

CALLS = ("fsync", "rename", "pwrite64")
FAULTS = {"KILL": "signal=KILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO", "EINTR": "error=EINTR"}
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)")


@dataclass(frozen=True)
class Point:
    """The ``number``-th ``call`` of a night's main thread; ``about``: what it was about when nothing was wrong."""

    call: str
    number: int
    about: str


@dataclass(frozen=True)
class Office:
    """A home before a night that has something to do, the same after an undisturbed one, and the catalogue."""

    before: Path
    after: Path
    catalogue: Path


def run_night(home: Path, catalogue: Path, *strace: str, end: int = 0) -> subprocess.CompletedProcess[str]:
    """One night, under strace if its options are given, killed after step ``end`` if one is given."""
    command = [sys.executable, "-m", "tests.faults.plain_night", str(home), str(catalogue), str(end)]
    if strace:
        command = ["strace", "-f", "--seccomp-bpf", *strace, *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def list_points(office: Office, scratch: Path) -> list[Point]:
    """Every call of CALLS that a night's main thread makes on its home."""
    home, log = shutil.copytree(office.before, scratch / "traced"), scratch / "trace"
    ended = run_night(home, office.catalogue, "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    assert ended.returncode == 0, ended.stderr
    counted: Counter[str] = Counter()
    found = []
    lines = [match for line in log.read_text().splitlines() if (match := _CALL.match(line))]
    for main, call, rest in (match.groups() for match in lines):
        if main == lines[0][1]:
            counted[call] += 1
            if str(home) in rest:
                found.append(Point(call, counted[call], rest.replace(str(home), "")[:60]))
    shutil.rmtree(home)
    return found


def strike(office: Office, point: Point, fault: str, home: Path) -> list[str]:
    """Run a night that is struck at the point, then an undisturbed one; what is wrong then, nothing when all is well."""
    shutil.copytree(office.before, home)
    log = home.with_name(home.name + ".strace")
    struck = f"inject={point.call}:{FAULTS[fault]}:when={point.number}"
    run_night(home, office.catalogue, "-o", str(log), "-e", f"trace={point.call}", "-e", struck)
    sign = "killed by SIGKILL" if fault == "KILL" else "(INJECTED)"
    return _judge(office, home, [] if sign in log.read_text() else ["the fault did not strike"])


def kill_after_step(office: Office, step: int, home: Path) -> list[str]:
    """Run a night that is killed when its n-th step has ended; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    ended = run_night(home, office.catalogue, end=step)
    return _judge(office, home, [] if ended.returncode == -signal.SIGKILL else ["it was not killed"])


def kill_after(office: Office, seconds: float, home: Path) -> list[str]:
    """Run a night that is killed after so many seconds, if it has not ended by then; what is wrong after an undisturbed one."""
    shutil.copytree(office.before, home)
    command = [sys.executable, "-m", "tests.faults.plain_night", str(home), str(office.catalogue)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as night:
        with suppress(subprocess.TimeoutExpired):
            night.wait(seconds)
        night.kill()
    return _judge(office, home, [])


def measure_night(office: Office, home: Path) -> float:
    """Seconds that an undisturbed night takes."""
    shutil.copytree(office.before, home)
    begun = time.monotonic()
    run_night(home, office.catalogue)
    shutil.rmtree(home)
    return time.monotonic() - begun


def count_steps(office: Office, home: Path) -> int:
    """How many steps a night has: the first number after which it is not killed is one more."""
    shutil.copytree(office.before, home)
    steps = 0
    while run_night(home, office.catalogue, end=steps + 1).returncode == -signal.SIGKILL:
        steps += 1
        shutil.rmtree(home)
        shutil.copytree(office.before, home)
    shutil.rmtree(home)
    return steps


def _judge(office: Office, home: Path, wrong: list[str]) -> list[str]:
    """What is wrong with a home that was struck, and after one undisturbed night. The home is removed."""
    if not _is_one_of(home, office):
        wrong.append("the published file between is neither that before nor that after")
    ended = run_night(home, office.catalogue)
    if ended.returncode:
        wrong.append(f"the next night does not go through: {ended.stderr.strip()[-300:]}")
    wrong += _compare(office.after, home)
    shutil.rmtree(home)
    return wrong


def _is_one_of(home: Path, office: Office) -> bool:
    published, before = (Home(root).database for root in (home, office.before))
    if not published.exists() or published.read_bytes() == before.read_bytes():
        return published.exists()
    return not _list_other_tables(Home(office.after).database, published)


def _list_other_tables(one: Path, other: Path) -> list[str]:
    return [table for table in COMPARED if len(differences(one, other, table))]


def _compare(after: Path, home: Path) -> list[str]:
    one, other = Home(after), Home(home)
    wrong = [f"{table} differs" for table in _list_other_tables(one.database, other.database)]
    if set(Archive(one.archive)) != set(Archive(other.archive)):
        wrong.append("the archive holds other objects")
    if list_decided(one) != list_decided(other):
        wrong.append("the journal has other decisions")
    if list_papers(one) - list_papers(other):
        wrong.append("a receipt is missing")
    if any(file.is_file() for file in other.inbox.rglob("*")):
        wrong.append("a file still lies in the inbox")
    return wrong


def list_decided(home: Home) -> set[tuple[str, str]]:
    """Submission and decision, of all in the journal."""
    entries = Journal(home.journal, read_only=True).entries()
    return {(str(e.submission), str(e.event)) for e in entries if e.event in DECISIONS}


def list_papers(home: Home) -> set[str]:
    """The receipts, without the day in their names."""
    return {re.sub(r"_\d{8}_", "_", paper.name) for paper in home.outbox.rglob("回执*.md")}
