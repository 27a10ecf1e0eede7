"""What is tried: faults at points, kills at the ends of steps and at random moments, mishaps; and how it came out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from tests.faults.mishaps import MISHAPS, Skipped
from tests.faults.nights import Nights
from tests.faults.points import CALLS, Office, Point
from tests.faults.strikes import cut_power_in_rename, kill_after, kill_after_step, strike

Work = Callable[[Office, Nights, Path], list[str]]
"""Lets it happen to a night; gives what is wrong afterwards."""
FAULT_WORDS = {
    "KILL": "killed at the call",
    "ENOSPC": "the disk is full",
    "EIO": "the disk fails",
    "EINTR": "the call is interrupted",
}
_MAKES, _READS = "write", "read"


@dataclass(frozen=True)
class Try:
    """One fault, at one place."""

    fault: str
    where: str
    what: str
    work: Work


@dataclass(frozen=True)
class Outcome:
    """How a try came out: what was wrong, or why it could not be made."""

    fault: str
    where: str
    what: str
    wrong: list[str]
    skipped: str = ""


def list_tries(points: list[Point], step: int, steps: int, length: float, moments: int) -> list[Try]:
    """All that is to be tried, strikes at last and in an order that makes a first part of them a sample of all.

    Of the calls that change the home every ``step // 10``-th is met by each fault, of those that read a file every
    ``step // 2``-th, of those that only look every ``step``-th, and of each call at least one.
    """
    drawn = random.Random(step)
    strikes = [
        Try(FAULT_WORDS[fault], point.call, str(point), partial(_strike, point=point, fault=fault))
        for point, fault in _draw_strikes(points, step, drawn)
    ]
    drawn.shuffle(strikes)
    strikes += [
        Try("killed", "at a random moment", f"after {seconds:.3f} s", partial(_kill_after, seconds=seconds))
        for seconds in (drawn.uniform(0, length) for _ in range(moments))
    ]
    found = [
        Try("killed", "at the end of a step", f"step {n}", partial(_kill_after_step, step=n))
        for n in range(1, steps + 1)
    ]
    found += [
        Try("a power cut leaves the new name empty", "rename", str(point), partial(_cut_power, point=point))
        for point in points
        if point.call == "rename"
    ]
    drawn.shuffle(strikes)
    return [Try((m.__doc__ or "").rstrip("."), "a night", m.__name__, m) for m in MISHAPS] + found + strikes


def _draw_strikes(points: list[Point], step: int, drawn: random.Random) -> Iterator[tuple[Point, str]]:
    for fault in FAULT_WORDS:
        for call in CALLS:
            possible = [point for point in points if point.call == call and fault in point.faults]
            if possible:
                share = max(1, step // _measure_density(call))
                for point in drawn.sample(possible, -(-len(possible) // share)):
                    yield point, fault


def _measure_density(call: str) -> int:
    if "ENOSPC" in CALLS[call] or call in {"openat", "unlink", "chmod", "fchmod", "flock"}:
        return 10
    return 2 if "EINTR" in CALLS[call] else 1


def _strike(office: Office, nights: Nights, home: Path, *, point: Point, fault: str) -> list[str]:
    return strike(office, nights, point, fault, home)


def _kill_after_step(office: Office, nights: Nights, home: Path, *, step: int) -> list[str]:
    return kill_after_step(office, nights, step, home)


def _kill_after(office: Office, nights: Nights, home: Path, *, seconds: float) -> list[str]:
    return kill_after(office, nights, seconds, home)


def _cut_power(office: Office, nights: Nights, home: Path, *, point: Point) -> list[str]:
    return cut_power_in_rename(office, nights, point, home)


class Outcomes:
    """What came out, a line for each try in a file: a run that is cut off goes on where it was."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.all = [Outcome(**json.loads(line)) for line in lines if line.endswith("}")]

    def has(self, wanted: Try) -> bool:
        """Whether it was tried."""
        key = (wanted.fault, wanted.where, wanted.what)
        return key in {(done.fault, done.where, done.what) for done in self.all}

    def make(self, wanted: Try, office: Office, nights: Nights, home: Path) -> Outcome:
        """Try it, and keep what came out."""
        wrong, skipped = [], ""
        try:
            wrong = wanted.work(office, nights, home)
        except Skipped as reason:
            skipped = str(reason)
        outcome = Outcome(wanted.fault, wanted.where, wanted.what, wrong, skipped)
        with self._lock:
            self.all.append(outcome)
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        return outcome
