"""A night whose inbox holds very many small files of no use: how long it takes to receive, refuse and answer them all.

python -m benchmarks.small_files                  20,000 files
python -m benchmarks.small_files --files 2000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import run_measured
from flows.settings import Installation, Settings

TARGET = "60 s for 20,000 files"
LANHE = Path(__file__).parent.parent / "tests" / "catalogues" / "lanhe"
_NIANBAO = (sys.executable, "-c", "from flows.cli.app import main; main()")


def fill(home: Path, count: int) -> None:
    """Files of a few bytes each, in a hundred folders of the inbox, no two alike."""
    place = Installation(Settings(home=home, catalogue=LANHE))
    place.home.make()
    for number in range(count):
        folder = place.home.inbox / f"{number % 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:05}.xlsx").write_text(f"附件 {number}", encoding="utf-8")


def main() -> None:
    """Fill an inbox, run its night, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        fill(home, options.files)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "NIANBAO_HOME": str(home),
            "NIANBAO_CATALOGUE": str(LANHE),
            "NIANBAO_QUIET_SECONDS": "0",
        }
        found = run_measured((*_NIANBAO, "nightly"), environment, home)
        engine = next((line for line in found.text.splitlines() if line.startswith("处理用时")), "")
        print(
            f"{options.files:,} small files: {found.seconds:.0f} s ({found.cpu_seconds:.0f} s of processors), target {TARGET}"
        )
        print(f"largest process {found.largest_mib:.0f} MiB\n{engine}")


if __name__ == "__main__":
    main()
