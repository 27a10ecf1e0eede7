"""Backups in other places: an OpenSSH server whose key is checked, and S3."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.backup.backup import back_up
from flows.backup.restore import restore
from flows.backup.restore_plan import plan_restore
from flows.places.destination import Destination, DestinationFailed
from flows.settings import Home, Installation
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.small_homes import NOON, files_below, small_home, take_in
from warehouse.ledger.journal import Journal

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")


@dataclass(frozen=True)
class Server:
    """A running OpenSSH server: its address up to the path, and the ~/.ssh that reaches it."""

    address: str
    ssh: Path
    host_key: str
    port: int

    def make_known(self, home: Path) -> None:
        """A home folder of a user who knows the server's key."""
        shutil.copytree(self.ssh, home / ".ssh")
        known = f"[127.0.0.1]:{self.port} {self.host_key}\n"
        (home / ".ssh" / "known_hosts").write_text(known, encoding="ascii")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert SSHD, "these tests need OpenSSH's server: apt-get install openssh-server"
    folder = tmp_path_factory.mktemp("sshd")
    ssh = folder / "ssh"
    ssh.mkdir(mode=0o700)
    for key in (folder / "host", ssh / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {ssh / 'id_ed25519.pub'}\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd separates its privileges
    log = folder / "log"
    command = [SSHD, "-D", "-f", str(folder / "config"), "-E", str(log)]
    with subprocess.Popen(command) as running:
        try:
            for _ in range(200):
                with socket.socket() as knock:
                    if knock.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            else:
                raise AssertionError(log.read_text(encoding="utf-8"))
            host_key = (folder / "host.pub").read_text(encoding="ascii")
            yield Server(f"sftp://{getpass.getuser()}@127.0.0.1:{port}", ssh, host_key, port)
        finally:
            running.terminate()


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "nianbao",
        "AWS_SECRET_ACCESS_KEY": "geheim",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="nianbao")
    yield "s3://nianbao"
    running.stop()


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = small_home(tmp_path / "home")
    take_in(made, "东", "西", "南")
    return made


def goes_there_and_back(place: Installation, address: str, new: Home) -> None:
    """Backed up, gone on, backed up again, damaged there, mended, and brought back."""
    assert back_up(place, address, NOON).problems == []
    take_in(place, "北")
    assert back_up(place, address, NOON).copied_count == 3
    store = Destination(address)
    one = min(store.list_sizes("objects"))
    store.write(f"objects/{one}", b"damaged")
    mended = back_up(place, address, NOON, is_read_whole=True)
    assert (mended.copied_count, mended.problems) == (1, [])
    report = restore(plan_restore(new, address), NOON, "王主任")
    assert (report.object_count, report.problems) == (4, [])
    before, after = files_below(place.home.root), files_below(new.root)
    assert [n for n in before if n.startswith(("archive/objects", "outbox")) and after[n] != before[n]] == []


def test_a_backup_goes_to_an_sftp_server_and_back(
    place: Installation, server: Server, user: Path, tmp_path: Path
) -> None:
    server.make_known(user)
    folder = tmp_path / "there" / "年报 备份"
    goes_there_and_back(place, f"{server.address}{folder}", Home(tmp_path / "new"))
    assert {path.name for path in folder.iterdir()} == {"backups", "journal", "objects"}
    assert not list(folder.rglob(".unfinished-*"))


def test_a_server_whose_key_nobody_knows_is_not_written_to(
    place: Installation, server: Server, user: Path, tmp_path: Path
) -> None:
    server.make_known(user)
    (user / ".ssh" / "known_hosts").write_text("", encoding="ascii")
    with pytest.raises(DestinationFailed, match="服务器的主机密钥不在"):
        back_up(place, f"{server.address}{tmp_path / 'there'}", NOON)
    assert not (tmp_path / "there").exists()


def test_a_key_that_the_server_does_not_take_is_told(
    place: Installation, server: Server, user: Path, tmp_path: Path
) -> None:
    server.make_known(user)
    for key in (user / ".ssh").glob("id_*"):
        key.unlink()
    with pytest.raises(DestinationFailed, match="账号、密钥"):
        back_up(place, f"{server.address}{tmp_path / 'there'}", NOON)


def test_the_key_can_be_named_by_a_variable(
    place: Installation, server: Server, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_known(user)
    key = (user / ".ssh" / "id_ed25519").rename(tmp_path / "key")
    monkeypatch.setenv("NIANBAO_SFTP_KEY", str(key))
    assert back_up(place, f"{server.address}{tmp_path / 'there'}", NOON).problems == []


def test_a_backup_goes_to_s3_and_back(place: Installation, bucket: str, tmp_path: Path) -> None:
    address = f"{bucket}/滨州/备份"
    goes_there_and_back(place, address, Home(tmp_path / "new"))
    there = {name.partition("/")[0] for name in Destination(bucket).list_sizes("滨州/备份")}
    assert there == {"backups", "journal", "objects"}


def test_a_night_backs_up_to_an_sftp_server(
    installation: NewInstallation, server: Server, user: Path, tmp_path: Path
) -> None:
    place = installation([2023], units=["990101"], catalogue=LANHE)
    server.make_known(user)
    place.settings.backup = f"{server.address}{tmp_path / 'there'}"
    assert night(place).notes == []
    plan = plan_restore(Home(tmp_path / "new"), place.settings.backup)
    assert plan.snapshot.head == Journal(place.home.journal).head


def test_a_bucket_that_is_missing_is_told(place: Installation, bucket: str) -> None:
    with pytest.raises(DestinationFailed, match="存储桶"):
        back_up(place, f"{bucket}-other/x", NOON)
