"""Tries every fault at every point, or at every n-th, and writes what came of it: ``python -m tests.faults.report [STEP]``.

What docs/reliability.md says is measured by this, never typed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from flows.clock import TIME_ZONE
from tests.faults.offices import make_office
from tests.faults.points import CALLS, FAULTS, Point, list_points, strike

REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"
_WORDS = {
    "KILL": "killed at the call",
    "ENOSPC": "the disk is full",
    "EIO": "the disk fails",
    "EINTR": "the call is interrupted",
}


def main(step: int) -> None:
    """Try, and write the report."""
    tried: dict[tuple[str, str], list[tuple[Point, list[str]]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        office = make_office(Path(scratch, "office"))
        points = list_points(office, Path(scratch))
        for kind, fault in enumerate(FAULTS):
            for number, point in enumerate(points[kind % step :: step]):
                wrong = strike(office, point, fault, Path(scratch, f"{fault}-{number}"))
                print(fault, point, wrong or "well", flush=True)  # noqa: T201 - the progress of a long run
                tried[fault, point.call].append((point, wrong))
    REPORT.write_text(_write(tried, len(points), step), encoding="utf-8")


def _write(tried: dict[tuple[str, str], list[tuple[Point, list[str]]]], count: int, step: int) -> str:
    rows = []
    for fault in FAULTS:
        for call in CALLS:
            if results := tried.get((fault, call)):
                bad = [f"{call} {point.number}: {'; '.join(wrong)}" for point, wrong in results if wrong]
                rows.append(
                    f"| {_WORDS[fault]} | {call} | {len(results)} | {'<br>'.join(bad) or 'nothing'} |"
                )
    which = "each point" if step == 1 else f"every {step}th point, another one first for each fault,"
    intro = (
        f"Written by `python -m tests.faults.report {step}` on {datetime.now(TIME_ZONE):%Y-%m-%d}. A night of a small city"
        f" (one workbook, one file that is none) makes {count} calls on its home that matter for what is kept"
        f" ({', '.join(CALLS)}); {which} was struck by a fault. Afterwards the published file was the one before or the"
        " one after, and one undisturbed night later numbers, findings, objects, decisions and receipts were those of"
        " a night to which nothing had happened, except where the last column says otherwise."
    )
    head = [
        "# Reliability",
        "",
        intro,
        "",
        "| fault | call | tried | lost or wrong |",
        "| --- | --- | ---: | --- |",
    ]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
