"""A night of nothing but bent and hostile workbooks: how long it takes, and the memory of the night's own process.

python -m benchmarks.hostile_night                     496 files
python -m benchmarks.hostile_night --files 60 --seed 7
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from pathlib import Path

from benchmarks.measuring import run_measured
from benchmarks.mutations import bent_bytes, bent_workbook, hostile
from benchmarks.nights import NIANBAO
from flows.cli.sample_workbooks import write_samples
from flows.settings import Installation, Settings

YEAR = 2024
TARGETS = "3 minutes, 2048 MiB for 496 files"


def fill(home: Path, count: int, seed: int) -> None:
    """Last year's honest workbooks, received; and this year's bent ones in the inbox."""
    place = Installation(Settings(home=home))
    place.home.make()
    samples = home.parent / "samples"
    for _ in write_samples(place, [YEAR], samples):
        pass
    honest = [path.read_bytes() for path in sorted(samples.rglob("*.xlsx"))]
    units = [path.parent.name for path in sorted(samples.rglob("*.xlsx"))]
    for number in range(count):
        drawn = random.Random(seed * 100_003 + number)
        which = drawn.randrange(len(honest))
        kind = drawn.random()
        if kind < 0.6:
            content = bent_workbook(honest[which], drawn)
        elif kind < 0.85:
            content = bent_bytes(honest[which], drawn)
        else:
            content = hostile(drawn)
        folder = place.home.inbox / units[which]
        folder.mkdir(exist_ok=True)
        (folder / f"{number:04}.xlsx").write_bytes(content)


def night(home: Path) -> str:
    """Run the night; one line with what it took."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"NIANBAO_HOME": str(home), "NIANBAO_QUIET_SECONDS": "0", "COLUMNS": "200"}
    found = run_measured((*NIANBAO, "nightly"), environment, home)
    engine = next((line for line in found.text.splitlines() if line.startswith("处理用时")), "")
    return (
        f"{found.seconds / 60:.1f} min ({found.cpu_seconds / 60:.1f} min of processors), "
        f"largest process {found.largest_mib:.0f} MiB, whole tree {found.tree_mib:.0f} MiB\n{engine}"
    )


def main() -> None:
    """Fill a home, run its night, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=496)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a folder to keep; else a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (options.home or Path(folder)) / "home"
        fill(home, options.files, options.seed)
        print(f"{options.files} files, seed {options.seed}; target: {TARGETS}")
        print(night(home))


if __name__ == "__main__":
    main()
