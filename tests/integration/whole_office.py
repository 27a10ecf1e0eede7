"""A whole office on this machine: Prefect server and worker, mailbox, mail server and SFTP server; a city of two counties."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.clerk_workbook import ClerkWorkbook
from tests.integration.dovecot import PASSWORD, MailServer, run_dovecot
from tests.integration.prefect_office import Office, clean_environment, nianbao, run_server, run_worker
from tests.integration.sshd import run_sshd
from tests.message_servers import Mailbox, serve_mailbox
from tests.small_city import LANHE

EAST, WEST = "990101", "990102"
CONTACTS = f"""\
- {{id: east, name: 王某, role: clerk, units: ["{EAST}"], mail: [east@example.cn]}}
- {{id: west, name: 赵某, role: clerk, units: ["{WEST}"], mail: [west@example.cn]}}
- {{id: admin, name: 李某, role: administrator, mail: [admin@example.cn]}}
- {{id: leader, name: 陈某, role: leader, mail: [leader@example.cn]}}
"""


@dataclass
class City:
    """Everything that runs, and what the mail server took in the last night."""

    office: Office
    inbox: MailServer
    outgoing: Mailbox
    share: Path

    def night(self) -> Any:
        self.outgoing.messages.clear()
        run = self.office.run()
        assert run.state is not None
        assert run.state.is_completed(), run.state.message
        return run

    def mails_to(self, name: str) -> list[EmailMessage]:
        return [mail for mail in self.outgoing.messages if mail["To"] == f"{name}@example.cn"]


@contextmanager
def run_city(
    folder: Path, database: str = "", box: Mailbox | None = None, *, with_pages: bool = False
) -> Iterator[City]:
    """The office in ``folder``; its Prefect server in ``database``, its mails in ``box``; it ends with the block."""
    catalogue = Path(shutil.copytree(LANHE, folder / "catalogue"))
    (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    share, prefect, home = folder / "share", folder / "prefect", folder / "home"
    (share / WEST).mkdir(parents=True)
    prefect.mkdir()
    home.mkdir()
    with ExitStack() as running:
        api = running.enter_context(run_server(prefect, database, with_pages=with_pages))
        inbox = running.enter_context(run_dovecot())
        outgoing, port = running.enter_context(serve_mailbox(box))
        files = running.enter_context(run_sshd(folder / "sshd"))
        environment = clean_environment(
            PREFECT_API_URL=api,
            PREFECT_HOME=str(prefect),
            NIANBAO_HOME=str(home),
            NIANBAO_CATALOGUE=str(catalogue),
            NIANBAO_QUIET_SECONDS="0",
            NIANBAO_INBOX=f"{files.url(share)} {inbox.url()}",
            NIANBAO_SFTP_KEY=str(files.key),
            NIANBAO_SFTP_KNOWN_HOSTS=str(files.known_hosts),
            NIANBAO_IMAP_CA=str(inbox.ca),
            NIANBAO_IMAP_PASSWORD=PASSWORD,
            NIANBAO_SMTP=f"smtp://127.0.0.1:{port}/?from=nianbao@example.org",
            NIANBAO_RETRY_SECONDS="[]",
        )
        deployed = nianbao("deploy", environment=environment)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        settings = {name: value for name, value in environment.items() if name.startswith("NIANBAO_")}
        running.enter_context(run_worker(api, prefect, settings))
        running.enter_context(temporary_settings({PREFECT_API_URL: api}))
        client = running.enter_context(get_client(sync_client=True))
        yield City(Office(home, api, environment, client), inbox, outgoing, share)


def workbook(samples: Callable[..., Path], unit: str, folder: Path, *, mistakes: bool) -> bytes:
    [path] = (samples([2024], LANHE, [unit]) / unit).iterdir()
    book = ClerkWorkbook(path)
    if mistakes:
        book.cell("兰2表", "讲座场次", line=2).value = "约三十"  # the line before shows how to fill in
        book.cell("兰2表", "走访户次", line=2).value = -5
        book.cell("兰1表", "会员数", org=f"{unit}001001").value = "很多"
    return book.save(folder / f"{unit}.xlsx").read_bytes()
