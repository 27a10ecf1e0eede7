"""PostgreSQL on this machine's loopback, with a database of its own for Prefect's server."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.sshd import find_free_port, wait_for_port

VERSIONS = Path("/usr/lib/postgresql")
USER = "prefect"


class PostgresServer:
    """A server with its data in ``folder``, which may be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        found = sorted(VERSIONS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if not found:
            pytest.fail("PostgreSQL is not installed (postgresql), so a server on it cannot be proved")
        self._programs = found[-1].parent
        self._folder, self._data = folder, folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = find_free_port()
        folder.chmod(0o755)
        self._data.mkdir()
        owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._as_owner = ["runuser", "-u", owner, "--"] if os.geteuid() == 0 else []
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(self._data, owner, owner)
            shutil.chown(folder, owner, owner)
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", is_owner=True)

    def address(self, database: str, scheme: str = "postgresql") -> str:
        """The address of one of its databases."""
        return f"{scheme}://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it lets people in."""
        log = self._folder / "log"
        options = ["-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder)]
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [*self._as_owner, str(self._programs / "postgres"), *options],
                stdout=said,
                stderr=said,
                cwd=self._folder,
            )
        wait_for_port(self.port, self._process, log)
        ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(
            300
        ):  # it listens before it lets anybody in, and after a crash it has its log to go through
            if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        pytest.fail(f"the server lets nobody in: {log.read_text()}")

    def make_database(self, name: str, *options: str) -> str:
        """Make a database; its address."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, *options, name)
        return self.address(name)

    def stop(self) -> None:
        """Break all connections off, as a crash does."""
        if self._process is not None:
            self._run(
                "pg_ctl", "-D", str(self._data), "-m", "immediate", "stop", is_owner=True, is_checked=False
            )
            self._process.wait()
            self._process = None

    def _run(self, program: str, *options: str, is_owner: bool = False, is_checked: bool = True) -> None:
        command = [*(self._as_owner if is_owner else []), str(self._programs / program), *options]
        subprocess.run(command, check=is_checked, capture_output=True, cwd=self._folder)


@contextmanager
def run_server() -> Iterator[PostgresServer]:
    """A server that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # short, since its socket's name must be
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_postgres() -> Iterator[str]:
    """A server that ends with the block; the address of its database, as Prefect takes it."""
    with run_server() as server:
        server.make_database("prefect")
        yield server.address("prefect", "postgresql+asyncpg")
