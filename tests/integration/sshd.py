"""OpenSSH's own server on this machine's loopback, with keys made for one test: what it serves is a folder."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

SSHD = "/usr/sbin/sshd"


@dataclass(frozen=True)
class SshServer:
    """A running server: how to reach it, the user's key, the file in which its own key is known."""

    port: int
    user: str
    key: Path
    known_hosts: Path

    def url(self, folder: Path) -> str:
        """The address of a folder of this machine on the server."""
        return f"sftp://{self.user}@127.0.0.1:{self.port}{folder}"


@contextmanager
def run_sshd(folder: Path, *, is_read_only: bool = False) -> Iterator[SshServer]:
    """A server that keeps its files in ``folder``; it ends with the block."""
    if not Path(SSHD).exists():
        pytest.fail("sshd is not installed (openssh-server), so fetching over SFTP cannot be proved")
    folder.mkdir(parents=True)
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(make, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it gives up its rights
    port = find_free_port()
    settings = folder / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
        f"PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp{' -R' if is_read_only else ''}\n",
        encoding="utf-8",
    )
    known_hosts = folder / "known_hosts"
    kind, key, *_ = (folder / "host.pub").read_text().split()
    known_hosts.write_text(f"[127.0.0.1]:{port} {kind} {key}\n", encoding="utf-8")
    log = folder / "log"
    process = subprocess.Popen([SSHD, "-D", "-f", str(settings), "-E", str(log)])
    try:
        wait_for_port(port, process, log)
        yield SshServer(port, getpass.getuser(), folder / "user", known_hosts)
    finally:
        process.kill()
        process.wait()


@contextmanager
def run_password_server(share: Path, folder: Path, user: str, password: str) -> Iterator[SshServer]:
    """A server that asks for a password, which OpenSSH's can only do for users of the machine: asyncssh's, in a thread."""

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, given: str) -> bool:
            return (username, given) == (user, password)

    folder.mkdir()
    host = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host],
            server_factory=Door,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(share)),
        )

    try:
        server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        known_hosts = folder / "known_hosts"
        public = host.export_public_key().decode()
        known_hosts.write_text(f"[127.0.0.1]:{server.get_port()} {public}", encoding="utf-8")
        yield SshServer(server.get_port(), user, folder / "none", known_hosts)
        loop.call_soon_threadsafe(server.close)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def find_free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server that was started listens; the test fails when it does not."""
    for _ in range(200):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text() if log.exists() else ''}")
