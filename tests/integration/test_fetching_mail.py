"""Attachments of clerks' mails are fetched from a mailbox, Dovecot's, at a night's start, and every mail is filed."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.answer.outgoing import Report
from flows.fetching import mailbox
from flows.fetching.fetch import fetch_source, list_sources
from flows.health.doctor import examine_home
from flows.night import open_night
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.dovecot import PASSWORD, MailServer, run_dovecot
from tests.written_mails import write_bounce, write_mail
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query

EAST, WEST = "990101", "990102"
CLERK, STRANGER = "east@example.cn", "else@example.cn"
TAKEN, UNKNOWN, EMPTY = "已收取", "未识别发件人", "没有附件"
CONTACTS = f"""
- {{id: east, name: 东岸县填报人, role: clerk, units: ["{EAST}"], mail: [{CLERK}]}}
- {{id: west, name: 西岸县填报人, role: clerk, units: ["{WEST}"], mail: [west@example.cn]}}
"""


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with run_dovecot() as running:
        yield running


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.empty()
    return running


@pytest.fixture
def place(tmp_path: Path, installation: NewInstallation, server: MailServer) -> Installation:
    """An installation that fetches from the mailbox, and knows one clerk of either county."""
    catalogue = tmp_path / "lanhe"
    shutil.copytree(LANHE, catalogue)
    (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    return changed(
        installation(catalogue=catalogue),
        inbox=server.url(),
        imap_ca=server.ca,
        imap_password=SecretStr(PASSWORD),
    )


def changed(place: Installation, **settings: object) -> Installation:
    return Installation(place.settings.model_copy(update=settings))


def sample(samples: Samples, unit: str = EAST) -> bytes:
    [path] = (samples([2024], LANHE, [unit]) / unit).iterdir()
    return path.read_bytes()


def receipts(place: Installation) -> list[dict[str, object]]:
    journal = Journal(place.home.journal, read_only=True)
    return [dict(e.payload) for e in journal.entries() if e.event == Event.RECEIVED]


def told(report: Report) -> str:
    return "\n".join([*report.left, *report.notes])


def test_a_clerks_workbook_is_judged_for_the_clerks_unit_and_the_journal_says_which_mail_brought_it(
    place: Installation, server: MailServer, samples: Samples
):
    server.deliver(write_mail(CLERK, {"年报.xlsx": sample(samples), "签名.png": b"picture"}, "东岸县年报"))
    report = night(place)
    [receipt] = receipts(place)
    assert receipt["file_name"] == "年报.xlsx"
    assert receipt["folder"] == EAST
    assert receipt["mail"] == {
        "from": CLERK,
        "message_id": "<1@example.cn>",
        "subject": "东岸县年报",
        "date": "2025-01-08T09:30:00+08:00",
    }
    assert query(place.home.database, "SELECT unit_code, year FROM quality.submission").rows() == [
        (EAST, 2024)
    ]
    assert server.list_subjects("INBOX") == []
    assert server.list_subjects(TAKEN) == ["东岸县年报"]
    assert [path.name for path in place.home.inbox.rglob("*")] == [EAST]
    assert not report.left


def test_workbooks_of_an_archive_that_came_by_mail_name_the_mail_too(
    place: Installation, server: MailServer, samples: Samples, tmp_path: Path
):
    folder = tmp_path / "packed"
    folder.mkdir()
    for unit in (EAST, WEST):
        (folder / f"{unit}.xlsx").write_bytes(sample(samples, unit))
    packed = Path(shutil.make_archive(str(tmp_path / "two"), "zip", folder))
    server.deliver(write_mail(CLERK, {"两县.zip": packed.read_bytes()}))
    night(place)
    found = receipts(place)
    assert len(found) == 3
    assert {str(receipt["mail"]["message_id"]) for receipt in found} == {"<1@example.cn>"}  # type: ignore[index]


def test_a_clerk_may_not_report_for_another_unit(place: Installation, server: MailServer, samples: Samples):
    server.deliver(write_mail(CLERK, {"西岸县.xlsx": sample(samples, WEST)}))
    night(place)
    found = query(place.home.database, "SELECT rule FROM quality.submission").rows()
    assert found == [("refuse.wrong_folder",)]


def test_mails_that_bring_no_workbook_of_a_clerk_are_filed_and_told_and_others_are_left_in_peace(
    place: Installation, server: MailServer
):
    server.deliver(
        write_mail(STRANGER, {"年报.xlsx": b"x"}, "陌生人", "<2@x>"),
        write_mail(CLERK, {"年报.xlsx": b"x"}, "冒名", "<3@x>", Authentication_Results="mx; dmarc=fail"),
        write_mail(CLERK, {"照片.jpg": b"x"}, "照片", "<4@x>"),
        write_mail(STRANGER, None, "闲谈", "<5@x>"),
    )
    report = night(place)
    assert not receipts(place)
    assert server.list_subjects(UNKNOWN) == ["冒名", "陌生人"]
    assert server.list_subjects(EMPTY) == ["照片"]
    assert server.list_subjects("INBOX") == ["闲谈"]
    assert f"邮件“陌生人”：发件人 {STRANGER} 不是登记的填报人" in told(report)
    assert "邮件“冒名”：自称来自 east@example.cn，但未通过邮件服务器的发件核验" in told(report)
    assert "邮件“照片”：东岸县填报人发来的邮件没有可以收取的附件" in told(report)
    assert "闲谈" not in told(report)
    assert report.left == []  # nothing waits in the inbox: tomorrow nothing of it is settled


def test_what_programs_answer_to_our_answers_is_never_taken_in(
    place: Installation, server: MailServer, samples: Samples
):
    book = {"更正表.xlsx": sample(samples)}
    server.deliver(
        write_mail(CLERK, book, "自动回复：年报", "<2@x>", Auto_Submitted="auto-replied (vacation)"),
        write_mail(CLERK, None, "我在休假", "<3@x>", Auto_Submitted="auto-replied"),
        write_mail("MAILER-DAEMON@mx.example.cn", book, "退信", "<4@x>"),
        write_bounce("gone@example.cn"),
    )
    report = night(place)
    assert not receipts(place)
    assert server.list_subjects("自动回复") == ["自动回复：年报"]
    assert server.list_subjects("退信") == ["Undelivered", "退信"]
    assert server.list_subjects("INBOX") == ["我在休假"]
    assert "没有送到收件人（gone@example.cn）" in told(report)
    assert "休假" not in told(report)


def test_a_mail_that_nobody_can_read_stays_and_does_not_stop_the_next(
    place: Installation, server: MailServer, samples: Samples
):
    depth = 2000
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    server.deliver(
        b"From: east@example.cn\r\nSubject: nested\r\nMIME-Version: 1.0\r\n" + nested,
        write_mail(CLERK, {"年报.xlsx": sample(samples)}),
    )
    report = night(place)
    assert [receipt["file_name"] for receipt in receipts(place)] == ["年报.xlsx"]
    assert server.list_subjects("INBOX") == ["nested"]
    assert "号邮件无法解析，仍在原处" in told(report)


def test_a_mail_that_comes_twice_is_received_once(place: Installation, server: MailServer, samples: Samples):
    mail = write_mail(CLERK, {"年报.xlsx": b"no workbook"}, "两次")
    server.deliver(mail)
    night(place)
    server.deliver(mail)
    report = night(place)
    assert len(receipts(place)) == 1
    assert server.list_subjects(TAKEN) == ["两次", "两次"]
    assert "邮件“两次”：此前已收取，未重复收取" in told(report)


def test_a_mail_whose_attachments_lie_in_the_inbox_already_is_only_filed(
    place: Installation, server: MailServer, samples: Samples
):
    """A night that was cut off between writing and moving leaves it so."""
    mail = write_mail(CLERK, {"年报.xlsx": sample(samples)}, "断电")
    server.deliver(mail)
    with open_night(place) as broken_off:
        [source] = list_sources(broken_off)
        assert fetch_source(broken_off, source) == 1
    with server.open() as box:
        box.folder.set(TAKEN)
        box.move(box.uids(), "INBOX")
    night(place)
    assert len(receipts(place)) == 1
    assert server.list_subjects(TAKEN) == ["断电"]
    assert server.list_subjects("INBOX") == []


def test_a_mailbox_that_cannot_be_opened_is_told_without_its_password_and_the_night_goes_on(
    place: Installation, server: MailServer, samples: Samples
):
    path = place.home.inbox / WEST / "西岸县.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(sample(samples, WEST))
    wrong = f"imaps://office:Wr0ng-secret@localhost:{server.port}/INBOX"
    silent = f"imaps://office@localhost:1/INBOX,imaps://office@localhost:{server.port}/nowhere"
    report = night(changed(place, inbox=f"{wrong} {silent}"))
    assert len(receipts(place)) == 1
    assert "用户名、密码或密钥不对" in told(report)
    assert "主机拒绝连接" in told(report)
    assert "没有这个文件夹" in told(report)
    kept = [p for p in place.home.root.rglob("*") if p.is_file() and b"Wr0ng" in p.read_bytes()]
    assert not kept


def test_a_server_whose_certificate_nobody_vouches_for_is_not_given_the_password(
    place: Installation, server: MailServer
):
    server.deliver(write_mail(CLERK, {"年报.xlsx": b"x"}))
    report = night(changed(place, imap_ca=None))
    assert "服务器的证书无法核实，未登录" in told(report)
    assert not receipts(place)


def test_on_this_machine_a_mailbox_may_do_without_encryption(
    place: Installation, server: MailServer, samples: Samples
):
    server.deliver(write_mail(CLERK, {"年报.xlsx": sample(samples)}))
    night(changed(place, inbox=f"imap://office@127.0.0.1:{server.plain_port}/INBOX"))
    assert len(receipts(place)) == 1


def test_a_mail_that_is_too_large_stays(
    place: Installation, server: MailServer, samples: Samples, monkeypatch: pytest.MonkeyPatch
):
    workbook = sample(samples)
    monkeypatch.setattr(mailbox, "_MAX_MAIL_BYTES", 2 * len(workbook))
    server.deliver(
        write_mail(CLERK, {"大.xlsx": workbook * 3}, "大", "<1@x>"),
        write_mail(CLERK, {"小.xlsx": workbook}, "小", "<2@x>"),
    )
    report = night(place)
    assert [receipt["file_name"] for receipt in receipts(place)] == ["小.xlsx"]
    assert server.list_subjects("INBOX") == ["大"]
    assert "兆字节的上限，未收取，仍在原处" in told(report)


def test_a_mailbox_that_never_answers_costs_no_more_than_its_time(
    place: Installation, server: MailServer, samples: Samples, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mailbox, "_SECONDS", 2)
    server.deliver(write_mail(CLERK, {"年报.xlsx": sample(samples)}))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        inbox = f"imaps://office@localhost:{port} imap://office@127.0.0.1:{port} {server.url()}"
        report = night(changed(place, inbox=inbox))
    assert len(receipts(place)) == 1
    assert told(report).count("没有响应") == 2


def test_contacts_that_cannot_be_read_are_named_and_the_mails_stay(
    place: Installation, server: MailServer, samples: Samples
):
    server.deliver(write_mail(CLERK, {"年报.xlsx": sample(samples)}, "年报"))
    contacts = place.settings.catalogue / "contacts.yaml"
    contacts.write_text(CONTACTS.replace("clerk", "clark", 1), encoding="utf-8")
    report = night(place)
    assert f"{contacts}:2" in told(report)
    assert server.list_subjects("INBOX") == ["年报"]


def test_doctor_says_how_many_mails_wait_and_takes_none(place: Installation, server: MailServer):
    server.deliver(write_mail(CLERK, {"年报.xlsx": b"x"}, "年报"))
    health = examine_home(place)
    assert f"收取来源 {server.url()}：1 封邮件待收取" in health.facts
    assert server.list_subjects("INBOX") == ["年报"]
