"""One night in this process without Prefect's server: ``python -m tests.faults.plain_night HOME CATALOGUE [END]``.

The steps are the functions that the tasks wrap; what is tried here is what they do to the home. After the END-th step the
process is killed. NIANBAO_MUTANT names a mistake to be planted (mutants).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import flows.nightly
from flows.settings import Installation, Settings
from tests.faults.mutants import MUTANTS


def main(home: Path, catalogue: Path, end: int = 0) -> None:
    """Run the night; an error ends the process with its name on standard error."""
    if mutant := os.environ.get("NIANBAO_MUTANT"):
        MUTANTS[mutant]()
    done = count(1)

    def and_die(step: Callable[..., Any]) -> Callable[..., Any]:
        def work(*given: Any, **named: Any) -> Any:
            result = step(*given, **named)
            if next(done) == end:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return work

    for name, found in vars(flows.nightly).copy().items():
        if hasattr(found, "cache_policy"):  # a task
            setattr(flows.nightly, name, and_die(found.fn))
    flows.nightly.named = flows.nightly.retried = lambda step, _about: step  # type: ignore[assignment]
    flows.nightly.tell_log = lambda _sentence: None  # type: ignore[assignment]  # there is no run whose log it were
    settings = Settings(home=home, catalogue=catalogue, workers=1, quiet_seconds=0)
    try:
        flows.nightly.run_night(Installation(settings))
    except Exception as error:  # noqa: BLE001 - told, whatever it is
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
