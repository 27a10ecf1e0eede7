"""Dovecot on this machine's loopback: one mailbox behind TLS, with a certificate that an authority of its own signed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from imap_tools import MailBox

from tests.integration.sshd import find_free_port, wait_for_port

DOVECOT = "/usr/sbin/dovecot"
USER, PASSWORD = "office", "Mi ma#1@"
"""The mailbox; blanks and signs in the password, since people have such."""


@dataclass(frozen=True)
class MailServer:
    """A running server: how to reach it, and the certificate of who vouches for it."""

    port: int
    plain_port: int
    ca: Path
    mails: Path

    def url(self, folder: str = "INBOX") -> str:
        """The address of a folder of the mailbox, without password."""
        return f"imaps://{USER}@localhost:{self.port}/{folder}"

    @contextmanager
    def open(self) -> Iterator[MailBox]:
        """The mailbox, as its owner sees it."""
        context = ssl.create_default_context(cafile=str(self.ca))
        with MailBox("localhost", self.port, timeout=15, ssl_context=context).login(USER, PASSWORD) as box:
            yield box

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder."""
        with self.open() as box:
            for mail in mails:
                box.append(mail, folder)

    def list_subjects(self, folder: str) -> list[str]:
        """What lies in a folder; nothing where there is no such folder."""
        with self.open() as box:
            if not box.folder.exists(folder):
                return []
            box.folder.set(folder)
            return sorted(mail.subject for mail in box.fetch(mark_seen=False, headers_only=True))

    def empty(self) -> None:
        """Remove all mails and all folders but INBOX."""
        with self.open() as box:
            for folder in box.folder.list():
                if folder.name != "INBOX":
                    box.folder.delete(folder.name)
            box.folder.set("INBOX")
            box.delete(box.uids())


@contextmanager
def run_dovecot() -> Iterator[MailServer]:
    """A server that ends with the block. Its folder's path is short, since its sockets' names must be."""
    if not Path(DOVECOT).exists():
        pytest.fail("dovecot is not installed (dovecot-imapd), so fetching mails cannot be proved")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    process: subprocess.Popen[bytes] | None = None
    try:
        _make_certificate(folder)
        port, plain_port = find_free_port(), find_free_port()
        settings = folder / "dovecot.conf"
        settings.write_text(_describe(folder, port, plain_port), encoding="utf-8")
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
        for file in folder.iterdir():  # its processes are other users, whatever the umask of the tests
            file.chmod(0o755 if file.is_dir() else 0o644)
        process = subprocess.Popen([DOVECOT, "-F", "-c", str(settings)])
        wait_for_port(port, process, folder / "log")
        yield MailServer(port, plain_port, folder / "ca.pem", folder / "mails")
    finally:
        if process is not None:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _describe(folder: Path, port: int, plain_port: int) -> str:
    """The server's settings. Mails may not belong to root, under whom some machines run tests."""
    is_root = os.geteuid() == 0
    owner = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
    mails = folder / "mails"
    mails.mkdir()
    if is_root:
        os.chown(mails, owner.pw_uid, owner.pw_gid)
    own = (
        ""
        if is_root
        else f"default_internal_user = {getpass.getuser()}\ndefault_login_user = {getpass.getuser()}\n"
    )
    return (
        f"base_dir = {folder}/run\nlog_path = {folder}/log\nprotocols = imap\nlisten = 127.0.0.1, ::1\n{own}"
        f"ssl = yes\nssl_cert = <{folder}/server.pem\nssl_key = <{folder}/server.key\n"
        f"mail_location = maildir:{mails}/%u\nfirst_valid_uid = 1\nfirst_valid_gid = 1\nmail_max_userip_connections = 50\n"
        "service imap-login {\n  chroot =\n"
        f"  inet_listener imap {{\n    port = {plain_port}\n  }}\n"
        f"  inet_listener imaps {{\n    port = {port}\n    ssl = yes\n  }}\n}}\n"
        "service anvil {\n  chroot =\n}\n"
        f"passdb {{\n  driver = passwd-file\n  args = {folder}/users\n}}\n"
        f"userdb {{\n  driver = static\n  args = uid={owner.pw_uid} gid={owner.pw_gid} home={mails}/%u\n}}\n"
    )


def _make_certificate(folder: Path) -> None:
    """An authority, and a certificate for localhost that it signed."""
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=authority",
             "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")  # fmt: skip
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
             "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr")  # fmt: skip
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost\n")
    _openssl("x509", "-req", "-days", "30", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem",
             "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-extfile", str(names),
             "-out", f"{folder}/server.pem")  # fmt: skip


def _openssl(*arguments: str) -> None:
    made: Sequence[str] = ["openssl", *arguments]
    subprocess.run(made, check=True, capture_output=True)
