"""What is not tried again in a night: a channel that is down, an address that is refused, or one message alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from flows.clock import TIME_ZONE
from flows.dispatch.channels import ChannelDown
from flows.dispatch.outlets import Outlets
from flows.telling.delivery import Office, find_way, give_up, send_answers, send_message
from flows.telling.letters import Answer, Envelope
from flows.telling.messages import Message
from flows.telling.recipients import list_channels
from flows.telling.reminders import Reminder
from tests.message_servers import Mailbox, free_port, serve_mailbox
from warehouse.catalogue.contacts import Person

AT = datetime(2026, 12, 1, 2, 0, tzinfo=TIME_ZONE)


@pytest.fixture
def box() -> Iterator[tuple[Mailbox, Outlets]]:
    with serve_mailbox() as (box, port):
        yield box, open_outlets(f"smtp://127.0.0.1:{port}/?from=nianbao@example.org")


def open_outlets(smtp: str, password: str = "") -> Outlets:
    return Outlets(smtp, password, None, "某协会", lambda: AT)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "told", tmp_path / "outbox", "某协会", AT)


def answer(office: Office, number: int, to: str, *, is_there: bool = True) -> Answer:
    """An answer to ``to`` whose receipt lies in the outbox, unless somebody has removed it."""
    name = f"回执_{number}.md"
    office.outbox.mkdir(parents=True, exist_ok=True)
    office.folder.mkdir(parents=True, exist_ok=True)
    if is_there:
        (office.outbox / name).write_text("# 回执\n", encoding="utf-8")
    return Answer(f"k{number}", "沾化区", to, "年报", (name,))


def send(answer: Answer, outlets: Outlets, office: Office, *others: Answer) -> str:
    """The sentence about answers that were not taken; '' for those that were."""
    envelope = Envelope((answer, *others))
    try:
        send_answers(envelope, outlets, office)
    except ChannelDown as error:
        return give_up(envelope, outlets, office, error)
    return ""


def recipients(box: Mailbox) -> list[str]:
    return [str(message["To"]) for message in box.messages]


@pytest.mark.parametrize("said", ["550 no such user", "450 try again later"])
def test_an_address_that_is_refused_does_not_hold_up_the_others(
    box: tuple[Mailbox, Outlets], office: Office, said: str
) -> None:
    server, outlets = box
    server.refused["gone@example.cn"] = said
    sentence = send(answer(office, 1, "gone@example.cn"), outlets, office)
    assert "不认收件地址" in sentence
    assert send(answer(office, 2, "here@example.cn"), outlets, office) == ""
    server.refused.clear()
    assert send(answer(office, 3, "gone@example.cn"), outlets, office) == sentence  # not asked again tonight
    assert recipients(server) == ["here@example.cn"]


@pytest.mark.parametrize(("said", "may_heal"), [("550 no such user", False), ("450 try later", True)])
def test_only_what_the_server_refuses_for_now_is_tried_again(
    box: tuple[Mailbox, Outlets], office: Office, said: str, may_heal: bool
) -> None:
    server, outlets = box
    server.refused["gone@example.cn"] = said
    with pytest.raises(ChannelDown) as error:
        send_answers(Envelope((answer(office, 1, "gone@example.cn"),)), outlets, office)
    assert error.value.may_heal is may_heal


def test_a_receipt_that_was_removed_holds_up_no_other_answer(
    box: tuple[Mailbox, Outlets], office: Office
) -> None:
    server, outlets = box
    missing = answer(office, 1, "a@example.cn", is_there=False)
    assert "回执已不在发件文件夹中" in send(missing, outlets, office)
    assert send(answer(office, 2, "a@example.cn"), outlets, office) == ""
    assert recipients(server) == ["a@example.cn"]


def test_answers_that_go_together_are_one_mail_without_the_receipt_that_was_removed(
    box: tuple[Mailbox, Outlets], office: Office
) -> None:
    server, outlets = box
    missing, *there = (answer(office, n, "a@example.cn", is_there=n > 1) for n in (1, 2, 3))
    assert "回执已不在发件文件夹中" in send(missing, outlets, office, *there)
    (mail,) = server.messages
    assert mail["Subject"] == "沾化区计生协年报：2份回执"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().count("# 回执") == 2


def test_a_correction_workbook_that_a_newer_one_replaced_is_missing_and_the_receipt_goes(
    box: tuple[Mailbox, Outlets], office: Office
) -> None:
    server, outlets = box
    one = answer(office, 1, "a@example.cn")
    assert send(replace(one, files=(*one.files, "更正表.xlsx")), outlets, office) == ""
    body = server.messages[0].get_body(("plain",))
    assert body is not None
    assert "请以最近收到的更正表为准" in body.get_content()


def test_a_mail_whose_content_is_refused_holds_up_no_other(
    box: tuple[Mailbox, Outlets], office: Office
) -> None:
    server, outlets = box
    server.is_full = True  # 552
    assert "552" in send(answer(office, 1, "a@example.cn"), outlets, office)
    server.is_full = False
    assert send(answer(office, 2, "a@example.cn"), outlets, office) == ""


def test_a_mail_server_that_is_not_there_is_asked_once(office: Office) -> None:
    outlets = open_outlets(f"smtp://127.0.0.1:{free_port()}/?from=a@example.org")
    assert "连接不上发信服务器" in send(answer(office, 1, "a@example.cn"), outlets, office)
    clerk = Person(id="li", name="李某", role="clerk", units=("371602",), mail=("li@example.cn",))
    assert outlets.is_down(find_way(next(list_channels(clerk))))


def test_a_channel_without_an_address_holds_up_no_mail(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIANBAO_CHANNEL_GROUP", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    clerk = Person(
        id="li",
        name="李某",
        role="clerk",
        units=("371602",),
        mail=("li@example.cn",),
        channels=("group", "mail"),
    )
    by_group, by_mail = list_channels(clerk)
    outlets = open_outlets("")
    reminder = Reminder(by_group, Message("催报", "催报"), "371602", 2024, date(2025, 1, 20), 1)
    with pytest.raises(ChannelDown) as error:
        send_message(by_group, reminder.message, outlets)
    assert "没有地址" in give_up(reminder, outlets, office, error.value)
    assert not outlets.is_down(find_way(by_mail))


@pytest.mark.parametrize(
    ("smtp", "password"),
    [("smtp://127.0.0.1:{port}/?from=a@example.org", "密码"), ("smtp://a..b:25/?from=a@example.org", "")],
)
def test_signs_that_a_mail_server_cannot_be_told_are_a_sentence(
    office: Office, smtp: str, password: str
) -> None:
    with serve_mailbox(logs_in=True) as (_, port):
        outlets = open_outlets(smtp.format(port=port).replace("//127", "//u@127"), password)
        sentence = send(answer(office, 1, "a@example.cn"), outlets, office)
    assert "有不能使用的字符" in sentence
    assert "密码）" not in sentence
