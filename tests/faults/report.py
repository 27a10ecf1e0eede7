"""Tries faults and writes what came of them: ``python -m tests.faults.report [STEP [MOMENTS [FOLDER]]]``.

STEP 1 is every fault at every point (a day); a larger one takes a sample (tries.list_tries). FOLDER keeps what was tried:
a run that was cut off goes on from there when it is started again, and its report stands after each try. After a change
of the code it begins anew with another folder. What docs/reliability.md says is measured by this, never typed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from flows.clock import TIME_ZONE
from tests.faults.nights import ROOT, Nights
from tests.faults.offices import LANHE, make_office
from tests.faults.points import Office, Point, list_points, trace_night
from tests.faults.strikes import NOT_STRUCK, count_steps, measure_night
from tests.faults.tries import Outcome, Outcomes, Try, list_tries

REPORT = ROOT / "docs" / "reliability.md"
_AT_ONCE = 2
ELSEWHERE = (
    (
        "a file that grows while it is received, by whatever program",
        "tests/test_unfinished_files.py",
        "test_a_file_copied_slowly_arrives_whole",
    ),
    (
        "a file that is replaced, moved away or linked while it is received",
        "tests/test_receive.py",
        "test_a_newer_file_of_the_same_name_is_not_taken_away_unread",
    ),
    (
        "readers that die, sleep, grow, or are killed before they are ready",
        "tests/test_reading_wall.py",
        "test_many_deaths_with_many_workers_settle_every_file",
    ),
    (
        "a line of the journal that is cut off at any byte",
        "tests/test_journal.py",
        "test_a_write_cut_off_anywhere_keeps_a_first_part_of_its_batch",
    ),
    (
        "any byte of the journal that is changed",
        "tests/test_journal.py",
        "test_any_byte_flipped_is_detected",
    ),
    (
        "a journal that lost its end, and an older one put back",
        "tests/integration/test_kept.py",
        "test_an_older_journal_put_back_stops_the_night",
    ),
    (
        "an object of the archive that is damaged",
        "tests/integration/test_kept.py",
        "test_the_other_units_are_taken_in_though_an_object_is_damaged",
    ),
    (
        "an object that was damaged and comes again",
        "tests/test_archive.py",
        "test_a_damaged_object_is_whole_again_when_its_bytes_come_again",
    ),
    (
        "a byte of the published file that is changed",
        "tests/integration/test_damage.py",
        "test_one_byte_changed_anywhere_is_found_and_the_warehouse_made_anew",
    ),
    (
        "another program that holds the published file open",
        "tests/integration/test_held_open.py",
        "test_who_opens_the_warehouse_for_writing_during_a_night_does_not_stop_it",
    ),
    (
        "a full or read-only disk, in a sentence of night and doctor",
        "tests/integration/test_damage.py",
        "test_a_disk_that_takes_nothing_is_one_sentence",
    ),
    (
        "a clock that was wrong, for who watches over the nights",
        "tests/test_dead_man.py",
        "test_a_clock_set_back_is_no_sign_of_life",
    ),
)
"""What else may happen, and the test that lets it: its file and its name."""


def main(step: int, moments: int, folder: Path) -> None:
    """Try, and write the report."""
    os.nice(5)
    folder.mkdir(parents=True, exist_ok=True)
    with Nights() as nights:
        office, points, tries = _prepare(folder, nights, step, moments)
    outcomes = Outcomes(folder / "outcomes.jsonl")
    waiting: SimpleQueue[Try] = SimpleQueue()
    for wanted in tries:
        if not outcomes.has(wanted):
            waiting.put(wanted)

    def work(number: int) -> None:
        with Nights() as mine:
            while True:
                try:
                    wanted = waiting.get_nowait()
                except Empty:
                    return
                home = folder / f"home-{number}"
                shutil.rmtree(home, ignore_errors=True)
                made = outcomes.make(wanted, office, mine, home)
                said = made.skipped or made.wrong or "well"
                print(made.fault, "|", made.what, "|", said, flush=True)  # noqa: T201 - the progress of a long run
                REPORT.write_text(write_report(outcomes.all, len(points), len(tries)), encoding="utf-8")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for ended in [pool.submit(work, number) for number in range(_AT_ONCE)]:
            ended.result()


def _prepare(folder: Path, nights: Nights, step: int, moments: int) -> tuple[Office, list[Point], list[Try]]:
    """The office, the points of its night and what is to be tried: made once for a folder."""
    plan = folder / "plan.json"
    office = Office(folder / "office" / "before", folder / "office" / "after", LANHE)
    if not plan.exists():
        shutil.rmtree(folder / "office", ignore_errors=True)
        office = make_office(folder / "office", nights)
        home = folder / "home"
        found = {
            "points": [asdict(point) for point in list_points(trace_night(office, nights, folder))],
            "length": measure_night(office, nights, home),
            "steps": count_steps(office, nights, home),
        }
        plan.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    known = json.loads(plan.read_text(encoding="utf-8"))
    points = [Point(**{**point, "faults": tuple(point["faults"])}) for point in known["points"]]
    return office, points, list_tries(points, step, known["steps"], known["length"], moments)


def write_report(outcomes: list[Outcome], points: int, planned: int) -> str:
    """The page."""
    rows: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    missed = 0
    for outcome in sorted(outcomes, key=lambda o: (o.where, o.fault)):
        if NOT_STRUCK in outcome.wrong:
            missed += 1
        else:
            rows[outcome.fault, outcome.where].append(outcome)
    tried = sum(not o.skipped for found in rows.values() for o in found)
    of_these = "" if len(outcomes) == planned else f" (of {planned} that were planned)"
    intro = (
        f"Written by `python -m tests.faults.report` on {datetime.now(TIME_ZONE):%Y-%m-%d}. A night of a small city (two"
        f" workbooks, one file that is none) makes {points} calls on its home. A night met one fault {tried} times{of_these}:"
        " at such a call, in whichever thread, at the end of a step, at a random moment, or another mishap. Right"
        " afterwards the published file was the one before or the one after, and every file of the inbox was still there or"
        " in archive and journal; one undisturbed night later numbers, findings, objects, decisions, receipts and the mark"
        " of a good night were those of a night to which nothing had happened, except where the last column says otherwise."
        " (Where a file of the inbox could not be read or was not finished, the others went on. Pages of"
        " validation results that a power cut left empty come again with the next submission.)"
        f" {missed} faults more found no such call, since threads share their work otherwise every night; they"
        " are not counted."
    )
    lines = [
        "# Reliability",
        "",
        intro,
        "",
        "| fault | where | tried | lost or wrong |",
        "| --- | --- | ---: | --- |",
    ]
    for (fault, where), found in rows.items():
        bad = [f"{o.what}: {'; '.join(o.wrong)}" for o in found if o.wrong]
        bad += [f"not tried: {o.skipped}" for o in found if o.skipped]
        count = sum(not o.skipped for o in found)
        lines.append(
            f"| {fault} | {where} | {count} | {'<br>'.join(bad).replace(chr(10), ' ') or 'nothing'} |"
        )
    lines += ["", "What else may happen is tried by tests of the part that it happens to:", ""]
    lines += ["| what happens | test |", "| --- | --- |"]
    for what, file, name in ELSEWHERE:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name
        lines.append(f"| {what} | `{file}` {name.removeprefix('test_').replace('_', ' ')} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        int(given[0]) if given else 1,
        int(given[1]) if given[1:] else 100,
        Path(given[2]) if given[2:] else Path(tempfile.gettempdir(), "nianbao-faults"),
    )
