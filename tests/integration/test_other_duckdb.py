"""The published file in DuckDB's other versions and through JDBC: every table, view and macro answers, and alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import LANHE, NewInstallation
from warehouse.catalogue.load import DEFAULT_FOLDER

HERE = Path(__file__).parent
OTHERS = ("1.1.3", "2.0.1")
"""The oldest DuckDB that the file promises to open in, and the newest of the next series."""
JDBC = "org.duckdb:duckdb_jdbc:2.0.0.1"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy"

pytestmark = [pytest.mark.deep, pytest.mark.timeout(900)]

Answer = dict[str, Any]
Ask = Callable[[Path], Answer]


def ask(database: Path, libraries: Path | None = None) -> Answer:
    """What ``other_duckdb.py`` reads of the file in a process whose DuckDB lies in ``libraries`` (None: our own)."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [sys.executable, HERE / "other_duckdb.py", database],
        env=known | ({"PYTHONPATH": str(libraries)} if libraries else {}),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    answer: Answer = json.loads(found.stdout)
    return answer


@pytest.fixture(scope="module", params=OTHERS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A version of DuckDB, and the folder that it is installed into."""
    folder = tmp_path_factory.mktemp("duckdb")
    wanted = f"duckdb=={request.param}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wanted]
    installed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode:
        pytest.skip(f"{wanted} cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    return request.param, folder


@pytest.mark.parametrize(("catalogue", "years"), [(LANHE, (2023, 2024)), (DEFAULT_FOLDER, (2024,))])
def test_everything_in_the_file_answers_in_another_version_as_in_ours(
    other: tuple[str, Path], settled: NewInstallation, catalogue: Path, years: tuple[int, ...]
) -> None:
    version, libraries = other
    database = settled(years, None, catalogue).home.database
    ours, theirs = ask(database), ask(database, libraries)
    assert theirs.pop("version").removeprefix("v") == version
    assert ours.pop("version").removeprefix("v") != version
    assert theirs["refused"] == {}
    assert theirs == ours
    assert len(theirs["counts"]) > 60
    assert theirs["macros"]["as_of"][0] > 0
    assert theirs["macros"]["trace"][0] > 0
    assert theirs["comments"] > 500


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DuckDB's JDBC driver, which DBeaver uses."""
    if not (shutil.which("java") and shutil.which("javac") and shutil.which("mvn")):
        pytest.skip("there is no Java with its compiler and Maven here")
    folder = tmp_path_factory.mktemp("jdbc")
    command = ["mvn", "-q", "-B", COPY, f"-Dartifact={JDBC}", f"-DoutputDirectory={folder}"]
    fetched = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=folder)
    found = sorted(folder.glob("*.jar"))
    if fetched.returncode or not found:
        pytest.skip(f"{JDBC} cannot be fetched here: {fetched.stdout.strip()[:600]}")
    return found[0]


def test_a_program_with_jdbc_sees_tables_comments_views_and_macros(
    driver: Path, settled: NewInstallation
) -> None:
    database = settled((2023, 2024), None, LANHE).home.database
    command = ["java", "-cp", driver, HERE / "ReadPublishedFile.java", database]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode == 0, found.stderr
    lines = dict(line.split("\t", 1) for line in found.stdout.splitlines())
    assert int(lines["tables"]) > 60
    assert "年度指标" in lines["comment of mart.indicator"]
    assert int(lines["rows of mart.indicator"]) > 0
    assert int(lines["rows of mart_zh.年度指标"]) == int(lines["rows of mart.indicator"])
    assert int(lines["rows of as_of('2100-01-01')"]) == int(lines["rows of mart.indicator"])
    assert lines["writing"] == "refused"
