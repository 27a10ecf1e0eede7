"""PostgreSQL on this machine's loopback, with a database of its own for Prefect's server."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.sshd import find_free_port, wait_for_port

VERSIONS = Path("/usr/lib/postgresql")


@contextmanager
def run_postgres() -> Iterator[str]:
    """A server that ends with the block; the address of its database, as Prefect takes it."""
    found = sorted(VERSIONS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("PostgreSQL is not installed (postgresql), so a server on it cannot be proved")
    programs = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # short, since its socket's name must be
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(data, owner, owner)
        shutil.chown(folder, owner, owner)

    def as_owner(*command: str) -> list[str]:
        return ["runuser", "-u", owner, "--", *command] if os.geteuid() == 0 else list(command)

    init = as_owner(str(programs / "initdb"), "-D", str(data), "-U", "prefect", "-A", "trust", "-E", "UTF8")
    subprocess.run(init, check=True, capture_output=True, cwd=folder)
    port, log = find_free_port(), folder / "log"
    options = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
    with log.open("ab") as said:
        process = subprocess.Popen(
            as_owner(str(programs / "postgres"), *options), stdout=said, stderr=said, cwd=folder
        )
    try:
        wait_for_port(port, process, log)
        make = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect"]
        for _ in range(20):  # it listens a moment before it lets anybody in
            if subprocess.run(make, check=False, capture_output=True).returncode == 0:
                break
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    finally:
        subprocess.run(
            as_owner(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"),
            check=False,
            capture_output=True,
            cwd=folder,
        )
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
