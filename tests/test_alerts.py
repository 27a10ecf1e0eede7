"""The digest reaches the administrators through a real mail server and a real web hook; a dead channel is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import example, given
from hypothesis import strategies as st

from flows.answer.alerts import MESSAGE_BYTES, list_addresses, send_digest, split_into_pages

# Apprise's own import of a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TITLE = "滨州市计划生育协会年报日报　2025年1月10日"
BODY = """滨州市计划生育协会年报日报　2025年1月10日

本次收到 7 份：接收 5 份，暂存 1 份，未能接收 1 份。

暂存待改正：
  惠民县 2024：有 3 处强制性问题，须改正后重新报送（惠民县“年报”<终稿>&1.xlsx）
"""
WECOM_BYTES = 2048


class Mailbox:
    """A mail server's handler that keeps what it gets, or refuses everything."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.is_full = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.is_full:
            return "552 mailbox full"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A mail server on this machine, and the address to write to it."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, mail_address(controller.port)
    controller.stop()


def mail_address(port: int, options: str = "") -> str:
    return (
        f"mailto://127.0.0.1:{port}?from=nianbao@example.org&to=admin@example.org&smtp=127.0.0.1"
        f"&mode=insecure{options}"
    )


class Hook(BaseHTTPRequestHandler):
    """Keeps the JSON posted to it."""

    posted: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """A web hook on this machine: what was posted, and its address."""
    handler = type("_Hook", (Hook,), {"posted": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler.posted, f"json://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_mail_arrives_with_its_chinese_subject_and_body_intact(mailbox: tuple[Mailbox, str]) -> None:
    box, address = mailbox
    assert send_digest(address + "&format=text", TITLE, BODY) == []
    [message] = box.messages
    assert message["Subject"] == TITLE
    assert message["To"] == "admin@example.org"
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == BODY.strip()


def test_a_mail_in_the_default_format_keeps_every_line(mailbox: tuple[Mailbox, str]) -> None:
    box, address = mailbox
    assert send_digest(address, TITLE, BODY) == []
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
    assert send_digest(address, TITLE, BODY * 50) == []
    assert len(box.messages) == 1


def test_every_address_is_served_whatever_separates_them(
    mailbox: tuple[Mailbox, str], hook: tuple[list[dict[str, Any]], str]
) -> None:
    box, mail = mailbox
    posted, web = hook
    for separator in (" ", ",", ", ", "\n"):
        assert send_digest(separator.join((mail, web)), TITLE, BODY) == []
    assert len(box.messages) == len(posted) == 4


def test_no_address_sends_nothing() -> None:
    assert send_digest("", TITLE, BODY) == []
    assert send_digest(" \n", TITLE, BODY) == []


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
    [sentence] = send_digest(f"{bad} {web}", TITLE, BODY)
    assert sentence.endswith("。")
    assert "secret" not in sentence
    assert "example.org" not in sentence
    assert len(posted) == 1


def test_a_long_digest_goes_to_a_hook_in_numbered_pages_that_wecom_takes(
    hook: tuple[list[dict[str, Any]], str],
) -> None:
    posted, address = hook
    body = BODY * 10 + "长" * 1500 + "\n" + BODY * 10
    assert send_digest(address, TITLE, body) == []
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
