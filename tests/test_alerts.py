"""The digest reaches the administrators through a real mail server and a real web hook; a dead channel is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.dispatch.channels import (
    MESSAGE_BYTES,
    Channel,
    ChannelDown,
    list_addresses,
    send_to_all,
    split_into_pages,
)
from flows.dispatch.robots import DingTalkRobot, FeishuRobot, WeComRobot
from tests.message_servers import (
    Mailbox,
    Vendors,
    free_port,
    mail_address,
    serve,
    serve_hook,
    serve_mailbox,
)

# Apprise's own import of a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TITLE = "滨州市计划生育协会年报日报　2025年1月10日"
BODY = """滨州市计划生育协会年报日报　2025年1月10日

本次收到 7 份：接收 5 份，暂存 1 份，未能接收 1 份。

暂存待改正：
  惠民县 2024：有 3 处强制性问题，须改正后重新报送（惠民县“年报”<终稿>&1.xlsx）
"""
WECOM_BYTES = 2048


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A mail server on this machine, and the address to write to it."""
    with serve_mailbox() as (box, port):
        yield box, mail_address(port)


@pytest.fixture
def hook() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """A web hook on this machine: what was posted, and its address."""
    with serve_hook() as served:
        yield served


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Vendors]]:
    """The three vendors' ends on this machine instead of the vendors' own."""
    handler = type("_Vendors", (Vendors,), {"taken": [], "times": {}})
    with serve(handler) as port:
        monkeypatch.setattr(WeComRobot, "notify_url", f"http://127.0.0.1:{port}/wecom?key={{key}}")
        monkeypatch.setattr(
            DingTalkRobot, "notify_url", f"http://127.0.0.1:{port}/dingtalk?access_token={{token}}"
        )
        monkeypatch.setattr(FeishuRobot, "notify_url", f"http://127.0.0.1:{port}/feishu/{{token}}/")
        for robot in (WeComRobot, DingTalkRobot, FeishuRobot):
            monkeypatch.setattr(robot, "request_rate_per_sec", 0)
        yield handler


ADDRESSES = {
    "wecom": "wecombot://wecom-key",
    "dingtalk": "dingtalk://SECabc@token123",
    "feishu": "feishu://token123?secret=SECabc",
}


@pytest.mark.parametrize("vendor", ADDRESSES)
def test_a_vendor_takes_a_message_whole_and_with_its_title(vendors: type[Vendors], vendor: str) -> None:
    Channel(ADDRESSES[vendor]).send(TITLE, BODY)
    [(to, text)] = vendors.taken
    assert to == vendor
    assert TITLE in text
    assert BODY.strip() in text.replace("\r\n", "\n")


@pytest.mark.parametrize("vendor", ADDRESSES)
def test_a_long_message_comes_in_pages_that_the_vendor_takes(vendors: type[Vendors], vendor: str) -> None:
    body = "".join(f"第{number}行：{'字' * 90}\n" for number in range(100))
    Channel(ADDRESSES[vendor]).send(TITLE, body)
    texts = [text for _, text in vendors.taken]
    assert len(texts) > 1
    for number in range(100):
        assert sum(f"第{number}行：" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("wecombot://another-key", "93000"),
        ("dingtalk://SECwrong@token123", "310000"),
        ("dingtalk://token123", "310000"),
        ("feishu://token123?secret=SECwrong", "19021"),
        ("feishu://token123", "19021"),
    ],
)
def test_a_message_that_the_vendor_refuses_in_its_body_was_not_sent(
    vendors: type[Vendors], address: str, number: str
) -> None:
    with pytest.raises(ChannelDown, match=f"对方拒收（错误码 {number}）") as error:
        Channel(address).send(TITLE, BODY)
    assert "SECwrong" not in str(error.value)
    assert vendors.taken == []


def test_more_messages_a_minute_than_the_vendor_takes_are_refused(vendors: type[Vendors]) -> None:
    channel = Channel(ADDRESSES["wecom"])
    with pytest.raises(ChannelDown, match="45009"):
        channel.send(TITLE, "".join(f"{'字' * 600}\n" for _ in range(30)))
    assert len(vendors.taken) == vendors.a_minute


def test_another_try_goes_on_after_the_pages_that_were_taken(vendors: type[Vendors]) -> None:
    channel, body = Channel(ADDRESSES["wecom"]), "".join(f"{number}{'字' * 600}\n" for number in range(5))
    vendors.a_minute = 2
    with pytest.raises(ChannelDown):
        channel.send(TITLE, body)
    vendors.a_minute = 20
    channel.send(TITLE, body)
    assert [sum(f"{number}字" in text for _, text in vendors.taken) for number in range(5)] == [1] * 5


def test_robots_keep_the_distance_between_messages_that_their_vendors_ask_for() -> None:
    for robot in (WeComRobot, DingTalkRobot):
        assert 60 / robot.request_rate_per_sec < Vendors.a_minute


@pytest.mark.parametrize("address", ["wecombot://", "dingtalk://", "feishu://", "feishu://!!"])
def test_an_address_without_a_token_is_told(address: str) -> None:
    with pytest.raises(ChannelDown, match="通知地址无法识别") as error:
        Channel(address).send(TITLE, BODY)
    assert not error.value.may_heal


