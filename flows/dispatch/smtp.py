"""Mails: answers to units with their workbooks, and messages to people, over SMTP with TLS.

Apprise sends mails too, but cannot answer a mail (In-Reply-To), nor name an attachment so that every client shows it.
"""

from __future__ import annotations

import mimetypes
import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from flows.dispatch.channels import ChannelDown

_TIMEOUT_SECONDS = 30.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORTS = {"smtps": 465, "smtp": 587}
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{3,250}>")
_TOO_LARGE, _REFUSED_FOR_GOOD = 552, 500  # of SMTP's answers; from the latter on
_WRITTEN = policy.SMTP.clone(max_line_length=900)  # old clients do not join the pieces of a broken parameter


class MailMisconfigured(Exception):
    """NIANBAO_SMTP cannot be used; one Chinese sentence."""


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in, and in whose name. Read by :func:`read_mail_server`."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    sender: str
    ca_file: Path | None

    def __repr__(self) -> str:
        return f"MailServer({self.scheme}://{self.host}:{self.port})"


def read_mail_server(url: str, password: str = "", ca_file: Path | None = None) -> MailServer | None:
    """The server of ``smtps://user@host:465/?from=nianbao@example.cn``; None for an empty ``url``. MailMisconfigured.

    ``smtp://`` turns to TLS with STARTTLS; without TLS only this machine itself is spoken to. The password may stand in
    the URL, better apart (NIANBAO_SMTP_PASSWORD). ``ca_file``: whom the server's certificate is to be signed by.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise MailMisconfigured(
            "NIANBAO_SMTP 写法不对，应如 smtps://用户@服务器:465/?from=发件地址。"
        ) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise MailMisconfigured("NIANBAO_SMTP 应以 smtps:// 或 smtp:// 开头，并写明服务器。")
    user = unquote(parts.username or "")
    sender = parse_qs(parts.query).get("from", [user])[0]
    if "@" not in sender:
        raise MailMisconfigured("NIANBAO_SMTP 缺少发件地址，请在末尾加上 ?from=发件地址。")
    return MailServer(
        parts.scheme, parts.hostname, port, user, unquote(parts.password or "") or password, sender, ca_file
    )


@dataclass(frozen=True)
class Letter:
    """A mail before it has a sender. ``page``: the same as ``text``, as HTML. ``answers``: the Message-ID it replies to."""

    to: tuple[str, ...]
    subject: str
    text: str
    page: str
    attachments: tuple[Path, ...] = ()
    answers: str = ""


def compose(letter: Letter, server: MailServer, sender_name: str, at: datetime) -> EmailMessage:
    """The mail as it is handed in; OSError when an attachment cannot be read."""
    message = EmailMessage(policy=_WRITTEN)
    message["From"] = formataddr((str(Header(sender_name, "utf-8")), server.sender))
    message["To"] = ", ".join(letter.to)
    message["Subject"] = _write_in_one_line(letter.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office note answers it
    if _MESSAGE_ID.fullmatch(letter.answers):
        message["In-Reply-To"] = message["References"] = letter.answers
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.page, subtype="html", cte="base64")
    if letter.attachments:
        message.make_mixed()
    for path in letter.attachments:
        _attach(message, path)
    return message


def send(message: EmailMessage, server: MailServer) -> None:
    """Hand a mail to the server. ChannelDown, with the server's answer where it has one, and never the password."""
    context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    try:
        with _connect(server, context) as connection:
            if server.scheme == "smtp" and server.host not in _LOOPBACK:
                connection.starttls(context=context)
            if server.user and server.password:
                connection.login(server.user, server.password)
            connection.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelDown(
            "邮件未能发出：发信服务器不认用户名或密码，请检查 NIANBAO_SMTP。", may_heal=False
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        said = [code for code, _ in error.recipients.values()]
        raise ChannelDown(
            "邮件未能发出：发信服务器不认收件地址，请核对 contacts.yaml。",
            may_heal=any(code < _REFUSED_FOR_GOOD for code in said),
            stops="address",
        ) from error
    except ssl.SSLError as error:
        raise ChannelDown("邮件未能发出：发信服务器的证书未通过检查。") from error
    except (OSError, smtplib.SMTPException) as error:
        raise _describe_refusal(error) from error
    except UnicodeError:
        raise ChannelDown(
            "邮件未能发出：NIANBAO_SMTP 的服务器名、用户名或密码中有不能使用的字符。", may_heal=False
        ) from None  # the error quotes what it could not write


def _describe_refusal(error: OSError | smtplib.SMTPException) -> ChannelDown:
    """What the server did not do; a mail that is too large, or whose text it refuses, is refused alone."""
    code = getattr(error, "smtp_code", 0)
    if not code:
        return ChannelDown("邮件未能发出：连接不上发信服务器。")
    is_for_good = code >= _REFUSED_FOR_GOOD
    is_of_message = code == _TOO_LARGE or (isinstance(error, smtplib.SMTPDataError) and is_for_good)
    return ChannelDown(
        f"邮件未能发出：发信服务器返回 {code}。",
        may_heal=not is_for_good,
        stops="message" if is_of_message else "channel",
    )


def _connect(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS)


def _attach(message: EmailMessage, path: Path) -> None:
    """Attach a file under its name: for new clients by RFC 2231, and by RFC 2047 for old ones, which take it from there."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    part = MIMEBase(*kind.split("/", 1))
    part.set_payload(path.read_bytes())
    encode_base64(part)
    part.set_param("name", Header(path.name, "utf-8", maxlinelen=10_000).encode())
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", path.name))
    message.attach(part)  # type: ignore[arg-type]  # a part of the older kind, which keeps its headers as they are


def _write_in_one_line(text: str) -> str:
    return " ".join(text.split())
