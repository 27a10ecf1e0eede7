"""What Prefect's servers keep of runs: ours, as its unit starts it, and the one that a command starts for itself."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.integration.prefect_office import ROOT, clean_environment, run_server

UNIT = ROOT / "docs" / "systemd" / "nianbao-server.service"
TABLES = ("flow_run", "flow_run_state", "task_run", "task_run_state")


def count_rows(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def list_runs(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM flow_run ORDER BY name")]


def age(database: Path, run: str, days: int) -> None:
    """Let a run have ended so many days ago."""
    ended = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        changed = connection.execute("UPDATE flow_run SET end_time = ? WHERE name = ?", [ended, run])
        assert changed.rowcount == 1


@pytest.mark.deep
def test_a_server_started_as_its_unit_says_forgets_runs_after_90_days(tmp_path: Path) -> None:
    declared = dict(re.findall(r"^Environment=(PREFECT_SERVER_\w+)=(.+)$", UNIT.read_text(), re.MULTILINE))
    assert declared["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"] == str(90 * 24 * 3600)
    database = tmp_path / "prefect.db"
    with run_server(tmp_path, **declared, PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS="2") as api:
        with temporary_settings({PREFECT_API_URL: api}):
            for name in ("of long ago", "of last month"):
                flow(name=name, flow_run_name=name)(task(lambda: 1, name="step"))()
        until = time.monotonic() + 120
        while count_rows(database)["task_run_state"] < 6:  # they arrive as events
            assert time.monotonic() < until, count_rows(database)
            time.sleep(0.2)
        before = count_rows(database)
        age(database, "of long ago", 91)
        age(database, "of last month", 89)
        while list_runs(database) != ["of last month"]:
            assert time.monotonic() < until + 60, list_runs(database)
            time.sleep(0.5)
        after = count_rows(database)
    assert list_runs(database) == ["of last month"]
    assert after == {table: rows // 2 for table, rows in before.items()}


@pytest.mark.deep
def test_a_command_forgets_old_runs_of_its_own_server(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from flows.running.embedded_server import embed_server, run_as_flow
with embed_server(Path({str(tmp_path)!r})) as wait:
    wait()
    run_as_flow("nightly", lambda: 1)
"""
    environment = clean_environment()

    def run_command() -> list[str]:
        ended = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return list_runs(tmp_path / ".prefect" / "prefect.db")

    [first] = run_command()
    age(tmp_path / ".prefect" / "prefect.db", first, 91)
    last = run_command()
    assert len(last) == 1
    assert first not in last
