"""Mails as programs in China write them, made for tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime

AT = datetime(2025, 1, 8, 9, 30, tzinfo=timezone(timedelta(hours=8)))


def write_mail(
    sender: str,
    attachments: dict[str, bytes] | None = None,
    subject: str = "年报",
    message_id: str = "<1@example.cn>",
    **headers: str,
) -> bytes:
    """A mail with attachments; ``headers``: others, a _ for each -, above all else as the last server writes them."""
    mail = EmailMessage()
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail["From"] = sender
    mail["To"] = "office@example.cn"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(AT)
    if message_id:
        mail["Message-ID"] = message_id
    mail.set_content("报表见附件。")
    for name, content in (attachments or {}).items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def write_bounce(recipient: str) -> bytes:
    """What a mail server writes that could not deliver a mail (RFC 3464)."""
    return (
        "From: Mail System <system@mx.example.cn>\r\nSubject: Undelivered\r\nMessage-ID: <bounce@mx>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nno such user\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.cn\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--x--\r\n"
    ).encode()


def write_raw_mail(
    disposition: bytes, content: bytes = b"content", head: bytes = b"From: east@example.cn"
) -> bytes:
    """A mail whose one attachment has this Content-Disposition, byte by byte."""
    return (
        head + b"\r\nMessage-ID: <raw@example.cn>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Disposition: " + disposition + b"\r\n\r\n"
        + content + b"\r\n--x--\r\n"
    )  # fmt: skip
