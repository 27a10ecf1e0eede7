"""Tries faults and writes what came of them: ``python -m tests.faults.report [STEP [MOMENTS]]``.

Every fault at every point, or at every STEP-th; a kill at every step's end, and at so many random MOMENTS.

What docs/reliability.md says is measured by this, never typed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from flows.clock import TIME_ZONE
from tests.faults.offices import make_office
from tests.faults.points import (
    CALLS,
    FAULTS,
    Office,
    count_steps,
    kill_after,
    kill_after_step,
    list_points,
    measure_night,
    strike,
)

REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"
_Tried = dict[tuple[str, str], list[tuple[str, list[str]]]]
"""Fault and where it struck -> each try, and what was wrong afterwards."""
_WORDS = {
    "KILL": "killed at the call",
    "ENOSPC": "the disk is full",
    "EIO": "the disk fails",
    "EINTR": "the call is interrupted",
}


def main(step: int, moments: int) -> None:
    """Try, and write the report."""
    tried: _Tried = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        office = make_office(Path(scratch, "office"))
        points = list_points(office, Path(scratch))
        for kind, fault in enumerate(FAULTS):
            for number, point in enumerate(points[kind % step :: step]):
                wrong = strike(office, point, fault, Path(scratch, f"{fault}-{number}"))
                print(fault, point, wrong or "well", flush=True)  # noqa: T201 - the progress of a long run
                tried[_WORDS[fault], point.call].append((f"{point.call} {point.number}", wrong))
        _kill_steps(office, Path(scratch, "step"), tried)
        _kill_moments(office, moments, Path(scratch, "moment"), tried)
    REPORT.write_text(_write(tried, len(points), step, moments), encoding="utf-8")


def _kill_steps(office: Office, home: Path, tried: _Tried) -> None:
    for step in range(1, count_steps(office, home) + 1):
        wrong = kill_after_step(office, step, home)
        print("step", step, wrong or "well", flush=True)  # noqa: T201 - the progress of a long run
        tried["killed", "at the end of a step"].append((f"step {step}", wrong))


def _kill_moments(office: Office, moments: int, home: Path, tried: _Tried) -> None:
    length = measure_night(office, home)
    drawn = random.Random(moments)
    for _ in range(moments):
        seconds = drawn.uniform(0, length)
        wrong = kill_after(office, seconds, home)
        print("moment", seconds, wrong or "well", flush=True)  # noqa: T201 - the progress of a long run
        tried["killed", "at a random moment"].append((f"after {seconds:.2f} s", wrong))


def _write(tried: _Tried, count: int, step: int, moments: int) -> str:
    rows = []
    for (fault, where), results in tried.items():
        bad = [f"{what}: {'; '.join(wrong)}" for what, wrong in results if wrong]
        rows.append(f"| {fault} | {where} | {len(results)} | {'<br>'.join(bad) or 'nothing'} |")
    which = "each point" if step == 1 else f"every {step}th point, another one first for each fault,"
    intro = (
        f"Written by `python -m tests.faults.report {step} {moments}` on {datetime.now(TIME_ZONE):%Y-%m-%d}. A night of a"
        f" small city (one workbook, one file that is none) makes {count} calls on its home that matter for what is kept"
        f" ({', '.join(CALLS)}); {which} was struck by a fault, and nights were killed at the end of each step and at random"
        " moments. Afterwards the published file was the one before or the"
        " one after, and one undisturbed night later numbers, findings, objects, decisions and receipts were those of"
        " a night to which nothing had happened, except where the last column says otherwise."
    )
    head = [
        "# Reliability",
        "",
        intro,
        "",
        "| fault | where | tried | lost or wrong |",
        "| --- | --- | ---: | --- |",
    ]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    main(*map(int, [*sys.argv[1:], *("1", "100")[len(sys.argv) - 1 :]]))
