"""A Dask scheduler and workers of their own processes, which a test can kill."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

_LOCAL = "127.0.0.1"


class DaskOffice:
    """A scheduler and its workers; ``address`` is what NIANBAO_TASK_RUNNER names after ``dask:``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _find_free_port()
        self.address = f"tcp://{_LOCAL}:{self._port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start_scheduler()

    def start_workers(self, count: int) -> None:
        """More workers; returns when the scheduler knows them."""
        for _ in range(count):
            self.workers.append(
                self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
            )
        with Client(self.address, timeout=60) as client:
            client.wait_for_workers(sum(w.poll() is None for w in self.workers), timeout=60)

    def kill_worker(self) -> None:
        """End the first worker that lives, with -9."""
        first = next(worker for worker in self.workers if worker.poll() is None)
        first.kill()
        first.wait()

    def restart_scheduler(self) -> None:
        """End the scheduler with -9 and start another at the same address; the workers are lost with it."""
        self.scheduler.kill()
        self.scheduler.wait()
        self.scheduler = self._start_scheduler()

    def stop(self) -> None:
        """End everything at once."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start_scheduler(self) -> subprocess.Popen[bytes]:
        started = self._start("dask_scheduler", "--host", _LOCAL, "--port", str(self._port), "--no-dashboard")
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((_LOCAL, self._port), timeout=1).close()
                return started
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOCAL, 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_dask_office(folder: Path, worker_count: int) -> Iterator[DaskOffice]:
    """A scheduler with workers, all ended afterwards."""
    office = DaskOffice(folder)
    try:
        office.start_workers(worker_count)
        yield office
    finally:
        office.stop()
