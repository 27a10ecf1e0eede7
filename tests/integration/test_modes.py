"""Whatever the umask, nobody but owner and group sees what nianbao writes, and nobody writes the published file."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import Home
from tests.integration.conftest import LANHE, Samples

COMMAND = [sys.executable, "-c", "from flows.cli.app import main; main()"]
WARNED = "990102"


def run(root: Path, umask: int, *arguments: str) -> str:
    """The real command under ``umask``; what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {
        "NIANBAO_HOME": str(root / "home"),
        "NIANBAO_CATALOGUE": str(LANHE),
        "NIANBAO_BACKUP": str(root / "backup"),
        "NIANBAO_INBOX": str(root / "share"),
        "NIANBAO_ALERTS": "json://127.0.0.1:1/",
        "NIANBAO_RETRY_SECONDS": "[]",
    }
    command = [*COMMAND, *arguments]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        umask=umask,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout + done.stderr


def list_modes(folder: Path) -> dict[str, int]:
    """The mode of everything below ``folder``, and its own, by path; links are none of ours."""
    found = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in found}


@pytest.mark.parametrize(
    "umask",
    [
        pytest.param(0o000, id="nobody kept out"),
        pytest.param(0o077, id="group kept out", marks=pytest.mark.deep),
    ],
)
def test_others_see_nothing_of_what_a_night_writes(tmp_path: Path, samples: Samples, umask: int) -> None:
    for unit in samples([2024], LANHE).iterdir():
        shutil.copytree(unit, tmp_path / "share" / unit.name)
    (tmp_path / "share" / "无法读取.xlsx").write_text("各位同志")
    home = Home(tmp_path / "home")
    run(tmp_path, umask, "nightly")
    run(tmp_path, umask, "review", "explanations")
    run(tmp_path, umask, "doctor")
    said = run(tmp_path, umask, "export", "mart.indicator", "--out", str(tmp_path / "out.csv"))

    modes = {
        **list_modes(home.root),
        **{f"backup/{k}": v for k, v in list_modes(tmp_path / "backup").items()},
    }
    open_to_others = {path: oct(mode) for path, mode in modes.items() if mode & 0o027}
    assert open_to_others == {}, said
    top = {Path(path).parts[0] for path in modes if path != "."}
    assert top >= {"archive", "outbox", "site", "told", "warehouse.duckdb", "backup", ".prefect"}
    assert modes["warehouse.duckdb"] == 0o440
    assert home.database.stat().st_gid == home.root.stat().st_gid
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) & 0o027 == 0