def test_a_mail_arrives_with_its_chinese_subject_and_body_intact(mailbox: tuple[Mailbox, str]) -> None:
    box, address = mailbox
    assert send_to_all(address + "&format=text", TITLE, BODY) == []
    [message] = box.messages
    assert message["Subject"] == TITLE
    assert message["To"] == "admin@example.org"
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == BODY.strip()


def test_a_mail_in_the_default_format_keeps_every_line(mailbox: tuple[Mailbox, str]) -> None:
    box, address = mailbox
    assert send_to_all(address, TITLE, BODY) == []
    body = box.messages[0].get_body()
    assert body is not None
    shown = body.get_content()
    for line in (
        "本次收到 7 份：接收 5 份，暂存 1 份，未能接收 1 份。",
        "暂存待改正：",
        "&lt;终稿&gt;&amp;1.xlsx",
    ):
        assert line in shown.replace("&nbsp;", " ")


def test_a_mail_is_not_split_into_pages(mailbox: tuple[Mailbox, str]) -> None:
    box, address = mailbox
    assert send_to_all(address, TITLE, BODY * 50) == []
    assert len(box.messages) == 1


def test_every_address_is_served_whatever_separates_them(
    mailbox: tuple[Mailbox, str], hook: tuple[list[dict[str, Any]], str]
) -> None:
    box, mail = mailbox
    posted, web = hook
    for separator in (" ", ",", ", ", "\n"):
        assert send_to_all(separator.join((mail, web)), TITLE, BODY) == []
    assert len(box.messages) == len(posted) == 4


def test_no_address_sends_nothing() -> None:
    assert send_to_all("", TITLE, BODY) == []
    assert send_to_all(" \n", TITLE, BODY) == []


@pytest.mark.parametrize(
    "kind", ["nobody listens", "mailbox full", "unknown scheme", "no address at all", "web hook down"]
)
def test_a_channel_that_fails_gives_one_sentence_and_the_others_are_served(
    mailbox: tuple[Mailbox, str], hook: tuple[list[dict[str, Any]], str], kind: str
) -> None:
    box, mail = mailbox
    posted, web = hook
    box.is_full = kind == "mailbox full"
    bad = {
        "nobody listens": mail_address(free_port()),
        "mailbox full": mail,
        "unknown scheme": "pigeon://secret@loft",
        "no address at all": "admin@example.org",
        "web hook down": f"json://user:secret@127.0.0.1:{free_port()}",
    }[kind]
    [sentence] = send_to_all(f"{bad} {web}", TITLE, BODY)
    assert sentence.endswith("。")
    assert "secret" not in sentence
    assert "example.org" not in sentence
    assert len(posted) == 1


def test_a_long_digest_goes_to_a_hook_in_numbered_pages_that_wecom_takes(
    hook: tuple[list[dict[str, Any]], str],
) -> None:
    posted, address = hook
    body = BODY * 10 + "长" * 1500 + "\n" + BODY * 10
    assert send_to_all(address, TITLE, body) == []
    assert len(posted) > 2
    assert posted[0]["title"] == f"{TITLE}（1/{len(posted)}）"
    assert "".join(p["message"] for p in posted).replace("\n", "") == body.replace("\n", "")
    for page in posted:
        # Where a channel has no title of its own, Apprise puts it on a line above the body.
        assert len((page["title"] + "\r\n" + page["message"]).encode()) <= WECOM_BYTES


@given(st.text(alphabet=st.sampled_from("年报日志a \n😀é"), max_size=300), st.integers(4, 40))
@example("😀" * 3, 5)
@example("甲\n" * 10, 4)
def test_pages_cut_between_characters_and_lose_nothing(text: str, limit: int) -> None:
    cut = list(split_into_pages(text, limit))
    assert all(len(page.encode()) <= limit for page in cut)
    joined = "".join(cut)
    assert text.startswith(joined)
    assert text[len(joined) :].strip() == ""


def test_a_page_ends_at_a_line_where_there_is_one() -> None:
    text = "".join(f"第{number}行：{'字' * 100}\n" for number in range(50))
    cut = list(split_into_pages(text, MESSAGE_BYTES))
    assert len(cut) > 1
    assert all(page.endswith("\n") for page in cut)
    assert all(len(page.encode()) <= MESSAGE_BYTES for page in cut)


def schemes() -> list[str]:
    import apprise

    found = apprise.Apprise().details()["schemas"]
    return sorted(
        {s for entry in found for kind in ("protocols", "secure_protocols") for s in entry[kind] or ()}
    )


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n"])
def test_an_address_of_every_scheme_is_told_from_the_one_before(between: str) -> None:
    known = schemes()
    assert {"o365", "d7sms", "mailto", "wecombot"} <= set(known)
    for scheme in known:
        one, other = "mailto://u:p@a.b?to=c@d.e,f@g.h", f"{scheme}://host/token,1,2"
        assert list_addresses(between.join([one, other, one])) == [one, other, one]


@pytest.mark.parametrize("limit", [-5, 0, 1, 3])
def test_paging_ends_however_small_a_page_is(limit: int) -> None:
    assert "".join(split_into_pages("滨州市\n𠮷 abc", limit)) == "滨州市\n𠮷 abc"
