"""A Prefect server and a worker as an operator runs them, as processes of their own on this machine."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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
def run_server(folder: Path, database: str = "", **environment: str) -> Iterator[str]:
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
        "--no-ui",
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
