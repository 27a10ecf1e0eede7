"""One night in this process without Prefect's server: ``python -m tests.faults.plain_night HOME CATALOGUE``.

The steps are the functions that the tasks wrap; what is tried here is what they do to the home.
"""

from __future__ import annotations

import sys
from pathlib import Path

import flows.nightly
from flows.settings import Installation, Settings


def main(home: Path, catalogue: Path) -> None:
    """Run the night; an error ends the process with its name on standard error."""
    for name, found in vars(flows.nightly).copy().items():
        if hasattr(found, "cache_policy"):  # a task
            setattr(flows.nightly, name, found.fn)
    flows.nightly.named = flows.nightly.retried = lambda step, _about: step  # type: ignore[assignment]
    flows.nightly.tell_log = lambda _sentence: None  # type: ignore[assignment]  # there is no run whose log it were
    settings = Settings(home=home, catalogue=catalogue, workers=1, quiet_seconds=0)
    try:
        flows.nightly.run_night(Installation(settings))
    except Exception as error:  # noqa: BLE001 - told, whatever it is
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
