"""Three report years of sample workbooks in which units are missing, cells are blank, units merge, files are held."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.by_hand.bends import bend_all

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = ROOT / "warehouse" / "catalogue"
YEARS = (2019, 2020, 2021)

OLD, HEIR = "371681115", "371681114"
"""The township that was merged in 2021, and the one that carries it on."""
MERGED, INTO = "371681115200", "371681114200"
"""A village of the old township that became part of a village of the heir."""
ENDED = "371681115201"
"""A village of the old township that ended without an heir."""
SPLIT, PARTS = "371681113200", {"371681113201": "0.65", "371681114201": "0.35"}
"""A village whose people now belong to two, one of them in the heir."""
OPENED = "371681114900"
"""A village of the heir that there was not before."""
GIVES, TAKES, PART = "371621115", "371621114", "0.4"
"""A township that goes on, but gave a part of its people to another one."""


@dataclass(frozen=True)
class Scenario:
    """An installation after its night."""

    catalogue: Path
    home: Path
    standing: dict[tuple[str, int], Path]
    """Unit and year -> the file that should stand; what is not in it should count as not reported."""
    decided: dict[str, str]
    """Name of each file -> what should become of it."""


def merge_units(catalogue: Path) -> None:
    """Edit a catalogue's registry: in 2021 a township, two of its villages and one beside it are no more."""
    registry = catalogue / "registry"
    lines = (registry / "org_units.csv").read_text(encoding="utf-8").splitlines()
    edited = []
    for line in lines:
        code, name, level, parent, *_ = line.split(",")
        if code in (OLD, MERGED, ENDED, SPLIT):
            edited.append(f"{code},{name},{level},{parent},,2020")
        elif parent == OLD:
            edited += [f"{code},{name},{level},{parent},,2020", f"{code},{name},{level},{HEIR},2021,"]
        else:
            edited.append(line)
    edited.append(f"{OPENED},新苑社区居委会,village,{HEIR},2021,")
    (registry / "org_units.csv").write_text("\n".join(edited) + "\n", encoding="utf-8")
    heirs = [f"{OLD},{HEIR},2021,1.0", f"{MERGED},{INTO},2021,1.0", f"{GIVES},{TAKES},2021,{PART}"]
    heirs += [f"{SPLIT},{heir},2021,{share}" for heir, share in PARTS.items()]
    with (registry / "succession.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in heirs)


def run(*arguments: str, home: Path, catalogue: Path) -> None:
    """A command of the program, in a process of its own that tells its own Prefect server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    told = {
        "NIANBAO_HOME": str(home),
        "NIANBAO_CATALOGUE": str(catalogue),
        "NIANBAO_QUIET_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli.app", *arguments],
        env={**kept, **told},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr


def make_scenario(folder: Path) -> Scenario:
    """Write sample workbooks, bend copies of them and let the night take them in."""
    catalogue, home = folder / "catalogue", folder / "home"
    shutil.copytree(CATALOGUE, catalogue, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    merge_units(catalogue)
    years = [word for year in YEARS for word in ("--year", str(year))]
    run("sample", "--out", str(folder / "samples"), *years, home=home, catalogue=catalogue)
    sent = bend_all(folder / "samples", folder / "sent", catalogue)
    kept = folder / "kept"
    for turn, file in enumerate(sent):
        for place in (home / "inbox", kept):
            (place / file.unit).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, place / file.unit / file.path.name)
            os.utime(place / file.unit / file.path.name, (1_700_000_000 + turn, 1_700_000_000 + turn))
    run("nightly", home=home, catalogue=catalogue)
    standing = {(f.unit, f.year): f.path for f in sent if f.stands}
    return Scenario(catalogue, home, standing, {f.path.name: f.decision for f in sent})
