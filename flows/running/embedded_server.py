"""Runs a flow on a server of Prefect's own that lives as long as the command does; or on the one PREFECT_API_URL names.

The server takes seconds to start, so it is started first and waited for last: what connects to it meanwhile waits at
its socket, which is open from the beginning. It listens on this machine alone and is never spoken to through a proxy.
The settings must be in the environment before prefect is imported: call :func:`prepare` first.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TypeVar

from flows.clock import TIME_ZONE
from flows.error_log import note_error

T = TypeVar("T")

_LOCAL = "127.0.0.1"
_START_SECONDS = 180.0  # the first start lays out the server's database: over 20 seconds on a small machine
_HTTP_OK = 200
_SAID_BYTES = 4000
_KEPT_DAYS = 90  # as nianbao-server.service says of a server that stays


class ServerFailed(Exception):
    """Prefect's own server did not start; one Chinese sentence, with what it said as its cause."""


def prepare(home: Path) -> None:
    """Put Prefect's and Great Expectations' settings into the environment, leaving those already there alone."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)  # it reports its temporary folders
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(home / ".prefect"))
        os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")  # what this machine refuses twice it refuses
        os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
        os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")


@contextmanager
def embed_server(home: Path) -> Iterator[Callable[[], None]]:
    """A server for this command, unless the environment names one; yields what waits until it answers."""
    prepare(home)
    if "PREFECT_API_URL" in os.environ:
        exempt_this_machine()
        yield lambda: None
        return
    with (
        tempfile.TemporaryFile() as said,
        _start_server(said) as (server, port),
        _set_environment(
            PREFECT_API_URL=f"http://{_LOCAL}:{port}/api",
            PREFECT_API_REQUEST_TIMEOUT=str(_START_SECONDS),
            **{name: _exempt_local_addresses(os.environ.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
        ),
    ):
        yield lambda: _wait(server, port, said, home)
        _forget_old_runs()


def _forget_old_runs() -> None:
    """Runs of this command's own server that are old: it does not live long enough to clear its database itself."""
    import httpx
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterEndTime
    from prefect.exceptions import PrefectException

    before = datetime.now(TIME_ZONE) - timedelta(days=_KEPT_DAYS)
    old = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=before))
    with suppress(httpx.HTTPError, PrefectException), get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=old):
            client.delete_flow_run(run.id)


@contextmanager
def _start_server(said: IO[bytes]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The server's process and its port. It ends when this does, and when this process dies, however that comes."""
    with socket.create_server((_LOCAL, 0), backlog=128) as wire:
        port = wire.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "flows.running.server_process", str(wire.fileno())],
            stdin=subprocess.PIPE,  # never written to: it breaks when this process is gone
            stdout=said,
            stderr=said,
            pass_fds=(wire.fileno(),),
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the server
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
    try:
        yield server, port
    finally:
        server.kill()
        server.wait()
        if server.stdin:
            server.stdin.close()


def _wait(server: subprocess.Popen[bytes], port: int, said: IO[bytes], home: Path) -> None:
    """Wait until the server answers. ServerFailed; what the server said is noted in the home's log."""
    connection = http.client.HTTPConnection(_LOCAL, port, timeout=_START_SECONDS)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/api/health")
            if connection.getresponse().status == _HTTP_OK:
                return
            why = "the server answers, but not well"
        except (OSError, http.client.HTTPException) as error:
            why = str(error)
    server.kill()
    server.wait()
    said.seek(0)
    told = said.read().decode(errors="replace")[-_SAID_BYTES:]
    note_error(home, f"{why}\n{told}", "Prefect")
    raise ServerFailed(
        "本机的 Prefect 服务未能启动，本次作业没有开始，未作任何改动。请检查磁盘空间和数据目录下 .prefect 的权限。"
    ) from RuntimeError(f"{why}\n{told}")


@contextmanager
def _set_environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def exempt_this_machine() -> None:
    """A server on this machine is never spoken to through a proxy, whatever the environment says."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = _exempt_local_addresses(os.environ.get(name, ""))


def _exempt_local_addresses(hosts: str) -> str:
    known = [host for host in hosts.split(",") if host]
    return ",".join(dict.fromkeys([*known, _LOCAL, "localhost"]))


def run_as_flow(name: str, work: Callable[[], T]) -> T:
    """Run ``work`` as a flow called ``name``; its exceptions come through unchanged.

    It shows no signs of life: only runs of deployments are watched for them, and a flow waits up to a second for its last one.
    """
    from prefect import flow
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return flow(name=name, validate_parameters=False, persist_result=False)(work)()
