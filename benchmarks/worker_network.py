"""A Dask scheduler, two workers and a Prefect server, each worker in a network of its own where that can be had.

As root on Linux a worker is put into a network namespace that reaches the others over a bridge alone, as a machine of its own
would; elsewhere the workers are separate processes on this machine's loopback. They share the file system either way.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.nights import ROOT

_WORKERS = 2
_BRIDGE = "nianbao0"
_SUBNET = "10.213.77"
_LOOPBACK = "127.0.0.1"
_START_SECONDS = 180.0
_LOOK_SECONDS = 0.2


class WorkersFailed(Exception):
    """Something of the network did not start; the message says what it said."""


@dataclass(frozen=True)
class WorkerNetwork:
    """Where the scheduler and the Prefect server are; ``is_apart``: whether the workers have networks of their own."""

    scheduler: str
    prefect: str
    is_apart: bool

    @property
    def settings(self) -> dict[str, str]:
        """What a night needs in its environment to run there."""
        host = self.prefect.split("//")[1].partition(":")[0]
        return {
            "NIANBAO_TASK_RUNNER": f"dask:{self.scheduler}",
            "PREFECT_API_URL": self.prefect,
            "NO_PROXY": host,
            "no_proxy": host,
        }

    def measure_workers(self) -> dict[str, float]:
        """Worker -> the seconds of processor time that it has used, its children's too: whether it has done anything."""
        from distributed import Client

        with Client(self.scheduler) as client:
            return dict(client.run(_measure_own_time))


def _measure_own_time() -> float:
    return sum(os.times()[:4])


@contextmanager
def open_workers(scratch: Path, environment: dict[str, str]) -> Iterator[WorkerNetwork]:
    """The network, until the block ends; ``environment`` is that of a night. WorkersFailed."""
    is_apart = os.geteuid() == 0 and shutil.which("ip") is not None and _can_make_namespaces()
    with ExitStack() as stack:
        host = stack.enter_context(_open_bridge()) if is_apart else _LOOPBACK
        prefect = stack.enter_context(_run_prefect(host, scratch, environment))
        network = WorkerNetwork(f"tcp://{host}:{_find_port(host)}", prefect, is_apart)
        given = environment | network.settings | {"PYTHONPATH": str(ROOT)}
        scheduler = ("-m", "distributed.cli.dask_scheduler", "--host", host, "--no-dashboard")
        port = network.scheduler.rpartition(":")[2]
        stack.enter_context(_run((*scheduler, "--port", port), scratch / "scheduler.log", given))
        _wait_for(host, int(port), scratch / "scheduler.log")
        for number in range(1, _WORKERS + 1):
            within = stack.enter_context(_open_namespace(number)) if is_apart else ()
            log, folder = scratch / f"worker-{number}.log", scratch / f"worker-{number}"
            worker = (
                *("-m", "distributed.cli.dask_worker", network.scheduler, "--nthreads", "1"),
                *("--no-nanny", "--no-dashboard", "--local-directory", str(folder)),
            )
            stack.enter_context(_run(worker, log, given, within))
            _wait_for_line("Registered to", log)
        yield network


def _can_make_namespaces() -> bool:
    return subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkersFailed(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@contextmanager
def _open_bridge() -> Iterator[str]:
    """A bridge with an address of this side's; the address."""
    _ip("link", "add", _BRIDGE, "type", "bridge")
    try:
        _ip("address", "add", f"{_SUBNET}.1/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        yield f"{_SUBNET}.1"
    finally:
        _ip("link", "delete", _BRIDGE)


@contextmanager
def _open_namespace(number: int) -> Iterator[Sequence[str]]:
    """A network that knows this bridge alone; what a command begins with that runs in it."""
    name, outer, inner = f"nianbao-worker-{number}", f"nianbao0-{number}", f"nianbao1-{number}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
        _ip("link", "set", outer, "master", _BRIDGE, "up")
        within = ("ip", "netns", "exec", name)
        _ip("-n", name, "address", "add", f"{_SUBNET}.{number + 1}/24", "dev", inner)
        _ip("-n", name, "link", "set", inner, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield within
    finally:
        _ip("netns", "delete", name)  # and the pair of links with it


@contextmanager
def _run_prefect(host: str, scratch: Path, environment: dict[str, str]) -> Iterator[str]:
    """A Prefect server that workers reach, too; the address of its API."""
    with socket.create_server((host, 0), backlog=128) as wire:
        port = wire.getsockname()[1]
        server = ("-P", "-m", "flows.running.server_process", str(wire.fileno()))
        given = environment | {"PYTHONPATH": str(ROOT), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        log = scratch / "prefect.log"
        with _run(server, log, given, stdin=subprocess.PIPE, pass_fds=(wire.fileno(),)):
            yield f"http://{host}:{port}/api"


@contextmanager
def _run(
    arguments: Sequence[str],
    log: Path,
    environment: dict[str, str],
    within: Sequence[str] = (),
    *,
    stdin: int = subprocess.DEVNULL,
    pass_fds: tuple[int, ...] = (),
) -> Iterator[None]:
    """Python with ``arguments``, until the block ends; what it says goes to ``log``."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*within, sys.executable, *arguments],
            stdin=stdin,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=ROOT,
            pass_fds=pass_fds,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _find_port(host: str) -> int:
    with socket.create_server((host, 0)) as wire:
        return int(wire.getsockname()[1])


def _wait_for(host: str, port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(_LOOK_SECONDS)
        else:
            return
    raise WorkersFailed(log.read_text(errors="replace")[-2000:])


def _wait_for_line(words: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if words in log.read_text(errors="replace"):
            return
        time.sleep(_LOOK_SECONDS)
    raise WorkersFailed(log.read_text(errors="replace")[-2000:])
