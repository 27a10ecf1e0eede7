"""The whole office: counties report by mail and SFTP, a worker runs the night, everybody hears what concerns them, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples
from tests.integration.dovecot import PASSWORD, MailServer, run_dovecot
from tests.integration.postgres import run_postgres
from tests.integration.prefect_office import clean_environment, nianbao, run_server, run_worker
from tests.integration.sshd import run_sshd
from tests.integration.test_scheduled_night import Office
from tests.message_servers import Mailbox, serve_mailbox
from tests.written_mails import write_mail

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


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    import shutil

    folder = tmp_path_factory.mktemp("city")
    catalogue = Path(shutil.copytree(LANHE, folder / "catalogue"))
    (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    share, prefect, home = folder / "share", folder / "prefect", folder / "home"
    (share / WEST).mkdir(parents=True)
    prefect.mkdir()
    home.mkdir()
    with ExitStack() as running:
        database = running.enter_context(run_postgres())
        api = running.enter_context(run_server(prefect, database))
        inbox = running.enter_context(run_dovecot())
        outgoing, port = running.enter_context(serve_mailbox())
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
        yield City(Office(home, api, environment, client, [], []), inbox, outgoing, share)


def workbook(samples: Samples, unit: str, folder: Path, *, mistakes: bool) -> bytes:
    [path] = (samples([2024], LANHE, [unit]) / unit).iterdir()
    book = ClerkWorkbook(path)
    if mistakes:
        book.cell("兰2表", "走访户次").value = "约三十"
        book.cell("兰2表", "走访户次", line=2).value = -5
        book.cell("兰1表", "会员数").value = "很多"
    return book.save(folder / f"{unit}.xlsx").read_bytes()


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_three_mistakes_by_mail_and_a_good_workbook_by_sftp(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    bad = workbook(samples, EAST, tmp_path, mistakes=True)
    city.inbox.deliver(write_mail("east@example.cn", {"东岸县年报.xlsx": bad}, subject="东岸县2024年报"))
    (city.share / WEST / "西岸县年报.xlsx").write_bytes(workbook(samples, WEST, tmp_path, mistakes=False))
    run = city.night()
    artifacts = city.office.artifacts(run)
    assert {"summary", "reading", "digest"} <= artifacts.keys()
    assert any(key.startswith(f"receipt-{EAST}-2024") for key in artifacts)
    # The answer goes back the way the workbook came.
    [answer] = city.mails_to("east")
    assert answer["Subject"] == "回复：东岸县2024年报"
    assert answer["In-Reply-To"] == "<1@example.cn>"
    [attached] = answer.iter_attachments()
    assert str(attached.get_filename()).startswith("更正表_2024_")
    [other] = city.mails_to("west")
    assert "已接收" in other["Subject"]
    assert [path.name for path in (city.share / WEST).iterdir()] == []
    assert city.inbox.list_subjects("已收取") == ["东岸县2024年报"]
    # The digest is the administrator's alone.
    [digest] = city.mails_to("admin")
    for mistake in ("约三十", "-5", "很多"):
        assert mistake in plain(digest)
    assert city.mails_to("leader") == []


def test_nothing_is_sent_twice_the_next_night(city: City) -> None:
    city.night()
    assert city.outgoing.messages == []


def test_one_message_says_that_the_mistakes_are_mended(city: City, samples: Samples, tmp_path: Path) -> None:
    good = workbook(samples, EAST, tmp_path, mistakes=False)
    mended = write_mail("east@example.cn", {"更正.xlsx": good}, subject="更正", message_id="<2@example.cn>")
    city.inbox.deliver(mended)
    city.night()
    [answer] = city.mails_to("east")
    assert "已接收" in plain(answer)
    [digest] = city.mails_to("admin")
    assert "已解决" in plain(digest)
    assert "新增" not in plain(digest)
    assert len(city.outgoing.messages) == 2
