"""A Prefect server and a worker as an operator runs them, as processes of their own on this machine."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from tests.message_servers import free_port

ROOT = Path(__file__).parent.parent.parent


def clean_environment(**wanted: str) -> dict[str, str]:
    """The environment without what the test server has put there."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "NIANBAO_"))}
    return {
        **kept,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": str(ROOT),
        **wanted,
    }


@contextmanager
def run_server(
    folder: Path, database: str = "", *, with_pages: bool = False, **environment: str
) -> Iterator[str]:
    """A server with its database in ``folder``, or the one named; its API's address."""
    port = free_port()
    settings = clean_environment(PREFECT_HOME=str(folder), **environment)
    if database:
        settings["PREFECT_API_DATABASE_CONNECTION_URL"] = database
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *([] if with_pages else ["--no-ui"]),
    ]
    with run_process(command, settings, folder / "server.log"):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/api"


@contextmanager
def run_worker(api: str, folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the pool."""
    settings = clean_environment(PREFECT_HOME=str(folder), PREFECT_API_URL=api, **environment)
    settings["PREFECT_WORKER_QUERY_SECONDS"] = "2"
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "nianbao", "--type", "process"]
    with run_process(command, settings, folder / "worker.log") as worker:
        yield worker


@contextmanager
def run_process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; what it says goes into a file."""
    with log.open("ab") as said:
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said, cwd=log.parent)
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def _wait_for(port: int, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.3)
    raise AssertionError(f"no Prefect server on port {port}")


def nianbao(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command of nianbao's in an environment."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli.app", *arguments],
        env=dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@dataclass
class Office:
    """A server, a worker, and an installation on this machine."""

    home: Path
    api: str
    environment: dict[str, str]
    client: SyncPrefectClient
    said: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    first: FlowRun | None = None

    def begin(self, name: str = "nightly") -> FlowRun:
        """Trigger a deployment and wait until its run has begun."""
        deployment = self.client.read_deployment_by_name(f"{name}/{name}")
        run = self.client.create_flow_run_from_deployment(deployment.id)
        until = time.monotonic() + 200
        while True:
            state = self.client.read_flow_run(run.id).state
            if state is not None and state.is_running():
                return run
            assert time.monotonic() < until, f"the run did not begin: {state}"
            time.sleep(0.2)

    def run(self, name: str = "nightly", due: datetime | None = None) -> FlowRun:
        """Trigger a deployment and wait until its run has ended."""
        deployment = self.client.read_deployment_by_name(f"{name}/{name}")
        from prefect.states import Scheduled

        run = self.client.create_flow_run_from_deployment(
            deployment.id, state=Scheduled(scheduled_time=due) if due else None
        )
        return self.wait_for(run)

    def wait_for(self, run: FlowRun, seconds: float = 200) -> FlowRun:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.client.read_flow_run(run.id)
            if found.state is not None and found.state.is_final():
                return found
            time.sleep(0.5)
        log = (self.home.parent / "prefect" / "worker.log").read_text(errors="replace")
        raise AssertionError(f"the run did not end: {log[-3000:]}")

    def kill(self, run: FlowRun) -> None:
        """Kill the run's processes, as a lack of memory does; its worker lives on."""
        mark = f"PREFECT__FLOW_RUN_ID={run.id}".encode()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in environ.read_bytes().split(b"\0"):
                    os.kill(int(environ.parent.name), signal.SIGKILL)

    def artifacts(self, run: FlowRun) -> dict[str, Any]:
        found = self.client.request(
            "POST", "/artifacts/filter", json={"artifacts": {"flow_run_id": {"any_": [str(run.id)]}}}
        ).json()
        return {artifact["key"]: artifact for artifact in found}

    def task_names(self, run: FlowRun) -> list[str]:
        wanted = {"flow_runs": {"id": {"any_": [str(run.id)]}}}
        return [t["name"] for t in self.client.request("POST", "/task_runs/filter", json=wanted).json()]

    def logs(self, run: FlowRun) -> list[str]:
        wanted = {"logs": {"flow_run_id": {"any_": [str(run.id)]}}}
        return [line["message"] for line in self.client.request("POST", "/logs/filter", json=wanted).json()]
