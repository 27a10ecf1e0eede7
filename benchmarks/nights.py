"""A night run as a command and measured: its environment, its seconds, those of its engine and of each of its steps."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Measured, run_measured
from flows.cli.commands.night_commands import STEPS
from flows.keeping.marks import read_good_night

ROOT = Path(__file__).parent.parent
NIANBAO = (sys.executable, "-c", "from flows.cli.app import main; main()")
_ENGINE = re.compile(r"处理用时 ([\d.]+) 秒（([^）]*)）")


@dataclass(frozen=True)
class Night:
    """A night run as a command: the measurement, the engine's seconds, those of each of its steps, and of the steps after."""

    measured: Measured
    engine: float
    steps: str
    late: dict[str, float]


def say(sentence: str) -> None:
    """Progress, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def environment(home: Path, scratch: Path, catalogue: Path | None = None) -> dict[str, str]:
    """The environment of a measured command: no setting of the caller's, one Prefect home for all."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("NIANBAO_", "PREFECT_"))}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    given |= {"NIANBAO_HOME": str(home), "PREFECT_HOME": str(scratch / "prefect"), "COLUMNS": "400"}
    return given | ({"NIANBAO_CATALOGUE": str(catalogue)} if catalogue else {})


def nightly(settings: dict[str, str]) -> Night:
    """Run ``nianbao nightly``; what it prints is where the engine's seconds come from."""
    measured = run_measured([*NIANBAO, "nightly"], settings, ROOT)
    found = _ENGINE.search(measured.text)
    assert found is not None, f"the night says what its engine took; it said: {measured.text[-2000:]}"
    steps = found.group(2)
    for step, words in STEPS.items():
        steps = steps.replace(words, step)
    return Night(measured, float(found.group(1)), steps, _read_late_steps(Path(settings["NIANBAO_HOME"])))


def _read_late_steps(home: Path) -> dict[str, float]:
    """Seconds of the steps after publishing: receipts, pages, papers and so on."""
    last = read_good_night(home)
    return last.late.seconds if last is not None and last.late is not None else {}
