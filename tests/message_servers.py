"""A mail server and web hooks on this machine, which keep what they get; robots' vendors with their rules."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Mailbox:
    """A mail server's handler that keeps what it gets, or refuses everything, or what goes to some addresses."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.is_full = False
        self.refused: dict[str, str] = {}  # address -> the server's answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.is_full:
            return "552 mailbox full"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


def plain(message: EmailMessage) -> str:
    """What a mail says to who sees no pages."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serve_mailbox(box: Mailbox | None = None, *, logs_in: bool = False) -> Iterator[tuple[Mailbox, int]]:
    """A mail server on this machine, and its port. ``logs_in``: it offers to hear a password."""
    box = box or Mailbox()
    options = (
        {"auth_require_tls": False, "authenticator": lambda *_: AuthResult(success=True)} if logs_in else {}
    )
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield box, controller.port
    finally:
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


@contextmanager
def serve_hook() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """A web hook on this machine: what was posted, and its address."""
    handler = type("_Hook", (Hook,), {"posted": []})
    with serve(handler) as port:
        yield handler.posted, f"json://127.0.0.1:{port}"


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """An HTTP server on this machine; its port."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Vendors(BaseHTTPRequestHandler):
    """The three vendors' ends as their manuals describe them: formats, signatures, sizes and messages a minute.

    Paths: /wecom?key=…, /dingtalk?access_token=…, /feishu/…. A refusal comes with status 200 and a number in the body.
    """

    taken: list[tuple[str, str]]  # vendor, text
    times: dict[str, list[float]]
    secret = "SECabc"
    a_minute = 20

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        parts = urlsplit(self.path)
        vendor = parts.path.split("/")[1]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        number = self.judge(vendor, query, content)
        body = json.dumps({"code" if vendor == "feishu" else "errcode": number, "errmsg": ""}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def judge(self, vendor: str, query: dict[str, str], content: bytes) -> int:
        now = time.time()
        recent = [moment for moment in self.times.setdefault(vendor, []) if moment > now - 60]
        if len(recent) >= self.a_minute:
            return {"wecom": 45009, "dingtalk": 130101, "feishu": 11232}[vendor]
        self.times[vendor] = [*recent, now]
        try:
            message = json.loads(content)
            text = message["content"]["text"] if vendor == "feishu" else message["text"]["content"]
            kind = message["msg_type" if vendor == "feishu" else "msgtype"]
        except (ValueError, KeyError):
            return 40035
        if kind != "text" or "application/json" not in self.headers["Content-Type"]:
            return 40008
        size = len(content) if vendor == "feishu" else len(text.encode())
        if size > {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_480}[vendor]:
            return 44004
        if vendor == "wecom":
            wrong = query.get("key") != "wecom-key"
        elif vendor == "dingtalk":
            wrong = not self.is_signed(
                query, self.secret, f"{query.get('timestamp')}\n{self.secret}", now * 1000
            )
        else:
            wrong = not self.is_signed(message, f"{message.get('timestamp')}\n{self.secret}", "", now)
        if wrong:
            return {"wecom": 93000, "dingtalk": 310000, "feishu": 19021}[vendor]
        self.taken.append((vendor, text))
        return 0

    @staticmethod
    def is_signed(said: dict[str, str], key: str, text: str, now: float) -> bool:
        wanted = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
        is_of_now = abs(float(said.get("timestamp", 0)) - now) < now / 100_000
        return said.get("sign") == wanted and is_of_now

    def log_message(self, format: str, *args: Any) -> None:
        pass
