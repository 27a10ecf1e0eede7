"""How much time and memory reading each of very many mutants takes behind the wall: the greatest, and how children ended.

python -m benchmarks.hostile_reading --files 10000             prints the maxima and the files to which they belong
python -m benchmarks.hostile_reading --first 2000 --files 500  a slice
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from flows.wall.process import Limits
from flows.wall.wall import Death, ReadJob, read_all
from tests.integration.sample_files import SampleFiles
from tests.mutated_formats import mutate_format, rewrite
from tests.mutated_workbooks import mutate
from transforms.reading.reading import make_reading_plan, read_file
from warehouse.catalogue.load import load_catalogue

LANHE = Path(__file__).parent.parent / "tests" / "catalogues" / "lanhe"
FORMATS = (".xlsx", ".xls", ".ods", ".zip")
UNIT, YEAR = "990101", 2024
_SLICE = 250
_MIB = 1 << 20


class Used(NamedTuple):
    """What reading one file took of its child: seconds by the clock and of the processor, the child's largest memory."""

    status: str
    seconds: float
    cpu_seconds: float
    address_mib: float
    resident_mib: float


def measure_reading(path: str, args: tuple[Any, ...]) -> Used:
    """Read a file in a child of the wall, and tell what that took; memory is the child's highest up to then."""
    begun, before = time.perf_counter(), time.process_time()
    found = read_file(path, args)
    spent, cpu = time.perf_counter() - begun, time.process_time() - before
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    )
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Used(found.status, spent, cpu, int(status["VmPeak"].split()[0]) / 1024, resident)


def write_mutants(folder: Path, first: int, count: int, seed: int) -> list[Path]:
    """``count`` mutants of a small honest workbook, in four formats in turn."""
    catalogue_files = SampleFiles(folder / "samples", LANHE, [YEAR]).written([UNIT])
    honest = next((catalogue_files / UNIT).iterdir()).read_bytes()
    rewritten = {ending: rewrite(honest, ending) for ending in FORMATS[1:]}
    written = []
    for number in range(first, first + count):
        drawn, ending = random.Random(seed * 1_000_003 + number), FORMATS[number % len(FORMATS)]
        content = (
            mutate_format(rewritten[ending], ending, drawn) if ending in rewritten else mutate(honest, drawn)
        )
        path = folder / f"{number:05}{ending}"
        path.write_bytes(content)
        written.append(path)
    return written


def read_mutants(first: int, count: int, seed: int) -> tuple[dict[str, Used | Death], dict[str, float]]:
    """Read a slice of mutants behind the wall: what each took, and the seconds from the answer before to its own."""
    plan = make_reading_plan(load_catalogue(LANHE))
    longest: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_mutants(Path(folder), first, count, seed)
        last = time.perf_counter()

        def note(key: str, _result: object) -> None:
            nonlocal last
            longest[key], last = time.perf_counter() - last, time.perf_counter()

        jobs = [ReadJob(path.name, path, (plan, path.name)) for path in paths]
        results = read_all(jobs, "benchmarks.hostile_reading:measure_reading", 1, note)
    return results, longest  # type: ignore[return-value]


def print_greatest(results: dict[str, Used | Death], longest: dict[str, float]) -> None:
    """What the greediest mutants took, and how the children of the others ended."""
    dead = {name: found for name, found in results.items() if isinstance(found, Death)}
    used = {name: found for name, found in results.items() if not isinstance(found, Death)}
    limits = Limits()
    print(f"{len(results)} files; limits {limits.cpu_seconds} s of processor, {limits.memory_mib} MiB")
    for what in ("seconds", "cpu_seconds", "address_mib", "resident_mib"):
        greatest = max(used, key=lambda name, what=what: float(getattr(used[name], what)))  # type: ignore[misc]
        print(
            f"greatest {what} of a file that was answered: {getattr(used[greatest], what):.1f} ({greatest})"
        )
    slowest = max(longest, key=lambda name: longest[name])
    print(f"longest between two answers, with new children: {longest[slowest]:.1f} s ({slowest})")
    print("answered:", dict(Counter(found.status for found in used.values())))
    print("children that died:", dict(Counter(found.code for found in dead.values())))
    for name, death in dead.items():
        if death.code in ("cpu", "timeout"):
            print(f"  {name}: {death.code}")


def main() -> None:
    """Read the mutants slice by slice, print what the greediest of them took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results: dict[str, Used | Death] = {}
    longest: dict[str, float] = {}
    for first in range(options.first, options.first + options.files, _SLICE):
        count = min(_SLICE, options.first + options.files - first)
        found, waited = read_mutants(first, count, options.seed)
        results |= found
        longest |= waited
        print(f"{first + count} read", flush=True)
    print_greatest(results, longest)


if __name__ == "__main__":
    main()
