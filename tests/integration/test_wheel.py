"""The wheel alone: installed into an environment of its own, run from an empty folder, far from this project's sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from warehouse.store.query import query

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("flows", "expectations", "transforms", "warehouse")
OTHER_SOURCES = ("pyproject.toml", "README.md", "LICENSE")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__")


@dataclass
class Installed:
    """An environment with nothing of nianbao but its wheel, and an empty folder to run it from."""

    python: Path
    folder: Path
    wheel: Path
    sources: Path

    def run(self, *command: str | Path) -> str:
        """What a command of the environment says."""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "NIANBAO_", "PYTHON"))}
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env={**known, "NIANBAO_QUIET_SECONDS": "0", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def nianbao(self, *arguments: str | Path) -> str:
        """What the installed command says."""
        return self.run(self.python.with_name("nianbao"), *arguments)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    sources, environment, empty = folder / "sources", folder / "environment", folder / "empty"
    sources.mkdir()
    empty.mkdir()
    for name in PACKAGES:  # a copy: building leaves folders behind
        shutil.copytree(ROOT / name, sources / name, ignore=NOT_SHIPPED)
    for name in OTHER_SOURCES:
        shutil.copy(ROOT / name, sources)
    quietly = ("-q", "--no-index", "--no-deps", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip")
    subprocess.run(
        [*pip, "wheel", *quietly, "--no-build-isolation", "-w", folder, sources], check=True, timeout=120
    )
    [wheel] = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=120)
    python = environment / "bin" / "python"
    subprocess.run([*pip, f"--python={python}", "install", *quietly, wheel], check=True, timeout=120)
    # The libraries are those of this environment; a path in a .pth file brings no editable nianbao with them.
    [own] = (environment / "lib").glob("python*/site-packages")
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(python, empty, wheel, sources)


def test_every_file_of_the_four_storeys_is_in_the_wheel(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as opened:
        shipped = {name for name in opened.namelist() if ".dist-info/" not in name}
    built = {"build", "nianbao.egg-info"}
    files = {p.relative_to(installed.sources) for p in installed.sources.rglob("*/**/*") if p.is_file()}
    assert shipped == {file.as_posix() for file in files if file.parts[0] not in built}


def test_what_runs_is_the_wheel(installed: Installed) -> None:
    code = "import flows.settings, flows; print(flows.__file__, flows.settings.read_code_version())"
    place, version = installed.run(installed.python, "-c", code).split()
    assert Path(place).is_relative_to(installed.python.parent.parent)
    assert version in installed.wheel.name
    assert "nightly" in installed.nianbao("--help")


def test_its_own_catalogue_comes_with_it(installed: Installed) -> None:
    said = installed.nianbao("--home", "own", "doctor")
    assert "一切正常" in said
    installed.nianbao("docs", "--out", "pages")
    for page in ("dictionary.md", "rules.md"):
        written = (installed.folder / "pages" / page).read_text(encoding="utf-8")
        assert written == (ROOT / "docs" / page).read_text(encoding="utf-8")


def test_a_new_city_is_made_from_it_and_has_its_first_night(installed: Installed) -> None:
    installed.nianbao("catalogue", "new", "city")
    here = ("--home", "home", "--catalogue", "city")
    installed.nianbao(*here, "sample", "--year", "2024")
    assert "已接收" in installed.nianbao(*here, "nightly")
    assert "一切正常" in installed.nianbao(*here, "doctor")
    home = installed.folder / "home"
    assert query(home / "warehouse.duckdb", "FROM mart.indicator").height > 0
    assert (home / "site" / "digest.md").is_file()


def test_prefect_finds_the_flows_of_the_deployments(installed: Installed) -> None:
    code = (
        "from prefect.flows import load_flow_from_entrypoint as load\n"
        "print(*(load(f'flows.deployment.scheduled.{name}').name for name in ('nightly', 'backfill')))"
    )
    assert installed.run(installed.python, "-c", code).split() == ["nightly", "backfill"]
